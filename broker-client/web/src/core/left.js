// SPDX-License-Identifier: EUPL-1.2
// Ids of what a page sent as it was left, until they are noted with the taps. They are in local storage, which is written
// at once: of what a page begins in IndexedDB as it is put away, Safari's engine stores nothing.

const key = (org) => `turf-left-${org}`;

export function leftIds(org) {
  try {
    return JSON.parse(localStorage.getItem(key(org))) ?? [];
  } catch {
    return []; // storage is forbidden
  }
}

function setLeftIds(org, ids) {
  try {
    if (ids.length) localStorage.setItem(key(org), JSON.stringify(ids));
    else localStorage.removeItem(key(org));
  } catch {
    // storage is forbidden or full: the note in the database has to do
  }
}

export const addLeftIds = (org, ids) => setLeftIds(org, [...new Set([...leftIds(org), ...ids])]);
export const dropLeftIds = (org, ids) => setLeftIds(org, leftIds(org).filter((id) => !ids.includes(id)));
