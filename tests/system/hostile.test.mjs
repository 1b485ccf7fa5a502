// SPDX-License-Identifier: EUPL-1.2
// Everything bad that can come in at the registration topics: the right verdict, the right counter, a place in the
// quarantine, the messages around it counted, and nothing published that should not be.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';

import { writeConfig } from './lib/config.mjs';
import { dayOf, decode, encode, newClientId, newId, question, retraction, submission } from './lib/messages.mjs';
import { eventually, run } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const today = '2019-12-31';
const day = dayOf(today);

const config = (t) => writeConfig(t, {
  accept_days: 400,
  teams: [
    { id: 'oost', name: 'Oost' },
    { id: 'oud', name: 'Opgeheven team', valid_until: '2019-07-01' },
  ],
  labels: [
    { code: 1, name: 'Sportfonds', kind: 'subject' },
    { code: 2, name: 'Huurachterstand', kind: 'subject', domain: 3 },
    { code: 3, name: 'Oud formulier', kind: 'origin', valid_until: '2019-01-01' },
  ],
});

// ---- Watching -----------------------------------------------------------------------------------------

// A stack whose every published topic is on record, with a phone that is well behaved.
async function watched(t) {
  const stack = await Stack.start(t, 'proef', { config: config(t), today });
  const watcher = await stack.watcher();
  const phone = await stack.phone();
  return { stack, watcher, phone };
}

const status = ({ stack, watcher }) => JSON.parse(watcher.newest(stack.topic('status/aggregator')) ?? '{}');

// The counters, once they say that all of these were seen.
async function counters(fixture, expected) {
  const reached = () => {
    const now = status(fixture).counters ?? {};
    return Object.entries(expected).every(([name, n]) => now[name] >= n) && now;
  };
  const now = await fixture.watcher.until(reached, `counters ${JSON.stringify(expected)}, now ${JSON.stringify(status(fixture).counters)}`);
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, now[name]])), expected);
  assert.equal(now.events, now.counted + now.counted_late + now.already_counted + now.retracted + now.already_retracted +
    Object.entries(now).filter(([name]) => name.startsWith('refused_')).reduce((sum, [, n]) => sum + n, 0));
}

// A good tap, and its receipt: what came before it on the connection has been dealt with.
async function goodTap({ phone }) {
  assert.deepEqual(await phone.register('oost', [question(day, 1)]), ['VERDICT_COUNTED']);
}

// The quarantine as turfctl lists it: { reason: entries }.
async function quarantine({ stack }) {
  const { stdout } = await stack.turfctl(['quarantine', 'list']);
  const found = {};
  for (const [, reason] of stdout.matchAll(/^(refused-[a-z-]+)[/ ]/gm)) found[reason] = (found[reason] ?? 0) + 1;
  return found;
}

// Topics that turfd may publish, given the receipts that were asked for properly.
function nothingElsePublished({ stack, watcher }, receiptIds) {
  const allowed = [
    /^registration\//, // the phones' own
    /^(summary|summary-json)\/(oost|oud|all)\/201[89](-Q[1-4])?$/,
    /^weekly\/(oost|oud|all)\/20(18|19|20)$/,
    /^catalogue$/,
    /^status\/aggregator$/,
    ...receiptIds.map((id) => new RegExp(`^receipt/${id}$`)),
  ];
  const prefix = stack.topic('');
  for (const { topic } of watcher.messages) {
    assert.ok(topic.startsWith(prefix), `published outside of the org: ${topic}`);
    assert.ok(allowed.some((pattern) => pattern.test(topic.slice(prefix.length))), `published: ${topic}`);
  }
}

// Neither the store nor the log knows who asked for a receipt.
async function noTraceOf({ stack }, clientId) {
  assert.equal((await run('grep', ['-rlaF', clientId, stack.store])).stdout, '');
  assert.ok(!stack.turfd.log.includes(clientId), stack.turfd.log);
}

async function questionsCounted({ stack, watcher }, expected) {
  const total = () => JSON.parse(watcher.newest(stack.topic('summary-json/all/2019')) ?? '{}').questions;
  await watcher.until(() => total() === expected, `${expected} questions in 2019, now ${total()}`);
}

// ---- Events that are refused ----------------------------------------------------------------------------

