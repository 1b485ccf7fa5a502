// SPDX-License-Identifier: EUPL-1.2
// An organisation with a closed door: turfdoor over HTTP, a broker with turf_door.so, turfd, and devices with the command line.
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { writeConfig } from './config.mjs';
import { Door } from './door.mjs';
import { program, temporaryFolder } from './paths.mjs';
import { run } from './processes.mjs';
import { Stack } from './stack.mjs';

export const org = 'steenwijkerland';

export class Place {
  // options: batch (tokens a week), config (more of writeConfig).
  static async start(t, { batch = 6, config } = {}) {
    const place = new Place();
    place.t = t;
    place.keys = join(temporaryFolder(t, 'turf-keys'), 'keys');
    place.door = await (await Door.create(t, { batch, keys: place.keys })).start();
    place.stack = await Stack.start(t, org, { config: writeConfig(t, { org, name: 'Steenwijkerland', ...config }), keys: place.keys });
    place.folder = temporaryFolder(t, 'turf-join');
    place.watcher = await place.stack.watcher();
    return place;
  }

  get broker() {
    return this.stack.broker;
  }

  // As the organisation sends it, but for the address: turfdoor is without nginx and TLS here.
  async link(...args) {
    const { stdout } = await this.door.command('invite', ...args);
    return `http://127.0.0.1:${this.door.port}/${stdout.trim().slice(stdout.indexOf('#'))}`;
  }

  outbox(device) {
    return join(this.folder, device, 'turf', org);
  }

  // The command line of a device. A last argument that is no text: options of run(), and `executable`.
  turf(device, ...args) {
    const { executable = program('turf'), env, ...options } = typeof args.at(-1) === 'object' ? args.pop() : {};
    const home = join(this.folder, device);
    return run(executable, args, { ...options, env: { TURF_BROKER: this.broker.url, HOME: home, XDG_STATE_HOME: home, ...env } });
  }

  // Resolves when the broker has read the keys that turfdoor has now.
  async keysAreRead() {
    const text = await this.door.directoryText();
    await this.watcher.until((messages) => String(messages.findLast(({ topic }) => topic.endsWith('/door/keys'))?.payload) === text, 'the keys at the broker');
  }

  async enrol(device, ...args) {
    const joined = await this.turf(device, 'join', await this.link(...args));
    assert.equal(joined.code, 0, joined.stderr);
    await this.keysAreRead();
    return joined;
  }

  async left(device) {
    const { stdout } = await this.turf(device, 'status');
    return Number(stdout.match(/tokens now: (\d+)/)[1]);
  }

  async tap(device, ...args) {
    const tapped = await this.turf(device, 'tap', '--team', 'oost', 'financ', '--wait', '20', ...args);
    assert.equal(tapped.code, 0, tapped.stdout + tapped.stderr);
    assert.match(tapped.stdout, /^geteld \/ counted/);
  }

  // The ids of the clients that turfd answered: each connection has one of its own.
  clients() {
    const receipts = this.watcher.messages.map(({ topic }) => topic.match(/\/receipt\/(.*)$/)?.[1]).filter(Boolean);
    return [...new Set(receipts)];
  }
}
