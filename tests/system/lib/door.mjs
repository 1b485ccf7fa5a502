// SPDX-License-Identifier: EUPL-1.2
// turfdoor with a database of its own, and devices that join and buy tokens with the page's code.
import { webcrypto } from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';

import { atEnd } from './cleanup.mjs';
import { program, temporaryFolder } from './paths.mjs';
import { run, Running, succeed } from './processes.mjs';

globalThis.crypto ??= webcrypto;

const { challengeDigest, drawToken, finishToken, fromText, openKey, toText } = await import('../../../broker-client/web/src/core/door/token.js');

export const BATCH = 3;
const random = (length) => crypto.getRandomValues(new Uint8Array(length));

// One request over a connection of its own. Resolves to { status, headers, body }; null: the server closed without an answer.
export function request(port, { method = 'GET', path, headers = {}, body }) {
  return new Promise((resolve) => {
    const sent = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
      answer.on('error', () => resolve(null));
    });
    sent.on('error', () => resolve(null));
    sent.end(body);
  });
}

export class Door {
  // options: executable, batch, org, keys (a folder where it publishes the public keys).
  static async create(t, { executable = program('turfdoor'), batch = BATCH, org = 'steenwijkerland', keys } = {}) {
    const door = new Door();
    Object.assign(door, { t, executable, folder: join(temporaryFolder(t, 'turf-door'), 'door') });
    await door.command('create', '--org', org, '--host', 'turf.example.nl', '--batch', String(batch));
    if (keys) await door.command('publish', keys);
    return door;
  }

  command(...args) {
    return this.commandWith({}, ...args);
  }

  commandWith(env, ...args) {
    return succeed(program('turfdoor'), ['--database', this.folder, ...args], { env });
  }

  attempt(...args) {
    return run(program('turfdoor'), ['--database', this.folder, ...args]);
  }

  // `env`: where it dies (base/step.h).
  async start(env = {}) {
    this.running = new Running(this.executable, ['--database', this.folder, 'serve', '--listen', '127.0.0.1:0'], { env });
    const { running } = this;
    atEnd(this.t, () => running.stop());
    [, this.port] = await running.logged(/door-listening port=(\d+)/);
    return this;
  }

  request(options) {
    return request(this.port, options);
  }

  async invite(...args) {
    const { stdout } = await this.command('invite', ...args);
    return fromText(stdout.trim().split('#join=')[1]);
  }

  async directoryText() {
    return String((await this.request({ path: '/.well-known/private-token-issuer-directory' })).body);
  }

  async directory() {
    return JSON.parse(await this.directoryText());
  }
}

// What a device keeps: its credential, and the batch that it asks for, which has as many tokens as turfdoor said when it joined.
export class Device {
  constructor(door) {
    Object.assign(this, { door, credential: random(32), batch: BATCH });
  }

  join(code) {
    return this.door.request({ method: 'POST', path: '/door/join', body: Buffer.concat([code, this.credential]) });
  }

  // Joins, and fails when that fails.
  static async enrol(door, ...args) {
    const device = new Device(door);
    const { status, body } = await device.join(await door.invite(...args));
    if (status !== 200) throw new Error(`joining: ${status} ${body}`);
    Object.assign(device, JSON.parse(body));
    return device;
  }

  // Draws a batch for the first key of its scope in the directory; `which`: 1 is the next week's.
  async draw(which = 0) {
    const keys = (await this.door.directory())['token-keys'].filter((key) => key['turf-scope'] === this.scope);
    this.key = await openKey(fromText(keys[which]['token-key']));
    this.challenge = await challengeDigest({ issuer: this.issuer, origin: `turf/v1/${this.org}` });
    this.pending = await Promise.all(Array.from({ length: this.batch }, () => drawToken(this.key, this.challenge)));
  }

  ask({ credential = this.credential, keyId = this.key.id, blinded = this.pending.map((one) => one.blinded), ...more } = {}) {
    return this.door.request({
      method: 'POST',
      path: '/door/batch',
      headers: { authorization: `Bearer ${toText(credential)}` },
      body: Buffer.concat([keyId, ...blinded]),
      ...more,
    });
  }

  // Buys a batch of this week, or of the next (1), as what logs on at the broker. Fails when turfdoor refuses.
  async buy(which = 0) {
    await this.draw(which);
    const answer = await this.ask();
    if (answer.status !== 200) throw new Error(`buying: ${answer.status} ${answer.body}`);
    return (await this.finish(answer)).map((token) => ({ username: 'pass', password: toText(token) }));
  }

  // The tokens of an answer; each must be valid.
  async finish({ body }) {
    const tokens = await Promise.all(this.pending.map((pending, i) => finishToken(this.key, pending, new Uint8Array(body.subarray(256 * i, 256 * i + 256)))));
    if (body.length !== 256 * this.batch || tokens.includes(null)) throw new Error('the answer hides no signatures');
    return tokens;
  }
}
