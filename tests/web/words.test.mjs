// SPDX-License-Identifier: EUPL-1.2
// Calendar, topics, numbers and dates in words, tables for spreadsheets, rolling up, and the texts themselves.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import './lib/web.mjs';

const core = '../../broker-client/web/src/core';
const calendar = await import(`${core}/calendar.js`);
const { csv, tsv } = await import('../../broker-client/web/src/leader/files/csv.js');
const { rollUp } = await import('../../broker-client/web/src/leader/figures/roll-up.js');
const format = await import(`${core}/format.js`);
const { newClientId, parseTopic, topics, isClientId } = await import(`${core}/topics.js`);
const { labelsOn, validOn } = await import(`${core}/catalogue.js`);
const { Figures } = await import(`${core}/figures.js`);
const language = await import(`${core}/language.js`);

const { dayOfDate, formatDate, formatQuarter, isoWeekFirstDay, isoWeekOfDay, parseDate, parsePeriod, quarterFirstDay, quarterLastDay, quarterOfDay, todayIn } = calendar;

test('days and dates', () => {
  assert.equal(parseDate('1970-01-01'), 0);
  assert.equal(parseDate('2019-12-31'), 18_261);
  assert.equal(formatDate(18_261), '2019-12-31');
  for (const wrong of ['2019-02-29', '2019-13-01', '19-01-01', '2019-1-1', '', null, '2019-12-31T00:00']) assert.equal(parseDate(wrong), null, String(wrong));
});

test('the last quarter of 2019 is 1 October up to and including 31 December', () => {
  const quarter = quarterOfDay(parseDate('2019-12-31'));
  assert.equal(formatQuarter(quarter), '2019-Q4');
  assert.equal(formatDate(quarterFirstDay(quarter)), '2019-10-01');
  assert.equal(formatDate(quarterLastDay(quarter)), '2019-12-31');
  assert.equal(formatQuarter(quarterOfDay(parseDate('2020-01-01'))), '2020-Q1');
  assert.deepEqual(parsePeriod('2019-Q4'), { year: 2019, quarter });
  assert.deepEqual(parsePeriod('2019'), { year: 2019, quarter: null });
  for (const wrong of ['2019-Q5', '2019-q1', '19', '2019-Q', '1969-Q4', 'all']) assert.equal(parsePeriod(wrong), null, wrong);
});

test('ISO weeks', () => {
  const rows = [['2018-12-31', 2019, 1], ['2019-12-29', 2019, 52], ['2019-12-30', 2020, 1], ['2020-12-31', 2020, 53], ['2021-01-03', 2020, 53], ['2021-01-04', 2021, 1], ['2026-11-22', 2026, 47]];
  for (const [date, year, week] of rows) assert.deepEqual(isoWeekOfDay(parseDate(date)), { year, week }, date);
  for (let day = 10_000; day < 25_000; day += 7) assert.equal(isoWeekFirstDay(isoWeekOfDay(day)), day - ((day + 3) % 7));
  assert.deepEqual([2020, 2021].map((year) => isoWeekOfDay(dayOfDate(year, 12, 28)).week), [53, 52], 'the last week of a year has 28 December');
});

test('the day is the one on a wall in the Netherlands, or where the organisation is', () => {
  assert.equal(formatDate(todayIn('America/Curacao', Date.parse('2026-07-01T01:00:00Z'))), '2026-06-30');
  assert.equal(formatDate(todayIn('Europe/Amsterdam', Date.parse('2026-06-30T22:30:00Z'))), '2026-07-01');
  assert.equal(formatDate(todayIn('Europe/Amsterdam', Date.parse('2026-12-31T22:59:59Z'))), '2026-12-31');
  assert.equal(formatDate(todayIn('Europe/Amsterdam', Date.parse('2026-12-31T23:00:00Z'))), '2027-01-01');
  assert.equal(formatDate(todayIn('Not/AZone', Date.parse('2026-06-30T22:30:00Z'))), '2026-07-01');
  assert.equal(dayOfDate(1970, 1, 2), 1);
});

