// SPDX-License-Identifier: EUPL-1.2
// The worker's page: one screen, one tap for a question. The order at the start matters: the screen shows what was chosen last
// and takes taps before the page fetches anything from the network.
import '../core/tokens.css';
import './tap.css';
import './foot.css';
import './reader.css';
import './sheets.css';

import { teamName } from '../core/catalogue.js';
import { forgetLogin, loadConfig, whoAnswers } from '../core/config.js';
import { onReturn, ownBroker } from '../core/connection.js';
import { byId, dutch, el, fill, renderWhen, setAttribute, setHidden, setText } from '../core/dom.js';
import { language, switchLanguage, t, tParts, useSavedLanguage, useTexts } from '../core/language.js';
import { renderBar } from './bar.js';
import { Device } from './device.js';
import { flash, plainChoice, renderGrid, renderMode, renderNext, renderOften, renderOutcome } from './grid.js';
import { keepInView, listenToKeys } from './keyboard.js';
import { keepDay, leaveDay, recallDay, returnToDay } from './catch-up-day.js';
import { loginAdvice } from './login.js';
import { Phone } from '../phone/phone.js';
import { Sheet } from './sheet.js';
import { Snackbar } from './snackbar.js';
import { GridPosition } from './grid-position.js';
import texts from './texts.nl.js';
import { DOUBLE_MS, guardTouches } from './touch-guard.js';

useTexts({ nl: texts, en: () => import('./texts.en.js') });

let phone;
let snackbar;
let sheet;
let gridPosition;
let afterPaint = null; // the module after-paint.js, once it is loaded
let choice = plainChoice(); // for the next tap
let lastTouch = { code: 0, at: 0 }; // the domain of the last touch, its time, and `tapped`: what it counted
let gridMayMove = false; // the worker has just chosen something: the grid need not stay where it is
let wasUnderWay = false; // at the phone's last change, a tap was sent and had no receipt yet
let failure = ''; // why the page could not start: the name of a text
let plannedFrame = 0; // this and plannedTimer: a drawing that is planned
let plannedTimer = 0;

const SLOW_MS = 8_000; // after this long the page says what it is waiting for
const UNTOUCHED_MS = 20_000; // a page that was touched this long ago is not in use
const GATHER_MS = 100; // the page draws all changes of the phone within this time together

const device = new Device(drawSoon, () => Boolean(document.querySelector('dialog[open]')));

// ---- Parts of the screen, made once ---------------------------------------------------------------

const parts = {
  head: el('header', { class: 'head' }),
  notices: el('div', { class: 'notices', 'aria-live': 'polite' }),
  calm: el('div', { class: 'notices', 'aria-live': 'polite' }),
  starting: el('p', { class: 'starting', role: 'status' }),
  first: el('section', { class: 'first' }),
  glance: el('p', { class: 'glance' }),
  mode: el('div', { class: 'mode', role: 'status' }), // empty, not hidden, while there is nothing to say
  outcome: el('div', { class: 'outcomes', role: 'group' }),
  grid: el('div', { class: 'grid', role: 'group', id: 'domains', tabindex: '-1', hidden: true }),
  often: el('div', { class: 'grid often', role: 'group' }),
  none: el('p', { class: 'soft', hidden: true }),
  oftenChoice: el('button', { class: 'button button--quiet often-choice', 'data-key': 'often', onclick: () => (gridMayMove = true, device.toggleOften()) }),
  total: el('section', { class: 'team-total' }),
  privacy: el('p', { class: 'privacy soft' }),
  place: el('div', { class: 'place', hidden: true }),
  next: el('div', { class: 'next' }),
  snack: el('section', { class: 'snack', hidden: true }),
  bar: el('div', { class: 'bar' }),
  live: el('p', { class: 'visually-hidden', role: 'status' }),
};

