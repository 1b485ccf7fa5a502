// SPDX-License-Identifier: EUPL-1.2
// The tables of the year's report: totals per quarter, the five largest domains, the share referred, and teams. Pure.

import { ALL } from '../../core/topics.js';
import { domainName, isFigure, share, teamCell } from './cells.js';
import { questionsOf, summaryOf } from './figures.js';
import { quarterFigures } from './compare.js';
import { countColumn, countColumns, domainsOf, shareColumn } from './live.js';
import { daysOfPeriod, quarterNumber, quartersOfYear, yearOf } from './periods.js';
import { isRunning } from './same-point.js';

export const TOP = 5;

// Years with figures, newest first.
export const yearsWithFigures = (figures) =>
  [...new Set(figures.newest.summaries().map(({ period }) => yearOf(period)))].sort((a, b) => b - a);

// For a moment, a quarter can be newer than the figures of its year; a report must not be printed then.
export function addsUp(figures, team, year) {
  const whole = summaryOf(figures, team, String(year));
  if (!whole) return false;
  const quarters = quartersOfYear(year).map((period) => summaryOf(figures, team, period)).filter(Boolean);
  const sum = (pick) => quarters.reduce((total, one) => total + pick(one), 0);
  return sum((one) => one.answered) === whole.answered && sum((one) => one.referred) === whole.referred;
}

// "Heel 2019"; of a year that is running, how far it is: "2020 t/m 20 januari".
export function yearName(year, today, words) {
  return isRunning(String(year), today) ? yearInText(year, today, words) : words.t('year_total', { year });
}

// The same inside a sentence: "2019".
export function yearInText(year, today, words) {
  return isRunning(String(year), today) ? words.t('year_until', { year, date: words.dayAndMonth(today) }) : String(year);
}

export function yearTable(figures, team, year, today, words, id) {
  const columns = [
    { title: words.t('quarter'), kind: 'text' },
    ...countColumns(words),
    shareColumn('referred_share', words),
  ];
  const row = (period, kind) => {
    const one = quarterFigures(figures, team, period, today);
    const title = kind === 'total' ? yearName(year, today, words) : words.period(period);
    const cells = [one.questions, one.answered, one.referred, one.referredShare];
    return { key: period, title, kind, mark: words.statusOf(one), cells };
  };
  return { id, columns, rows: [...quartersOfYear(year).map((one) => row(one, 'plain')), row(String(year), 'total')] };
}

// The five domains with most questions, as many as there are with any: { shown, tied }. `tied`: those that have as many as
// the last one shown and are left out, since the domain list has them later.
function topDomains(figures, team, year, rolled) {
  const summary = summaryOf(figures, team, String(year));
  if (!summary) return { shown: [], tied: [] };
  const counted = domainsOf(figures, summary, rolled).filter((one) => questionsOf(one) > 0);
  const sorted = counted.sort((a, b) => questionsOf(b) - questionsOf(a));
  const shown = sorted.slice(0, TOP);
  return { shown, tied: sorted.slice(TOP).filter((one) => questionsOf(one) === questionsOf(shown.at(-1))) };
}

// The sentence about domains that have as many questions as the fifth; null when there are none.
export function tieText(figures, team, year, rolled, words) {
  const { shown, tied } = topDomains(figures, team, year, rolled);
  if (tied.length === 0) return null;
  const count = words.number(questionsOf(shown.at(-1)));
  return words.t('report_top_tied', { count, domains: tied.map((one) => domainName(figures, one.domain, words)).join(', ') });
}

// How many of a year's questions were referred; null where there were no questions.
export function referredText({ answered, referred }, words) {
  const all = answered + referred;
  if (all === 0) return null;
  const value = { n: referred, count: words.number(referred), all: words.number(all), share: words.share(referred / all) };
  return words.t(all === 1 ? 'report_referred_of_one' : 'report_referred', value);
}

export function topTable(figures, team, year, rolled, words, id) {
  const summary = summaryOf(figures, team, String(year));
  const columns = [
    { title: words.t('domain'), kind: 'text' },
    { title: words.t('questions'), kind: 'count' },
    shareColumn('share_of_all', words),
    countColumn('referred', words),
    shareColumn('referred_share', words),
  ];
  const rows = topDomains(figures, team, year, rolled).shown.map((one) => ({
    key: one.domain,
    title: domainName(figures, one.domain, words),
    kind: 'plain',
    cells: [questionsOf(one), share(questionsOf(one), questionsOf(summary)), one.referred, share(one.referred, questionsOf(one))],
  }));
  return { id, columns, rows };
}

// Teams that existed in the year, in the configuration's order: never by size, this is no ranking.
export function teamsOfYear(figures, year) {
  const { first, last } = daysOfPeriod(String(year));
  return (figures.catalogue?.teams ?? []).filter(
    (team) => team.valid_from <= last && (!team.valid_until || team.valid_until > first),
  );
}

export function teamTable(figures, year, today, words, id) {
  const columns = [
    { title: words.t('team'), kind: 'text' },
    ...quartersOfYear(year).map((period) => ({ title: words.t('quarter_short', { n: quarterNumber(period) }), kind: 'count' })),
    { title: yearName(year, today, words), kind: 'count' },
    countColumn('referred', words),
    shareColumn('referred_share', words),
  ];
  const row = (team, title, kind) => {
    const whole = quarterFigures(figures, team, String(year), today);
    const quarters = quartersOfYear(year).map((period) => teamCell(figures, team, period, today));
    return { key: team, title, kind, cells: [...quarters, whole.questions, whole.referred, whole.referredShare] };
  };
  const rows = teamsOfYear(figures, year).map((team) => row(team.id, team.name, 'plain'));
  rows.push(row(ALL, words.t('whole_org'), 'total'));
  return { id, columns, rows };
}

// Whether the teams that can be read are all that have figures: then their sum is the organisation's total.
export function teamsAddUp(figures, year, today) {
  const cells = teamsOfYear(figures, year).map((team) => teamCell(figures, team.id, String(year), today));
  const all = summaryOf(figures, ALL, String(year));
  return Boolean(all) && cells.every((cell) => cell.none !== 'absent') && cells.filter(isFigure).reduce((sum, one) => sum + one, 0) === questionsOf(all);
}
