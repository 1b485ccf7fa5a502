// SPDX-License-Identifier: EUPL-1.2
// The tables of the leader's page: this quarter, quarters beside each other, old and new lists, and the year's report,
// which must give what tests/data says was counted.
import assert from 'node:assert/strict';
import test from 'node:test';

import * as compare from '../../broker-client/web/src/leader/figures/compare.js';
import * as live from '../../broker-client/web/src/leader/figures/live.js';
import { isoWeeksUpTo } from '../../broker-client/web/src/core/calendar.js';
import { wholeWeeksOf, yearOfReport } from '../../broker-client/web/src/leader/figures/periods.js';
import * as report from '../../broker-client/web/src/leader/figures/report.js';
import { samePoint } from '../../broker-client/web/src/leader/figures/same-point.js';
import { takeCleared, takeWeekly } from '../../broker-client/web/src/leader/figures/figures.js';
import { catalogue, day, domainsOf2013, dutch, figuresOf, FINAL, PROVISIONAL, replayed, summary } from './lib/leader.mjs';

const TODAY = day('2019-12-31'); // the last quarter is running
const AFTER = day('2020-01-01'); // and here it is over
const TEAMS = ['noord', 'oost', 'west', 'zuid'];
const words = dutch();
const byKey = (table, key) => table.rows.find((row) => row.key === key);
const none = { none: 'not-comparable' };
const keys = (table) => table.rows.map((row) => row.key);

const CHANGED = day('2019-01-01');
const editions = [
  { ...domainsOf2013[0], position: 1 },
  { ...domainsOf2013[1], position: 2, valid_until: CHANGED },
  { code: 12, name: 'Werk & opleiding', valid_from: CHANGED, valid_until: 0, rolls_up_to: 2, position: 3 },
  { code: 13, name: 'Tijdsbesteding', valid_from: CHANGED, valid_until: 0, rolls_up_to: 2, position: 4 },
];
const changedList = () =>
  figuresOf(catalogue({ domains: editions }), [
    summary('oost', '2018-Q4', { 1: [9, 1], 2: [5, 1] }, { status: FINAL, revision: 1 }),
    summary('oost', '2019-Q3', { 1: [7, 0], 12: [2, 0], 13: [3, 0] }, { status: PROVISIONAL }),
    summary('oost', '2019-Q4', { 1: [8, 2], 12: [4, 0], 13: [0, 0] }),
  ]);

// ---- This quarter -----------------------------------------------------------------------------------

test('a quarter: a row a domain in the list’s order, zeros too, and a total that is the sum', () => {
  const { figures, counts } = replayed('steenwijkerland', TEAMS);
  const table = live.domainTable(figures, 'oost', '2019-Q4', false, words, 'x');
  assert.deepEqual(keys(table), [...domainsOf2013.map(({ code }) => code), 'total']);
  const { answered, referred } = counts.oost['2019-Q4'];
  assert.deepEqual(byKey(table, 'total').cells, [answered + referred, answered, referred]);
  for (const column of [0, 1, 2]) {
    const sum = table.rows.slice(0, -1).reduce((total, row) => total + row.cells[column], 0);
    assert.equal(sum, byKey(table, 'total').cells[column]);
  }
});

test('what is held back per domain has a row of its own, so that the rows still add up', () => {
  const held = { undistributed_answered: 2, undistributed_referred: 1 };
  const figures = figuresOf(catalogue(), [summary('oost', '2019-Q4', { 1: [5, 0], 3: [0, 0] }, held)]);
  const table = live.domainTable(figures, 'oost', '2019-Q4', false, words, 'x');
  assert.deepEqual(table.rows.map((row) => [row.title, ...row.cells]), [
    ['Financiën', 5, 5, 0], ['Huisvesting', 0, 0, 0], ['Nog niet per domein', 3, 2, 1], ['Totaal', 8, 7, 1],
  ]);
});

test('a single question held back has its row too', () => {
  const figures = figuresOf(catalogue(), [summary('oost', '2019-Q4', { 1: [5, 0] }, { undistributed_referred: 1 })]);
  assert.deepEqual(byKey(live.domainTable(figures, 'oost', '2019-Q4', false, words, 'x'), 'held').cells, [1, 0, 1]);
});

