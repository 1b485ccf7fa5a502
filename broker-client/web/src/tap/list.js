// SPDX-License-Identifier: EUPL-1.2
// The sheet "my taps": a list of the taps of this phone by day, with the state of each.
import { domainName, labelName, teamName } from '../core/catalogue.js';
import { dutch, el, reconcile, renderWhen, setText } from '../core/dom.js';
import { capital, number, relativeDate } from '../core/format.js';
import { groupBy } from '../core/group-by.js';
import { language, t, tParts } from '../core/language.js';
import { Outcome } from '../core/messages.js';
import { mayReplace, stateOf } from '../phone/tap.js';
import { openChange } from './change.js';
import { outcomeWord } from './grid.js';
import { icon } from './icons.js';

const stateMark = (state) => el('span', { class: `state state--${state}` }, icon(state), el('span', {}, t(state)));

// Taps of one day that are the same in all that the list shows: [{key, taps, state, mayRetract, mayRestore, mayChange}],
// newest first.
function groups(phone, taps) {
  const shownOf = (tap) => ({ state: stateOf(tap), mayRetract: phone.mayRetract(tap), mayRestore: phone.mayRestore(tap), mayChange: mayReplace(tap) });
  const same = groupBy(taps, (tap) => JSON.stringify([tap.domain, tap.outcome, tap.team, tap.labels, shownOf(tap)]));
  return [...same.values()].map((group) => ({ key: group[0].id, taps: group, ...shownOf(group[0]) }));
}

// `act`: {takeBack(ids), restore(ids), change(taps)}
function tapButtons({ taps, mayRetract, mayRestore, mayChange }, words, act) {
  const ids = taps.map(({ id }) => id);
  const button = (key, text, onclick) => el('button', {
    class: `button tap__${key}`, 'data-key': `${key}-${ids[0]}`, 'aria-label': `${words.domain}, ${words.outcome}, ${words.day}: ${text}`, onclick,
  }, text);
  if (mayRestore) return button('restore', t('restore'), () => act.restore(ids));
  if (!mayRetract) return null;
  const back = (key, some, text) => button(key, text, () => act.takeBack(some));
  return [
    mayChange && button('change', t('change'), () => act.change(taps)),
    ids.length === 1 ? back('back', ids, t('takeBack')) : [back('back', ids.slice(0, 1), t('takeBackOne')), back('back-all', ids, t('takeBackAll', { n: ids.length }))],
  ];
}

function row(phone, group, act) {
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
    el('div', { class: 'tap__buttons' }, tapButtons(group, words, act)));
}

const signature = (phone) => ({ taps, state, mayRetract, mayRestore, mayChange }) =>
  [taps.map(({ id }) => id), taps[0].labels, state, mayRetract, mayRestore, mayChange, language, phone.catalogue?.version, phone.today];

// Newest day first, but before all others the days with older taps that the worker has not seen yet.
function byDay(taps) {
  const unseen = (of) => Number(of.some((tap) => tap.unseen));
  return [...groupBy(taps, ({ day }) => day)].sort(([a, ofA], [b, ofB]) => unseen(ofB) - unseen(ofA) || b - a);
}

// "Vandaag 10: 8 beantwoord, 2 doorverwezen", of the taps that count or are on their way.
function dayTitle(phone, day, taps) {
  const name = capital(relativeDate(day, phone.today, language));
  const counting = taps.filter((tap) => ['device', 'sent', 'counted', 'late'].includes(stateOf(tap)));
  if (counting.length === 0) return name;
  const referred = counting.filter(({ outcome }) => outcome === Outcome.OUTCOME_REFERRED).length;
  const [n, answered] = [counting.length, counting.length - referred];
  const named = day === phone.today || day === phone.today - 1;
  return t(named ? 'dayTotal' : 'dateTotal', { day: name, n: number(n, language), answered: number(answered, language), referred: number(referred, language) });
}

// `act`: as for tapButtons. If the taps of the row with the focus join another row, that row gets the focus.
function renderList(parent, phone, act) {
  const focused = parent.contains(document.activeElement) && document.activeElement.closest('.tap')?.dataset.item;
  const days = byDay(phone.listed);
  reconcile(parent, days, {
    key: ([day]) => day,
    signature: () => [language, phone.today],
    make: () => el('section', {}, el('h3', {}), el('ul', { class: 'taps' })),
  });
  for (const [day, taps] of days) {
    const section = parent.querySelector(`[data-item="${day}"]`);
    const title = dayTitle(phone, day, taps);
    const [heading, list] = section.children;
    setText(heading, title);
    reconcile(list, groups(phone, taps), { key: ({ key }) => key, signature: signature(phone), make: (group) => row(phone, group, act) });
  }
  if (focused && !parent.contains(document.activeElement)) parent.querySelector(`[data-ids~="${focused}"]`)?.focus();
}

const legend = () =>
  el('dl', { class: 'legend' }, ['device', 'sent', 'counted'].map((state) => [el('dt', {}, stateMark(state)), el('dd', {}, t(`${state}Help`))]));

// A tap is seen when its row was on the screen while the list was open. Taps that are kept only until then are deleted when the
// list is closed, never while it is open.
export function openList(sheet, phone) {
  const list = el('div', { class: 'days' });
  const n = phone.retractDays;
  const none = el('p', { class: 'soft' }, t('noTaps', { n }));
  const older = el('p', { class: 'soft' }, t('olderHint', { n }));
  const seen = new Set();
  const observer = new IntersectionObserver((rows) => {
    for (const { isIntersecting, target } of rows) if (isIntersecting) target.dataset.ids.split(' ').forEach((id) => seen.add(id));
  });
  sheet.show(t('myTaps'), el('p', { class: 'soft' }, t('myTapsHint', { n })), none, older, list, el('h3', {}, t('statesTitle')), legend());
  const act = {
    takeBack: (ids) => phone.takeBack(ids).catch(() => {}),
    restore: (ids) => phone.restore(ids).catch(() => {}),
    change: (taps) => openChange(sheet, phone, taps, () => openList(sheet, phone)),
  };
  sheet.refresh = () => {
    none.hidden = phone.listed.length > 0;
    older.hidden = phone.unseen.length === 0;
    renderList(list, phone, act);
    for (const row of list.querySelectorAll('.tap')) observer.observe(row);
  };
  sheet.onClose = () => {
    observer.disconnect();
    const ids = phone.unseen.map(({ id }) => id).filter((id) => seen.has(id));
    if (ids.length) phone.markSeen(ids).catch(() => {});
    phone.forgetTakenBack();
  };
  sheet.refresh();
}
