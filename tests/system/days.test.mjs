// SPDX-License-Identifier: EUPL-1.2
// Days: quarter edges, leap days, phones whose clock is a day ahead, midnights that pass while turfd runs, a date that
// jumps a year and comes back, teams and domains that end. The org's date stands in a file that the test rewrites.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Calendar } from './lib/calendar.mjs';
import { writeConfig } from './lib/config.mjs';
import { dateOf, dayOf, decode, question, retraction } from './lib/messages.mjs';
import { eventually } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

async function fixture(t, date, changes = {}) {
  const calendar = new Calendar(t, date);
  const config = writeConfig(t, { accept_days: 400, ...changes });
  const stack = await Stack.start(t, 'proef', { config, today: `@${calendar.file}` });
  const screen = await stack.client();
  for (const tree of ['summary/+/+', 'weekly/+/+', 'status/aggregator']) await screen.subscribe(stack.topic(tree), 0);
  return { calendar, stack, screen, phone: await stack.phone() };
}

const newest = ({ stack, screen }, topic, name) => {
  const payload = screen.newest(stack.topic(topic));
  return payload?.length ? decode(name, payload) : undefined;
};
const summaryOf = (w, team, period) => newest(w, `summary/${team}/${period}`, 'Summary');
const statusOf = ({ stack, screen }) => JSON.parse(screen.newest(stack.topic('status/aggregator')) ?? '{}');

// Waits until a summary looks as it should, and says how it looks when it does not.
async function shows(w, team, period, expected) {
  const matches = () => {
    const summary = summaryOf(w, team, period);
    return summary && Object.entries(expected).every(([field, value]) => summary[field] === value);
  };
  await w.screen.until(matches, `${team}/${period} to show ${JSON.stringify(expected)}`).catch((error) => {
    throw new Error(`${error.message}; it shows ${JSON.stringify(summaryOf(w, team, period))}`);
  });
}

// The date moves on while turfd runs; it has seen it when its status says so.
async function moveTo(w, date, options) {
  w.calendar.write(date, options);
  await w.screen.until(() => statusOf(w).today === date, `${date} in the status`);
}

async function moveDayByDay(w, last) {
  for (let day = dayOf(w.calendar.date) + 1; day <= dayOf(last); day++) await moveTo(w, dateOf(day));
}

test('a question counts in the quarter of its day, whenever it arrives', async (t) => {
  const w = await fixture(t, '2020-01-03', { grace_days: 100 });
  const taps = [['2019-09-30', '2019-Q3'], ['2019-10-01', '2019-Q4'], ['2019-12-31', '2019-Q4'], ['2020-01-01', '2020-Q1']];
  for (const [date] of taps) assert.deepEqual(await w.phone.register('oost', [question(date, 1)]), ['VERDICT_COUNTED']);
  await shows(w, 'oost', '2019-Q3', { answered: 1 });
  await shows(w, 'oost', '2019-Q4', { answered: 2 });
  await shows(w, 'oost', '2020-Q1', { answered: 1 });
  await shows(w, 'oost', '2019', { answered: 3 });
  await shows(w, 'all', '2020', { answered: 1 });
});

test('a phone whose clock is a day ahead opens the next quarter; two days ahead is refused', async (t) => {
  const w = await fixture(t, '2019-12-31');
  assert.deepEqual(await w.phone.register('oost', [question('2020-01-01', 1), question('2020-01-02', 1)]),
    ['VERDICT_COUNTED', 'VERDICT_REFUSED_DAY_IN_FUTURE']);
  await shows(w, 'oost', '2020-Q1', { answered: 1, status: 'QUARTER_OPEN' });
  await shows(w, 'oost', '2020', { answered: 1 });
  await shows(w, 'oost', '2019-Q4', { answered: 0 });
});

test('29 February', async (t) => {
  const w = await fixture(t, '2020-02-28');
  assert.deepEqual(await w.phone.register('oost', [question('2020-02-29', 1)]), ['VERDICT_COUNTED']);
  await moveTo(w, '2020-02-29');
  assert.deepEqual(await w.phone.register('oost', [question('2020-02-29', 1), question('2020-03-01', 1)]),
    ['VERDICT_COUNTED', 'VERDICT_COUNTED']);
  await shows(w, 'oost', '2020-Q1', { answered: 3 });
  const week = () => newest(w, 'weekly/oost/2020', 'Weekly')?.weeks.find(({ week: number }) => number === 9)?.questions;
  await w.screen.until(() => week() === 3, 'three questions in week 9');
});