test('this quarter on the older list: what came from one domain is that domain', () => {
  const table = (rolled) => live.domainTable(changedList(), 'oost', '2019-Q3', rolled, words, 'x');
  assert.deepEqual(table(true).rows.map((row) => [row.key, row.cells[0]]), [[1, 7], [2, 5], ['total', 12]]);
  assert.deepEqual(keys(table(false)), [1, 12, 13, 'total']);
});

test('the headline has the quarter before and the same quarter of last year', () => {
  const head = live.headline(changedList(), 'oost', '2019-Q4', TODAY);
  assert.deepEqual([head.questions, head.answered, head.referred, head.before, head.lastYear], [14, 12, 2, 12, 16]);
  assert.equal(words.cell(head.referredShare), '14,3\u00a0%');
  assert.deepEqual(live.headline(changedList(), 'oost', '2018-Q4', TODAY).before, { none: 'absent' });
});

test('labels stand by their kind, with the catalogue’s names and bars on one scale', () => {
  const labels = [{ code: 1, name: 'Sportfonds', kind: 1 }, { code: 41, name: 'IGSD', kind: 3 }];
  const counted = [{ label: 1, count: 4 }, { label: 41, count: 2 }];
  const figures = figuresOf(catalogue({ labels }), [summary('oost', '2019-Q4', { 1: [9, 0] }, { labels: counted })]);
  const tables = live.labelTables(figures, 'oost', '2019-Q4', words, 'x');
  assert.deepEqual(tables.map((table) => [table.columns[0].title, table.rows.map((row) => [row.title, ...row.cells])]), [
    ['Onderwerp', [['Sportfonds', 4]]], ['Doorverwezen naar', [['IGSD', 2]]],
  ]);
  assert.deepEqual(tables.map((table) => table.most), [4, 4]);
});

// ---- Quarters beside each other ---------------------------------------------------------------------

test('the course runs over every quarter, newest on top, with what each figure is worth', () => {
  const figures = figuresOf(catalogue(), [
    summary('oost', '2018-Q4', { 1: [9, 1] }, { status: FINAL, revision: 2, late: 3 }),
    summary('oost', '2019-Q2', { 1: [0, 0] }, { status: FINAL, revision: 1 }),
    summary('oost', '2019-Q3', { 1: [7, 0] }, { status: PROVISIONAL }),
    summary('oost', '2019-Q4', { 1: [8, 2] }),
    summary('all', '2019-Q4', { 1: [30, 2] }),
  ]);
  const table = compare.quarterTable(figures, 'oost', TODAY, words, 'x');
  assert.deepEqual(keys(table), ['2019-Q4', '2019-Q3', '2019-Q2', '2019-Q1', '2018-Q4']);
  assert.deepEqual(table.rows.map((row) => row.mark), ['loopt nog', 'voorlopig', 'definitief; niets geregistreerd', '', 'definitief, herziening 2; 3 te laat, niet meegeteld']);
  assert.deepEqual(byKey(table, '2019-Q4').cells, [10, 8, 2, { share: 0.2 }, { none: 'no-comparison' }, { none: 'no-comparison' }, 32]);
  assert.deepEqual(byKey(table, '2019-Q2').cells[0], 0);
  assert.deepEqual(byKey(table, '2019-Q2').cells[3], { none: 'no-questions' });
  assert.deepEqual(byKey(table, '2019-Q1').cells[0], { none: 'absent' });
});

test('the course of a team does not begin with the first quarter of another, and runs on to what is counted ahead', () => {
  const figures = figuresOf(catalogue(), [summary('west', '2018-Q1', {}), summary('oost', '2019-Q3', {}), summary('oost', '2020-Q1', { 1: [1, 0] })]);
  assert.deepEqual(compare.quartersShown(figures, 'oost', TODAY), ['2019-Q3', '2019-Q4', '2020-Q1']);
});

