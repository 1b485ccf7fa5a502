// SPDX-License-Identifier: EUPL-1.2
// An MQTT client without manners: it sends packets, or bytes that are none, one by one, and shows what comes back. Over TCP
// or over a WebSocket; MQTT 3.1.1 (version 4) or 5.
import net from 'node:net';

import mqttPacket from 'mqtt-packet';
import WebSocket, { createWebSocketStream } from 'ws';

import { atEnd } from './cleanup.mjs';
import { newClientId } from './messages.mjs';
import { patience } from './paths.mjs';

// Resolves to a stream that is open, or fails with what the server said.
function openStream(url, headers) {
  const { protocol, hostname, port } = new URL(url);
  if (protocol === 'mqtt:') {
    const socket = net.connect(Number(port), hostname);
    return new Promise((resolve, reject) => socket.once('connect', () => resolve(socket)).once('error', reject));
  }
  const socket = new WebSocket(url, 'mqtt', { headers, perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(createWebSocketStream(socket)));
    socket.once('unexpected-response', (_request, answer) => reject(new Error(`HTTP ${answer.statusCode}`)));
    socket.once('error', reject);
  });
}

export class RawMqtt {
  // options: version, headers (of a WebSocket's request).
  static async open(t, url, { version = 4, headers } = {}) {
    const raw = new RawMqtt();
    Object.assign(raw, { version, packets: [], look: () => {}, closed: false });
    raw.stream = await openStream(url, headers);
    const parser = mqttPacket.parser({ protocolVersion: version });
    parser.on('packet', (packet) => raw.packets.push(packet) && raw.look());
    parser.on('error', () => {});
    raw.stream.on('data', (bytes) => parser.parse(bytes)).on('error', () => {});
    raw.stream.once('close', () => {
      raw.closed = true;
      raw.look();
    });
    atEnd(t, () => raw.cut());
    return raw;
  }

  // Opens, and shows a user name and a password. raw.connack is the answer, null when the broker closed instead.
  static async connect(t, url, login, { version, headers, ...more } = {}) {
    const raw = await RawMqtt.open(t, url, { version, headers });
    raw.id = more.clientId ?? newClientId();
    raw.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: raw.version, clean: true, clientId: raw.id, keepalive: 60, ...login, ...more });
    raw.connack = await raw.next('connack');
    return raw;
  }

  // A packet as mqtt-packet describes it, or bytes.
  send(packet) {
    if (!this.closed) this.stream.write(Buffer.isBuffer(packet) ? packet : mqttPacket.generate(packet, { protocolVersion: this.version }));
  }

  // The next packet of this kind; null: the connection has ended.
  next(cmd) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`waited in vain for ${cmd}`)), patience);
      this.look = () => {
        const at = this.packets.findIndex((packet) => packet.cmd === cmd);
        if (at < 0 && !this.closed) return;
        clearTimeout(timer);
        this.look = () => {};
        resolve(at < 0 ? null : this.packets.splice(at, 1)[0]);
      };
      this.look();
    });
  }

  // As a phone whose network ends: without DISCONNECT, so that the broker publishes its will.
  cut() {
    this.stream.destroy();
  }
}
