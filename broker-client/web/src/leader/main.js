// SPDX-License-Identifier: EUPL-1.2
// The team leader's page: keeps the figures that were received and what the reader has selected, and draws it at most once a frame.
import '../core/tokens.css';
import './leader.css';
import './tables.css';
import './wide.css';
import './print.css';
import { formatDate, parseDate, todayIn } from '../core/calendar.js';
import { forgetLogin, loadConfig, whoAnswers } from '../core/config.js';
import { Connection, onReturn, ownBroker } from '../core/connection.js';
import { byId } from '../core/dom.js';
import { doorNotice } from '../core/door/notice.js';
import { language, switchLanguage, t, textsIn, useSavedLanguage, useTexts } from '../core/language.js';
import { remember, remembered } from '../core/local-storage.js';
import { ALL, topics } from '../core/topics.js';
import { teamName } from './figures/cells.js';
import * as received from './figures/figures.js';
import { drawPage } from './frame.js';
import { patchChildren } from './patch.js';
import { keepFigures, keptFigures } from './kept-figures.js';
import { yearOf, yearOfReport, quarterOfDay, quartersOfYear } from './figures/periods.js';
import { formatRoute, parseRoute } from './route.js';
import { yearsWithFigures } from './figures/report.js';
import nl from './texts.nl.js';
import { keepUpToDate } from './update.js';
import { createWords } from './figures/words.js';
import { CSV_FILES } from './views.js';

const TEAM_KEY = 'turf-leader-team';
const NARROW = 560; // a phone: fewer columns in charts
const CROWDED = 800; // shorter names of quarters in tables
const PAPER_WIDTH = 680; // A4 less its margins, in CSS pixels
const ANNOUNCED_MS = 6_000;
const CONFIG_RETRY_MS = 5_000;
const STORE_S = 60; // how often the page notes that the figures it shows are still the last ones
const START_AGAIN_MS = 20_000; // a page that could not load a part of itself loads again when it is this old
const CLOCK_MS = 5_000; // how often the page checks whether the day or the age of what it shows has changed

const state = {
  figures: received.createFigures(),
  link: { state: 'offline', since: 0, kept: 0, began: Math.floor(Date.now() / 1000), changed: 0 }, // as in freshness.js
  selection: { team: ALL, view: 'live', period: null, year: null }, // as in route.js
  rolled: false, // domains are rolled up to the older list
  file: CSV_FILES[0], // the CSV that is chosen
  failed: false, // config.json could not be read
  blocked: false, // something else answers instead of the server, such as a login
  onPaper: false,
  shown: { tables: new Map(), charts: new Map() }, // by id, for the buttons that copy or save one
};
let connection = null;
let door = null; // as in core/door/door.js, once it is loaded
let org = '';

const seconds = () => Math.floor(Date.now() / 1000);

// ---- What is selected -------------------------------------------------------------------------------

function readAddress() {
  const { team, view, period, year } = parseRoute(location.hash);
  state.selection = { team: team ?? remembered(TEAM_KEY) ?? ALL, view: view ?? 'live', period, year };
  subscribe();
  drawSoon();
}

// Changes the selection at once. Otherwise a planned drawing would put the old value back into a list box that is in
// use.
function select(changes) {
  state.selection = { ...state.selection, ...changes };
  if (changes.team) remember(TEAM_KEY, changes.team);
  location.hash = formatRoute(state.selection); // this also calls readAddress
}

// The aggregator's date, if it is online: the date may be pinned, and the clock of a screen may be wrong.
function today() {
  const { status, pinned, catalogue } = state.figures;
  const published = parseDate(status?.online ? status.today : pinned);
  return published ?? state.figures.keptDay ?? todayIn(catalogue?.timezone, Date.now());
}

function yearShown() {
  const { year } = state.selection;
  const known = yearsWithFigures(state.figures);
  if (year !== null || known.length === 0) return year;
  const wanted = yearOfReport(today());
  return known.includes(wanted) ? wanted : known[0];
}

// ---- The connection -----------------------------------------------------------------------------------

// Everything of the chosen team and of the organisation; of the other teams only the year that a report shows.
function wantedTopics() {
  const { team, view } = state.selection;
  const year = view === 'report' ? yearShown() : null;
  const ofTeams = year === null ? [] : [...quartersOfYear(year), String(year)].map((period) => topics.summary(org, '+', period));
  return [...[team, ALL].flatMap((one) => [topics.summary(org, one, '+'), topics.weekly(org, one, '+')]), ...ofTeams, ...(door?.topics ?? [])];
}

const subscribe = () => connection?.subscribe(wantedTopics());

function linkChanged(link) {
  const since = state.link.state === 'online' ? seconds() : state.link.since;
  state.link = { ...state.link, state: link, since, changed: seconds() };
  if (link === 'offline') endWaiting();
  drawSoon();
}

