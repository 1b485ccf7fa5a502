// SPDX-License-Identifier: EUPL-1.2
// Remembers the day that a worker catches up with, through a reload and an update of the page, until the worker has been away
// for ten minutes. After that, or after the browser was ended, taps count for today again, and the page says so.
//
//   session storage  turf-catch-up  {day, until}: goes with the tab
//   local storage    turf-catch-up  the day alone, since what outlives the tab must hold no time of day
import { forget, remember, remembered, rememberedValue } from '../core/local-storage.js';

const KEY = 'turf-catch-up';
const AWAY_MS = 10 * 60_000;

let until = Infinity; // while the page is hidden: the moment until which the day is remembered

const noteInSession = (day) => remember(KEY, JSON.stringify({ day, until: Date.now() + AWAY_MS }), 'sessionStorage');

// From now on taps count for `day`; null: today.
export function keepDay(day) {
  if (day === null) return forgetDay();
  remember(KEY, String(day));
  noteInSession(day);
}

function forgetDay() {
  until = Infinity;
  forget(KEY);
  forget(KEY, 'sessionStorage');
}

// The page is hidden or left.
export function leaveDay(day) {
  until = Date.now() + AWAY_MS;
  if (day !== null) noteInSession(day);
}

// The page is seen again. After too long away: what is chosen now, with the day that is `lost`; else null.
export function returnToDay(day) {
  const over = Date.now() > until;
  until = Infinity;
  if (!over) return null;
  forgetDay();
  return { day: null, lost: day };
}

// The page starts: {day, lost}, of which one is null or both are.
export function recallDay() {
  const kept = rememberedValue(KEY, 'sessionStorage');
  const last = remembered(KEY);
  if (Number.isInteger(kept?.day) && Date.now() <= kept.until) {
    until = kept.until; // until it is seen
    return { day: kept.day, lost: null };
  }
  forgetDay();
  return { day: null, lost: /^\d+$/.test(last) ? Number(last) : null };
}
