// SPDX-License-Identifier: EUPL-1.2
// Rule 13 (docs/wire-format.md) through a closed door: what a connection of the page carries, and when the next portion goes. Runs the
// vectors that tests/unit/phone/test_phone_portion.c runs with libturf.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { vectors } from './lib/web.mjs';

const { parseDate } = await import('../../broker-client/web/src/core/calendar.js');
const { afterPortion, drawPortion, goesLater, nextPortion, portionSize } = await import('../../broker-client/web/src/core/door/portions.js');
const rules = await import('../../broker-client/web/src/core/door/sending-rules.js');
const { PortionPlan } = await import('../../broker-client/web/src/core/door/portion-plan.js');

const examples = vectors('portions');

// The random numbers of an example; each must be used.
function dice(numbers) {
  const left = [...numbers];
  return { draw: () => (left.length ? left.shift() : assert.fail('no number left')), left };
}

test('the numbers are those of libturf', () => {
  assert.deepEqual({ ...rules }, {
    PORTION_EVENTS: examples.numbers.events, PORTIONS: examples.numbers.portions, PORTION_WAIT_MIN_S: examples.numbers.wait_min_s,
    PORTION_WAIT_MAX_S: examples.numbers.wait_max_s, PORTION_PAUSE_MAX_S: examples.numbers.pause_max_s,
    AWAY_WAIT_MIN_S: examples.numbers.away_min_s, AWAY_WAIT_MAX_S: examples.numbers.away_max_s,
  });
});

for (const { name, date, reoffered = false, made_now: madeNow = false, later } of examples.later) {
  test(`as libturf: ${name}`, () => {
    assert.equal(goesLater({ day: parseDate(date), today: parseDate(examples.today), reoffered, madeNow }), later);
  });
}

for (const { name, planned, now, random, next } of examples.next) {
  test(`as libturf: ${name}`, () => {
    const { draw, left } = dice(random);
    assert.deepEqual([nextPortion(planned, now, draw), left], [next, []]);
  });
}

test('as libturf: the wait after a portion, and how large it is', () => {
  for (const { in_vain: inVain, now, random, next } of examples.after) assert.equal(afterPortion(now, inVain, dice(random).draw), next);
  for (const { n, size } of examples.sizes) assert.equal(portionSize(n), size);
});

for (const { name, events, random, portion } of examples.draws) {
  test(`as libturf: ${name}`, () => {
    const { draw, left } = dice(random);
    const drawn = drawPortion(events.map(([seq, team]) => ({ seq, team })), draw);
    assert.deepEqual([drawn.map(({ seq }) => seq), left], [portion, []]);
  });
}

// ---- The plan of a page -----------------------------------------------------------------------------

const TODAY = 20_788;
let n = 0;
const tap = (day, change = {}) => ({
  n: ++n, id: `id${n}`, team: 'oost', day, questionWaits: true, retractionWaits: false, retracting: false, questionVerdict: 0, retractionVerdict: 0, ...change,
});

// A page on whose phone `taps` wait. What it stores survives in `stored`.
async function openPlan(taps, { stored = new Map(), clock = { now: 1e9, today: TODAY } } = {}) {
  const store = { get: async (key) => stored.get(key), put: async (key, value) => stored.set(key, value) };
  const plan = new PortionPlan({ store, taps: () => taps, today: () => clock.today, now: () => clock.now, draw: () => 0 });
  await plan.load();
  await plan.update();
  return { plan, stored, clock };
}

test('what is of the moment goes, and older taps wait for a portion of their own', async () => {
  const taps = [tap(TODAY), tap(TODAY - 1), tap(TODAY - 2), tap(TODAY - 3), tap(TODAY - 4), tap(TODAY - 5)];
  const { plan, clock, stored } = await openPlan(taps);
  assert.equal(plan.staying(false), 5);
  await plan.begin();
  assert.deepEqual(taps.map((one) => plan.staysBehind(one)), [false, true, true, true, true, true]);
  taps.shift();
  assert.equal(plan.staying(false), 5, 'nothing to connect for');
  assert.equal(plan.next, clock.now + 300_000, 'the first portion waits too');
  clock.now = plan.next;
  assert.equal(plan.staying(false), 0, 'it is due');
  await plan.begin();
  assert.equal(stored.get('portion') * 1000, clock.now + 300_000, 'the next one is planned before this one leaves');
  assert.equal(taps.filter((one) => !plan.staysBehind(one)).length, 4);
  assert.equal(plan.staying(true), 1);
});

test('a tap of now does not go with a portion, and goes before the next', async () => {
  const taps = [tap(TODAY - 1)];
  const { plan, clock } = await openPlan(taps);
  clock.now = plan.next;
  await plan.begin();
  taps.push(tap(TODAY), tap(TODAY - 3));
  assert.deepEqual(taps.map((one) => plan.staysBehind(one)), [false, true, true]);
  assert.equal(plan.staying(true), 2);
  plan.noteAccepted();
  taps.shift(); // answered
  await plan.begin();
  assert.deepEqual(taps.map((one) => plan.staysBehind(one)), [false, false], 'both were made now');
});

test('what another store must get again goes later, also of today; taking a tap back now does not', async () => {
  const answered = tap(TODAY - 2, { questionWaits: false, questionVerdict: 1 });
  const taps = [tap(TODAY, { questionVerdict: 1 }), answered];
  const { plan } = await openPlan(taps);
  Object.assign(answered, { retracting: true, retractionWaits: true });
  assert.deepEqual(taps.map((one) => plan.staysBehind(one)), [true, false]);
});

test('after a reload, and on the next day, what waited goes later; the moment stays', async () => {
  const taps = [tap(TODAY - 1)];
  const { plan, stored, clock } = await openPlan([]);
  assert.equal(plan.next, 0);
  const first = await openPlan(taps, { stored, clock });
  const again = await openPlan(taps, { stored, clock });
  assert.equal(again.plan.next, first.plan.next);
  const made = tap(TODAY);
  taps.push(made);
  assert.equal(again.plan.staysBehind(made), false);
  clock.today++;
  assert.equal(again.plan.staysBehind(made), true);
});

test('a portion without a network is not drawn again; one that nobody answers makes the next wait longer', async () => {
  const taps = [1, 2, 3, 4, 5, 6].map((ago) => tap(TODAY - ago));
  const { plan, clock } = await openPlan(taps);
  clock.now = plan.next;
  await plan.begin();
  const portion = () => taps.filter((one) => !plan.staysBehind(one)).map(({ id }) => id);
  const drawn = portion();
  const planned = plan.next;
  await plan.begin();
  assert.deepEqual([portion(), plan.next], [drawn, planned]);
  plan.noteAccepted();
  clock.now = planned;
  await plan.begin();
  assert.equal(plan.next, clock.now + 600_000);
});
