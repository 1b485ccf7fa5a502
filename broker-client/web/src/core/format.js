// SPDX-License-Identifier: EUPL-1.2
// Numbers, shares and dates as a Dutch or an English reader expects them.
import { dateFormat, dateOfDay, TIMEZONE } from './calendar.js';

const locales = { nl: 'nl-NL', en: 'en-GB' };
const quarterForms = { nl: (n, year) => `${n}e kwartaal ${year}`, en: (n, year) => `quarter ${n} of ${year}` };

const kept = new Map();

// Formatters are slow to make: each is made once, by `make(locale, options)`.
function formatter(make, language, options) {
  const key = `${make.name}${language}${JSON.stringify(options)}`;
  if (!kept.has(key)) kept.set(key, make(locales[language] ?? locales.nl, options));
  return kept.get(key);
}

const date = (day, language, options) => formatter(dateFormat, language, { ...options, timeZone: 'UTC' }).format(day * 86_400_000);

// 1.154 or 1,154
export const number = (value, language = 'nl') => formatter(Intl.NumberFormat, language, {}).format(value);

// A share 0..1 as 9,0 % or 9.0%; null (nothing to share): a dash. Halves are rounded up: 23 of 80 is 28.8%. The product has
// an error in its last digits (28.749999999999996), which must not decide that.
export function share(value, language = 'nl') {
  if (value === null || !Number.isFinite(value)) return '–';
  const tenths = Math.round(Number((value * 1000).toPrecision(12)));
  const text = formatter(Intl.NumberFormat, language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(tenths / 10);
  return language === 'en' ? `${text}%` : `${text}\u00a0%`;
}

// zondag 22 november 2026
export const longDate = (day, language = 'nl') => date(day, language, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

// zo 22 nov
export const shortDate = (day, language = 'nl') => date(day, language, { weekday: 'short', day: 'numeric', month: 'short' });

// 22 november
export const dayAndMonth = (day, language = 'nl') => date(day, language, { day: 'numeric', month: 'long' });

// 22-11-2026 or 22/11/2026
export const numericDate = (day, language = 'nl') => date(day, language, { day: '2-digit', month: '2-digit', year: 'numeric' });

// vandaag, gisteren, or zo 22 nov; with the year when that is another than today's
export function relativeDate(day, today, language = 'nl') {
  const words = language === 'en' ? ['today', 'yesterday'] : ['vandaag', 'gisteren'];
  if (day === today || day === today - 1) return words[today - day];
  if (dateOfDay(day).year !== dateOfDay(today).year) return date(day, language, { day: 'numeric', month: 'short', year: 'numeric' });
  return shortDate(day, language);
}

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// 4e kwartaal 2026
export const quarterName = (quarter, language = 'nl') => quarterForms[language]((quarter % 4) + 1, Math.floor(quarter / 4));

// 14:05, in the org's time zone.
export const time = (unixSeconds, language = 'nl', timeZone = TIMEZONE) =>
  formatter(dateFormat, language, { hour: '2-digit', minute: '2-digit', timeZone }).format(unixSeconds * 1000);
