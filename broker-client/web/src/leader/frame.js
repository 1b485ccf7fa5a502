// SPDX-License-Identifier: EUPL-1.2
// Draws the page around its parts: the organisation, the choice of a team, how fresh the figures are, and the navigation.
import { validOn } from '../core/catalogue.js';
import { loginAddress } from '../core/config.js';
import { el } from '../core/dom.js';
import { ALL } from '../core/topics.js';
import { teamName } from './figures/cells.js';
import { choice } from './elements.js';
import { catalogueIsLate, questionsOf, receivedStatus, summaryOf } from './figures/figures.js';
import { freshnessOf } from './freshness.js';
import { yearInText } from './figures/report.js';
import { formatRoute } from './route.js';
import { viewCompare, viewLive, viewReport, whyNone } from './views.js';

const VIEWS = [['live', viewLive], ['compare', viewCompare], ['report', viewReport]];

// Teams are in the organisation's order. Teams that ended are in a group of their own, since their figures can still be read.
function teamChoice({ figures, words, team, today }) {
  const teams = figures.catalogue.teams.map((one) => ({ value: one.id, label: one.name, ended: !validOn(one, today) }));
  const ended = teams.filter((one) => one.ended);
  const options = [...teams.filter((one) => !one.ended), { value: ALL, label: words.t('whole_org') }];
  if (ended.length) options.push({ group: words.t('ended_teams'), options: ended });
  if (team !== ALL && !teams.some((one) => one.value === team)) options.unshift({ value: team, label: team });
  return choice('team', words.t('choose_team'), options, team);
}

function navigation({ words, team, view, selection }) {
  const links = VIEWS.map(([name]) =>
    el('li', {}, el('a', { href: formatRoute({ ...selection, team, view: name }), 'aria-current': name === view ? 'page' : null, 'data-key': `view-${name}` }, words.t(`view_${name}`))),
  );
  return el('nav', { class: 'views', 'aria-label': words.t('views') }, el('ul', {}, links));
}

// The quarter that is shown, or the year of the report.
const shownPeriod = ({ view, period, year }) => (view === 'report' ? String(year) : period);

// When the newest of the shown figures were published.
const updatedAtOf = (page) => Math.max(0, ...[page.team, ALL].map((one) => summaryOf(page.figures, one, shownPeriod(page))?.as_of ?? 0));

function freshness(page) {
  const { words, link, now, figures } = page;
  const { state, mark, updatedAt, alerts } = freshnessOf({ link, status: receivedStatus(figures), updated: updatedAtOf(page), now }, words);
  if (catalogueIsLate(figures)) alerts.push(words.t('catalogue_waiting'));
  if (page.failed) alerts.splice(0, alerts.length, words.t('failed'));
  if (page.blocked) alerts.splice(0, alerts.length);
  return {
    mark: el('p', { class: `fresh fresh--${state}` }, el('span', { class: 'fresh__mark' }, mark), updatedAt ? el('span', { class: 'fresh__time' }, ` ${updatedAt}`) : null),
    alerts: el('div', { class: 'alerts', role: 'status' }, page.blocked && loginAdvice(words), page.door && doorAlert(page.door), alerts.map((text) => el('p', { class: 'alert alert--warn' }, text))),
  };
}

const loginAdvice = (words) =>
  el('div', { class: 'alert alert--warn alert--choice' },
    el('p', {}, words.t('login')), el('a', { class: 'button button--primary', href: loginAddress(location), 'data-key': 'login' }, words.t('login_now')));

const doorAlert = ({ text, link, button }) =>
  el('div', { class: 'alert alert--warn alert--choice' }, el('p', {}, text),
    link && el('a', { class: 'button button--primary', href: link.href, 'data-key': 'door-link' }, link.text),
    button && el('button', { class: 'button', 'data-action': 'door', 'data-key': 'door' }, button.text));

// For leaders to compare with each other.
const doorKeys = (fingerprint, words) =>
  el('section', { class: 'door-keys' }, el('p', {}, words.t('door_fingerprint', { fingerprint })), el('p', { class: 'note' }, words.t('door_fingerprint-help')));

const ready = ({ figures, team }) => Boolean(figures.catalogue) && figures.newest.summaries().some((one) => one.team === team);

function content(page) {
  const { words, figures, view } = page;
  if (!ready(page)) {
    const isSettled = figures.catalogue && page.link.state === 'online';
    return [el('h1', {}, words.t('page_title')), el('p', { class: 'note note--empty' }, isSettled ? whyNone(page, page.team) : words.t('loading'))];
  }
  return VIEWS.find(([name]) => name === view)[1](page);
}

// A line for paper, which says what the buttons and marks of the screen say: team, period, status, and how fresh the figures are.
function paperLine(page) {
  const { figures, words, team, view, period, year, today, now } = page;
  const summary = summaryOf(figures, team, shownPeriod(page));
  if (!ready(page) || !summary) return null;
  const { mark } = freshnessOf({ link: page.link, status: receivedStatus(figures), updated: 0, now }, words);
  const what = view === 'report' ? yearInText(year, today, words) : words.period(period);
  const value = { team: teamName(figures, team, words), what, status: words.statusOf({ ...summary, questions: questionsOf(summary) }) };
  return el('p', { class: 'paper' }, words.t('paper_line', { ...value, moment: words.moment(updatedAtOf(page)), printed: words.moment(now), link: mark }));
}

// A fragment for patchChildren.
export function drawPage(page) {
  const { words, figures } = page;
  const { mark, alerts } = freshness(page);
  const language = el('button', { class: 'button button--quiet', lang: words.t('language_other_code'), 'data-action': 'language', 'data-key': 'language' }, words.t('language_other'));
  const tree = document.createDocumentFragment();
  tree.append(
    el('a', { class: 'skip', href: '#content', 'data-action': 'skip', 'data-key': 'skip' }, words.t('skip')),
    el('header', { class: 'top' },
      el('p', { class: 'top__org' }, figures.catalogue?.name ?? 'turf'),
      mark,
      language,
      figures.catalogue ? teamChoice(page) : null,
      paperLine(page),
      navigation(page),
    ),
    el('main', { id: 'content', class: `view view--${page.view}`, tabindex: '-1' }, alerts, content(page), page.fingerprint && doorKeys(page.fingerprint, words)),
  );
  return tree;
}
