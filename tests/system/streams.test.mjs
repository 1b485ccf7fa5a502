// SPDX-License-Identifier: EUPL-1.2
// Programs that are started without standard streams: what they say must not end up in their databases.
import assert from 'node:assert/strict';
import { chmodSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { writeConfig } from './lib/config.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { run, succeed } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const closed = ['<&-', '2>&-', '<&- 2>&-', '>&- 2>&-', '<&- >&- 2>&-'];

const bare = (streams, command, args, options) => run('sh', ['-c', `exec "$0" "$@" ${streams}`, command, ...args], options);

for (const streams of closed) {
  test(`turf ${streams} leaves the outbox whole`, async (t) => {
    const home = temporaryFolder(t, 'turf-streams');
    const args = ['--broker', 'mqtt://127.0.0.1:1', '--org', 'proef', '--outbox', join(home, 'outbox'), '--wait', '0'];
    assert.equal((await bare(streams, program('turf'), ['tap', '--team', 'oost', '1', ...args])).code, 3);
    assert.equal((await bare(streams, program('turf'), ['tap', '--team', 'oost', 'no number', ...args])).code, 4);
    const { stdout, stderr } = await run(program('turf'), ['pending', ...args]);
    assert.match(stdout, /^1 wacht/m, stderr);
  });
}

test('turfd and turfctl write their messages into no file of the store', async (t) => {
  const folder = temporaryFolder(t, 'turf-streams');
  const turfd = join(folder, 'turfd');
  writeFileSync(turfd, `#!/bin/sh\nexec '${program('turfd')}' "$@" <&- >&- 2>&-\n`);
  chmodSync(turfd, 0o700);
  const stack = await Stack.start(t, 'proef', { config: writeConfig(t), today: '2019-12-31', turfd });
  for (const fd of [0, 1, 2]) assert.equal(readlinkSync(`/proc/${stack.turfd.pid}/fd/${fd}`), '/');
  for (const streams of closed) {
    const store = ['--store', stack.store];
    const { code } = await bare(streams, program('turfctl'), ['quarantine', 'show', 'unknown-team/9', ...store]);
    assert.equal(code, 1);
  }
  await succeed(program('turfctl'), ['verify', '--store', stack.store]);
});