// Resolves when the broker has sent everything that it retains of the wanted topics. Without a connection nothing more arrives.
const waiting = [];
const isWaiting = () => Boolean(connection) && !connection.hasRetained && connection.state !== 'offline';
const allRetained = () => (isWaiting() ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve());
const endWaiting = () => waiting.splice(0).forEach((resolve) => resolve());

// Removes stored figures that the broker did not send: they are no longer retained.
function retainedArrived() {
  const { team, view } = state.selection;
  const year = yearShown();
  received.dropNotReceived(state.figures, (topic) => topic.team === team || topic.team === ALL || (view === 'report' && topic.kind === 'summary' && yearOf(topic.period) === year));
  isNew = true;
  storeFigures();
  endWaiting();
  drawSoon();
}

function statusArrived(status) {
  if (received.takeStatus(state.figures, status)) connection.subscribeAgain();
  subscribe(); // on another day the report may be of another year
  drawSoon();
}

function catalogueArrived(catalogue) {
  if (received.takeCatalogue(state.figures, catalogue)) connection.subscribeAgain();
  drawSoon();
}

function summaryArrived(summary) {
  const yearBefore = yearShown();
  drawIfChanged(received.takeSummary(state.figures, summary));
  if (yearShown() !== yearBefore) subscribe();
}

function drawIfChanged(changed) {
  if (!changed) return;
  isNew = true;
  drawSoon();
}

const handlers = {
  link: linkChanged,
  accepted: () => door?.accepted(),
  refused: () => door?.refused(),
  door: (keys) => door?.keysArrived(keys),
  blocked: drawSoon,
  retained: retainedArrived,
  catalogue: catalogueArrived,
  status: statusArrived,
  summary: summaryArrived,
  weekly: (weekly) => drawIfChanged(received.takeWeekly(state.figures, weekly)),
  cleared: (topic) => drawIfChanged(received.takeCleared(state.figures, topic)),
};

// Without the code of the door the page connects as anybody.
async function openDoor() {
  const { Door } = await import('../core/door/door.js');
  const onChange = () => {
    subscribe();
    drawSoon();
  };
  door = await Door.open({ org, role: 'leader', connection, onChange });
}

const noticeOfDoor = () => {
  const { catalogue } = state.figures;
  return door && doorNotice(door, { teamName: (id) => catalogue?.teams.find((team) => team.id === id)?.name ?? id, timezone: catalogue?.timezone });
};

// ---- Figures that are stored to open without a network ---------------------------------------------------

let storedAt = 0;
let isNew = false; // figures have arrived since `storedAt`

async function showStoredFigures() {
  const kept = await keptFigures(org);
  if (!kept) return;
  received.takeKept(state.figures, kept);
  state.link.kept = kept.heard;
  drawSoon();
}

function storeFigures() {
  if (state.link.state !== 'online' || (!isNew && seconds() - storedAt < STORE_S)) return;
  isNew = false;
  storedAt = seconds();
  keepFigures(org, state.figures, storedAt, today());
}

// ---- Drawing ------------------------------------------------------------------------------------------

let plannedFrame = 0;

function drawSoon() {
  plannedFrame ||= requestAnimationFrame(() => {
    plannedFrame = 0;
    drawNow();
  });
}

// How many times larger than usual the reader has made the letters.
const letterScale = () => (state.onPaper ? 1 : parseFloat(getComputedStyle(document.documentElement).fontSize) / 16);

// Draws charts as wide as there is room, so that their letters keep their size.
function chartWidth() {
  if (state.onPaper) return PAPER_WIDTH;
  const part = document.querySelector('.part');
  const room = part ? part.clientWidth - 2 * parseFloat(getComputedStyle(part).paddingInlineStart) : byId('app').clientWidth - 64;
  return Math.max(150, Math.floor(room / letterScale()));
}

const wordsNow = (short) => createWords(t, language, state.figures.catalogue?.timezone, short);

// A browser prints the title of the page on top of the paper and uses it as the name of the file. So it says whose figures these
// are and of which day.
function titleOf({ figures, team, view, today: day, words }) {
  const organisation = figures.catalogue?.name ?? 'turf';
  if (!state.onPaper) return `${words.t('page_title')} – ${organisation}`;
  return [organisation, teamName(figures, team, words), words.t(`view_${view}`), formatDate(day)].join(' – ');
}

function drawNow() {
  const { selection, onPaper } = state;
  state.shown = { tables: new Map(), charts: new Map() };
  const width = chartWidth();
  const page = {
    ...state, ...selection,
    blocked: state.blocked || Boolean(connection?.blocked),
    door: noticeOfDoor(), fingerprint: door?.fingerprint,
    period: selection.period ?? quarterOfDay(today()), year: yearShown(), today: today(), now: seconds(),
    words: wordsNow(!onPaper && width < CROWDED),
    width, scale: letterScale(), narrow: width < NARROW,
  };
  document.title = titleOf(page);
  patchChildren(byId('app'), drawPage(page));
  if (chartWidth() !== width) drawSoon(); // a scroll bar came or went
}

function drawFor(paper) {
  state.onPaper = paper;
  drawNow();
}