const id = (length) => randomBytes(length);
const bad = {
  'an id of 15 bytes': ['oost', question(day, 1, 1, [], id(15)), 'MALFORMED'],
  'an id of 17 bytes': ['oost', question(day, 1, 1, [], id(17)), 'MALFORMED'],
  'an id of 64 bytes': ['oost', question(day, 1, 1, [], id(64)), 'MALFORMED'],
  'outcome 0': ['oost', question(day, 1, 0), 'MALFORMED'],
  'outcome 3': ['oost', question(day, 1, 3), 'MALFORMED'],
  'outcome -1': ['oost', question(day, 1, -1), 'MALFORMED'],
  'no act': ['oost', { id: newId(), day }, 'MALFORMED'],
  'five labels': ['oost', question(day, 1, 1, [1, 1, 1, 1, 1]), 'MALFORMED'],
  'an unknown team': ['nergens', question(day, 1), 'UNKNOWN_TEAM'],
  'the team "all"': ['all', question(day, 1), 'UNKNOWN_TEAM'],
  'a team that is no slug': ['OOST', question(day, 1), 'UNKNOWN_TEAM'],
  'a team with 40 letters': ['o'.repeat(40), question(day, 1), 'UNKNOWN_TEAM'],
  'a team that has ended': ['oud', question('2019-07-01', 1), 'UNKNOWN_TEAM'],
  'an unknown domain': ['oost', question(day, 200), 'UNKNOWN_DOMAIN'],
  'domain 0': ['oost', question(day, 0), 'UNKNOWN_DOMAIN'],
  'domain 65537': ['oost', question(day, 65537), 'UNKNOWN_DOMAIN'],
  'a domain of another edition': ['oost', question(day, 12), 'UNKNOWN_DOMAIN'],
  'an unknown label': ['oost', question(day, 1, 1, [9]), 'UNKNOWN_LABEL'],
  'label 65537': ['oost', question(day, 1, 1, [65537]), 'UNKNOWN_LABEL'],
  'a label of another domain': ['oost', question(day, 1, 1, [2]), 'UNKNOWN_LABEL'],
  'a label that has ended': ['oost', question(day, 1, 1, [1, 3]), 'UNKNOWN_LABEL'],
  'the day after tomorrow': ['oost', question(day + 2, 1), 'DAY_IN_FUTURE'],
  'the last day there is': ['oost', question(0xffffffff, 1), 'DAY_IN_FUTURE'],
  'a day past the calendar': ['oost', question(2932897, 1), 'DAY_IN_FUTURE'],
  'a retraction from the future': ['oost', retraction(newId(), day + 2), 'DAY_IN_FUTURE'],
  'a day of 401 days ago': ['oost', question(day - 401, 1), 'DAY_TOO_OLD'],
  'day 0': ['oost', question(0, 1), 'DAY_TOO_OLD'],
  'a retraction after 15 days': ['oost', retraction(newId(), day - 15), 'RETRACTION_TOO_LATE'],
  'a retraction of day 0': ['oost', retraction(newId(), 0), 'RETRACTION_TOO_LATE'],
};

test('each bad event gets its verdict, its counter and its place in the quarantine', async (t) => {
  const fixture = await watched(t);
  const sums = {};
  for (const [what, [team, event, reason]] of Object.entries(bad)) {
    await t.test(what, async () => {
      await goodTap(fixture);
      assert.deepEqual(await fixture.phone.register(team, [event]), [`VERDICT_REFUSED_${reason}`]);
      sums[reason] = (sums[reason] ?? 0) + 1;
    });
  }
  const n = Object.keys(bad).length;
  await goodTap(fixture);
  const refused = Object.entries(sums).map(([reason, count]) => [`refused_${reason.toLowerCase()}`, count]);
  await counters(fixture, { messages: 2 * n + 1, counted: n + 1, submissions_malformed: 0, ...Object.fromEntries(refused) });
  const listed = Object.entries(sums).map(([reason, count]) => [`refused-${reason.toLowerCase().replaceAll('_', '-')}`, count]);
  assert.deepEqual(await quarantine(fixture), Object.fromEntries(listed));
  await questionsCounted(fixture, n + 1);
  nothingElsePublished(fixture, [fixture.phone.client.id]);
  await noTraceOf(fixture, fixture.phone.client.id);
});

test('a bad event does not harm its neighbours in the same submission', async (t) => {
  const fixture = await watched(t);
  const mixed = Object.values(bad).filter(([team]) => team === 'oost').flatMap(([, event]) => [question(day, 1), event]);
  const again = (event) => (event.retraction ? retraction(newId(), event.day) : { ...event, id: newId() });
  const fresh = mixed.map((event) => (event.id.length === 16 ? again(event) : event)).slice(0, 64);
  const verdicts = await fixture.phone.register('oost', fresh);
  assert.ok(verdicts.filter((_, i) => i % 2 === 0).every((verdict) => verdict === 'VERDICT_COUNTED'), String(verdicts));
  assert.ok(verdicts.filter((_, i) => i % 2 === 1).every((verdict) => verdict.startsWith('VERDICT_REFUSED_')), String(verdicts));
  await questionsCounted(fixture, fresh.length / 2);
});