test('where the list changed, old and new domains stand side by side below their sum', () => {
  const table = compare.domainPeriodTable(changedList(), 'oost', '2019-Q4', AFTER, false, words, 'x');
  assert.deepEqual(table.rows.map((row) => [row.kind, row.title]), [
    ['plain', 'Financiën'], ['group', 'Dagbesteding en opvolgers'], ['part', 'Dagbesteding'], ['part', 'Werk & opleiding'],
    ['part', 'Tijdsbesteding'], ['total', 'Totaal'],
  ]);
  assert.deepEqual(byKey(table, '2+').cells, [4, 5, 6, { difference: -1 }, { difference: -2 }]);
  assert.deepEqual(byKey(table, 2).cells.slice(0, 3), [{ none: 'ended' }, { none: 'ended' }, 6]);
  assert.deepEqual(byKey(table, 13).cells, [0, 3, { none: 'before' }, { difference: -3 }, { none: 'no-comparison' }]);
  assert.deepEqual(byKey(table, 'total').cells, [14, 12, 16, { difference: 2 }, { difference: -2 }]);
});

test('within one edition nothing is grouped, and the older list is a choice', () => {
  const figures = changedList();
  takeCleared(figures, { kind: 'summary', team: 'oost', period: '2018-Q4' });
  const plain = compare.domainPeriodTable(figures, 'oost', '2019-Q4', AFTER, false, words, 'x');
  assert.deepEqual(keys(plain), [1, 12, 13, 'total']);
  const rolled = compare.domainPeriodTable(figures, 'oost', '2019-Q4', AFTER, true, words, 'x');
  assert.deepEqual(rolled.rows.map((row) => [row.title, ...row.cells.slice(0, 2)]), [['Financiën', 10, 7], ['Dagbesteding', 4, 5], ['Totaal', 14, 12]]);
  assert.equal(compare.canRollUp(figures, ['oost']), true);
  assert.equal(compare.canRollUp(figures, ['west']), false);
  assert.equal(compare.canRollUp(replayed('steenwijkerland', TEAMS).figures, ['oost']), false);
});

test('weeks run over the turn of the year; one that nobody reported is no zero', () => {
  const weeks = isoWeeksUpTo(day('2020-01-03'), 3);
  assert.deepEqual(weeks, [{ year: 2019, week: 51 }, { year: 2019, week: 52 }, { year: 2020, week: 1 }]);
  const figures = figuresOf(catalogue(), []);
  takeWeekly(figures, { team: 'oost', iso_year: 2019, generation: 1, weeks: [{ week: 52, questions: 0 }] });
  takeWeekly(figures, { team: 'oost', iso_year: 2020, generation: 1, weeks: [{ week: 1, questions: 4 }] });
  assert.deepEqual(compare.weekCourse(figures, 'oost', weeks).map((one) => one.questions), [{ none: 'before' }, 0, 4]);
});

// ---- A quarter that is running ------------------------------------------------------------------------

// Team Oost, as in tests/data: 128 questions in the first quarter of 2019, and `count` in that of 2020 so far.
function newYear(count, more = {}) {
  const figures = figuresOf(catalogue(more), [
    summary('oost', '2019-Q1', { 1: [128, 0] }, { status: FINAL, revision: 1 }),
    summary('oost', '2019-Q4', { 1: [138, 0] }, { status: PROVISIONAL }),
    summary('oost', '2020-Q1', { 1: [count, 0] }),
    summary('all', '2020-Q1', { 1: [count, 0] }),
  ]);
  const weeks = (from, ...counts) => counts.map((questions, i) => ({ week: from + i, questions }));
  for (const team of ['oost', 'all']) {
    takeWeekly(figures, { team, iso_year: 2019, generation: 1, weeks: [...weeks(1, 7, 11, 13, 9), ...weeks(40, 3, 5, 8, 13)] });
    takeWeekly(figures, { team, iso_year: 2020, generation: 1, weeks: weeks(1, 3, 6, 5, 1) });
  }
  return figures;
}

const shown = (table, key) => byKey(table, key)?.cells.map(words.cell);

test('on 1 January the new quarter is compared with nothing, not with the 128 of a whole one', () => {
  const figures = newYear(0);
  const newYearsDay = day('2020-01-01');
  const quarters = compare.quarterTable(figures, 'oost', newYearsDay, words, 'x');
  assert.deepEqual(shown(quarters, '2020-Q1'), ['0', '0', '0', '–', '–', '–', '0']);
  assert.equal(byKey(quarters, '2020-Q1-weeks'), undefined, 'no whole week is over');
  const domains = compare.domainPeriodTable(figures, 'oost', '2020-Q1', newYearsDay, false, words, 'x');
  assert.deepEqual(shown(domains, 'total'), ['0', '138', '128']);
  assert.deepEqual(domains.columns.filter(({ kind }) => kind === 'difference'), []);
  assert.deepEqual(live.headline(figures, 'oost', '2020-Q1', newYearsDay).point, { count: 0, week: 0, own: none, before: none, lastYear: none });
  assert.doesNotMatch(JSON.stringify([quarters, domains]), /-128|-138/);
});

