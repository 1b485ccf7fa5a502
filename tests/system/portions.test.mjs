// SPDX-License-Identifier: EUPL-1.2
// Rule 13 (docs/wire-format.md) through a closed door: what a restored store must get again, and what waited for days, goes a few at a
// time on connections of its own, hours apart, and holds nothing up that is tapped now.
import assert from 'node:assert/strict';
import test from 'node:test';

import { dateOf, dayOf, decode } from './lib/messages.mjs';
import { program } from './lib/paths.mjs';
import { org, Place } from './lib/place.mjs';
import { succeed } from './lib/processes.mjs';
import { stepsOfPortions, stepsProgram } from './lib/steps.mjs';

const BATCH = 40;
const PORTION = 4; // RULES_PORTION_EVENTS of proto/rules.h

const today = () => dayOf(new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Amsterdam' }).format());
const daysAgo = (n) => dateOf(today() - n);

// A moment in the outbox of this device, in unix seconds; with `at`, from now on.
async function moment(place, device, name, ...at) {
  return Number((await succeed(program('tests/portion_plan'), [place.outbox(device), org, name, ...at.map(String)])).stdout);
}

// When the next portion goes.
const planned = (place, device, ...at) => moment(place, device, 'portion', ...at);

// The days of the events of each connection that sent something, in the order of the connections.
function connections(place) {
  const found = new Map();
  for (const { topic, payload } of place.watcher.messages) {
    if (!topic.includes('/registration/')) continue;
    const { events, receipt_to: client } = decode('Submission', payload);
    found.set(client, { ...found.get(client), ...Object.fromEntries(events.map(({ id, day }) => [id.toString('hex'), day])) });
  }
  return [...found.values()].map((events) => Object.entries(events).map(([id, day]) => ({ id, day })));
}

const daysOf = (events) => events.map(({ day }) => day);

async function tapOn(place, device, days) {
  for (const n of days) await place.tap(device, '--day', daysAgo(n));
}

async function restoreOlderStore(place) {
  await place.stack.turfd.stop();
  place.stack.removeStore();
  await place.stack.startTurfd();
}

const pending = async (place, device, ...args) => Number((await place.turf(device, 'pending', ...args)).stdout.match(/(\d+) wacht/)[1]);

// Sends until nothing waits; each time as if the next moment had come.
async function sendPortions(place, device) {
  for (let left = await pending(place, device), before; left > 0; ) {
    assert.ok((await planned(place, device)) > Date.now() / 1000, 'the next portion has a later moment');
    await planned(place, device, 1);
    before = left;
    left = await pending(place, device, '--send', '--wait', '20');
    assert.ok(left < before && left >= before - PORTION, `a portion of ${before - left} of ${before}`);
  }
}

test('a restored store gets fourteen days again in portions, and what is tapped now goes at once and apart', async (t) => {
  const place = await Place.start(t, { batch: BATCH });
  await place.enrol('anna', '--team', 'oost');
  await tapOn(place, 'anna', [9, 8, 5, 4, 3, 2, 1, 1, 0]);
  await restoreOlderStore(place);
  place.watcher.messages.length = 0;

  assert.equal(await pending(place, 'anna', '--send'), 9, 'all are offered again, and none at once');
  const status = await place.turf('anna', 'status');
  assert.match(status.stdout, /^9 wacht[^]*later, verspreid over enkele uren \/ of these later, spread over some hours: 9\n.*the next not before [\d: -]+$/m);
  await place.tap('anna');
  const [first] = connections(place);
  assert.deepEqual(daysOf(first), [today()], 'a tap of now does not wait, and travels alone');

  await sendPortions(place, 'anna');
  const portions = connections(place).slice(1);
  assert.ok(portions.length >= 3 && portions.every((events) => events.length <= PORTION), 'portions on connections of their own');
  assert.equal(new Set(portions.flat().map(({ id }) => id)).size, 9, 'each is offered');
  const order = portions.flat().map(({ day }) => day);
  assert.equal(await place.left('anna') > 0, true);
  t.diagnostic(`offered in the order of days ${order.map((day) => today() - day).join(' ')} ago`);
});

test('taps of several days that waited: those of today at once, the others in portions', async (t) => {
  const place = await Place.start(t, { batch: BATCH });
  await place.enrol('anna', '--team', 'oost', '--team', 'west');
  await place.tap('anna'); // the outbox has the catalogue
  await place.broker.process.stop();
  for (const [n, team] of [[6, 'oost'], [5, 'west'], [4, 'oost'], [3, 'west'], [2, 'oost'], [1, 'oost'], [1, 'oost'], [0, 'oost'], [0, 'oost']]) {
    assert.equal((await place.turf('anna', 'tap', '--team', team, '1', '--day', daysAgo(n))).code, 3);
  }
  await place.broker.startAgain();
  place.watcher = await place.stack.watcher();
  assert.equal(await pending(place, 'anna', '--send', '--wait', '30'), 7);
  assert.deepEqual(connections(place).map(daysOf), [[today(), today()]]);
  await sendPortions(place, 'anna');
  const portions = connections(place).slice(1);
  assert.equal(portions.flat().length, 7);
  for (const { topic, payload } of place.watcher.messages.filter(({ topic: at }) => at.includes('/registration/'))) {
    const others = place.watcher.messages.filter((one) => one.topic !== topic && one.topic.includes('/registration/'));
    const { receipt_to: client } = decode('Submission', payload);
    assert.ok(others.every((one) => decode('Submission', one.payload).receipt_to !== client), 'a portion has one team');
  }
});

test('a portion that is due goes after the tap of a command that only taps', async (t) => {
  const place = await Place.start(t, { batch: BATCH });
  await place.enrol('anna', '--team', 'oost');
  await tapOn(place, 'anna', [3, 2, 1]);
  await restoreOlderStore(place);
  await place.tap('anna'); // meets the epoch
  await pending(place, 'anna', '--send');
  await planned(place, 'anna', 1);
  place.watcher.messages.length = 0;
  await place.tap('anna');
  assert.equal(connections(place).length, 2);
  assert.equal(await pending(place, 'anna'), 0);
});

test('a portion that turfd does not answer stays, and the next one waits for its moment', async (t) => {
  const place = await Place.start(t, { batch: BATCH });
  await place.enrol('anna', '--team', 'oost');
  await tapOn(place, 'anna', [3, 2, 1]);
  await restoreOlderStore(place);
  await pending(place, 'anna', '--send');
  await place.stack.turfd.stop();
  await planned(place, 'anna', 1);
  const before = Date.now() / 1000;
  assert.equal(await pending(place, 'anna', '--send', '--wait', '3'), 3, 'nothing is lost');
  assert.ok((await planned(place, 'anna')) >= before + 300, 'the next one waits');
  await place.stack.startTurfd();
  await sendPortions(place, 'anna');
});

for (const step of stepsOfPortions) {
  test(`killed at ${step}: nothing is lost, and the next portion waits for its moment`, async (t) => {
    const place = await Place.start(t, { batch: BATCH });
    const executable = await stepsProgram('turf');
    await place.enrol('anna', '--team', 'oost');
    await tapOn(place, 'anna', [4, 3, 2, 1]);
    await restoreOlderStore(place);
    await pending(place, 'anna', '--send');
    await planned(place, 'anna', 1);
    place.watcher.messages.length = 0;
    const killed = await place.turf('anna', 'pending', '--send', '--wait', '20', { executable, env: { TURF_DIE_AT: `${step}:1` } });
    assert.equal(killed.signal, 'SIGKILL');
    assert.equal(await pending(place, 'anna', '--send'), 4);
    assert.deepEqual(connections(place), []);
    await sendPortions(place, 'anna');
    assert.equal(new Set(connections(place).flat().map(({ id }) => id)).size, 4);
  });
}

test('a device that was away for weeks: taps wait, turf says until when, also after a restart, and then they go', async (t) => {
  const place = await Place.start(t, { batch: BATCH });
  await place.enrol('anna', '--team', 'oost');
  await place.tap('anna');
  const before = await place.left('anna');
  await moment(place, 'anna', 'away', Math.floor(Date.now() / 1000) + 1500);
  const tapped = await place.turf('anna', 'tap', '--team', 'oost', '1');
  assert.equal(tapped.code, 3);
  assert.match(tapped.stdout, /stored, will be sent later[^]*this device was away for weeks; what waits is sent after \d\d:\d\d/);
  for (const command of ['status', 'pending']) {
    const { stdout } = await place.turf('anna', command);
    assert.match(stdout, /^1 wacht[^]*dit toestel was lang weg; .*this device was away for long; what waits is not sent before [\d: -]+$/m);
  }
  assert.match((await place.turf('anna', 'token')).stderr, /away for weeks; ask again in half an hour/);
  assert.equal(await place.left('anna'), before, 'no token is used');
  await moment(place, 'anna', 'away', 1);
  assert.equal(await pending(place, 'anna', '--send', '--wait', '20'), 0);
});
