// SPDX-License-Identifier: EUPL-1.2
// Everything that stands on the internet when the door is closed, as deploy/ configures it: nginx with door.conf, turfdoor,
// mosquitto with turf_door.so, turfd. Another organisation, elders, is at the same broker.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { atEnd } from './cleanup.mjs';
import { Client } from './client.mjs';
import { writeConfig } from './config.mjs';
import { Device, Door, request } from './door.mjs';
import { root, temporaryFolder } from './paths.mjs';
import { eventually, freePort, portAnswers, Running, succeed } from './processes.mjs';
import { RawMqtt } from './raw-mqtt.mjs';
import { Stack } from './stack.mjs';

const path = `${process.env.PATH}:/usr/sbin`;

const BATCH = 100; // as turfdoor's default
const OF_OOST = 3; // devices: most attacks come from there

// Devices by what they may do: the options of turfdoor invite.
const people = {
  oost: ['--team', 'oost'],
  west: ['--team', 'west'],
  leader: ['--team', 'oost', '--role', 'leader'],
  director: ['--team', 'all', '--role', 'leader'],
  namesake: ['--team', 'aggregator'], // a team that is called as turfd's account
};

export class ClosedDoor {
  static async start(t) {
    const closed = new ClosedDoor();
    closed.t = t;
    closed.keys = join(temporaryFolder(t, 'turf-keys'), 'keys');
    closed.door = await (await Door.create(t, { org: 'proef', batch: BATCH, keys: closed.keys })).start();
    closed.elders = await (await Door.create(t, { org: 'elders', batch: BATCH, keys: closed.keys })).start();
    closed.passes = {};
    for (const [name, options] of Object.entries(people)) await closed.#enrol(name, closed.door, options);
    for (let n = 1; n < OF_OOST; n++) await closed.#enrol('oost', closed.door, people.oost);
    await closed.#enrol('stranger', closed.elders, ['--team', 'oost']);
    closed.stack = await Stack.start(t, 'proef', { config: writeConfig(t), today: '2026-11-30', keys: closed.keys, websockets: true });
    closed.mqtt = closed.stack.broker.url;
    closed.watcher = await Client.connect(t, closed.mqtt, closed.stack.broker.watcher);
    await closed.watcher.subscribe('#', 0);
    await closed.#serve(t);
    return closed;
  }

  async #enrol(name, door, options) {
    const device = await Device.enrol(door, ...options);
    this.passes[name] = [...(this.passes[name] ?? []), ...(await device.buy())];
    if (name === 'oost') this.device = device;
  }

  async #serve(t) {
    const [folder, pages] = [temporaryFolder(t, 'turf-web'), temporaryFolder(t, 'turf-pages')];
    mkdirSync(folder, { recursive: true });
    this.port = await freePort();
    this.origin = `http://127.0.0.1:${this.port}`;
    this.ws = `ws://127.0.0.1:${this.port}/mqtt`;
    const wsPort = new URL(this.stack.broker.wsUrl).port;
    await succeed(join(root, 'deploy/web-config'), ['--door', this.door.port, folder, this.port, 'proef', wsPort, pages].map(String));
    this.nginx = new Running('nginx', ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], { env: { PATH: path } });
    atEnd(t, () => this.nginx.kill('SIGKILL'));
    await eventually(async () => {
      if (this.nginx.status) throw new Error(`nginx ended: ${this.nginx.log}`);
      return portAnswers(this.port);
    }, 'nginx');
    // What a device talks to when it talks to nginx.
    this.front = Object.assign(Object.create(this.door), { port: this.port });
  }

  // The roads to the broker.
  get roads() {
    return {
      'MQTT 3.1.1': { url: this.mqtt, version: 4 },
      'MQTT 5': { url: this.mqtt, version: 5 },
      'MQTT 3.1.1 over nginx': { url: this.ws, version: 4 },
      'MQTT 5 over nginx': { url: this.ws, version: 5 },
    };
  }

  // The next token of this device, which nobody has shown yet.
  pass(name) {
    return this.passes[name].shift();
  }

  // A token of the next week, which is sold early.
  async nextWeek() {
    const device = await Device.enrol(this.door, ...people.oost);
    return (await device.buy(1)).shift();
  }

  token(name) {
    return Buffer.from(this.pass(name).password, 'base64url');
  }

  // Shows a user name and a password; resolves to what answered.
  async knock(login, { url = this.mqtt, ...options } = {}) {
    let raw;
    try {
      raw = await RawMqtt.connect(this.t, url, login, { ...options });
    } catch (error) {
      return error.message;
    }
    raw.cut();
    return nameOf(raw.connack);
  }

  // Somebody who is let in.
  async enter(name, { url = this.mqtt, ...options } = {}) {
    const raw = await RawMqtt.connect(this.t, url, this.pass(name), options);
    if (nameOf(raw.connack) !== 'let in') throw new Error(`${name}: ${nameOf(raw.connack)}`);
    return raw;
  }

  // Whether a message with this payload has gone through the broker, which has handled it by now.
  async passed(payload) {
    await this.watcher.subscribe('fence', 0); // answered after all that came before
    return this.watcher.messages.some((message) => String(message.payload) === payload);
  }

  async request(options) {
    return describe(await request(this.port, options));
  }
}

// What a CONNACK means.
export function nameOf(connack) {
  if (!connack) return 'closed';
  const code = connack.returnCode ?? connack.reasonCode;
  return code === 0 ? 'let in' : `CONNACK ${code}`;
}

// An answer of nginx or turfdoor: its status, and turfdoor's word.
export function describe(answer) {
  if (!answer) return 'closed';
  const word = /"error":"([a-z-]+)"/.exec(answer.body)?.[1];
  return word ? `${answer.status} ${word}` : String(answer.status);
}