test('a zone that turfd knows and a browser does not counts as the Netherlands, for the day and for the time', () => {
  const newYear = Date.UTC(2019, 11, 31, 23, 30);
  for (const zone of ['localtime', 'posix/Europe/Amsterdam']) {
    assert.equal(formatDate(todayIn(zone, newYear)), '2020-01-01');
    assert.equal(format.time(newYear / 1000, 'nl', zone), '00:30');
  }
});

test('numbers, shares and dates in Dutch and English', () => {
  assert.deepEqual([format.number(1154, 'nl'), format.number(1154, 'en')], ['1.154', '1,154']);
  assert.deepEqual([format.share(104 / 1154, 'nl'), format.share(104 / 1154, 'en')], ['9,0\u00a0%', '9.0%']);
  assert.equal(format.share(null), '–');
  const day = parseDate('2026-11-22');
  assert.equal(format.longDate(day, 'nl'), 'zondag 22 november 2026');
  assert.match(format.longDate(day, 'en'), /^Sunday,? 22 November 2026$/);
  assert.equal(format.numericDate(day, 'nl'), '22-11-2026');
  assert.equal(format.numericDate(day, 'en'), '22/11/2026');
  assert.deepEqual([0, 1].map((back) => format.relativeDate(day - back, day, 'nl')), ['vandaag', 'gisteren']);
  assert.match(format.relativeDate(day - 400, day, 'nl'), /2025/);
  assert.equal(format.quarterName(quarterOfDay(day), 'nl'), '4e kwartaal 2026');
  assert.equal(format.time(Date.parse('2026-11-22T13:05:00Z') / 1000, 'nl'), '14:05');
});

test('tables that a Dutch and an English Excel open right', () => {
  const rows = [['Domein', 'Vragen', 'Aandeel'], ['Financiën; schulden', 1154, 0.0901], ['Werk, "opleiding"', 0, null]];
  assert.equal(csv(rows, 'nl'), '\ufeffDomein;Vragen;Aandeel\r\n"Financiën; schulden";1154;0,0901\r\n"Werk, ""opleiding""";0;\r\n');
  assert.equal(csv(rows, 'en'), '\ufeffDomein,Vragen,Aandeel\r\nFinanciën; schulden,1154,0.0901\r\n"Werk, ""opleiding""",0,\r\n');
  assert.equal(tsv([['a', 1.5], ['b', null]], 'nl'), 'a\t1,5\nb\t');
});