// ---- What the reader does --------------------------------------------------------------------------------

let announceTimer = 0;

function announce(text) {
  clearTimeout(announceTimer);
  byId('said').textContent = text;
  announceTimer = setTimeout(() => (byId('said').textContent = ''), ANNOUNCED_MS);
}

// The modules that make files and pictures. They are loaded before anybody needs them, since there may be no network then.
const loadFileModules = () => Promise.all([import('./files/downloads.js'), import('./files/export.js'), textsIn('en')]);

async function copy(id) {
  const [{ copyTable }, { tableAsHtml, tableAsTsv }] = await loadFileModules();
  const { table, heading } = state.shown.tables.get(id);
  const words = wordsNow();
  const copied = await copyTable(tableAsTsv(table, heading, words), tableAsHtml(table, heading, words));
  announce(t(copied ? 'copied' : 'copy_failed'));
}

async function saveChart(id, form) {
  const [{ downloadPng, downloadSvg }, { fileName }] = await loadFileModules();
  const scene = state.shown.charts.get(id);
  const { team, view } = state.selection;
  const period = view === 'report' ? yearShown() : quarterOfDay(today());
  const name = fileName({ org, what: t(`file_${id}`), team, period, today: today() }, form);
  if (form === 'svg') downloadSvg(name, scene);
  else downloadPng(name, scene);
}

// Makes a CSV file in the language of the button, after waiting for the figures that are still on their way.
async function saveCsv(csvLanguage) {
  const [{ download }, { csvName, yearAsCsv }] = await loadFileModules();
  const texts = await textsIn(csvLanguage);
  if (isWaiting()) announce(t('csv_waits'));
  await allRetained();
  const chosen = { file: state.file, org, team: state.selection.team, year: yearShown(), today: today() };
  const words = createWords(texts, csvLanguage, state.figures.catalogue?.timezone);
  const { text, missing } = yearAsCsv(state.figures, chosen, words);
  const name = csvName(state.file, chosen, words);
  download(name, 'text/csv;charset=utf-8', text);
  const names = missing.map((team) => teamName(state.figures, team, wordsNow())).join(', ');
  announce(missing.length > 0 ? t('csv_missing', { teams: names }) : t('csv_saved', { name }));
}

const actions = {
  copy: ({ table }) => copy(table),
  svg: ({ chart }) => saveChart(chart, 'svg'),
  png: ({ chart }) => saveChart(chart, 'png'),
  csv: ({ form }) => saveCsv(form),
  print: () => print(),
  door: () => noticeOfDoor()?.button?.act(),
  language: () => switchLanguage().then(drawSoon),
  skip: (_data, event) => {
    event.preventDefault(); // the address holds the selection
    byId('content').focus();
  },
};

const choices = {
  team: (team) => select({ team }),
  period: (period) => select({ period }),
  year: (year) => select({ year: Number(year) }),
  csv: (file) => change({ file }),
  list: (list) => change({ rolled: list === 'rolled' }),
};

function change(changes) {
  Object.assign(state, changes);
  drawSoon();
}

function listenToReader() {
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('[data-action]');
    if (button) actions[button.dataset.action]?.(button.dataset, event);
  });
  document.addEventListener('change', (event) => {
    const name = event.target.dataset?.choice;
    if (name) choices[name]?.(event.target.value);
  });
  addEventListener('hashchange', readAddress);
  addEventListener('resize', drawSoon);
  addEventListener('beforeprint', () => drawFor(true));
  addEventListener('afterprint', () => drawFor(false));
}

// ---- Start ----------------------------------------------------------------------------------------------

// Asks for config.json until it is there, because nobody reloads a screen on a wall.
async function loadConfigAtLast() {
  for (;;) {
    try {
      const config = await loadConfig();
      Object.assign(state, { failed: false, blocked: false });
      return config;
    } catch (error) {
      state.blocked = (await whoAnswers()) === 'other';
      state.failed = !state.blocked && !(error instanceof TypeError); // not the network's fault
      drawSoon();
    }
    await new Promise((resolve) => setTimeout(resolve, CONFIG_RETRY_MS));
  }
}

async function start() {
  forgetLogin();
  useTexts({ nl, en: () => import('./texts.en.js') });
  await useSavedLanguage();
  listenToReader();
  readAddress();
  setInterval(() => (subscribe(), storeFigures(), drawSoon()), CLOCK_MS);
  const library = import('mqtt'); // it loads while config.json is fetched
  library.catch(() => {}); // the connection tries again
  ({ org } = await loadConfigAtLast());
  await showStoredFigures();
  const startAgain = () => performance.now() > START_AGAIN_MS && location.reload();
  connection = new Connection({ org, url: ownBroker(location), startAgain, handlers, login: async () => (door ? door.login() : {}) });
  await openDoor().catch(() => {});
  subscribe();
  connection.start();
  onReturn(() => (door?.wake(), connection.wake()));
  await Promise.allSettled([loadFileModules(), library]); // a button tries again to load what is missing then
  keepUpToDate();
}

start();
