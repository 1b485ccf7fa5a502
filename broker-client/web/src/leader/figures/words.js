// SPDX-License-Identifier: EUPL-1.2
// Texts and numbers in one language, as the tables and charts ask for them. Pure; `t` gives the texts (core/language.js).
import { formatDate, parsePeriod, todayIn } from '../../core/calendar.js';
import * as format from '../../core/format.js';

const FINAL = 3;
const STATES = { 1: 'status_open', 2: 'status_provisional', [FINAL]: 'status_final' };

// `short`: quarters as "K4 2019", for a narrow screen.
export function createWords(t, language, timezone, short = false) {
  const number = (value) => format.number(value, language);

  const stateOf = ({ status }) => (STATES[status] ? t(STATES[status]) : '');

  // Open, provisional, final; revised when it is not the first final figure; from when it was counted, whether
  // nothing came in, and how many came too late for it.
  function statusOf({ status, revision = 0, late = 0, questions, since = null }) {
    const parts = [status === FINAL && revision > 1 ? t('status_revised', { revision }) : stateOf({ status })].filter(Boolean);
    if (since !== null) parts.push(t('counted_since', { date: dayAndMonth(since) }));
    if (questions === 0) parts.push(t('nothing_in'));
    if (late > 0) parts.push(t('late_count', { count: number(late) }));
    return parts.join('; ');
  }

  function period(name) {
    const { year, quarter } = parsePeriod(name);
    if (quarter === null) return String(year);
    return short ? t('quarter_of_year', { n: (quarter % 4) + 1, year }) : format.quarterName(quarter, language);
  }

  function difference(value) {
    if (value === 0) return number(0);
    return `${value > 0 ? '+' : '\u2212'}${number(Math.abs(value))}`;
  }

  // A cell (see cells.js) as a reader sees it.
  function cell(value) {
    if (typeof value === 'number') return number(value);
    if (typeof value === 'string') return value;
    if ('share' in value) return format.share(value.share, language);
    if ('difference' in value) return difference(value.difference);
    return t(`none_${value.none}`);
  }

  const dayAndMonth = (day) => format.dayAndMonth(day, language);
  const time = (seconds) => format.time(seconds, language, timezone || undefined);
  const share = (value) => format.share(value, language);
  const dayOf = (seconds) => todayIn(timezone, seconds * 1000);
  const moment = (seconds) => `${format.numericDate(dayOf(seconds), language)}, ${time(seconds)}`;
  const stamp = (seconds) => `${formatDate(dayOf(seconds))} ${format.time(seconds, 'nl', timezone || undefined)}`;
  const isSameDay = (one, other) => dayOf(one) === dayOf(other);
  // Only the time while it is still the same day.
  const since = (seconds, now) => (isSameDay(seconds, now) ? time(seconds) : moment(seconds));
  return { language, t, number, share, cell, period, stateOf, statusOf, dayAndMonth, time, moment, stamp, isSameDay, since };
}
