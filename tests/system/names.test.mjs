// SPDX-License-Identifier: EUPL-1.2
// A broker that is known by its name, and a name server that does not answer: turfd goes on with everything else.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Calendar } from './lib/calendar.mjs';
import { writeConfig } from './lib/config.mjs';
import { Manager } from './lib/manager.mjs';
import { question } from './lib/messages.mjs';
import { NameServer } from './lib/name-server.mjs';
import { program } from './lib/paths.mjs';
import { eventually } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const skip = process.getuid() !== 0 && 'only root may listen on port 53 and replace /etc/resolv.conf for one process';

// turfd has asked for the broker's name and has no answer.
async function waiting(t) {
  const calendar = new Calendar(t, '2019-11-20');
  const stack = await Stack.start(t, 'proef', { config: writeConfig(t), today: `@${calendar.file}` });
  const [names, manager] = [await NameServer.start(t), await Manager.start(t)];
  await stack.turfd.stop();
  const url = `mqtt://broker.example.nl:${stack.broker.port}`;
  stack.launchTurfd({ url, turfd: names.wrap(program('turfd')), env: manager.environment({ watchdogMs: 200 }) });
  await eventually(() => names.queries > 0, 'a question for the name');
  return { stack, names, manager, calendar };
}

// The lookup that was under way is still under way: when it ends without an address, the log says so.
const stillWaits = ({ stack }) => assert.ok(!stack.turfd.log.includes('broker-unreachable'), stack.turfd.log);

test('turfd reports to the watchdog and keeps its days while the name server does not answer, and connects when it does', { skip }, async (t) => {
  const w = await waiting(t);
  const before = w.manager.timesReceived('WATCHDOG=1');
  await eventually(() => w.manager.timesReceived('WATCHDOG=1') >= before + 3, 'three more times WATCHDOG=1');
  w.calendar.write('2019-11-21');
  const date = async () => (await w.stack.turfctl(['info'])).stdout.match(/^turfd's date +(\S+)$/m)[1];
  await eventually(async () => (await date()) === '2019-11-21', 'the next day');
  stillWaits(w);
  w.names.answers = true;
  await eventually(() => w.stack.turfd.log.includes('<6>connected'), 'the connection');
  const phone = await w.stack.phone();
  assert.deepEqual(await phone.register('oost', [question('2019-11-21', 1)]), ['VERDICT_COUNTED']);
});

test('turfd stops when it is asked to while the name server does not answer', { skip }, async (t) => {
  const w = await waiting(t);
  assert.deepEqual(await w.stack.turfd.stop(), { code: 0, signal: null });
  stillWaits(w);
});

test('a name that does not exist is the reason that the log gives', { skip }, async (t) => {
  const w = await waiting(t);
  w.names.knowsNothing = w.names.answers = true;
  await eventually(() => /<4>broker-unreachable .*reason="broker\.example\.nl: Name or service not known"/.test(w.stack.turfd.log), 'the reason');
});
