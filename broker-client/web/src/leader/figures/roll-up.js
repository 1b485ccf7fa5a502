// SPDX-License-Identifier: EUPL-1.2
// Domains of 2017 roll up to the domains of 2013, never the other way: what was counted as one domain of 2013 cannot be
// divided. Pure.
import { groupBy } from '../../core/group-by.js';

// The code on the older list: that of the domain to which this one rolls up, or its own.
export const rollsUpTo = (domains, code) => domains.find((domain) => domain.code === code)?.rolls_up_to || code;

// For sorting: the catalogue's order. Codes that it does not know come last.
function placeOf(domains, code) {
  const at = domains.findIndex((domain) => domain.code === code);
  return at < 0 ? domains.length + code : at;
}

// [{domain, answered, referred}] of a summary, summed onto the older list.
export function rollUp(cells, domains) {
  const sum = (some, outcome) => some.reduce((total, cell) => total + cell[outcome], 0);
  const groups = groupBy(cells, ({ domain }) => rollsUpTo(domains, domain));
  const sums = [...groups].map(([domain, some]) => ({ domain, answered: sum(some, 'answered'), referred: sum(some, 'referred') }));
  return sums.sort((a, b) => placeOf(domains, a.domain) - placeOf(domains, b.domain));
}

// [{target, codes}]: the codes that roll up to one older domain, the target. `codes` also has the target itself if it
// was given.
export function groupsOf({ domains }, codes) {
  const inOrder = (some) => [...some].sort((a, b) => placeOf(domains, a) - placeOf(domains, b));
  const groups = groupBy(inOrder(new Set(codes)), (code) => rollsUpTo(domains, code));
  return inOrder(groups.keys()).map((target) => ({ target, codes: groups.get(target) }));
}
