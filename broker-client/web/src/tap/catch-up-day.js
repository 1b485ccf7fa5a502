// SPDX-License-Identifier: EUPL-1.2
// Remembers the day that a worker catches up with, through a reload and an update of the page, until the worker has been away
// for ten minutes. After that, or after the browser was ended, taps count for today again, and the page says so.
//
//   session storage  turf-catch-up  {day, until}: goes with the tab
//   local storage    turf-catch-up  the day alone, since what outlives the tab must hold no time of day
const KEY = 'turf-catch-up';
const AWAY_MS = 10 * 60_000;

const quietly = (act) => {
  try {
    return act();
  } catch {
    return null; // storage is forbidden: it holds until the page closes
  }
};

let until = Infinity; // while the page is away: until when it counts

// From now on taps count for `day`; null: today.
export function keepDay(day) {
  if (day === null) forgetDay();
  else quietly(() => (localStorage.setItem(KEY, String(day)), note(day)));
}

function forgetDay() {
  until = Infinity;
  quietly(() => (localStorage.removeItem(KEY), sessionStorage.removeItem(KEY)));
}

const note = (day) => sessionStorage.setItem(KEY, JSON.stringify({ day, until: Date.now() + AWAY_MS }));

// The page is hidden or left.
export function leaveDay(day) {
  until = Date.now() + AWAY_MS;
  if (day !== null) quietly(() => note(day));
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
  const kept = quietly(() => JSON.parse(sessionStorage.getItem(KEY)));
  const last = quietly(() => localStorage.getItem(KEY));
  if (Number.isInteger(kept?.day) && Date.now() <= kept.until) {
    until = kept.until; // until it is seen
    return { day: kept.day, lost: null };
  }
  forgetDay();
  return { day: null, lost: /^\d+$/.test(last) ? Number(last) : null };
}
