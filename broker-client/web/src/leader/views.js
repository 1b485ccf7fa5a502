// SPDX-License-Identifier: EUPL-1.2
// Draws the three parts of the page from the figures, as elements. Tables and charts are also put into `shown`, so that a button
// that copies or downloads one finds it by id.
//
// `page`: { figures, words, team, period, year, today, rolled, width, scale, narrow, onPaper, shown: { tables, charts } }
import { isoWeeksUpTo } from '../core/calendar.js';
import { el } from '../core/dom.js';
import { ALL } from '../core/topics.js';
import { isFigure, none, teamCell, teamName } from './figures/cells.js';
import { barChart, quarterChart, weekChart } from './figures/charts.js';
import * as compare from './figures/compare.js';
import { chartButtons, chartElement, choice, copyButton, longestBar, note, section, tableElement } from './elements.js';
import { heldOf, questionsOf, summaryOf } from './figures/figures.js';
import * as live from './figures/live.js';
import { quarterNumber, quarterOfDay, quartersOfYear, yearOf } from './figures/periods.js';
import * as report from './figures/report.js';
import { isRunning, samePoint } from './figures/same-point.js';

// The CSV files of a year: the quarters of the chosen team or of every team, as a whole or by domain. Each has one level of
// aggregation, so that the sum of a column is true.
export const CSV_FILES = ['quarters', 'domains', 'team-quarters', 'team-domains'];

const WEEKS_WIDE = 26;
const WEEKS_NARROW = 13;
const QUARTERS_MOST = 20;
const FINAL = 3;
const QUARTER_WIDTH = 34; // room for its figure

// The heading of a part of the page. It also says whose figures these are.
const pageHeading = (text, of) => el('h1', {}, text, ' ', el('span', { class: 'h1__of' }, of));

const nameOf = (page, team = page.team) => teamName(page.figures, team, page.words);
const legendNames = ({ t }) => ({ answered: t('answered'), referred: t('referred'), open: t('outlined_not_final') });

function showTable(page, table, heading, caption = heading) {
  page.shown.tables.set(table.id, { table, heading });
  return tableElement(table, caption, page.words);
}

function showChart(page, id, scene) {
  page.shown.charts.set(id, scene);
  return chartElement(scene, id, page.scale);
}

// The remarks about the figures of one summary.
function remarks(page, team, period) {
  const summary = summaryOf(page.figures, team, period);
  if (!summary) return [];
  const { words } = page;
  const held = questionsOf(heldOf(summary));
  return [
    held > 0 && note(words.t('not_per_domain_note', { n: held, count: words.number(held) })),
    summary.late > 0 && note(words.t('late_note', { n: summary.late, count: words.number(summary.late) })),
    questionsOf(summary) === 0 && note(words.t('nothing_tapped')),
  ].filter(Boolean);
}

// ---- Now --------------------------------------------------------------------------------------------

function tile(words, label, cell, extra, kind) {
  return el('div', { class: `tile ${kind}${isFigure(cell) ? '' : ' tile--none'}` },
    el('dt', { class: 'tile__label' }, label),
    el('dd', { class: 'tile__value' }, words.cell(cell), extra && el('span', { class: 'tile__extra' }, ` ${extra}`)));
}

function tiles(page) {
  const { figures, words, team, period, today } = page;
  const head = live.headline(figures, team, period, today);
  const referredShare = isFigure(head.referred) && head.referred > 0 ? words.cell(head.referredShare) : '';
  return el('dl', { class: 'tiles' },
    tile(words, words.t('questions'), head.questions, ownPoint(page, head), 'tile--main'),
    tile(words, words.t('answered'), head.answered, '', 'tile--answered'),
    tile(words, words.t('referred'), head.referred, referredShare, 'tile--referred'),
    tile(words, words.t('quarter_before'), ...earlierFigure(page, head, 'before'), 'tile--quiet'),
    tile(words, words.t('same_quarter_last_year'), ...earlierFigure(page, head, 'lastYear'), 'tile--quiet'));
}

// The value of this quarter with which earlier quarters are compared.
function ownPoint({ words }, { point, before, lastYear }) {
  if (!point || !isFigure(point.own) || ![before, lastYear].some(isFigure)) return '';
  return words.t('own_until_week', { count: words.number(point.own), week: point.week });
}