test('a quarter lives: open, provisional at midnight, final after the grace days, late after that', async (t) => {
  const w = await fixture(t, '2019-12-30');
  const tap = question('2019-12-30', 3);
  await w.phone.register('oost', [tap]);
  await shows(w, 'oost', '2019-Q4', { answered: 1, status: 'QUARTER_OPEN', revision: 0 });
  await moveTo(w, '2019-12-31');
  await shows(w, 'oost', '2019-Q4', { status: 'QUARTER_OPEN' });
  await moveTo(w, '2020-01-01');
  await shows(w, 'oost', '2019-Q4', { status: 'QUARTER_PROVISIONAL' });
  await shows(w, 'oost', '2020-Q1', { status: 'QUARTER_OPEN', answered: 0 });
  await moveDayByDay(w, '2020-01-28');
  await shows(w, 'oost', '2019-Q4', { status: 'QUARTER_PROVISIONAL' });
  assert.deepEqual(await w.phone.register('oost', [question('2019-12-31', 3)]), ['VERDICT_COUNTED']);
  await moveTo(w, '2020-01-29');
  await shows(w, 'oost', '2019-Q4', { status: 'QUARTER_FINAL', revision: 1, answered: 2, late: 0 });
  await shows(w, 'oost', '2019', { status: 'QUARTER_FINAL', revision: 1 });
  assert.deepEqual(await w.phone.register('oost', [question('2019-12-31', 3)]), ['VERDICT_COUNTED_LATE']);
  const second = await w.stack.phone();
  assert.deepEqual(await second.register('oost', [retraction(tap.id, tap.day)]), ['VERDICT_REFUSED_RETRACTION_TOO_LATE']);
  await shows(w, 'oost', '2019-Q4', { answered: 2, late: 1 });

  const { stdout } = await w.stack.turfctl(['revise', '2019-Q4']);
  assert.match(stdout, /1/);
  await shows(w, 'oost', '2019-Q4', { answered: 3, late: 0, revision: 2, status: 'QUARTER_FINAL' });
  await shows(w, 'all', '2019', { answered: 3, revision: 2 });
  await w.stack.turfctl(['verify']);
});

test('a date that jumps a year and comes back closes and purges nothing; counting goes on', async (t) => {
  const w = await fixture(t, '2019-12-31', { accept_days: 30 });
  const tap = question('2019-12-31', 1);
  await w.phone.register('oost', [tap]);
  await moveTo(w, '2020-12-31');
  await w.screen.until(() => statusOf(w).date_pending === '2020-12-31', 'the date to wait for a word');
  assert.deepEqual(await w.phone.register('oost', [question('2020-12-31', 1)]), ['VERDICT_COUNTED']);
  assert.notEqual(summaryOf(w, 'oost', '2019-Q4').status, 'QUARTER_FINAL');
  await moveTo(w, '2019-12-31');
  await w.screen.until(() => statusOf(w).date_pending === null, 'the date to be trusted again');
  const second = await w.stack.phone();
  assert.deepEqual(await second.register('oost', [retraction(tap.id, tap.day)]), ['VERDICT_RETRACTED']);
  await shows(w, 'oost', '2019-Q4', { answered: 0, status: 'QUARTER_OPEN' });
  await shows(w, 'oost', '2020-Q4', { answered: 1 });
  await w.stack.turfctl(['verify']);
});

test('a jump becomes true by the operator’s word', async (t) => {
  const w = await fixture(t, '2019-12-31');
  await w.phone.register('oost', [question('2019-12-31', 1)]);
  await moveTo(w, '2020-03-01');
  await w.screen.until(() => statusOf(w).date_pending === '2020-03-01', 'the date to wait');
  await shows(w, 'oost', '2019-Q4', { status: 'QUARTER_PROVISIONAL' });
  await w.stack.turfctl(['confirm-date']);
  await shows(w, 'oost', '2019-Q4', { status: 'QUARTER_FINAL' });
  assert.deepEqual(await w.phone.register('oost', [question('2019-12-31', 1)]), ['VERDICT_COUNTED_LATE']);
});

