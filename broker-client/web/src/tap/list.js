// SPDX-License-Identifier: EUPL-1.2
// The own taps of this phone, by day, with what became of each; and what still waits, always in view.
import { domainName, labelName, teamName } from '../core/catalogue.js';
import { el, reconcile, renderWhen } from '../core/dom.js';
import { number, relativeDate } from '../core/format.js';
import { language, t } from '../core/language.js';
import { stateOf } from '../core/tap.js';
import { outcomeWord } from './grid.js';
import { icon } from './icons.js';

export const stateMark = (state) => el('span', { class: `state state--${state}` }, icon(state), el('span', {}, t(state)));

// "3 op dit toestel · 2 verzonden", or that everything is counted.
export function waitingText(phone) {
  const { all, device, sent } = phone.waiting;
  if (all === 0) return phone.taps.length ? t('allCounted') : t('nothingYet');
  const parts = [device && t('waitDevice', { n: number(device, language) }), sent && t('waitSent', { n: number(sent, language) })];
  return parts.filter(Boolean).join(' · ');
}

export function renderBar(parent, phone, open) {
  const { all, device } = phone.waiting;
  const text = waitingText(phone);
  const connection = t(phone.state);
  renderWhen(parent, [text, connection, all === 0, device, language], () => [
    el('p', { class: 'bar__waiting', id: 'waiting' }, all === 0 ? icon('counted') : icon(device ? 'device' : 'sent'), el('span', {}, text)),
    el('p', { class: `bar__connection bar__connection--${phone.state}` }, connection),
    el('button', { type: 'button', class: 'button bar__list', 'data-key': 'list', onclick: open }, t('myTaps')),
  ]);
}

function row(phone, tap, takeBack) {
  const words = { domain: domainName(phone.catalogue, tap.domain), outcome: outcomeWord(tap.outcome), day: relativeDate(tap.day, phone.today, language) };
  const labels = tap.labels.map((code) => labelName(phone.catalogue, code)).join(', ');
  return el('li', { class: 'tap' },
    el('div', { class: 'tap__what' },
      el('strong', {}, words.domain),
      el('span', {}, `${words.outcome} · ${teamName(phone.catalogue, tap.team)}`),
      labels && el('span', {}, t('labelsOf', { labels }))),
    stateMark(stateOf(tap)),
    phone.mayRetract(tap) && el('button', { type: 'button', class: 'button tap__back', 'data-key': `back-${tap.id}`, 'aria-label': t('takeBackLabel', words), onclick: () => takeBack(tap) }, t('takeBack')));
}

const signature = (phone) => (tap) =>
  [stateOf(tap), tap.labels, phone.mayRetract(tap), language, phone.catalogue?.version, phone.today];

function byDay(taps) {
  const days = new Map();
  for (const tap of taps) days.set(tap.day, [...(days.get(tap.day) ?? []), tap]);
  return [...days].sort(([a], [b]) => b - a);
}

export function renderList(parent, phone, takeBack) {
  reconcile(parent, byDay(phone.taps), {
    key: ([day]) => day,
    signature: () => [language, phone.today],
    make: ([day]) => el('section', {}, el('h3', {}, relativeDate(day, phone.today, language)), el('ul', { class: 'taps' })),
  });
  for (const [day, taps] of byDay(phone.taps)) {
    reconcile(parent.querySelector(`[data-item="${day}"] > ul`), taps, { key: ({ id }) => id, signature: signature(phone), make: (tap) => row(phone, tap, takeBack) });
  }
}

export const legend = () =>
  el('dl', { class: 'legend' }, ['device', 'sent', 'counted'].map((state) => [el('dt', {}, stateMark(state)), el('dd', {}, t(`${state}Help`))]));
