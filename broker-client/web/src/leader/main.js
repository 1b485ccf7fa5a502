// SPDX-License-Identifier: EUPL-1.2
// The team leader's page: keeps what was received and what the reader looks at, and draws it at most once a frame.
import '../core/tokens.css';
import './leader.css';
import './tables.css';
import './wide.css';
import './print.css';
import { formatDate, parseDate, todayIn } from '../core/calendar.js';
import { forgetLogin, loadConfig, whoAnswers } from '../core/config.js';
import { Connection, onReturn, ownBroker } from '../core/connection.js';
import { byId } from '../core/dom.js';
import { language, savedLanguage, saveLanguage, setLanguage, t, textsIn, useTexts } from '../core/language.js';
import { ALL, topics } from '../core/topics.js';
import { teamName } from './figures/cells.js';
import * as heard from './figures/figures.js';
import { drawPage } from './frame.js';
import { patchChildren } from './patch.js';
import { keepFigures, keptFigures } from './kept-figures.js';
import { yearOf, yearOfReport, quarterOfDay, quartersOfYear } from './figures/periods.js';
import { formatRoute, parseRoute } from './route.js';
import { yearsHeard } from './figures/report.js';
import nl from './texts.nl.js';
import { keepUpToDate } from './update.js';
import { createWords } from './figures/words.js';
import { CSV_FILES } from './views.js';

const TEAM_KEY = 'turf-leader-team';
const NARROW = 560; // a phone: fewer columns in charts
const CROWDED = 800; // shorter names of quarters in tables
const PAPER_WIDTH = 680; // A4 less its margins, in CSS pixels
const SAY_MS = 6_000;
const SETTINGS_MS = 5_000; // how often settings that could not be had are asked for again
const KEEP_S = 60; // how often the page notes that the figures it shows are still the last ones
const CLOCK_MS = 5_000; // how often the page looks whether the day or the age of what it shows has changed

const state = {
  figures: heard.createFigures(),
  link: { state: 'offline', since: 0, kept: 0, began: Math.floor(Date.now() / 1000), changed: 0 },
  looking: { team: ALL, view: 'live', period: null, year: null },
  rolled: false,
  file: CSV_FILES[0], // the CSV that is chosen
  failed: false, // the settings could not be read
  blocked: false, // something else answers in the server's place
  onPaper: false,
  shown: { tables: new Map(), charts: new Map() },
};
let connection = null;
let org = '';

const seconds = () => Math.floor(Date.now() / 1000);

// ---- What is shown ----------------------------------------------------------------------------------

function rememberedTeam() {
  try {
    return localStorage.getItem(TEAM_KEY);
  } catch {
    return null;
  }
}

function rememberTeam(team) {
  try {
    localStorage.setItem(TEAM_KEY, team);
  } catch {
    // storage is forbidden: the address still has the choice
  }
}

function readAddress() {
  const { team, view, period, year } = parseRoute(location.hash);
  state.looking = { team: team ?? rememberedTeam() ?? ALL, view: view ?? 'live', period, year };
  listen();
  draw();
}

// Draws at once. A drawing that was planned before would set the list box back to its old value while it is used.
function look(changes) {
  state.looking = { ...state.looking, ...changes };
  if (changes.team) rememberTeam(changes.team);
  location.hash = formatRoute(state.looking); // readAddress follows
}

// The aggregator's date, if it is online: the date may be pinned, and the clock of a screen may be wrong.
function today() {
  const { status, pinned, catalogue } = state.figures;
  const published = parseDate(status?.online ? status.today : pinned);
  return published ?? state.figures.keptDay ?? todayIn(catalogue?.timezone, Date.now());
}

function yearShown() {
  const { year } = state.looking;
  const known = yearsHeard(state.figures);
  if (year !== null || known.length === 0) return year;
  const wanted = yearOfReport(today());
  return known.includes(wanted) ? wanted : known[0];
}

// ---- What is received ---------------------------------------------------------------------------------

// Everything of the chosen team and of the organisation; of the other teams only the year that a report shows.
function filtersNow() {
  const { team, view } = state.looking;
  const filters = [team, ALL].flatMap((one) => [topics.summary(org, one, '+'), topics.weekly(org, one, '+')]);
  if (view === 'report') {
    const year = yearShown();
    if (year !== null) for (const period of [...quartersOfYear(year), String(year)]) filters.push(topics.summary(org, '+', period));
  }
  return filters;
}

