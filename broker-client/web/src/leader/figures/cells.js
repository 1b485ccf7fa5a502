// SPDX-License-Identifier: EUPL-1.2
// The content of one cell of a table: a figure, or the reason why there is none. Zero is a figure, absence is not. Pure.

import { quarterOfDay } from '../../core/calendar.js';
import { teamName as nameOfTeam } from '../../core/catalogue.js';
import { ALL } from '../../core/topics.js';
import { questionsOf, summaryOf } from './figures.js';
import { daysOfPeriod } from './periods.js';

// Reasons: before (did not exist yet), ended, uncounted (before counting began), unlisted (a domain that the figures of then
// do not have), to-come, absent (nothing was received: not ours to read, or still under way), not-comparable.
export const none = (reason) => ({ none: reason });
export const share = (part, whole) => (whole > 0 ? { share: part / whole } : none('no-questions'));

export const isFigure = (cell) => typeof cell === 'number';

function whyOutside(entry, { first, last }) {
  if (entry.valid_from > last) return 'before';
  if (entry.valid_until && entry.valid_until <= first) return 'ended';
  return null;
}

// The days that were counted of a team: from the first, up to and including the last.
export function countedDays(figures, team) {
  const entry = figures.catalogue?.teams.find((one) => one.id === team);
  return { first: Math.max(figures.catalogue?.counting_since ?? 0, entry?.valid_from ?? 0), last: (entry?.valid_until || Infinity) - 1 };
}

// Whether a team was counted on every day of a period that is over.
export function isWhole(figures, team, period, today) {
  const counted = countedDays(figures, team);
  const { first, last } = daysOfPeriod(period);
  return counted.first <= first && counted.last >= last && last < today;
}

// A team has figures of the quarters, from the one in which counting began, that it was there in and that have begun.
function whyNothing(figures, team, period, today) {
  const { catalogue } = figures;
  const days = daysOfPeriod(period);
  const entry = catalogue?.teams.find((one) => one.id === team);
  const reason = entry && whyOutside(entry, days);
  if (reason) return reason;
  const first = quarterOfDay(Math.max(days.first, entry?.valid_from ?? 0));
  const last = quarterOfDay(Math.min(days.last, (entry?.valid_until || Infinity) - 1));
  if (catalogue && last < quarterOfDay(catalogue.counting_since)) return 'uncounted';
  if (today !== null && first > quarterOfDay(today)) return 'to-come';
  return 'absent';
}

// A figure of a whole team: `pick` takes it from the summary.
export function teamCell(figures, team, period, today, pick = questionsOf) {
  const summary = summaryOf(figures, team, period);
  return summary ? pick(summary) : none(whyNothing(figures, team, period, today));
}

// The counts of a whole team. The reason why there are none stands once, with the questions.
export function teamCells(figures, team, period, today) {
  const summary = summaryOf(figures, team, period);
  const nothing = none('no-questions');
  return {
    questions: teamCell(figures, team, period, today),
    answered: summary?.answered ?? nothing,
    referred: summary?.referred ?? nothing,
    referredShare: summary ? share(summary.referred, questionsOf(summary)) : nothing,
  };
}

// Questions in one domain. A domain that the summary does not list was not valid in that period.
export function domainCell(figures, team, period, today, code, pick = questionsOf) {
  const summary = summaryOf(figures, team, period);
  if (!summary) return none(whyNothing(figures, team, period, today));
  const counts = summary.domains.find((one) => one.domain === code);
  if (counts) return pick(counts);
  const entry = figures.catalogue?.domains.find((one) => one.code === code);
  return none((entry && whyOutside(entry, daysOfPeriod(period))) ?? 'unlisted');
}

// The sum of the cells that are figures; when none is, the reason of the first.
export function sumCells(cells) {
  const numbers = cells.filter(isFigure);
  return numbers.length ? numbers.reduce((sum, one) => sum + one, 0) : cells[0];
}

// b minus a; none when one of them is no figure, or when they are not to be compared.
export function differenceCell(a, b, comparable = true) {
  return comparable && isFigure(a) && isFigure(b) ? { difference: b - a } : none('no-comparison');
}

export const teamName = (figures, team, words) => (team === ALL ? words.t('whole_org') : nameOfTeam(figures.catalogue, team));

export const domainName = (figures, code, words) =>
  figures.catalogue?.domains.find((one) => one.code === code)?.name ?? words.t('domain_unknown', { code });