function layOut() {
  const skip = el('a', { class: 'skip', href: '#domains', onclick: (event) => (event.preventDefault(), parts.grid.focus()) });
  parts.skip = skip;
  const main = el('main', {}, parts.notices, parts.starting, parts.first, parts.glance, parts.mode, parts.outcome, parts.often, parts.grid, parts.none, parts.oftenChoice, parts.calm, parts.total, parts.privacy);
  const foot = el('footer', { class: 'foot' }, parts.place, parts.bar);
  fill(byId('app'), skip, parts.head, main, foot, parts.live);
  parts.place.append(parts.snack, parts.next);
  keepInView(parts.mode, foot);
  gridPosition = new GridPosition(byId('app'), parts.grid);
}

// Calls `act` after the next frame, so that the frame with "Opgeslagen" is drawn sooner.
const afterFrame = (act) => requestAnimationFrame(() => setTimeout(act));

// Makes a screen reader read a text, also when it is the same text as before.
function announce(text) {
  afterFrame(() => {
    parts.live.textContent = '';
    afterFrame(() => {
      parts.live.textContent = text;
    });
  });
}

// ---- What the worker does ---------------------------------------------------------------------------

function choose(change) {
  choice = { ...choice, ...change };
  if ('day' in change) {
    choice.lost = null;
    keepDay(choice.day);
    gridMayMove = true;
  }
  drawSoon();
}

// A second touch of the same tile so soon is a bounce or a double click.
function isSecondTouch({ code }, { timeStamp }) {
  const second = code === lastTouch.code && timeStamp - lastTouch.at < DOUBLE_MS;
  lastTouch = { ...(second && lastTouch), code, at: timeStamp };
  return second;
}

// The choice is reset at once: what the worker chooses while the disk writes is for the next tap.
async function tap(domain, event) {
  if (isSecondTouch(domain, event)) return snackbar.showTouchedTwice(lastTouch.tapped);
  const tile = event.currentTarget;
  const used = choice;
  const { outcome, count } = used;
  const day = used.day ?? phone.today;
  const next = { ...plainChoice(), day: used.day };
  choice = next;
  const tapped = { team: phone.team, day, domain: domain.code, outcome, count, origin: tile };
  lastTouch.tapped = tapped;
  try {
    tapped.ids = await phone.tap({ day, domain: domain.code, outcome, count });
  } catch {
    if (choice === next) choose(used);
    return snackbar.showNotSaved(tapped); // a notice above the grid gives the reason
  }
  snackbar.show(tapped);
  navigator.vibrate?.(15);
  afterFrame(() => {
    if (tapped.end === undefined) flash(tile); // not taken back meanwhile
    device.noteFirstTap();
  });
  drawSoon();
}

// Loads what no tap needs: after the first paint, or when the worker first opens it.
async function loadAfterPaint() {
  if (afterPaint) return;
  afterPaint = await import('./after-paint.js');
  drawSoon();
}

const openSheet = (name, ...more) => loadAfterPaint().then(() => afterPaint[name](sheet, phone, ...more), () => snackbar.showNotLoaded());

async function drawInOtherLanguage() {
  await switchLanguage();
  snackbar?.refresh();
  drawSoon();
}

// Scrolls to the first refusal.
function showRefusals() {
  const card = parts.notices.querySelector('.notice--refused');
  card?.scrollIntoView({ block: 'center' });
  card?.querySelector('button')?.focus();
}

// ---- Drawing ------------------------------------------------------------------------------------------

const teamChip = (id) =>
  el('button', { class: 'team-chip', 'data-key': `team-${id}`, 'aria-pressed': String(id === phone.team), lang: 'nl', onclick: () => phone.setTeam(id) }, teamName(phone.catalogue, id));

// A button for each team of this phone, and one for all other teams.
function drawHead() {
  const used = phone ? [...new Set([...phone.teams, phone.team])] : [];
  const valid = used.filter((id) => phone.choosableTeams.some((team) => team.id === id));
  const several = valid.length > 1;
  const other = () => el('button', { class: 'button button--quiet other-team', 'data-key': 'other-team', 'aria-label': t('otherTeam'), onclick: () => openSheet('openTeams', parts.grid) }, several ? '…' : t('otherTeam'));
  parts.head.classList.toggle('head--teams', several);
  renderWhen(parts.head, [valid, phone?.team, phone?.choosableTeams.length, phone?.catalogue?.version, language], () => [
    el('h1', { class: 'visually-hidden' }, t('title')),
    valid.length > 0 && el('div', { class: 'team-chips', role: 'group', 'aria-label': t('team') }, valid.map(teamChip), !several && phone.choosableTeams.length > 1 && other()),
    several && other(),
    valid.length === 0 && el('p', { class: 'brand' }, 'Turf'),
    el('button', { class: 'button button--quiet language', lang: language === 'nl' ? 'en' : 'nl', 'data-key': 'language', 'aria-label': t('languageLabel'), onclick: drawInOtherLanguage }, language === 'nl' ? 'EN' : 'NL'),
  ]);
}

