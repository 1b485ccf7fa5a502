// SPDX-License-Identifier: EUPL-1.2
// The whole path through the door: turfdoor, a broker with turf_door.so, and turfd. A device is invited, joins, buys tokens,
// and taps; a leader reads the figures; the operator revokes and rotates.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { writeConfig } from './lib/config.mjs';
import { Device, Door } from './lib/door.mjs';
import { decode, question } from './lib/messages.mjs';
import { temporaryFolder } from './lib/paths.mjs';
import { eventually } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const org = 'proef';
const today = '2026-11-30';

async function start(t) {
  const keys = join(temporaryFolder(t, 'turf-door-keys'), 'keys');
  const door = await (await Door.create(t, { org, keys })).start();
  const stack = await Stack.start(t, org, { config: writeConfig(t), today, keys });
  return { door, stack, keys };
}

const enter = (t, stack, login) => Client.connect(t, stack.broker.url, login);
const notIn = (promise) => assert.rejects(promise, /Not authorized/);

// A key that was made just now is known to the broker a second later.
const enterSoon = (t, stack, login) => eventually(() => enter(t, stack, login).catch(() => false), 'the broker to know the key');

// Taps once with a token, and expects that the tap is counted.
async function tap(stack, login, team) {
  const phone = await stack.phone(login);
  assert.deepEqual(await phone.register(team, [question(today, 4)]), ['VERDICT_COUNTED']);
  await phone.client.close();
}

const answered = (client, topic) => decode('Summary', client.newest(topic) ?? Buffer.alloc(0)).answered;

test('a device is invited, joins, buys tokens and taps; its leader reads the figures, and nobody else reads those of the org', async (t) => {
  const { door, stack, keys } = await start(t);
  const worker = await Device.enrol(door, '--team', 'oost');
  const leader = await Device.enrol(door, '--team', 'oost', '--role', 'leader');
  const [workers, leaders] = [await worker.buy(), await leader.buy()];
  await (await enterSoon(t, stack, leaders[0])).close();
  await tap(stack, workers[0], 'oost');

  const screen = await enter(t, stack, leaders[1]);
  for (const team of ['oost', 'all']) {
    const topic = stack.topic(`summary/${team}/2026-Q4`);
    await screen.subscribe(topic);
    await screen.until(() => answered(screen, topic) === 1, `the tap in the figures of ${team}`);
  }
  await assert.rejects(screen.subscribe(stack.topic('summary/west/2026-Q4')));
  const phone = await enter(t, stack, workers[1]);
  await assert.rejects(phone.subscribe(stack.topic('summary/all/2026-Q4')));
  await assert.rejects(phone.subscribe(stack.topic('summary/west/2026-Q4')));
  await notIn(enter(t, stack, {}));

  // The same directory everywhere, byte by byte.
  await phone.subscribe(stack.topic('door/keys'));
  const retained = await phone.until(() => phone.newest(stack.topic('door/keys')), 'the directory at the broker');
  const text = await door.directoryText();
  assert.equal(String(retained), text);
  assert.equal(readFileSync(join(keys, `${org}.json`), 'utf8'), text);
  assert.deepEqual(JSON.parse(text)['token-keys'].map((key) => key['turf-scope']), ['leader:oost', 'leader:oost', 'oost', 'oost']);
});

test('a device that is revoked gets no further batch', async (t) => {
  const { door, stack } = await start(t);
  const device = await Device.enrol(door, '--team', 'oost');
  const passes = await device.buy();
  await (await enterSoon(t, stack, passes[0])).close();
  await door.command('revoke', '1');
  await device.draw(1);
  const answer = await device.ask();
  assert.deepEqual([answer.status, JSON.parse(answer.body).error], [403, 'revoked']);
  await tap(stack, passes[1], 'oost'); // what it has is good for its weeks; rotate would end that
});

test('a scope that is rotated loses its connections and its tokens at once, and a fresh batch lets in', async (t) => {
  const { door, stack } = await start(t);
  const device = await Device.enrol(door, '--team', 'oost');
  const other = await Device.enrol(door, '--team', 'west');
  const [passes, others] = [await device.buy(), await other.buy()];
  const neighbour = await enterSoon(t, stack, others[0]);
  const connected = await enter(t, stack, passes[0]);
  const ended = new Promise((resolve) => { connected.mqtt.once('close', resolve); });
  await door.command('rotate', 'oost');
  await ended;
  await notIn(enter(t, stack, passes[0]));
  await notIn(enter(t, stack, passes[1]));
  const fresh = await device.buy();
  await tap(stack, fresh[0], 'oost');
  await neighbour.subscribe(stack.topic('catalogue'));
  await tap(stack, others[1], 'west');
});

test('a token of another organisation lets nobody in, or into that organisation alone', async (t) => {
  const { door, stack, keys } = await start(t);
  const ours = await (await Device.enrol(door, '--team', 'oost')).buy();
  const stranger = await (await Door.create(t, { org: 'elders' })).start();
  const device = await Device.enrol(stranger, '--team', 'oost');
  const passes = await device.buy();
  await enterSoon(t, stack, ours[0]);
  await notIn(enter(t, stack, passes[0]));

  await stranger.command('publish', keys); // an organisation at the same broker
  const guest = await enterSoon(t, stack, passes[0]);
  await assert.rejects(guest.subscribe(stack.topic('catalogue')));
  const watcher = await stack.watcher();
  await guest.publish(stack.topic('registration/oost'), 'a stranger');
  await guest.publish('turf/v1/elders/registration/oost', 'at home');
  const seen = await watcher.until((messages) => messages.some(({ payload }) => String(payload) === 'at home') && messages, 'what the stranger may publish');
  assert.ok(!seen.some(({ payload }) => String(payload) === 'a stranger'));
});

test('while turfdoor is down, the tokens that were bought let in, also after the broker has started again', async (t) => {
  const { door, stack } = await start(t);
  const device = await Device.enrol(door, '--team', 'oost');
  const passes = await device.buy();
  await enterSoon(t, stack, passes[0]);
  await door.running.stop();
  await tap(stack, passes[1], 'oost');
  await stack.broker.process.stop();
  await stack.broker.startAgain();
  await notIn(enter(t, stack, passes[1]));
  const phone = await stack.phone(passes[2]);
  await phone.client.subscribe(stack.topic('status/aggregator'));
  await phone.client.until(() => phone.client.newest(stack.topic('status/aggregator')), 'turfd to come back');
  assert.deepEqual(await phone.register('oost', [question(today, 4)]), ['VERDICT_COUNTED']);
});