test('a running quarter is compared after as many whole weeks of it, and the week is said', () => {
  const figures = newYear(14);
  const monday = day('2020-01-20');
  assert.deepEqual(samePoint(figures, 'oost', '2020-Q1', monday), { count: 2, week: 3, own: 6 + 5, before: 5 + 8, lastYear: 11 + 13 });
  assert.deepEqual(samePoint(figures, 'oost', '2020-Q1', monday - 1), { count: 1, week: 2, own: 6, before: 5, lastYear: 11 }, 'on Sunday its week is not over');
  const quarters = compare.quarterTable(figures, 'oost', monday, words, 'x');
  assert.deepEqual(keys(quarters).slice(0, 3), ['2020-Q1', '2020-Q1-weeks', '2019-Q4']);
  assert.equal(byKey(quarters, '2020-Q1-weeks').title, 'waarvan t/m week 3');
  assert.deepEqual(shown(quarters, '2020-Q1-weeks'), ['11', '–', '–', '–', '24', '−13', '11']);
  const domains = compare.domainPeriodTable(figures, 'oost', '2020-Q1', monday, false, words, 'x');
  assert.deepEqual(shown(domains, 'weeks'), ['11', '13', '24']);
});

test('there is no comparison with a week that was not received, or in which counting began', () => {
  const monday = day('2020-01-20');
  const late = newYear(14);
  takeCleared(late, { kind: 'weekly', team: 'oost', year: 2019 });
  assert.deepEqual(samePoint(late, 'oost', '2020-Q1', monday), { count: 2, week: 3, own: 11, before: none, lastYear: none });
  const begun = newYear(14, { counting_since: day('2019-01-09') });
  assert.deepEqual(samePoint(begun, 'oost', '2020-Q1', monday).lastYear, none);
  const young = newYear(14, { teams: [{ id: 'oost', name: 'Oost', valid_from: day('2020-01-01'), valid_until: 0 }] });
  assert.deepEqual(samePoint(young, 'oost', '2020-Q1', monday).own, 11);
});

test('a quarter that was counted in part is compared with none, and says from when', () => {
  const figures = figuresOf(catalogue({ counting_since: day('2018-11-20') }), [
    summary('oost', '2018-Q4', { 1: [10, 0] }, { status: FINAL, revision: 1 }), summary('oost', '2019-Q4', { 1: [138, 0] }, { status: PROVISIONAL }),
  ]);
  const table = compare.quarterTable(figures, 'oost', AFTER, words, 'x');
  assert.deepEqual(shown(table, '2019-Q4').slice(4, 6), ['10', '–']);
  assert.equal(byKey(table, '2018-Q4').mark, 'definitief; geteld vanaf 20 november');
});

test('the whole weeks of a quarter are those that lie in it from Monday to Sunday', () => {
  const ends = (period) => [wholeWeeksOf(period).length, wholeWeeksOf(period)[0], wholeWeeksOf(period).at(-1)];
  assert.deepEqual(ends('2018-Q1'), [12, { year: 2018, week: 1 }, { year: 2018, week: 12 }]);
  assert.deepEqual(ends('2020-Q1'), [12, { year: 2020, week: 2 }, { year: 2020, week: 13 }]);
  assert.deepEqual(ends('2020-Q4'), [12, { year: 2020, week: 41 }, { year: 2020, week: 52 }]);
});

test('a running year is the year up to today, in every heading that names it', () => {
  const figures = figuresOf(catalogue(), [summary('oost', '2020', { 1: [14, 0] })]);
  const on = day('2020-01-20');
  const teams = report.teamTable(figures, 2020, on, words, 'x');
  assert.equal(teams.columns[5].title, '2020 t/m 20 januari');
  assert.equal(byKey(report.yearTable(figures, 'oost', 2020, on, words, 'x'), '2020').title, '2020 t/m 20 januari');
  assert.equal(report.yearInText(2020, on, words), '2020 t/m 20 januari');
  assert.equal(report.yearName(2019, on, words), 'Heel 2019');
});

