// SPDX-License-Identifier: EUPL-1.2
// The ids of the events that a page sent while the worker left it, until the outbox has marked their taps as sent. They
// are in local storage, because that is written at once: Safari's engine stores nothing of what a page begins to write
// to IndexedDB while it goes into the back/forward cache. If local storage is forbidden or full, only the database
// notes them.
import { forget, remember, rememberedValue } from '../core/local-storage.js';

const keyOf = (org) => `turf-left-${org}`;

export const sentWhileLeaving = (org) => rememberedValue(keyOf(org)) ?? [];

const store = (org, ids) => (ids.length ? remember(keyOf(org), JSON.stringify(ids)) : forget(keyOf(org)));

export const addSentWhileLeaving = (org, ids) => store(org, [...new Set([...sentWhileLeaving(org), ...ids])]);
export const dropSentWhileLeaving = (org, ids) => store(org, sentWhileLeaving(org).filter((id) => !ids.includes(id)));