// What a page without teams waits for: the connection, or the catalogue.
function waitingFor() {
  if (performance.now() < SLOW_MS) return phone?.link === 'offline' ? 'loadingSlow' : 'loading';
  return phone?.link === 'online' ? 'noCatalogue' : 'loadingSlow';
}

// Moves the focus to the domains, because the button that had it is gone.
function chooseFirstTeam(id, borrowed) {
  phone.setTeam(id, borrowed);
  draw();
  parts.grid.focus({ preventScroll: true });
}

// The screen before a team is chosen.
function drawFirst(ready) {
  setHidden(parts.first, ready && !failure);
  const ended = phone?.team && phone.catalogue ? phone.team : '';
  const starting = failure || ready || (phone?.catalogue && afterPaint) || phone?.door?.notice ? '' : t(waitingFor());
  setText(parts.starting, starting);
  renderWhen(parts.first, [failure, ready, ended, phone?.choosableTeams, Boolean(afterPaint), language], () => {
    if (failure === 'login') return loginAdvice();
    if (failure) return [el('p', {}, t(failure)), el('button', { class: 'button button--primary', onclick: () => location.reload() }, t('retry'))];
    if (ready || !phone?.catalogue || !afterPaint) return [];
    if (phone.choosableTeams.length === 0) return [el('p', {}, t('noTeams'))];
    return [
      ended && el('p', {}, tParts('teamEnded', { team: dutch(teamName(phone.catalogue, ended)) })),
      !ended && afterPaint.welcome(phone), el('h2', {}, t('chooseTeam')), afterPaint.teamChoice(phone, chooseFirstTeam),
    ];
  });
}

function drawNotices() {
  const focused = parts.notices.contains(document.activeElement) || parts.calm.contains(document.activeElement);
  afterPaint.renderNotices(parts, phone, device, () => openSheet('openList'));
  if (focused && document.activeElement === document.body) parts.grid.focus({ preventScroll: true });
}

// Announces that all taps are answered when nothing is under way any more. Refused and late taps have notices of their own.
function announceAnswered() {
  const { all, sent } = phone.waiting;
  if (wasUnderWay && all === 0) announce(t(phone.refused ? 'saidSettled' : 'saidCounted'));
  wasUnderWay = sent > 0;
}

// What appears or disappears must not move a tile away under a thumb.
function draw() {
  plannedFrame = 0;
  clearTimeout(plannedTimer);
  plannedTimer = 0;
  gridMayMove ||= phone?.door?.mustBeSeen(lastTouch.code > 0);
  if (gridMayMove || sheet?.isOpen) gridPosition.release();
  if (gridMayMove) drawAll();
  else gridPosition.keep(drawAll);
  gridMayMove = false;
}