test('no cell becomes a formula', () => {
  for (const evil of ['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '|x']) assert.match(csv([[evil]], 'nl'), /^\ufeff"?'/, evil);
  assert.equal(csv([['a\rb']], 'nl'), '\ufeff"a\rb"\r\n', 'nor does one end its line');
  assert.equal(csv([[-5]], 'nl'), '\ufeff-5\r\n', 'a negative number is a number');
});

test('rolling up adds 2017 to 2013, and leaves 2013 alone', () => {
  const domains = [{ code: 1 }, { code: 2 }, { code: 8 }, { code: 12, rolls_up_to: 2 }, { code: 13, rolls_up_to: 2 }, { code: 15, rolls_up_to: 8 }, { code: 16, rolls_up_to: 8 }].map((domain) => ({ rolls_up_to: 0, ...domain }));
  const cell = (domain, answered, referred) => ({ domain, answered, referred });
  const sums = rollUp([cell(13, 1, 2), cell(1, 5, 0), cell(12, 10, 20), cell(2, 100, 0), cell(16, 0, 3), cell(200, 1, 1)], domains);
  assert.deepEqual(sums, [cell(1, 5, 0), cell(2, 111, 22), cell(8, 0, 3), cell(200, 1, 1)]);
  assert.deepEqual(rollUp(sums, domains), sums, 'once is enough');
});

test('validity: the until-day is outside', () => {
  const team = { valid_from: 10, valid_until: 20 };
  assert.deepEqual([9, 10, 19, 20].map((day) => validOn(team, day)), [false, true, true, false]);
  assert.equal(validOn({ valid_from: 10, valid_until: 0 }, 99_999), true);
});

test('labels: those of the domain and those of all, on their days', () => {
  const labels = [[1, 0, 0], [2, 7, 0], [3, 8, 0], [4, 0, 20]].map(([code, domain, valid_until]) => ({ code, domain, valid_from: 0, valid_until }));
  assert.deepEqual(labelsOn({ labels }, 20, 7).map(({ code }) => code), [1, 2]);
});

test('topics', () => {
  const id = newClientId();
  assert.ok(isClientId(id));
  assert.notEqual(id, newClientId());
  assert.equal(new Set(Array.from({ length: 200 }, newClientId).join('')).size, 64, 'each character has six random bits');
  assert.deepEqual(parseTopic(topics.summary('de-kop', 'oost', '2019-Q4'), 'de-kop'), { kind: 'summary', team: 'oost', period: '2019-Q4' });
  assert.deepEqual(parseTopic(topics.weekly('de-kop', 'all', 2019), 'de-kop'), { kind: 'weekly', team: 'all', year: 2019 });
  assert.deepEqual(parseTopic(topics.receipt('de-kop', id), 'de-kop'), { kind: 'receipt', clientId: id });
  assert.deepEqual(parseTopic(topics.status('de-kop'), 'de-kop'), { kind: 'status' });
  const strange = ['turf/v1/elders/catalogue', 'turf/v2/de-kop/catalogue', 'turf/v1/de-kop/summary/oost', 'turf/v1/de-kop/summary/oost/2019-Q9', 'turf/v1/de-kop/summary/OOST/2019', 'turf/v1/de-kop/constructor', 'turf/v1/de-kop/catalogue/x', 'turf/v1/de-kop/receipt/short', `turf/v1/de-kop/receipt/${id}/x`];
  for (const topic of strange) assert.equal(parseTopic(topic, 'de-kop'), null, topic);
});

test('figures of a lower generation are ignored', () => {
  const figures = new Figures();
  const summary = (generation, answered) => ({ team: 'oost', period: '2019-Q4', generation, answered });
  assert.equal(figures.takeSummary(summary(5, 10)), true);
  assert.equal(figures.takeSummary(summary(4, 9)), false);
  assert.equal(figures.takeSummary(summary(5, 10)), true, 'the same again, published after a reconnect');
  assert.equal(figures.summary('oost', '2019-Q4').answered, 10);
  figures.clear({ kind: 'summary', team: 'oost', period: '2019-Q4' });
  assert.equal(figures.summary('oost', '2019-Q4'), undefined);
});

test('texts have a form for one and a form for more', () => {
  language.useTexts({ nl: { waits: '{n} tik wacht|{n} tikken wachten' }, en: async () => ({ default: {} }) });
  assert.equal(language.t('waits', { n: 1 }), '1 tik wacht');
  assert.equal(language.t('waits', { n: 3 }), '3 tikken wachten');
  assert.equal(language.t('unknown-key'), 'unknown-key');
});

// Every page with texts has both languages, with the same keys and the same values to fill in; and every key it uses.
test('Dutch and English say the same things', async () => {
  const src = new URL('../../broker-client/web/src/', import.meta.url);
  const pages = readdirSync(src).filter((name) => readdirSyncSafe(new URL(`${name}/`, src)).includes('texts.nl.js'));
  assert.ok(pages.includes('tap'));
  for (const page of [...pages, 'core/door']) {
    const nl = (await import(new URL(`${page}/texts.nl.js`, src))).default;
    const en = (await import(new URL(`${page}/texts.en.js`, src))).default;
    assert.deepEqual(Object.keys(nl).sort(), Object.keys(en).sort(), page);
    const values = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
    for (const key of Object.keys(nl)) assert.deepEqual(values(nl[key]), values(en[key]), `${page}: ${key}`);
    const code = readdirSync(new URL(`${page}/`, src), { recursive: true }).filter((name) => name.endsWith('.js')).map((name) => readFileSync(new URL(`${page}/${name}`, src), 'utf8')).join('\n');
    for (const [, key] of code.matchAll(/\bt\('([A-Za-z0-9.-]+)'/g)) assert.ok(key in nl, `${page}: ${key} has no text`);
  }
});

function readdirSyncSafe(url) {
  try {
    return readdirSync(url);
  } catch {
    return [];
  }
}