// The value and the words beside it of an earlier quarter: at the same point, and as a whole.
function earlierFigure({ words }, head, which) {
  const whole = head[which];
  if (!isFigure(whole)) return [whole, ''];
  const wholeQuarter = words.t('whole_quarter', { count: words.number(whole) });
  const figure = head.point?.[which];
  if (!isFigure(figure)) return [none('not-comparable'), wholeQuarter];
  return [figure, `${words.t('first_weeks', { n: head.point.count })}; ${wholeQuarter}`];
}

// Why a team has no figures in this quarter.
export function whyNone({ figures, words, period, today }, team) {
  const cell = teamCell(figures, team, period, today);
  return cell.none === 'absent' ? words.t('no_figures') : `${words.period(period)}: ${words.cell(cell)}.`;
}

const domainTableOf = ({ figures, period, rolled, words }, team) =>
  live.domainTable(figures, team, period, rolled, words, team === ALL ? 'live-all' : 'live-own');

function domainPart(page, team) {
  const { figures, words, period } = page;
  const table = domainTableOf(page, team);
  const heading = `${nameOf(page, team)}, ${words.period(period)}`;
  if (table.rows.length === 0) return el('div', { class: 'half' }, el('h3', {}, nameOf(page, team)), note(whyNone(page, team)));
  const status = words.statusOf(summaryOf(figures, team, period));
  return el('div', { class: 'half', 'data-key': table.id },
    el('div', { class: 'half__head' }, el('h3', {}, nameOf(page, team)), el('span', { class: 'mark' }, status), copyButton(table, heading, words)),
    showTable(page, table, heading, `${words.t('per_domain')}: ${heading}`),
    remarks(page, team, period));
}

// Two tables with bars stand beside each other, each with a scale of its own: a team is small beside its organisation.
function scalesNote(page, teams) {
  const drawn = teams.filter((team) => domainTableOf(page, team).rows.length > 0);
  if (drawn.length < 2) return null;
  const longest = drawn.map((team) => `${nameOf(page, team)} ${page.words.number(longestBar(domainTableOf(page, team)))}`);
  return note(page.words.t('own_scales', { longest: longest.join(', ') }));
}

function weeksPart(page) {
  const { figures, words, team, today, width, narrow } = page;
  const count = narrow ? WEEKS_NARROW : WEEKS_WIDE;
  const weeks = compare.weekCourse(figures, team, isoWeeksUpTo(today, count));
  if (!weeks.some((one) => isFigure(one.questions))) return null;
  const title = `${words.t('weeks_heading')}: ${nameOf(page)}`;
  const most = Math.max(...weeks.map((one) => (isFigure(one.questions) ? one.questions : 0)));
  const description = words.t('weeks_description', { first: weeks[0].week, last: weeks.at(-1).week, most: words.number(most) });
  const marked = weeks.map((one) => ({
    ...one,
    label: String(one.week),
    hint: `${words.t('week_of', one)}: ${words.cell(one.questions)}`,
  }));
  const scene = weekChart(marked, { width, title, description }, words.number);
  const chart = showChart(page, 'weeks', scene);
  return section('weeks', words.t('weeks_heading'), chartButtons('weeks', title, words), chart, note(words.t('weeks_note')));
}

function labelsPart(page) {
  const { figures, words, team, period } = page;
  const tables = live.labelTables(figures, team, period, words, 'labels');
  if (tables.length === 0) return null;
  const heading = (table) => `${nameOf(page)}, ${words.period(period)}: ${table.columns[0].title}`;
  const drawn = tables.map((table) => showTable(page, table, heading(table)));
  return section('labels', words.t('labels_heading'), [], el('div', { class: 'thirds' }, drawn), note(words.t('labels_note')));
}

export function viewLive(page) {
  const { words, period, team } = page;
  const teams = team === ALL ? [ALL] : [team, ALL];
  return [
    pageHeading(words.t('live_heading'), `${nameOf(page)}, ${words.period(period)}`),
    tiles(page),
    section('domains', words.t('per_domain'), [listChoice(page, teams)], el('div', { class: 'halves' }, teams.map((one) => domainPart(page, one))), scalesNote(page, teams), listNote(page, teams)),
    weeksPart(page),
    labelsPart(page),
  ];
}

