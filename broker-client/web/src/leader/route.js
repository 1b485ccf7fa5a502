// SPDX-License-Identifier: EUPL-1.2
// What the reader has selected, as the part of the address after the #: it can be kept as a bookmark, and never leaves the
// browser. "#oost/vergelijken/2019-Q4", "#all/jaarverslag/2019". Pure.
import { parsePeriod } from '../core/calendar.js';
import { ALL, isSlug } from '../core/topics.js';

const VIEWS = { nu: 'live', vergelijken: 'compare', jaarverslag: 'report' };

// What is not there, or not right, is null: the page then chooses.
export function parseRoute(hash) {
  const [team, name, period] = hash.replace(/^#/, '').split('/');
  const view = Object.hasOwn(VIEWS, name ?? '') ? VIEWS[name] : null;
  const parsed = parsePeriod(period);
  const isYear = parsed?.quarter === null;
  return {
    team: isSlug(team ?? '') ? team : null,
    view,
    period: parsed && !isYear && view === 'compare' ? period : null,
    year: isYear && view === 'report' ? parsed.year : null,
  };
}

export function formatRoute({ team, view, period, year }) {
  const name = Object.keys(VIEWS).find((one) => VIEWS[one] === view);
  const last = { compare: period, report: year }[view];
  return `#${team ?? ALL}/${name}${last ? `/${last}` : ''}`;
}
