// SPDX-License-Identifier: EUPL-1.2
// Runs the behaviour vectors of the calendar, the topics, the catalogue and the derived figures, which tests/unit/test_vectors.c
// runs with the C side: both decide the same, or one of the two tests fails.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { vectors } from './lib/web.mjs';

const core = '../../broker-client/web/src/core';
const calendar = await import(`${core}/calendar.js`);
const format = await import(`${core}/format.js`);
const { drawId, idOf } = await import(`${core}/event-id.js`);
const { decodeCatalogue, hex, unhex } = await import(`${core}/messages.js`);
const { domainsOn, labelsOn, teamsOn } = await import(`${core}/catalogue.js`);
const { isClientId, isSlug, parseTopic, topics } = await import(`${core}/topics.js`);
const { writeCatalogue } = await import('../../broker-client/web/gen/turf.js');
const { PbfWriter } = await import('../../broker-client/web/node_modules/pbf/index.js');
const { PhoneView } = await import('../../broker-client/web/src/phone/phone-view.js');
const { daysOfPeriod } = await import('../../broker-client/web/src/leader/figures/periods.js');

const { parseDate, parsePeriod } = calendar;
const show = (entry) => JSON.stringify(entry);

// ---- Calendar -------------------------------------------------------------------------------------

test('the calendar decides as the vectors say', () => {
  const { dates, not_dates: notDates, periods, not_periods: notPeriods, weeks, years, today } = vectors('calendar');
  for (const { text, day, quarter, iso_year: year, iso_week: week } of dates) {
    assert.equal(parseDate(text), day, text);
    assert.equal(calendar.formatDate(day), text);
    assert.equal(calendar.quarterOfDay(day), quarter, text);
    assert.deepEqual(calendar.isoWeekOfDay(day), { year, week }, text);
  }
  for (const text of notDates) assert.equal(parseDate(text), null, show(text));
  for (const { text, year, quarter, first_day: first, last_day: last } of periods) {
    assert.deepEqual(parsePeriod(text), { year, quarter }, text);
    assert.equal(quarter === null ? String(year) : calendar.formatQuarter(quarter), text);
    assert.deepEqual(daysOfPeriod(text), { first, last }, text);
  }
  for (const text of notPeriods) assert.equal(parsePeriod(text), null, show(text));
  for (const { year, week, first_day: first } of weeks) assert.equal(calendar.isoWeekFirstDay({ year, week }), first, `${year}, week ${week}`);
  for (const { year, weeks: n } of years) assert.equal(calendar.isoWeekOfDay(calendar.dayOfDate(year, 12, 28)).week, n, String(year));
  for (const { timezone, unix_seconds: seconds, date } of today) assert.equal(calendar.formatDate(calendar.todayIn(timezone, seconds * 1000)), date, timezone);
});

// ---- Topics ---------------------------------------------------------------------------------------

// The topics that the pages write and read: they do not read the JSON topics.
const written = {
  registration: (org, { team }) => topics.registration(org, team),
  receipt: (org, { client_id: clientId }) => topics.receipt(org, clientId),
  summary: (org, { team, period }) => topics.summary(org, team, period),
  weekly: (org, { team, period }) => topics.weekly(org, team, Number(period)),
  catalogue: (org) => topics.catalogue(org),
  status: (org) => topics.status(org),
  'door-keys': (org) => topics.doorKeys(org),
};
const read = {
  receipt: ({ client_id: clientId }) => ({ kind: 'receipt', clientId }),
  summary: ({ team, period }) => ({ kind: 'summary', team, period }),
  weekly: ({ team, period }) => ({ kind: 'weekly', team, year: Number(period) }),
  catalogue: () => ({ kind: 'catalogue' }),
  status: () => ({ kind: 'status' }),
  'door-keys': () => ({ kind: 'door' }),
};

test('topics are written and read as the vectors say', () => {
  const { org, topics: known, not_topics: unknown, slugs, not_slugs: notSlugs, client_ids: ids, not_client_ids: notIds } = vectors('topics');
  for (const topic of known) {
    if (topic.kind in written) assert.equal(written[topic.kind](org, topic), topic.text);
    assert.deepEqual(parseTopic(topic.text, org), read[topic.kind]?.(topic) ?? null, topic.text);
  }
  for (const text of unknown) assert.equal(parseTopic(text, org), null, show(text));
  for (const text of slugs) assert.equal(isSlug(text), true, show(text));
  for (const text of notSlugs) assert.equal(isSlug(text), false, show(text));
  for (const text of ids) assert.equal(isClientId(text), true, show(text));
  for (const text of notIds) assert.equal(isClientId(text), false, show(text));
});

