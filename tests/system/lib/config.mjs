// SPDX-License-Identifier: EUPL-1.2
// A small organisation for tests: configuration text for turfd, every setting open to change.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryFolder } from './paths.mjs';

const ordinary = {
  org: 'proef',
  name: 'Proefgemeente',
  store: 'store',
  broker: { address: 'mqtt://127.0.0.1:1' }, // turfd's --broker takes its place
  accept_days: 800,
  retract_days: 14,
  grace_days: 28,
  counting_since: '2018-01-01',
  teams: [
    { id: 'oost', name: 'Oost' },
    { id: 'west', name: 'West' },
  ],
  zrm: [{ edition: '2013' }],
};

// As libconfig writes it.
function setting(value) {
  if (Array.isArray(value)) return `( ${value.map(setting).join(', ')} )`;
  if (typeof value === 'object') return `{ ${settings(value).join(' ')} }`;
  return JSON.stringify(value);
}

const settings = (group) => Object.entries(group).map(([name, value]) => `${name} = ${setting(value)};`);

export function writeConfig(t, changes = {}) {
  const file = join(temporaryFolder(t, 'turf-config'), 'turf.conf');
  writeFileSync(file, `${settings({ ...ordinary, ...changes }).join('\n')}\n`);
  return file;
}
