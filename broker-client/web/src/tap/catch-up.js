// SPDX-License-Identifier: EUPL-1.2
// The sheet "catching up", in which the worker chooses for which day and for how many questions the next tap counts.
// The sheet "change" also uses dayChoice.
import { formatDate, parseDate } from '../core/calendar.js';
import { el } from '../core/dom.js';
import { capital, relativeDate } from '../core/format.js';
import { language, t } from '../core/language.js';

const DAYS_OFFERED = 7;
const COUNT_MAX = 50;

// Returns the field that holds the day. The day may be half typed, or outside the limits of a phone's own picker: check
// it first with field.reportValidity(). The field stays the same element; in a new one, typing would begin again at
// each key.
export function dayChoice(phone, draft, changed) {
  const { today } = phone;
  const firstDay = phone.firstDayOf(draft.team ?? phone.team);
  const days = Array.from({ length: DAYS_OFFERED }, (_, i) => today - i).filter((day) => day >= firstDay);
  const chips = days.map((day) => el('button', { class: 'chip', 'data-key': `day-${day}`, onclick: () => choose(day) }, capital(relativeDate(day, today, language))));
  const field = el('input', { type: 'date', required: true, min: formatDate(firstDay), max: formatDate(today), 'data-key': 'date', oninput: () => take(parseDate(field.value)) });
  const take = (chosen) => {
    draft.day = chosen;
    days.forEach((day, i) => chips[i].setAttribute('aria-pressed', String(day === chosen)));
    changed();
  };
  const choose = (day) => {
    field.value = formatDate(day);
    take(day);
  };
  choose(draft.day);
  return { field, element: el('div', { class: 'choices', role: 'group', 'aria-label': t('day') }, chips, el('label', { class: 'date' }, el('span', {}, t('otherDay')), field)) };
}

// The buttons and the number stay the same elements, so that the focus stays on a button and a screen reader reads the
// new number.
function counter(draft, changed) {
  const value = el('output', { class: 'counter__value', 'aria-live': 'polite' });
  const button = (key, label, sign, by) => el('button', { class: 'counter__step', 'data-key': key, 'aria-label': t(label), onclick: () => step(by) }, sign);
  const [fewer, more] = [button('fewer', 'fewer', '−', -1), button('more', 'oneMore', '+', 1)];
  const step = (by) => {
    draft.count = Math.min(COUNT_MAX, Math.max(1, draft.count + by));
    value.textContent = t('countNow', { n: draft.count });
    fewer.setAttribute('aria-disabled', String(draft.count === 1));
    more.setAttribute('aria-disabled', String(draft.count === COUNT_MAX));
    changed();
  };
  step(0);
  return el('div', { class: 'counter', role: 'group', 'aria-label': t('count') }, fewer, value, more);
}

// Calls `choose({day, count})` when the worker goes on. A `day` of null is today.
export function openCatchUp(sheet, phone, choice, choose) {
  const draft = { day: choice.day ?? phone.today, count: choice.count };
  const go = el('button', { class: 'button button--primary go', 'data-key': 'go', onclick: () => start() });
  // The button says for which day and how many times the next tap counts.
  const final = el('p', { class: 'catch-up-final', role: 'status' });
  const changed = () => {
    final.textContent = draft.day !== null && phone.isFinal(draft.day) ? t('finalQuarter') : '';
    go.textContent = draft.day === null ? t('startNoDay') : t('startFor', { day: relativeDate(draft.day, phone.today, language), n: draft.count });
  };
  const day = dayChoice(phone, draft, changed);
  const start = () => {
    if (!day.field.reportValidity()) return;
    sheet.close();
    choose({ day: draft.day === phone.today ? null : draft.day, count: draft.count });
  };
  sheet.show(t('catchUp'), el('p', { class: 'soft' }, t('catchUpHint')),
    el('div', { class: 'catch-up-form' }, el('h3', {}, t('day')), day.element, final, el('h3', {}, t('count')), counter(draft, changed), go));
}