const listen = () => connection?.listen(filtersNow());

function became(link) {
  const since = state.link.state === 'online' ? seconds() : state.link.since;
  state.link = { ...state.link, state: link, since, changed: seconds() };
  draw();
}

// ---- What is stored to open without a network -----------------------------------------------------------

let keptAt = 0;
let isNew = false; // since then

async function showKept() {
  const kept = await keptFigures(org);
  if (!kept) return;
  heard.takeKept(state.figures, kept);
  state.link.kept = kept.heard;
  draw();
}

function keep() {
  if (state.link.state !== 'online' || (!isNew && seconds() - keptAt < KEEP_S)) return;
  isNew = false;
  keptAt = seconds();
  keepFigures(org, state.figures, keptAt, today());
}

// The broker has sent all that it retains of the subscribed topics: removes kept figures that it did not send.
function tookRetained() {
  const { team, view } = state.looking;
  const year = yearShown();
  heard.dropUnheard(state.figures, (topic) => topic.team === team || topic.team === ALL || (view === 'report' && topic.kind === 'summary' && yearOf(topic.period) === year));
  isNew = true;
  keep();
  draw();
}

function tookStatus(status) {
  if (heard.takeStatus(state.figures, status)) connection.askAgain();
  listen(); // another day may be another report
  draw();
}

function tookCatalogue(catalogue) {
  if (heard.takeCatalogue(state.figures, catalogue)) connection.askAgain();
  draw();
}

function drawIf(changed) {
  if (!changed) return;
  isNew = true;
  draw();
}

// Whether the broker has sent everything that it retains of these topics. Without a connection nothing more arrives.
const hasAnswered = () => !connection || connection.answered || connection.state === 'offline';

let waitingForAnswer = [];
const answered = () => (hasAnswered() ? Promise.resolve() : new Promise((resolve) => waitingForAnswer.push(resolve)));

function tookAnswer() {
  if (connection.answered) tookRetained();
  for (const resolve of waitingForAnswer.splice(0)) resolve();
}

const handlers = {
  answered: tookAnswer,
  online: () => became('online'),
  connecting: () => became('connecting'),
  offline: () => {
    tookAnswer();
    became('offline');
  },
  unsure: () => became('unsure'),
  sure: () => became('online'),
  blocked: () => draw(),
  catalogue: tookCatalogue,
  summary: (summary) => {
    const yearBefore = yearShown();
    drawIf(heard.takeSummary(state.figures, summary));
    if (yearShown() !== yearBefore) listen();
  },
  weekly: (weekly) => drawIf(heard.takeWeekly(state.figures, weekly)),
  status: tookStatus,
  cleared: (topic) => drawIf(heard.takeCleared(state.figures, topic)),
};

// ---- Drawing ------------------------------------------------------------------------------------------

let waiting = 0;

function draw() {
  waiting ||= requestAnimationFrame(() => {
    waiting = 0;
    drawNow();
  });
}

// How large this reader has made the letters of this screen.
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
  const { figures, looking } = state;
  const app = byId('app');
  state.shown = { tables: new Map(), charts: new Map() };
  const page = {
    figures, link: state.link, failed: state.failed, blocked: state.blocked || Boolean(connection?.blocked), shown: state.shown, rolled: state.rolled, file: state.file,
    words: wordsNow(!state.onPaper && chartWidth() < CROWDED),
    looking, team: looking.team, view: looking.view, today: today(), now: seconds(), year: yearShown(),
    period: looking.period ?? quarterOfDay(today()),
    width: chartWidth(), scale: letterScale(), narrow: chartWidth() < NARROW, onPaper: state.onPaper,
  };
  document.title = titleOf(page);
  patchChildren(app, drawPage(page));
  if (chartWidth() !== page.width) draw();
}

function drawFor(paper) {
  state.onPaper = paper;
  drawNow();
}

// ---- Touches ------------------------------------------------------------------------------------------

let saying = 0;

function say(text) {
  clearTimeout(saying);
  byId('said').textContent = text;
  saying = setTimeout(() => (byId('said').textContent = ''), SAY_MS);
}

// Loads the modules that make files and pictures before anybody needs them, since there may be no network then.
const loadDownloads = () => Promise.all([import('./files/downloads.js'), import('./files/export.js'), textsIn('en')]);

