// SPDX-License-Identifier: EUPL-1.2
// turfd as a service: what it tells its manager, and what the log says when the manager or another process ends it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { atEnd } from './lib/cleanup.mjs';
import { writeConfig } from './lib/config.mjs';
import { Manager } from './lib/manager.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { Running, eventually, run } from './lib/processes.mjs';

// Without a broker: none of this is about it.
async function service(t, env) {
  const args = ['--config', writeConfig(t), '--store', join(temporaryFolder(t, 'turf-service'), 'store'), '--today', '2019-11-20'];
  const turfd = new Running(program('turfd'), args, { env });
  atEnd(t, () => turfd.kill('SIGKILL'));
  await eventually(() => turfd.status || turfd.log.includes('<6>started'), 'turfd to start');
  assert.equal(turfd.status, null, turfd.log);
  return turfd;
}

test('it tells the manager that it is ready, that it lives, and that it stops', async (t) => {
  const manager = await Manager.start(t);
  const turfd = await service(t, manager.environment({ watchdogMs: 200 }));
  await eventually(() => manager.timesReceived('READY=1') === 1, 'READY=1');
  await eventually(() => manager.timesReceived('WATCHDOG=1') >= 3, 'three times WATCHDOG=1');
  assert.deepEqual(await turfd.stop(), { code: 0, signal: null });
  await eventually(() => manager.timesReceived('STOPPING=1') === 1, 'STOPPING=1');
});

// The test is turfd's parent process, as the manager is.
test('the watchdog’s signal is reported as the watchdog’s, and not as a damaged store', async (t) => {
  const turfd = await service(t, { WATCHDOG_USEC: '60000000' });
  assert.deepEqual(await turfd.kill('SIGABRT'), { code: null, signal: 'SIGABRT' });
  assert.match(turfd.log, /^<3>watchdog-expired reason="turfd was stuck: the service manager heard nothing from it for 60 s/m);
  assert.doesNotMatch(turfd.log, /damaged|verify/);
});

for (const [who, env] of [['a process that is not the manager', { WATCHDOG_USEC: '60000000' }], ['any process, without a watchdog', {}]]) {
  test(`a signal of ${who} is not reported as a damaged store`, async (t) => {
    const turfd = await service(t, env);
    await run('kill', ['-ABRT', String(turfd.pid)]);
    assert.deepEqual(await turfd.ended, { code: null, signal: 'SIGABRT' });
    assert.match(turfd.log, /^<3>crashed reason="another process sent turfd a signal/m);
    assert.doesNotMatch(turfd.log, /watchdog|damaged|verify/);
  });
}
