// SPDX-License-Identifier: EUPL-1.2
// Puts the domains of several summaries in the order of the catalogue, grouped by the older domain that they roll up to. Pure.
import { rollsUpTo } from '../core/roll-up.js';

// The catalogue's order; codes that it does not know come last.
function inOrder(catalogue, codes) {
  const place = (code) => {
    const at = catalogue.domains.findIndex((domain) => domain.code === code);
    return at < 0 ? catalogue.domains.length + code : at;
  };
  return [...codes].sort((a, b) => place(a) - place(b));
}

// [{ target, codes }]: codes that roll up to the same older domain stand together, that domain itself among them
// where it occurs.
export function groupsOf(catalogue, codes) {
  const groups = new Map();
  for (const code of inOrder(catalogue, new Set(codes))) {
    const target = rollsUpTo(catalogue.domains, code);
    groups.set(target, [...(groups.get(target) ?? []), code]);
  }
  return inOrder(catalogue, groups.keys()).map((target) => ({ target, codes: groups.get(target) }));
}
