// SPDX-License-Identifier: EUPL-1.2
// A site whose broker lets in nobody without a token: real nginx, mosquitto with its plugin, turfdoor and turfd.
import { join } from 'node:path';

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
  return { site, front, door, invite };
}