// ---- The year -----------------------------------------------------------------------------------------

test('2019 in Steenwijkerland: 1154 questions, 104 referred; quarters and teams add up to it', () => {
  const { figures } = replayed('steenwijkerland', TEAMS);
  const year = report.yearTable(figures, 'all', 2019, TODAY, words, 'x');
  assert.deepEqual(byKey(year, '2019').cells.slice(0, 3), [1154, 1050, 104]);
  assert.equal(words.cell(byKey(year, '2019').cells[3]), '9,0\u00a0%');
  assert.equal(year.rows.slice(0, 4).reduce((sum, row) => sum + row.cells[0], 0), 1154);
  assert.equal(report.addsUp(figures, 'all', 2019), true);
  assert.equal(report.teamsAddUp(figures, 2019, TODAY), true);
  const last = report.yearTable(figures, 'all', 2018, TODAY, words, 'x');
  assert.equal(byKey(last, '2018').cells[0], 732);
});

for (const name of ['steenwijkerland', 'steenwijkerland-school', 'leeuwarden']) {
  test(`every total of the report is what ${name}.csv holds`, () => {
    const { counts } = replayed(name, []);
    const teams = Object.keys(counts).filter((team) => team !== 'all');
    const { figures } = replayed(name, teams);
    for (const year of [...new Set(Object.keys(counts.all).map((period) => Number(period.slice(0, 4))))]) {
      const table = report.teamTable(figures, year, TODAY, words, 'x');
      assert.deepEqual(keys(table), [...teams, 'all']);
      for (const row of table.rows) {
        const expected = counts[row.key][String(year)];
        if (!expected) continue;
        assert.deepEqual(row.cells.slice(4, 6), [expected.answered + expected.referred, expected.referred], `${row.key} ${year}`);
        assert.equal(row.cells.slice(0, 4).filter(Number.isInteger).reduce((sum, one) => sum + one, 0), row.cells[4]);
      }
    }
  });
}

test('the teams of a year: who came on its last day, not who ended with the year before', () => {
  const of = (id, from, until) => ({ id, name: id, valid_from: from, valid_until: until });
  const teams = [of('oud', 0, day('2019-01-01')), of('net', 0, day('2019-01-02')), of('nieuw', day('2019-12-31'), 0), of('later', day('2020-01-01'), 0)];
  assert.deepEqual(report.teamsOfYear(figuresOf(catalogue({ teams }), []), 2019).map(({ id }) => id), ['net', 'nieuw']);
});

test('the report is about the year before until the first quarter is over', () => {
  assert.deepEqual(['2020-03-31', '2020-04-01'].map((date) => yearOfReport(day(date))), [2019, 2020]);
});

test('teams stand in the configuration’s order, whatever their figures', () => {
  const { figures } = replayed('steenwijkerland', ['zuid', 'noord', 'oost', 'west']);
  assert.deepEqual(keys(report.teamTable(figures, 2019, TODAY, words, 'x')), ['zuid', 'noord', 'oost', 'west', 'all']);
});

test('a team of part of the year has no figure before it, and one that cannot be read does not count as zero', () => {
  const teams = [
    { id: 'oost', name: 'Oost', valid_from: 0, valid_until: 0 },
    { id: 'nieuw', name: 'Nieuw', valid_from: day('2019-10-01'), valid_until: 0 },
    { id: 'later', name: 'Later', valid_from: day('2020-01-01'), valid_until: 0 },
  ];
  const figures = figuresOf(catalogue({ teams }), [summary('nieuw', '2019-Q4', { 1: [2, 0] }), summary('nieuw', '2019', { 1: [2, 0] }), summary('all', '2019', { 1: [9, 0] })]);
  const table = report.teamTable(figures, 2019, TODAY, words, 'x');
  assert.deepEqual(keys(table), ['oost', 'nieuw', 'all']);
  assert.deepEqual(byKey(table, 'nieuw').cells.slice(0, 5), [{ none: 'before' }, { none: 'before' }, { none: 'before' }, 2, 2]);
  assert.deepEqual(byKey(table, 'oost').cells[4], { none: 'absent' });
  assert.equal(report.teamsAddUp(figures, 2019, TODAY), false);
});