test('events with an id that nobody could name get no result', async (t) => {
  const fixture = await watched(t);
  const nameless = [question(day, 1, 1, [], Buffer.alloc(0)), question(day, 1, 1, [], id(65)), { day, question: { domain: 1, outcome: 1 } }];
  for (const event of nameless) await fixture.phone.send('oost', [event]);
  await goodTap(fixture);
  assert.equal(fixture.phone.results.length, 1);
  await counters(fixture, { events: 4, refused_malformed: 3, counted: 1 });
  assert.deepEqual(await quarantine(fixture), { 'refused-malformed': 3 });
  nothingElsePublished(fixture, [fixture.phone.client.id]);
});

// ---- Submissions that are malformed -----------------------------------------------------------------------

test('malformed submissions: no receipt, counted apart, in the quarantine', async (t) => {
  const fixture = await watched(t);
  const { phone, stack } = fixture;
  const receiptTo = phone.client.id;
  const many = (n) => encode('Submission', { events: Array.from({ length: n }, () => question(day, 1)), receipt_to: receiptTo });
  const long = (size) => {
    const bare = submission([question(day, 1)], receiptTo);
    return Buffer.concat([bare, Buffer.from([0x7a, (size & 0x7f) | 0x80, size >> 7]), Buffer.alloc(size)]);
  };
  const malformed = {
    'not protobuf': Buffer.from([0xff, 0xff, 0xff, 0xff]),
    'a text': Buffer.from('{"domain": 1}'),
    'random bytes': Buffer.concat([Buffer.from([0x07]), randomBytes(300)]), // wire type 7 does not exist
    'no events': submission([], receiptTo),
    '65 events': many(65),
    '5 kB': long(5000),
    'one byte too many': long(4097 - submission([question(day, 1)], receiptTo).length - 3),
    'a length that runs off the end': Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    'a group that never ends': Buffer.from([0x0b, 0x0b, 0x0b]),
  };
  let sent = 0;
  for (const [what, payload] of Object.entries(malformed)) {
    await t.test(what, async () => {
      await phone.client.publish(stack.topic('registration/oost'), payload);
      sent += 1;
      await goodTap(fixture);
      assert.equal(phone.results.length, sent);
    });
  }
  await counters(fixture, { submissions_malformed: sent, messages: 2 * sent, events: sent, counted: sent });
  assert.deepEqual(await quarantine(fixture), { 'refused-malformed': sent });
  assert.equal(many(64).length <= 4096, true);
  await phone.client.publish(stack.topic('registration/oost'), many(64));
  await questionsCounted(fixture, sent + 64);
  nothingElsePublished(fixture, [receiptTo]);
  await noTraceOf(fixture, receiptTo);
});

// What a prefix of a submission means, by protobufjs and the contract's page.
function judgePrefix(bytes) {
  try {
    const { events } = decode('Submission', bytes);
    if (events.length === 0) return 'malformed';
    const [event] = events;
    return event.id.length === 16 && event.question && ['OUTCOME_ANSWERED', 'OUTCOME_REFERRED'].includes(event.question.outcome)
      ? 'counts' : 'refused';
  } catch {
    return 'malformed';
  }
}

test('a submission cut off at every length', async (t) => {
  const fixture = await watched(t);
  const whole = () => submission([question(day, 1, 'OUTCOME_REFERRED', [1])], newClientId());
  const sums = { malformed: 0, refused: 0, counts: 0 };
  const { length } = whole();
  for (let cut = 1; cut < length; cut++) {
    const prefix = whole().subarray(0, cut);
    sums[judgePrefix(prefix)] += 1;
    await fixture.phone.client.publish(fixture.stack.topic('registration/oost'), prefix);
  }
  await goodTap(fixture);
  assert.ok(sums.malformed > 40 && sums.counts > 0, JSON.stringify(sums));
  await counters(fixture, {
    messages: length, submissions_malformed: sums.malformed, refused_malformed: sums.refused, counted: sums.counts + 1,
  });
  await questionsCounted(fixture, sums.counts + 1);
});

test('empty payloads are ignored', async (t) => {
  const fixture = await watched(t);
  for (const qos of [0, 1]) await fixture.phone.client.publish(fixture.stack.topic('registration/oost'), Buffer.alloc(0), { qos });
  await goodTap(fixture);
  await counters(fixture, { messages_empty: 2, submissions_malformed: 0, counted: 1 });
  assert.deepEqual(await quarantine(fixture), {});
});

// ---- receipt_to ---------------------------------------------------------------------------------------------

