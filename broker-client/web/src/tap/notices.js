// SPDX-License-Identifier: EUPL-1.2
// The notices above and below the grid: refusals until they are dismissed, what is wrong with the phone, and what is new.
import { domainName, teamName } from '../core/catalogue.js';
import { dutch, el, reconcile } from '../core/dom.js';
import { doorNotice } from '../core/door/notice.js';
import { longDate, number, relativeDate, shortDate } from '../core/format.js';
import { groupBy } from '../core/group-by.js';
import { language, t, tParts } from '../core/language.js';
import { Verdict } from '../core/messages.js';
import { refusal, refusedAct, stateOf } from '../phone/tap.js';
import { outcomeWord } from './grid.js';
import { loginAdvice } from './login.js';

const { VERDICT_REFUSED_MALFORMED: MALFORMED, VERDICT_REFUSED_DAY_IN_FUTURE: IN_FUTURE, VERDICT_REFUSED_DAY_TOO_OLD: TOO_OLD } = Verdict;

// One card for all that was refused for one reason on one day.
const refusals = (phone) => groupBy(phone.taps.filter(refusal), (tap) => `${refusedAct(tap)}-${refusal(tap)}-${tap.day}`);

const button = (key, text, onclick, main) =>
  el('button', { class: main ? 'button button--primary' : 'button', 'data-key': key, onclick }, text);

// A day that was refused is given as a date: it is not the one that the phone thinks it is.
function lines(phone, taps, wrongDay) {
  const dayOf = ({ day }) => (wrongDay ? shortDate(day, language) : relativeDate(day, phone.today, language));
  const textOf = (tap) =>
    [domainName(phone.catalogue, tap.domain), outcomeWord(tap.outcome), teamName(phone.catalogue, tap.team), dayOf(tap)].join(', ');
  return el('ul', {}, [...groupBy(taps, textOf)].map(([text, { length }]) => el('li', {}, length > 1 ? `${length}× ${text}` : text)));
}

// A wrong date is counted on the right day: as a new event, since the refused one can never count.
function refusalCard(phone, key, taps) {
  const verdict = refusal(taps[0]);
  const onRetraction = refusedAct(taps[0]) === 'retraction';
  const ids = taps.map(({ id }) => id);
  const wrongDay = !onRetraction && (verdict === IN_FUTURE || verdict === TOO_OLD);
  // While turfd is away nobody knows the right day better than the phone, whose future was just refused.
  const right = phone.countingDay ?? (verdict === TOO_OLD ? phone.today : null);
  const mend = wrongDay && right !== null;
  return el('section', { class: 'notice notice--refused' },
    el('h2', {}, t(onRetraction ? 'refusedRetraction' : 'refusedTitle', { n: taps.length })),
    lines(phone, taps, wrongDay),
    el('p', {}, onRetraction && verdict === MALFORMED ? t('reasonNoProof') : t(`reason${verdict}`)),
    el('div', { class: 'notice__buttons' },
      mend && button(`mend-${key}`, t('countOn', { day: relativeDate(right, phone.today, language) }), () => phone.recount(ids, right), true),
      button(`dismiss-${key}`, t('dismiss'), () => phone.dismiss(ids))));
}

function plain(kind, text, ...buttons) {
  return el('section', { class: `notice notice--${kind}` }, el('p', {}, text), buttons.some(Boolean) && el('div', { class: 'notice__buttons' }, buttons));
}

// What became of taps that are too old to stay in the list: "3 te laat, niet meegeteld".
function olderCard(phone, taps, openList) {
  const states = groupBy(taps, stateOf);
  const what = [...states].map(([state, { length }]) => `${number(length, language)} ${t(state).toLowerCase()}`).join(' · ');
  return plain('calm', `${t('older', { what })}${states.has('late') ? ` ${t('lateHelp')}` : ''}`,
    button('older-list', t('myTaps'), openList), button('older', t('dismiss'), () => phone.markSeen(taps.map(({ id }) => id))));
}

const names = (key, list) => (list.length ? [' ', tParts(key, { names: dutch(list.join(', ')) })] : []);
const changeText = ({ added, gone }) => [t('listChanged'), ...names('listAdded', added), ...names('listGone', gone)];