test('a date on the command line is the operator’s word', async (t) => {
  const w = await fixture(t, '2019-12-31');
  await w.phone.register('oost', [question('2019-12-31', 1)]);
  await w.stack.turfd.stop();
  await w.stack.startTurfd({ today: '2020-03-01' });
  await shows(w, 'oost', '2019-Q4', { status: 'QUARTER_FINAL' });
});

test('a jump becomes true when the date has stood for a day', async (t) => {
  const w = await fixture(t, '2019-12-31');
  await moveTo(w, '2020-03-01');
  await w.screen.until(() => statusOf(w).date_pending === '2020-03-01', 'the date to wait');
  await moveTo(w, '2020-03-02');
  await shows(w, 'oost', '2019-Q4', { status: 'QUARTER_FINAL' });
  await w.screen.until(() => statusOf(w).date_pending === null, 'the date to be trusted');
});

test('a machine that was off for a weekend or two weeks and whose clock is synchronised waits for nobody', async (t) => {
  const w = await fixture(t, '2020-01-10');
  for (const date of ['2020-01-14', '2020-01-28', '2020-01-31']) {
    await w.stack.turfd.stop();
    w.calendar.write(date, { synchronised: true });
    await w.stack.startTurfd();
    await eventually(async () => (await w.stack.turfctl(['info'])).stdout.match(/^turfd's date +(\S+)$/m)[1] === date, `${date} to be trusted`);
  }
  await shows(w, 'oost', '2019-Q4', { status: 'QUARTER_FINAL' });
  assert.ok(!w.stack.turfd.log.includes('date-jumped'));
});

test('a jump that no holiday explains waits, synchronised or not, and so does one back', async (t) => {
  const w = await fixture(t, '2019-12-31');
  for (const date of ['2020-02-01', '2019-12-27']) {
    await moveTo(w, date, { synchronised: true });
    await w.screen.until(() => statusOf(w).date_pending === date, `${date} to wait`);
  }
});

test('a date that waits is trusted when the clock becomes synchronised', async (t) => {
  const w = await fixture(t, '2019-12-31');
  await moveTo(w, '2020-01-30');
  await w.screen.until(() => statusOf(w).date_pending === '2020-01-30', 'the date to wait');
  w.calendar.write('2020-01-30', { synchronised: true });
  await w.screen.until(() => statusOf(w).date_pending === null, 'the date to be trusted');
  await shows(w, 'oost', '2019-Q4', { status: 'QUARTER_FINAL' });
});

test('validity is that of the question’s day: a team, a domain and a label that ended', async (t) => {
  const w = await fixture(t, '2019-12-31', {
    grace_days: 300,
    teams: [{ id: 'oost', name: 'Oost' }, { id: 'oud', name: 'Oud', valid_from: '2019-04-01', valid_until: '2019-07-01' }],
    zrm: [{ edition: '2013', from: '2018-01-01' }, { edition: '2017', from: '2019-10-01' }],
    labels: [{ code: 7, name: 'Voorjaarsactie', kind: 'subject', valid_until: '2019-06-01' }],
  });
  const cases = [
    ['oud', '2019-06-30', 1, [], 'VERDICT_COUNTED'],
    ['oud', '2019-07-01', 1, [], 'VERDICT_REFUSED_UNKNOWN_TEAM'],
    ['oud', '2019-03-31', 1, [], 'VERDICT_REFUSED_UNKNOWN_TEAM'],
    ['oost', '2019-09-30', 2, [], 'VERDICT_COUNTED'],
    ['oost', '2019-10-01', 2, [], 'VERDICT_REFUSED_UNKNOWN_DOMAIN'],
    ['oost', '2019-09-30', 12, [], 'VERDICT_REFUSED_UNKNOWN_DOMAIN'],
    ['oost', '2019-10-01', 12, [], 'VERDICT_COUNTED'],
    ['oost', '2019-05-31', 1, [7], 'VERDICT_COUNTED'],
    ['oost', '2019-06-01', 1, [7], 'VERDICT_REFUSED_UNKNOWN_LABEL'],
  ];
  for (const [team, date, domain, labels, verdict] of cases) {
    assert.deepEqual(await w.phone.register(team, [question(date, domain, 'OUTCOME_ANSWERED', labels)]), [verdict], `${team} ${date} ${domain}`);
  }
  await shows(w, 'oud', '2019-Q2', { answered: 1 });
  await w.screen.until(() => summaryOf(w, 'oost', '2019-Q4')?.answered === 1, 'the last tap');
  assert.equal(summaryOf(w, 'oud', '2019-Q3'), undefined, 'a team that ended has no figure, not a zero');
  const codes = (period) => summaryOf(w, 'oost', period).domains.map(({ domain }) => domain);
  assert.ok(codes('2019-Q3').includes(2) && !codes('2019-Q3').includes(12));
  assert.ok(codes('2019-Q4').includes(12) && !codes('2019-Q4').includes(2));
  assert.ok(codes('2019').includes(2) && codes('2019').includes(12));
});

test('cells = daily: totals at once, domains when the day is over', async (t) => {
  const w = await fixture(t, '2019-11-05', { cells: 'daily' });
  await w.phone.register('oost', [question('2019-11-05', 1), question('2019-11-05', 3, 'OUTCOME_REFERRED')]);
  await shows(w, 'oost', '2019-Q4', { answered: 1, referred: 1, undistributed_answered: 1, undistributed_referred: 1 });
  assert.ok(summaryOf(w, 'oost', '2019-Q4').domains.every(({ answered, referred }) => answered + referred === 0));
  await w.stack.turfd.kill('SIGKILL');
  await w.stack.startTurfd();
  await shows(w, 'oost', '2019-Q4', { undistributed_answered: 1 });
  await moveTo(w, '2019-11-06');
  await shows(w, 'oost', '2019-Q4', { undistributed_answered: 0, undistributed_referred: 0 });
  assert.equal(summaryOf(w, 'oost', '2019-Q4').domains.find(({ domain }) => domain === 1).answered, 1);
});

test('cells = 5: domains move when five new questions are in', async (t) => {
  const w = await fixture(t, '2019-11-05', { cells: 5 });
  for (let n = 1; n <= 4; n++) await w.phone.register('oost', [question('2019-11-05', n)]);
  await shows(w, 'oost', '2019-Q4', { answered: 4, undistributed_answered: 4 });
  await shows(w, 'all', '2019-Q4', { answered: 4, undistributed_answered: 4 });
  await w.phone.register('west', [question('2019-11-05', 1)]);
  await shows(w, 'all', '2019-Q4', { answered: 5, undistributed_answered: 5 });
  await w.phone.register('oost', [question('2019-11-05', 5)]);
  await shows(w, 'oost', '2019-Q4', { answered: 5, undistributed_answered: 0 });
  await shows(w, 'all', '2019-Q4', { answered: 6, undistributed_answered: 1 });
});

test('detail goes when a tap cannot be taken back any more, and a compacting copy leaves its bytes behind', async (t) => {
  const w = await fixture(t, '2019-11-05', { retract_days: 1, limits: { compact_days: 2 } });
  await w.phone.register('oost', [question('2019-11-05', 1), question('2019-11-05', 3)]);
  const detailed = async () => Number((await w.stack.turfctl(['info'])).stdout.match(/(\d+) with detail/)[1]);
  assert.equal(await detailed(), 2);
  await moveDayByDay(w, '2019-11-07');
  await eventually(async () => (await detailed()) === 0, 'the detail to go');
  assert.ok(!w.stack.turfd.log.includes('compacted'));
  await moveDayByDay(w, '2019-11-09');
  await eventually(() => w.stack.turfd.log.includes('compacted'), 'the compacting copy');
  await shows(w, 'oost', '2019-Q4', { answered: 2 });
  assert.deepEqual(await w.phone.register('oost', [question('2019-11-09', 1)]), ['VERDICT_COUNTED']);
  await w.stack.turfctl(['verify']);
});