async function copy(id) {
  const [{ copyTable }, { tableAsHtml, tableAsTsv }] = await loadDownloads();
  const { table, heading } = state.shown.tables.get(id);
  const words = wordsNow();
  const copied = await copyTable(tableAsTsv(table, heading, words), tableAsHtml(table, heading, words));
  say(t(copied ? 'copied' : 'copy_failed'));
}

async function saveChart(id, form) {
  const [{ downloadPng, downloadSvg }, { fileName }] = await loadDownloads();
  const scene = state.shown.charts.get(id);
  const { team, view } = state.looking;
  const period = view === 'report' ? yearShown() : quarterOfDay(today());
  const name = fileName({ org, what: t(`file_${id}`), team, period, today: today() }, form);
  if (form === 'svg') downloadSvg(name, scene);
  else downloadPng(name, scene);
}

// Makes a CSV file in the language of the button, after waiting for the figures that are still on their way.
async function saveCsv(form) {
  const [{ download }, { csvName, yearAsCsv }] = await loadDownloads();
  const inForm = await textsIn(form);
  if (!hasAnswered()) say(t('csv_waits'));
  await answered();
  const chosen = { file: state.file, org, team: state.looking.team, year: yearShown(), today: today() };
  const words = createWords(inForm, form, state.figures.catalogue?.timezone);
  const { text, missing } = yearAsCsv(state.figures, chosen, words);
  const name = csvName(state.file, chosen, words);
  download(name, 'text/csv;charset=utf-8', text);
  const names = missing.map((team) => teamName(state.figures, team, wordsNow())).join(', ');
  say(missing.length > 0 ? t('csv_missing', { teams: names }) : t('csv_saved', { name }));
}

async function otherLanguage() {
  await setLanguage(language === 'nl' ? 'en' : 'nl');
  saveLanguage(language);
  draw();
}

const actions = {
  copy: ({ table }) => copy(table),
  svg: ({ chart }) => saveChart(chart, 'svg'),
  png: ({ chart }) => saveChart(chart, 'png'),
  csv: ({ form }) => saveCsv(form),
  print: () => print(),
  language: otherLanguage,
  skip: (_data, event) => {
    event.preventDefault(); // the address says what is looked at
    byId('content').focus();
  },
};

const choices = {
  team: (team) => look({ team }),
  period: (period) => look({ period }),
  year: (year) => look({ year: Number(year) }),
  csv: (file) => {
    state.file = file;
    draw();
  },
  list: (list) => {
    state.rolled = list === 'rolled';
    draw();
  },
};

function listenToTouches() {
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('[data-action]');
    if (button) actions[button.dataset.action]?.(button.dataset, event);
  });
  document.addEventListener('change', (event) => {
    const name = event.target.dataset?.choice;
    if (name) choices[name]?.(event.target.value);
  });
  addEventListener('hashchange', readAddress);
  addEventListener('resize', draw);
  addEventListener('beforeprint', () => drawFor(true));
  addEventListener('afterprint', () => drawFor(false));
}

// ---- Start ----------------------------------------------------------------------------------------------

// Asks again until the settings are there: nobody reloads a screen on a wall.
async function settings() {
  for (;;) {
    try {
      const config = await loadConfig();
      Object.assign(state, { failed: false, blocked: false });
      return config;
    } catch (error) {
      state.blocked = (await whoAnswers()) === 'other';
      state.failed = !state.blocked && !(error instanceof TypeError); // not the network's fault
      draw();
    }
    await new Promise((resolve) => setTimeout(resolve, SETTINGS_MS));
  }
}

async function start() {
  forgetLogin();
  useTexts({ nl, en: () => import('./texts.en.js') });
  await setLanguage(savedLanguage());
  listenToTouches();
  readAddress();
  setInterval(() => (listen(), keep(), draw()), CLOCK_MS);
  const library = import('mqtt'); // while the settings are fetched
  library.catch(() => {}); // the connection tries again
  ({ org } = await settings());
  await showKept();
  connection = new Connection({ org, url: ownBroker(location), handlers });
  listen();
  connection.start();
  onReturn(() => connection.wake());
  await Promise.allSettled([loadDownloads(), library]); // what is missing then, a touch tries again
  keepUpToDate();
}

start();