// The phone's date and the aggregator's differ by more than clocks do around midnight.
function wrongDate(phone) {
  const other = phone.countingDay;
  return other !== null && Math.abs(other - phone.today) > 1 ? { own: longDate(phone.today, language), other: longDate(other, language) } : null;
}

function doorCard({ isGood, text, link, button: { text: label, act } = {} }) {
  return plain(isGood ? 'calm' : 'warn', text, link && el('a', { class: 'button button--primary', href: link.href, 'data-key': 'door-link' }, link.text), act && button('door', label, act));
}

// [{key, signature, make}] of all that is to be shown; `device` is what the page knows of the phone: see device.js.
function collect(phone, device, openList) {
  const found = [];
  const add = (key, signature, make) => found.push({ key, signature, make });
  const calm = (key, signature, make) => found.push({ key, signature, make, calm: true });
  if (phone.trouble) add('trouble', phone.trouble, () => plain('refused', t(`trouble_${phone.trouble}`), button('reload', t('reload'), () => location.reload())));
  const door = phone.door && doorNotice(phone.door, { teamName: (id) => teamName(phone.catalogue, id), timezone: phone.catalogue?.timezone, waits: phone.waiting.all > 0 });
  if (door) add('door', [door.key, door.text], () => doorCard(door));
  if (phone.blocked) add('login', '', () => el('section', { class: 'notice notice--warn' }, loginAdvice()));
  if (phone.refilled !== null) add('refilled', phone.refilled, () => plain('warn', t('refilled', { n: phone.refilled }), button('refilled', t('dismiss'), () => phone.dismissNotice('refilled'))));
  if (device.emptied) add('emptied', device.standalone, () => plain('warn', `${t('emptied')} ${device.standalone ? '' : t('emptiedHint')}`, button('emptied', t('dismiss'), () => (device.dismissEmptied(), phone.noteUsed()))));
  for (const [key, taps] of refusals(phone)) add(key, [taps.length, phone.countingDay, phone.catalogue?.version], () => refusalCard(phone, key, taps));
  const dates = wrongDate(phone);
  if (dates) add('date', dates, () => plain('warn', t('wrongDate', dates)));
  for (const team of phone.silentTeams) add(`silent-${team}`, phone.catalogue?.version, () => plain('warn', t('silentTeam', { team: teamName(phone.catalogue, team) })));
  if (phone.status && !phone.aggregatorCounts && phone.link === 'online') calm('away', '', () => plain('calm', t('aggregatorAway')));
  const { unseen } = phone;
  if (unseen.length) calm('older', unseen.map((tap) => [tap.id, stateOf(tap)]), () => olderCard(phone, unseen, openList));
  const change = phone.listChange;
  if (change) calm('list', change, () => plain('calm', changeText(change), button('list-change', t('dismiss'), () => phone.seeListChange())));
  if (phone.borrowed) calm('borrowed', '', () => plain('calm', t('borrowed'), button('end-borrowing', t('endBorrowing'), () => phone.endBorrowing())));
  if (phone.reoffered) calm('reoffered', phone.reoffered, () => plain('calm', t('reoffered', { n: phone.reoffered }), button('reoffered', t('dismiss'), () => phone.dismissNotice('reoffered'))));
  if (device.update) calm('update', '', () => plain('calm', t('update'), button('update', t('updateNow'), () => device.takeUpdate())));
  const install = phone.waiting.all === 0 ? device.installText : ''; // an installed page may begin with an empty storage
  if (install) calm('install', install, () => plain('calm', t(install),
    install === 'install' && button('install', t('installNow'), () => device.install(), true), button('not-now', t('notNow'), () => device.refuseInstall())));
  return found;
}

// What needs the worker comes above the grid (`notices`), what is only good to know below it (`calm`).
export function renderNotices({ notices, calm }, phone, device, openList) {
  const all = collect(phone, device, openList);
  const how = { key: ({ key }) => key, signature: ({ signature }) => [signature, language, phone.today], make: ({ make }) => make() };
  reconcile(notices, all.filter((notice) => !notice.calm), how);
  reconcile(calm, all.filter((notice) => notice.calm), how);
}