function drawAll() {
  const ready = Boolean(phone?.catalogue && phone.choosableTeams.some(({ id }) => id === phone.team));
  if (document.title !== t('title')) document.title = t('title');
  setText(parts.skip, t('skip'));
  drawHead();
  drawFirst(ready);
  for (const name of ['glance', 'mode', 'place', 'outcome', 'often', 'grid', 'oftenChoice', 'total', 'privacy']) setHidden(parts[name], !ready);
  if (!ready) setHidden(parts.none, true);
  if (!phone) return;
  if (afterPaint) drawNotices();
  renderBar(parts.bar, phone, ready, { list: () => openSheet('openList'), catchUp: () => openSheet('openCatchUp', choice, choose) });
  sheet.refresh?.();
  if (!ready) return;
  renderMode(parts.mode, phone, choice, choose);
  renderNext(parts.next, phone, choice, showRefusals);
  renderOutcome(parts.outcome, choice, choose);
  renderOften(parts.often, phone, choice, device.often, tap);
  setText(parts.oftenChoice, t('oftenWanted'));
  setAttribute(parts.oftenChoice, 'aria-pressed', device.often);
  setHidden(parts.none, renderGrid(parts.grid, phone, choice, tap) > 0);
  setText(parts.none, t('noDomains'));
  setAttribute(parts.snack, 'aria-label', t('undo'));
  afterPaint?.renderGlance(parts.glance, phone);
  afterPaint?.renderTotal(parts.total, phone);
  setText(parts.privacy, t('privacy'));
}

// Draws at most once per frame, after the frame that says "Opgeslagen". A hidden page has no frames, so it draws at
// once.
function drawSoon() {
  if (document.visibilityState === 'hidden') draw();
  else plannedFrame ||= afterFrame(draw);
}

// A tap was sent, a receipt or new figures arrived. Several such changes come within a moment. They are drawn together, so that
// the next tap does not wait for one drawing per change.
function phoneChanged() {
  if (phone) announceAnswered();
  if (document.visibilityState === 'hidden') draw();
  else plannedTimer ||= setTimeout(drawSoon, GATHER_MS);
}

// ---- The page is left, and comes back ---------------------------------------------------------------------

// After some time away a worker does not remember that taps counted for another day, or several at once.
function comeBack() {
  const expired = document.visibilityState === 'hidden' ? null : returnToDay(choice.day);
  loadAfterPaint().catch(() => {});
  if (expired) choice = { ...plainChoice(), ...expired };
  phone.wake({ seen: document.visibilityState !== 'hidden' });
}

function leave() {
  leaveDay(choice.day);
  snackbar?.close();
  device.takeUpdateUnseen();
  phone?.leave();
}

// ---- Start ----------------------------------------------------------------------------------------------

function showFailure(text) {
  failure = text;
  draw();
}

const openDoor = async (options) => {
  await loadAfterPaint();
  return afterPaint.Door.open(options);
};

// A part of the page can be loaded no other way. Not while somebody taps, and not again and again.
const startAgain = () => performance.now() > lastTouch.at + UNTOUCHED_MS && location.reload();

// Fails with the name of the text that says why.
async function openPhone({ org }) {
  try {
    const opened = await Phone.open({ org, url: ownBroker(location), onChange: phoneChanged, startAgain, openDoor });
    return { opened, used: await opened.used() };
  } catch (error) {
    throw Object.assign(error, { sentence: error.name === 'VersionError' ? 'trouble_newer' : 'trouble_storage' });
  }
}

async function start() {
  forgetLogin();
  layOut();
  guardTouches();
  setTimeout(drawSoon, SLOW_MS);
  await useSavedLanguage();
  draw();
  const config = await loadConfig().catch(() => null);
  if (!config) return showFailure((await whoAnswers()) === 'other' ? 'login' : 'noConfig');
  const silence = setTimeout(() => showFailure('storageSilent'), SLOW_MS); // the page continues to wait after that
  const { opened, used } = await openPhone(config).finally(() => clearTimeout(silence));
  failure = '';
  device.checkEmptied(used);
  sheet = new Sheet();
  snackbar = new Snackbar(parts.snack, opened, announce, { open: (tapped, act) => openSheet('openLabels', tapped, act), close: (how) => sheet.close(how) });
  phone = opened;
  choice = { ...plainChoice(), ...recallDay() };
  draw();
  onReturn(comeBack);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && leave());
  addEventListener('pagehide', leave, true); // before the database is closed
  listenToKeys(snackbar);
  // After the first paint: the network's library must not hold up the first tap.
  afterFrame(() => {
    phone.wake();
    device.startServiceWorker().catch(() => {}); // if it fails, the page works, but cannot start without a network
    loadAfterPaint().catch(() => {}); // it is loaded when it is needed
  });
}

start().catch((error) => showFailure(error.sentence ?? 'cannotStart'));
