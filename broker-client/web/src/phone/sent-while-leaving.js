// SPDX-License-Identifier: EUPL-1.2
// The ids of the events that a page sent while the worker left it, until the outbox has marked their taps as sent. They are
// in local storage, because that is written at once: Safari's engine stores nothing of what a page begins to write to
// IndexedDB while it goes into the back/forward cache.

const key = (org) => `turf-left-${org}`;

export function sentWhileLeaving(org) {
  try {
    return JSON.parse(localStorage.getItem(key(org))) ?? [];
  } catch {
    return []; // storage is forbidden
  }
}

function store(org, ids) {
  try {
    if (ids.length) localStorage.setItem(key(org), JSON.stringify(ids));
    else localStorage.removeItem(key(org));
  } catch {
    // storage is forbidden or full: the note in the database has to do
  }
}

export const addSentWhileLeaving = (org, ids) => store(org, [...new Set([...sentWhileLeaving(org), ...ids])]);
export const dropSentWhileLeaving = (org, ids) => store(org, sentWhileLeaving(org).filter((id) => !ids.includes(id)));
