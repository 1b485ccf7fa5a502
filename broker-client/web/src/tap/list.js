// SPDX-License-Identifier: EUPL-1.2
// The own taps of this phone, by day, with what became of each; and what still waits, always in view.
import { domainName, labelName, teamName } from '../core/catalogue.js';
import { dutch, el, reconcile, renderWhen } from '../core/dom.js';
import { capital, number, relativeDate } from '../core/format.js';
import { language, t, tParts } from '../core/language.js';
import { Outcome } from '../core/messages.js';
import { stateOf } from '../core/tap.js';
import { outcomeWord } from './grid.js';
import { icon } from './icons.js';

export const stateMark = (state) => el('span', { class: `state state--${state}` }, icon(state), el('span', {}, t(state)));

// "3 op dit toestel · 2 onderweg, nog niet bevestigd"; when nothing waits, whether that is because all is counted.
export function waitingText(phone) {
  const { all, device, sent } = phone.waiting;
  if (all === 0 && phone.refused) return '';
  const late = phone.unseen.filter((tap) => stateOf(tap) === 'late').length;
  if (all === 0 && late) return t('allCountedLate', { n: number(late, language) });
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

// `open`: {list, catchUp}; before there is a team there is nothing to catch up with.
export function renderBar(parent, phone, ready, open) {
  const text = waitingText(phone);
  const sign = waitingIcon(phone);
  const [state, buttons] = parent.children.length ? parent.children : layOutBar(parent);
  renderWhen(state, [text, sign, phone.state, language], () => [
    text && el('p', { class: 'bar__waiting', id: 'waiting' }, sign && icon(sign), el('span', {}, text)),
    el('p', { class: `bar__connection bar__connection--${phone.state}` }, t(phone.state)),
  ]);
  // Apart from what changes with every tap: a press that is under way must find its button again.
  renderWhen(buttons, [ready, language], () => [
    ready && el('button', { type: 'button', class: 'button', 'data-key': 'catch-up', 'aria-label': `${t('more')}: ${t('moreLabel')}`, onclick: open.catchUp }, t('more')),
    el('button', { type: 'button', class: 'button', 'data-key': 'list', onclick: open.list }, t('myTaps')),
  ]);
}

// ---- Own taps -------------------------------------------------------------------------------------

// Taps of one day that are the same in all that the list shows: [{key, taps, state, mayRetract}], newest first.
function groups(phone, taps) {
  const found = new Map();
  for (const tap of taps) {
    const [state, mayRetract] = [stateOf(tap), phone.mayRetract(tap)];
    const same = JSON.stringify([tap.domain, tap.outcome, tap.team, tap.labels, state, mayRetract]);
    if (!found.has(same)) found.set(same, { key: tap.id, taps: [], state, mayRetract });
    found.get(same).taps.push(tap);
  }
  return [...found.values()];
}

function takeBackButtons({ taps, mayRetract }, words, takeBack) {
  if (!mayRetract) return null;
  const button = (key, ids, text) => el('button', {
    type: 'button', class: 'button tap__back', 'data-key': `${key}-${ids[0]}`, 'aria-label': t('takeBackLabel', { ...words, what: text }), onclick: () => takeBack(ids),
  }, text);
  const ids = taps.map(({ id }) => id);
  if (ids.length === 1) return button('back', ids, t('takeBack'));
  return [button('back', ids.slice(0, 1), t('takeBackOne')), button('back-all', ids, t('takeBackAll', { n: ids.length }))];
}

function row(phone, group, takeBack) {
  const { taps, state } = group;
  const [tap] = taps;
  const words = { domain: domainName(phone.catalogue, tap.domain), outcome: outcomeWord(tap.outcome), day: relativeDate(tap.day, phone.today, language) };
  const labels = tap.labels.map((code) => labelName(phone.catalogue, code)).join(', ');
  return el('li', { class: 'tap', tabindex: '-1', 'data-ids': taps.map(({ id }) => id).join(' ') },
    el('div', { class: 'tap__what' },
      el('strong', {}, taps.length > 1 && `${taps.length}× `, dutch(words.domain)),
      el('span', {}, `${words.outcome} · `, dutch(teamName(phone.catalogue, tap.team))),
      labels && el('span', {}, tParts('labelsOf', { labels: dutch(labels) }))),
    stateMark(state),
    el('div', { class: 'tap__buttons' }, takeBackButtons(group, words, takeBack)));
}

const signature = (phone) => ({ taps, state, mayRetract }) =>
  [taps.map(({ id }) => id), taps[0].labels, state, mayRetract, language, phone.catalogue?.version, phone.today];

// Newest day first; before all others those with taps that are listed only until they have been seen.
function byDay(taps) {
  const days = new Map();
  for (const tap of taps) days.set(tap.day, [...(days.get(tap.day) ?? []), tap]);
  const unseen = (of) => Number(of.some((tap) => tap.unseen));
  return [...days].sort(([a, ofA], [b, ofB]) => unseen(ofB) - unseen(ofA) || b - a);
}

// "Vandaag 10: 8 beantwoord, 2 doorverwezen", of what counts or is on its way to.
function dayTitle(phone, day, taps) {
  const name = capital(relativeDate(day, phone.today, language));
  const counting = taps.filter((tap) => ['device', 'sent', 'counted', 'late'].includes(stateOf(tap)));
  if (counting.length === 0) return name;
  const referred = counting.filter(({ outcome }) => outcome === Outcome.OUTCOME_REFERRED).length;
  const [n, answered] = [counting.length, counting.length - referred];
  const named = day === phone.today || day === phone.today - 1;
  return t(named ? 'dayTotal' : 'dateTotal', { day: name, n: number(n, language), answered: number(answered, language), referred: number(referred, language) });
}

// `takeBack(ids)`. A row whose taps join another row hands its focus on.
export function renderList(parent, phone, takeBack) {
  const focused = parent.contains(document.activeElement) && document.activeElement.closest('.tap')?.dataset.item;
  const days = byDay(phone.taps);
  reconcile(parent, days, {
    key: ([day]) => day,
    signature: () => [language, phone.today],
    make: () => el('section', {}, el('h3', {}), el('ul', { class: 'taps' })),
  });
  for (const [day, taps] of days) {
    const section = parent.querySelector(`[data-item="${day}"]`);
    const title = dayTitle(phone, day, taps);
    const [heading, list] = section.children;
    if (heading.textContent !== title) heading.textContent = title;
    reconcile(list, groups(phone, taps), { key: ({ key }) => key, signature: signature(phone), make: (group) => row(phone, group, takeBack) });
  }
  if (focused && !parent.contains(document.activeElement)) parent.querySelector(`[data-ids~="${focused}"]`)?.focus();
}

export const legend = () =>
  el('dl', { class: 'legend' }, ['device', 'sent', 'counted'].map((state) => [el('dt', {}, stateMark(state)), el('dd', {}, t(`${state}Help`))]));
