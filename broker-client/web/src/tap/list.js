// SPDX-License-Identifier: EUPL-1.2
// The own taps of this phone, by day, with what became of each; and what still waits, always in view.
import { domainName, labelName, teamName } from '../core/catalogue.js';
import { el, reconcile, renderWhen } from '../core/dom.js';
import { capital, number, relativeDate } from '../core/format.js';
import { language, t } from '../core/language.js';
import { stateOf } from '../core/tap.js';
import { outcomeWord } from './grid.js';
import { icon } from './icons.js';

export const stateMark = (state) => el('span', { class: `state state--${state}` }, icon(state), el('span', {}, t(state)));

// "3 op dit toestel · 2 onderweg, nog niet bevestigd"; when nothing waits, whether that is because all is counted.
export function waitingText(phone) {
  const { all, device, sent } = phone.waiting;
  if (all === 0 && phone.refused) return '';
  if (all === 0) return phone.taps.length ? t('allCounted') : t('nothingWaits');
  const parts = [device && t('waitDevice', { n: number(device, language) }), sent && t(phone.overdue ? 'waitOverdue' : 'waitSent', { n: number(sent, language) })];
  return parts.filter(Boolean).join(' · ');
}

function waitingIcon(phone) {
  const { all, device } = phone.waiting;
  if (all > 0) return device ? 'device' : 'sent';
  if (phone.refused) return '';
  return phone.taps.length ? 'counted' : '';
}

function layOutBar(parent) {
  parent.append(el('div', { class: 'bar__state' }), el('div', { class: 'bar__buttons' }));
  return parent.children;
}

// `open`: {list, catchUp, refused}; before there is a team there is nothing to catch up with.
export function renderBar(parent, phone, ready, open) {
  const text = waitingText(phone);
  const sign = waitingIcon(phone);
  const { refused } = phone;
  const [state, buttons] = parent.children.length ? parent.children : layOutBar(parent);
  renderWhen(state, [text, sign, refused, phone.state, language], () => [
    text && el('p', { class: 'bar__waiting', id: 'waiting' }, sign && icon(sign), el('span', {}, text)),
    refused > 0 && el('button', { type: 'button', class: 'bar__refused', 'data-key': 'refused', onclick: open.refused }, icon('refused'), t('barRefused', { n: number(refused, language) })),
    el('p', { class: `bar__connection bar__connection--${phone.state}` }, t(phone.state)),
  ]);
  // Apart from what changes with every tap: a press that is under way must find its button again.
  renderWhen(buttons, [ready, language], () => [
    ready && el('button', { type: 'button', class: 'button', 'data-key': 'catch-up', 'aria-label': `${t('more')}: ${t('moreLabel')}`, onclick: open.catchUp }, t('more')),
    el('button', { type: 'button', class: 'button', 'data-key': 'list', onclick: open.list }, t('myTaps')),
  ]);
}

function row(phone, tap, takeBack) {
  const words = { domain: domainName(phone.catalogue, tap.domain), outcome: outcomeWord(tap.outcome), day: relativeDate(tap.day, phone.today, language) };
  const labels = tap.labels.map((code) => labelName(phone.catalogue, code)).join(', ');
  return el('li', { class: 'tap', tabindex: '-1' },
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
    make: ([day]) => el('section', {}, el('h3', {}, capital(relativeDate(day, phone.today, language))), el('ul', { class: 'taps' })),
  });
  for (const [day, taps] of byDay(phone.taps)) {
    reconcile(parent.querySelector(`[data-item="${day}"] > ul`), taps, { key: ({ id }) => id, signature: signature(phone), make: (tap) => row(phone, tap, takeBack) });
  }
}

export const legend = () =>
  el('dl', { class: 'legend' }, ['device', 'sent', 'counted'].map((state) => [el('dt', {}, stateMark(state)), el('dd', {}, t(`${state}Help`))]));
