// SPDX-License-Identifier: EUPL-1.2

// A Map from each key to the items that have it, in the order in which the keys come first.
export function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}
