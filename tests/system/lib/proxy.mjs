// SPDX-License-Identifier: EUPL-1.2
// A network between somebody and the broker that can be made bad. Modes:
//   pass      as it should be
//   refuse    connections end, new ones are turned away
//   stall     nothing moves, not even the end of a connection; what was sent arrives when the mode changes
//   losedown  what the broker sends is lost; who lost something is cut off when the mode changes, since TCP has no holes
//   loseup    what is sent to the broker is lost
//   slow      a few bytes at a time
import net from 'node:net';

import { atEnd } from './cleanup.mjs';

const LIMIT = 1 << 16; // bytes that wait in one direction before its sender is made to wait
const PIECE = 400; // bytes a millisecond when slow

const now = () => new Date().toISOString();

class Direction {
  constructor(proxy, from, to, loses) {
    Object.assign(this, { proxy, from, to, loses, queue: [], bytes: 0, hurt: false, ended: false, timer: null, arrivals: 0, newest: 'never' });
    from.on('data', (chunk) => this.#arrived(chunk));
    from.on('close', () => {
      this.ended = true;
      this.move();
    });
    to.on('drain', () => this.move());
  }

  #arrived(chunk) {
    this.arrivals += chunk.length;
    this.newest = now();
    if (this.proxy.mode === this.loses) {
      this.hurt = true;
      return;
    }
    this.queue.push(chunk);
    this.bytes += chunk.length;
    this.move();
  }

  move() {
    while (this.queue.length && this.proxy.mode !== 'stall' && !this.timer && !this.to.writableNeedDrain) this.#send();
    if (this.bytes > LIMIT) this.from.pause();
    else if (!this.ended) this.from.resume();
    if (this.ended && !this.queue.length && this.proxy.mode !== 'stall') this.to.destroy();
  }

  #send() {
    let chunk = this.queue.shift();
    if (this.proxy.mode === 'slow' && chunk.length > PIECE) {
      this.queue.unshift(chunk.subarray(PIECE));
      chunk = chunk.subarray(0, PIECE);
    }
    this.bytes -= chunk.length;
    this.to.write(chunk);
    if (this.proxy.mode !== 'slow') return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.move();
    }, 1);
  }
}

export class Proxy {
  // To the broker on `port` of this machine. proxy.url is where its clients go; proxy.connections counts all so far.
  static async start(t, port) {
    const proxy = new Proxy();
    Object.assign(proxy, { mode: 'pass', target: port, pairs: new Set(), connections: 0, arrivals: [] });
    proxy.server = net.createServer((client) => proxy.#accept(client));
    await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    proxy.url = `mqtt://127.0.0.1:${proxy.server.address().port}`;
    atEnd(t, () => proxy.close());
    return proxy;
  }

  #accept(client) {
    if (this.mode === 'refuse') {
      client.destroy();
      return;
    }
    this.connections += 1;
    const server = net.connect(this.target, '127.0.0.1');
    const pair = { client, server, since: now() };
    for (const socket of [client, server]) {
      socket.on('error', () => {}); // shows as a close
      socket.setNoDelay(true);
    }
    pair.directions = [new Direction(this, client, server, 'loseup'), new Direction(this, server, client, 'losedown')];
    this.pairs.add(pair);
    let open = 2;
    for (const socket of [client, server]) socket.once('close', () => --open || this.pairs.delete(pair));
    for (const arrived of this.arrivals.splice(0)) arrived();
  }

  // Resolves when somebody connects.
  arrival() {
    return new Promise((resolve) => this.arrivals.push(resolve));
  }

  set(mode) {
    this.mode = mode;
    for (const { directions, client, server } of this.pairs) {
      const hurt = directions.some((direction) => direction.hurt && direction.loses !== mode);
      if (mode === 'refuse' || hurt) {
        client.destroy();
        server.destroy();
      } else {
        for (const direction of directions) direction.move();
      }
    }
  }

  // For the error of a test: what is open, since when, and what came when.
  told() {
    const of = ({ arrivals, newest, bytes, hurt }) => `${arrivals} bytes, the newest ${newest}, ${bytes} kept${hurt ? ', some lost' : ''}`;
    const open = [...this.pairs].map(({ since, directions: [up, down] }) => `open since ${since}; to the broker: ${of(up)}; from it: ${of(down)}`);
    return [`${now()}: mode ${this.mode}, ${this.connections} connections so far`, ...open];
  }

  // Ends all connections; new ones are served.
  cut() {
    for (const { client, server } of this.pairs) {
      client.destroy();
      server.destroy();
    }
  }

  async close() {
    this.mode = 'pass';
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