// ---- Catalogue ------------------------------------------------------------------------------------

function decoded(catalogue) {
  const writer = new PbfWriter();
  writeCatalogue(catalogue, writer);
  return decodeCatalogue(writer.finish());
}

const codes = (list) => list.map(({ code }) => code);

// A page that looks at the catalogue on a day, before it has received any figures.
function viewOn(catalogue, today) {
  const view = new PhoneView();
  Object.assign(view, { catalogue, today });
  return view;
}

// Whether the page lets a worker count this question. It offers no day after today, though such a question would count.
function isOffered(catalogue, { today, team, date, domain, labels }) {
  const day = parseDate(date);
  const view = viewOn(catalogue, parseDate(today));
  return day >= view.firstDayOf(team) && day <= view.today &&
    teamsOn(catalogue, day).some(({ id }) => id === team) && codes(domainsOn(catalogue, day)).includes(domain) &&
    labels.every((label) => codes(labelsOn(catalogue, day, domain)).includes(label));
}

test('the catalogue is read, and what is valid on a day is what the vectors say', () => {
  const { catalogue, valid } = vectors('catalogue');
  const read = decoded(catalogue);
  for (const { date, teams, domains, labels } of valid) {
    const day = parseDate(date);
    assert.deepEqual(teamsOn(read, day).map(({ id }) => id), teams, date);
    assert.deepEqual(codes(domainsOn(read, day)), domains, date);
    for (const [domain, expected] of Object.entries(labels)) assert.deepEqual(codes(labelsOn(read, day, Number(domain))), expected, `${date}, domain ${domain}`);
  }
});

test('the page offers exactly the questions that count, but for those of tomorrow', () => {
  const { catalogue, questions } = vectors('catalogue');
  const read = decoded(catalogue);
  for (const question of questions) assert.equal(isOffered(read, question), question.verdict === 1 && question.date <= question.today, show(question));
});

test('without a catalogue, the page takes taps back for as many days as an organisation that sets nothing', () => {
  assert.equal(new PhoneView().retractDays, vectors('catalogue').retract_days_default);
});

test('a catalogue that the C side refuses is refused', () => {
  const { catalogue, sound, flawed } = vectors('catalogue');
  for (const { name, change } of sound) assert.ok(decoded({ ...catalogue, ...change }), name);
  for (const { name, change } of flawed) assert.equal(decoded({ ...catalogue, ...change }), null, name);
});

// ---- Derived figures ------------------------------------------------------------------------------

test('shares are rounded as the vectors say', () => {
  for (const { part, whole, percent } of vectors('figures').shares) assert.equal(format.share(part / whole, 'en'), percent ?? '–', `${part} of ${whole}`);
});

test('a quarter is called final on the day that the vectors say', () => {
  for (const { today, grace_days: days, date, final } of vectors('figures').final) {
    const view = viewOn({ grace_days: days }, parseDate(today));
    assert.equal(view.isFinal(parseDate(date)), final, `${date} on ${today}`);
  }
});

// ---- Ids and their secrets ------------------------------------------------------------------------

test('a secret opens the id that the vectors say, and no other', () => {
  const { opens, does_not_open: doesNotOpen } = vectors('proof');
  for (const { secret, id } of opens) assert.equal(hex(idOf(unhex(secret))), id);
  for (const { name, secret, id } of doesNotOpen) assert.notEqual(hex(idOf(unhex(secret))), id, name);
});

test('an id is the first half of the SHA-256 of its secret', () => {
  const expected = (secret) => createHash('sha256').update(secret).digest('hex').slice(0, 32);
  for (let n = 0; n < 10_000; n++) {
    const secret = randomBytes(16);
    assert.equal(hex(idOf(secret)), expected(secret), secret.toString('hex'));
  }
  const drawn = Array.from({ length: 100 }, drawId);
  for (const { id, secret } of drawn) assert.equal(id, expected(unhex(secret)));
  assert.equal(new Set(drawn.map(({ secret }) => secret)).size, 100);
});