// Explains how a running quarter is compared.
function runningNote({ figures, words, today }, team, period) {
  const point = samePoint(figures, team, period, today);
  if (!point || !summaryOf(figures, team, period)) return null;
  const value = { period: words.period(period), n: point.count, week: point.week };
  return note(words.t(isFigure(point.own) ? 'running_note' : 'running_note_early', value));
}

// ---- Rolling up ---------------------------------------------------------------------------------------

function listChoice(page, teams) {
  const { words } = page;
  if (!compare.canRollUp(page.figures, teams)) return null;
  const options = [
    { value: 'counted', label: words.t('list_as_counted') },
    { value: 'rolled', label: words.t('list_older') },
  ];
  return choice('list', words.t('list_choice'), options, page.rolled ? 'rolled' : 'counted');
}

const listNote = (page, teams) => (page.rolled && compare.canRollUp(page.figures, teams) ? note(page.words.t('list_note')) : null);

// ---- Compare ------------------------------------------------------------------------------------------

// The label of a quarter in a chart. Only the first quarter of a year has the year below it.
function withLabels(page, course) {
  const { words } = page;
  return course.map((one, i) => ({
    ...one,
    label: words.t('quarter_short', { n: quarterNumber(one.period) }),
    sublabel: i === 0 || quarterNumber(one.period) === 1 ? String(yearOf(one.period)) : '',
    hint: quarterInWords(one, words),
  }));
}

// A quarter in words, with its status when it is not final.
function quarterInWords({ period, questions, status }, words) {
  const state = words.stateOf({ status });
  return `${words.period(period)}: ${words.cell(questions)}${state && status !== FINAL ? ` (${state})` : ''}`;
}

function courseChart(page, id, course, title) {
  const { words, width } = page;
  const quarters = course.map((one) => quarterInWords(one, words)).join('; ');
  const options = { width, flat: page.onPaper, title, description: `${words.t('course_description')} ${quarters}.`, names: legendNames(words), none: (cell) => [words.t(`none_${cell.none}`), words.t(`none_short_${cell.none}`)] };
  return showChart(page, id, quarterChart(withLabels(page, course), options, words.number));
}

function coursePart(page) {
  const { figures, words, team, today, width } = page;
  const all = compare.courseOf(figures, team, today);
  const course = all.slice(-Math.min(QUARTERS_MOST, Math.floor(width / QUARTER_WIDTH)));
  const title = `${words.t('course_heading')}: ${nameOf(page)}`;
  const table = compare.quarterTable(figures, team, today, words, 'quarters');
  const tools = [copyButton(table, title, words), ...chartButtons('course', title, words)];
  return section('course', words.t('course_heading'), tools, courseChart(page, 'course', course, title), showTable(page, table, title), runningNote(page, team, quarterOfDay(today)));
}

function comparePart(page) {
  const { figures, words, team, period, today, rolled } = page;
  const table = compare.domainPeriodTable(figures, team, period, today, rolled, words, 'domain-periods');
  const title = `${words.t('domains_compared')}: ${nameOf(page)}`;
  const quarters = compare.quartersShown(figures, team, today).reverse();
  const options = quarters.map((one) => ({ value: one, label: words.period(one) }));
  const tools = [choice('period', words.t('look_at'), options, period), listChoice(page, [team]), copyButton(table, title, words)];
  const groups = table.rows.some((row) => row.kind === 'group');
  return section('compared', words.t('domains_compared'), tools,
    showTable(page, table, title),
    isRunning(period, today) ? note(words.t('running_columns', { period: words.period(period) })) : null,
    groups ? note(words.t('side_by_side_note')) : null,
    listNote(page, [team]),
    remarks(page, team, period));
}

export function viewCompare(page) {
  const { words } = page;
  return [pageHeading(words.t('compare_heading'), nameOf(page)), coursePart(page), comparePart(page)];
}

// ---- The year for the report --------------------------------------------------------------------------

function yearPart(page) {
  const { figures, words, team, year, today } = page;
  const table = report.yearTable(figures, team, year, today, words, 'year-quarters');
  const course = quartersOfYear(year).map((period) => compare.quarterFigures(figures, team, period, today));
  const heading = words.t('report_quarters');
  const title = `${heading}: ${nameOf(page)}, ${year}`;
  const chart = courseChart(page, 'year-course', course, title);
  return section(table.id, heading, [copyButton(table, title, words), ...chartButtons('year-course', title, words)], chart, showTable(page, table, title));
}

