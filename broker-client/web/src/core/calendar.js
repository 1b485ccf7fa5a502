// SPDX-License-Identifier: EUPL-1.2
// The calendar, as in proto/calendar.h: a day is the number of days since 1970-01-01, a quarter is year * 4 + (0..3).
// Pure: todayIn is given the moment.

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
export const DAY_MAX = 2_932_896; // 9999-12-31
export const TIMEZONE = 'Europe/Amsterdam';

const utc = (day) => new Date(day * DAY_MS);

export function dateOfDay(day) {
  const date = utc(day);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

export const dayOfDate = (year, month, day) => Date.UTC(year, month - 1, day) / DAY_MS;

// "2019-12-31"; parsing takes this form only and checks the calendar, null otherwise.
export const formatDate = (day) => utc(day).toISOString().slice(0, 10);

export function parseDate(text) {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text ?? '');
  if (!parts) return null;
  const day = dayOfDate(Number(parts[1]), Number(parts[2]), Number(parts[3]));
  return day >= 0 && formatDate(day) === text ? day : null;
}

// From a time zone to {form, minute, day}. It is slow to make and to use a formatter, and a page asks for the date
// dozens of times in one frame. So the formatter and the answer for the current minute are kept. Midnight falls on a
// whole minute in every time zone.
const zones = new Map();

// A formatter in a time zone; a zone that this browser does not know counts as the Netherlands.
export function dateFormat(locale, options) {
  try {
    return new Intl.DateTimeFormat(locale, options);
  } catch {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: TIMEZONE });
  }
}

// The calendar day of a moment (milliseconds) in a time zone.
export function todayIn(timezone, now) {
  if (!zones.has(timezone)) {
    const form = dateFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone: timezone || TIMEZONE });
    zones.set(timezone, { form, minute: NaN, day: 0 });
  }
  const zone = zones.get(timezone);
  const minute = Math.floor(now / MINUTE_MS);
  if (minute !== zone.minute) {
    const parts = zone.form.formatToParts(now);
    const of = (type) => Number(parts.find((part) => part.type === type).value);
    Object.assign(zone, { minute, day: dayOfDate(of('year'), of('month'), of('day')) });
  }
  return zone.day;
}

// ---- Quarters -------------------------------------------------------------------------------------

export function quarterOfDay(day) {
  const { year, month } = dateOfDay(day);
  return year * 4 + Math.floor((month - 1) / 3);
}

export const quarterFirstDay = (quarter) => dayOfDate(Math.floor(quarter / 4), (quarter % 4) * 3 + 1, 1);
export const quarterLastDay = (quarter) => quarterFirstDay(quarter + 1) - 1;
export const formatQuarter = (quarter) => `${Math.floor(quarter / 4)}-Q${(quarter % 4) + 1}`;

// "2019-Q4" or "2019", as topics name them: {year, quarter} (quarter null for a year), or null.
export function parsePeriod(text) {
  const parts = /^(\d{4})(?:-Q([1-4]))?$/.exec(text ?? '');
  if (!parts || Number(parts[1]) < 1970) return null;
  const year = Number(parts[1]);
  return { year, quarter: parts[2] ? year * 4 + Number(parts[2]) - 1 : null };
}

// ---- ISO weeks ------------------------------------------------------------------------------------

// The ISO year is the one that holds the week's Thursday.
export function isoWeekOfDay(day) {
  const weekday = (day + 3) % 7; // Monday 0: 1970-01-01 was a Thursday
  const thursday = day - weekday + 3;
  const { year } = dateOfDay(thursday);
  return { year, week: Math.floor((thursday - dayOfDate(year, 1, 1)) / 7) + 1 };
}

// Its Monday. Week 1 of 1970 begins before day 0 and gives 0.
export function isoWeekFirstDay({ year, week }) {
  const fourth = dayOfDate(year, 1, 4);
  return Math.max(0, fourth - ((fourth + 3) % 7) + (week - 1) * 7);
}

// The last `count` weeks, up to that of `day`, oldest first: [{year, week}].
export const isoWeeksUpTo = (day, count) => Array.from({ length: count }, (_, i) => isoWeekOfDay(day - 7 * (count - 1 - i)));
