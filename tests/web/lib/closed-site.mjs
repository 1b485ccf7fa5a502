// SPDX-License-Identifier: EUPL-1.2
// A site whose broker lets in nobody without a token: real nginx, mosquitto with its plugin, turfdoor and turfd.
import { join } from 'node:path';

import { Client } from '../../system/lib/client.mjs';
import { Door } from '../../system/lib/door.mjs';
import { temporaryFolder } from '../../system/lib/paths.mjs';
import { Front } from './front.mjs';
import { Site } from './site.mjs';

const BATCH = 20;

export async function closedSite(t) {
  const keys = join(temporaryFolder(t, 'turf-keys'), 'keys');
  const door = await (await Door.create(t, { org: 'proef', batch: BATCH, keys })).start();
  const site = await Site.start(t, {}, { keys });
  const front = await Front.start(t, site);
  front.turfdoor = door.port;
  front.origin = front.url.slice(0, -1);
  // What follows the address in a link.
  const invite = async (...args) => (await door.command('invite', ...args)).stdout.trim().replace(/^.*#/, '#');
  // Resolves when the broker has the new keys: in the second before, it still lets in with tokens of the old ones.
  const rotate = async (scope) => {
    const { broker } = site.stack;
    const watcher = await Client.connect(t, broker.url, broker.watcher);
    await watcher.subscribe('turf/v1/proef/door/keys');
    const [{ payload: before }] = await watcher.until((messages) => messages.length > 0 && messages, 'the keys');
    await door.command('rotate', scope);
    await watcher.until((messages) => !messages.at(-1).payload.equals(before), 'the new keys');
    await watcher.close();
  };
  return { site, front, door, invite, rotate };
}