test('a team that is still to begin this year, and one that ended before counting began, are not missing', () => {
  const teams = [
    { id: 'oost', name: 'Oost', valid_from: 0, valid_until: 0 },
    { id: 'straks', name: 'Straks', valid_from: day('2020-11-15'), valid_until: 0 },
    { id: 'oud', name: 'Oud', valid_from: 0, valid_until: day('2018-04-01') },
  ];
  const given = catalogue({ teams, counting_since: day('2018-05-20') });
  const of = (year) => figuresOf(given, [summary('oost', String(year), { 1: [9, 0] }), summary('all', String(year), { 1: [9, 0] })]);
  for (const [year, today, team, none] of [[2020, '2020-09-30', 'straks', 'to-come'], [2018, '2018-06-01', 'oud', 'uncounted']]) {
    const table = report.teamTable(of(year), year, day(today), words, 'x');
    assert.deepEqual(byKey(table, team).cells[4], { none });
    assert.equal(report.teamsAddUp(of(year), year, day(today)), true);
  }
  assert.equal(report.teamsAddUp(of(2020), 2020, day('2020-10-01')), false, 'its quarter has begun, and holds a figure');
});

test('the top five of 2019, with their share of all questions', () => {
  const { figures, counts } = replayed('steenwijkerland', TEAMS);
  const table = report.topTable(figures, 'all', 2019, false, words, 'x');
  const counted = Object.entries(counts.all['2019'].domains).map(([code, { answered, referred }]) => [Number(code), answered + referred]);
  const expected = counted.sort((a, b) => b[1] - a[1]).slice(0, 5);
  assert.deepEqual(table.rows.map((row) => [row.key, row.cells[0]]), expected);
  assert.equal(table.rows[0].title, 'Financiën');
  assert.equal(table.rows[0].cells[1].share, expected[0][1] / 1154);
});

test('the five are five, and who shares the fifth place is named; a domain without questions is neither', () => {
  const even = figuresOf(catalogue(), [summary('oost', '2019', { 1: [9, 0], 2: [8, 0], 3: [7, 0], 4: [6, 0], 5: [5, 0], 6: [4, 1], 8: [5, 0], 7: [1, 0] })]);
  assert.deepEqual(keys(report.topTable(even, 'oost', 2019, false, words, 'x')), [1, 2, 3, 4, 5]);
  assert.equal(
    report.tieText(even, 'oost', 2019, false, words),
    'Evenveel vragen (5) als het vijfde domein: Lichamelijke gezondheid, Activiteiten Dagelijks Leven. Bij gelijke aantallen gaat de volgorde van de domeinlijst voor.',
  );
  const few = figuresOf(catalogue(), [summary('oost', '2019', { 1: [0, 0], 2: [8, 0] })]);
  assert.deepEqual(keys(report.topTable(few, 'oost', 2019, false, words, 'x')), [2]);
  assert.equal(report.tieText(few, 'oost', 2019, false, words), null);
  assert.deepEqual(keys(report.topTable(figuresOf(catalogue(), []), 'oost', 2019, false, words, 'x')), []);
});

test('a quarter that is ahead of its year for a moment is noticed', () => {
  const figures = figuresOf(catalogue(), [summary('oost', '2019-Q4', { 1: [5, 0] }), summary('oost', '2019', { 1: [4, 0] })]);
  assert.equal(report.addsUp(figures, 'oost', 2019), false);
  const referred = figuresOf(catalogue(), [summary('oost', '2019-Q4', { 1: [5, 1] }), summary('oost', '2019', { 1: [5, 0] })]);
  assert.equal(report.addsUp(referred, 'oost', 2019), false);
});

test('how many questions were referred is a sentence in the singular where there was one question', () => {
  const sentences = [[104, 1050], [1, 4], [0, 1], [1, 0], [0, 0]].map(([referred, answered]) => report.referredText({ answered, referred }, words));
  assert.deepEqual(sentences, [
    '104 van de 1.154 vragen zijn doorverwezen: 9,0\u00a0%.', '1 van de 5 vragen is doorverwezen: 20,0\u00a0%.',
    '0 van 1 vraag is doorverwezen: 0,0\u00a0%.', '1 van 1 vraag is doorverwezen: 100,0\u00a0%.', null,
  ]);
});