function topPart(page) {
  const { figures, words, team, year, rolled, width, today } = page;
  const table = report.topTable(figures, team, year, rolled, words, 'year-top');
  const heading = words.t(table.rows.length < report.TOP ? 'report_top_fewer' : 'report_top');
  const title = `${heading}: ${nameOf(page)}, ${report.yearInText(year, today, words)}`;
  const tie = report.tieText(figures, team, year, rolled, words);
  if (table.rows.length === 0) return section('year-top', heading, [], note(words.t('report_top_empty')));
  const rows = table.rows.map((row) => ({ name: row.title, answered: row.cells[0] - row.cells[2], referred: row.cells[2] }));
  const description = rows.map((row) => `${row.name} ${words.number(questionsOf(row))}`).join('; ');
  const scene = barChart(rows, { width, flat: page.onPaper, title, description, names: legendNames(words) }, words.number);
  const tools = [copyButton(table, title, words), ...chartButtons('top', title, words)];
  return section('year-top', heading, tools, showChart(page, 'top', scene), showTable(page, table, title), tie && note(tie));
}

function teamsPart(page) {
  const { figures, words, year, today } = page;
  const table = report.teamTable(figures, year, today, words, 'year-teams');
  const heading = words.t('report_teams');
  const title = `${heading}, ${year}`;
  return section('year-teams', heading, [copyButton(table, title, words)],
    showTable(page, table, title),
    note(words.t('report_teams_note')),
    report.teamsAddUp(figures, year, today) ? null : note(words.t('report_teams_absent')));
}

function yearDomainsPart(page) {
  const { figures, words, team, year, rolled } = page;
  const heading = words.t('report_domains');
  const title = `${heading}: ${nameOf(page)}, ${year}`;
  const table = live.domainTable(figures, team, String(year), rolled, words, 'year-domains');
  const shown = showTable(page, table, title);
  return section('year-domains', heading, [copyButton(table, title, words)], shown, listNote(page, [team]), remarks(page, team, String(year)));
}

function summaryText(page, whole) {
  const { words, year, today } = page;
  const all = whole.answered + whole.referred;
  const lines = [
    report.referredText(whole, words),
    words.t('report_counted'),
    `${words.t('report_status', { status: words.statusOf(whole) })} ${words.t('report_moment', { moment: words.moment(whole.as_of) })}`,
  ];
  return el('div', { class: 'lead' }, el('p', { class: 'lead__total' }, el('strong', {}, words.number(all)), ` ${words.t('questions_in', { n: all, year: report.yearInText(year, today, words) })}`), lines.filter(Boolean).map((line) => el('p', {}, line)));
}

function reportTools(page) {
  const { words, figures, year } = page;
  const years = report.yearsWithFigures(figures).map((one) => ({ value: String(one), label: String(one) }));
  const tool = (action, label, form) => el('button', { class: 'button', 'data-action': action, 'data-form': form ?? null, 'data-key': `${action}-${form}` }, label);
  return el('div', { class: 'report-tools' },
    choice('year', words.t('report_year'), years, String(year)),
    listChoice(page, [page.team, ALL]),
    tool('print', words.t('print')),
    choice('csv', words.t('csv_file'), CSV_FILES.map((file) => ({ value: file, label: words.t(`csv_choice_${file}`) })), page.file),
    tool('csv', words.t('csv_dutch'), 'nl'),
    tool('csv', words.t('csv_english'), 'en'));
}

export function viewReport(page) {
  const { figures, words, team, year, today } = page;
  if (year === null) return [el('h1', {}, words.t('view_report')), note(words.t('report_none'))];
  const whole = summaryOf(figures, team, String(year));
  const heading = pageHeading(words.t('report_heading', { year: report.yearInText(year, today, words) }), nameOf(page));
  if (!whole) return [heading, reportTools(page), note(words.t('no_figures'))];
  return [
    heading,
    reportTools(page),
    summaryText(page, whole),
    report.addsUp(figures, team, year) ? null : el('p', { class: 'alert alert--warn' }, words.t('report_not_summing')),
    yearPart(page),
    topPart(page),
    teamsPart(page),
    yearDomainsPart(page),
  ];
}