test('a receipt_to that is no client id: counted, and nothing is published for it', async (t) => {
  const fixture = await watched(t);
  const proper = newClientId();
  const wrong = [
    '../summary/oost/2019-Q4', '+', '#', proper.slice(0, 21), `${proper}x`, '', `${proper.slice(0, 10)}/${proper.slice(11)}`,
    `${proper.slice(0, 21)}+`, `${proper.slice(0, 21)}#`, `${proper.slice(0, 21)}\0`, `${proper.slice(0, 20)}é`, ' '.repeat(22),
    '/'.repeat(22), `${proper.slice(0, 21)}\n`, 'x'.repeat(2000),
  ];
  for (const receiptTo of wrong) await fixture.phone.send('oost', [question(day, 1)], { receiptTo });
  await goodTap(fixture);
  await counters(fixture, { counted: wrong.length + 1, receipts: 1, submissions_malformed: 0 });
  await questionsCounted(fixture, wrong.length + 1);
  nothingElsePublished(fixture, [fixture.phone.client.id]);
  await noTraceOf(fixture, proper.slice(0, 20));
});

test('a receipt goes to whoever it is asked for, and only there', async (t) => {
  const fixture = await watched(t);
  const other = await fixture.stack.phone();
  const tap = question(day, 1);
  await fixture.phone.send('oost', [tap], { receiptTo: other.client.id });
  assert.deepEqual(await other.verdicts([tap.id]), ['VERDICT_COUNTED']);
  assert.equal(fixture.phone.results.length, 0);
  nothingElsePublished(fixture, [other.client.id]);
});

// ---- Retained --------------------------------------------------------------------------------------------------

async function retainedRegistrations({ stack }) {
  const late = await stack.watcher();
  await late.subscribe(stack.topic('catalogue')); // answered after the retained messages of the first filter
  await late.until((messages) => messages.some(({ topic }) => topic.endsWith('/catalogue')), 'the catalogue');
  return late.messages.filter(({ topic, retained }) => retained && topic.includes('/registration/'));
}

// A broker does not tell those who are subscribed already that a message is kept. turfd learns it when it subscribes
// again: after a while without messages (daemon.test.mjs), or, as here, with its next connection.
test('a registration that was sent as retained counts once, and is cleared at the next connection at the latest', async (t) => {
  const fixture = await watched(t);
  const { phone, stack } = fixture;
  const tap = question(day, 1);
  await phone.send('oost', [tap], { retain: true });
  assert.deepEqual(await phone.verdicts([tap.id]), ['VERDICT_COUNTED']);
  await stack.turfd.stop();
  await stack.startTurfd();
  assert.deepEqual(await phone.verdicts([tap.id], 1), ['VERDICT_ALREADY_COUNTED']);
  await eventually(async () => (await retainedRegistrations(fixture)).length === 0, 'the retained registration to go');
  await counters(fixture, { messages_retained: 1, already_counted: 1 });
  await questionsCounted(fixture, 1);
  nothingElsePublished(fixture, [phone.client.id]);
});

test('a retained registration that waited for turfd counts once and is cleared', async (t) => {
  const fixture = await watched(t);
  const { stack, phone } = fixture;
  assert.deepEqual(await stack.turfd.stop(), { code: 0, signal: null });
  const tap = question(day, 1);
  await phone.send('oost', [tap], { retain: true });
  await phone.client.publish(stack.topic('registration/west'), Buffer.from([0xff]), { retain: true });
  await stack.startTurfd();
  await phone.verdicts([tap.id]);
  await eventually(async () => (await retainedRegistrations(fixture)).length === 0, 'the retained registrations to go');
  // The broker gives it twice: from the queue of turfd's session, and as a retained message.
  await goodTap(fixture);
  assert.equal(phone.results.filter(({ id: named, verdict }) => named.equals(tap.id) && verdict === 'VERDICT_COUNTED').length, 1);
  await questionsCounted(fixture, 2);
  nothingElsePublished(fixture, [phone.client.id]);
});

// ---- A flood ------------------------------------------------------------------------------------------------------

test('a flood of one reason does not push out the entries of another', async (t) => {
  const fixture = await watched(t);
  const lone = question(day, 200);
  assert.deepEqual(await fixture.phone.register('oost', [lone]), ['VERDICT_REFUSED_UNKNOWN_DOMAIN']);
  for (let i = 0; i < 20; i++) {
    await fixture.phone.send('nergens', Array.from({ length: 64 }, () => question(day, 1)));
  }
  await goodTap(fixture);
  await counters(fixture, { refused_unknown_team: 1280, refused_unknown_domain: 1, counted: 1 });
  assert.deepEqual(await quarantine(fixture), { 'refused-unknown-team': 1000, 'refused-unknown-domain': 1 });
});
