// SPDX-License-Identifier: EUPL-1.2
// Makes text of tables: for the clipboard, and the CSV files of a year. Pure: tables in, text out.
import { formatDate } from '../../core/calendar.js';
import { csv, forms, guard, plainNumber, tsv } from './csv.js';
import { ALL } from '../../core/topics.js';
import { domainName, teamCell, teamName } from '../figures/cells.js';
import { heldOf, questionsOf, summaryOf } from '../figures/figures.js';
import { quartersOfYear } from '../figures/periods.js';
import { teamsOfYear } from '../figures/report.js';

const SHARE_DIGITS = 4;

// What a spreadsheet should hold: numbers as numbers, and the reason where there is none.
function bare(cell, words) {
  if (typeof cell === 'number' || typeof cell === 'string') return cell;
  if ('share' in cell) return Number(cell.share.toFixed(SHARE_DIGITS));
  if ('difference' in cell) return cell.difference;
  return words.cell(cell);
}

const titleOf = (row) => (row.mark ? `${row.title} (${row.mark})` : row.title);

// The first line says whose figures these are.
function plainRows(table, heading, words) {
  return [
    [heading],
    table.columns.map((column) => column.title),
    ...table.rows.map((row) => [titleOf(row), ...row.cells.map((cell) => bare(cell, words))]),
  ];
}

export const tableAsTsv = (table, heading, words) => tsv(plainRows(table, heading, words), words.language);

export const escape = (text) =>
  String(text).replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char]);

const htmlText = (text) => escape(guard(text));

// Numbers in a language's own form, since a spreadsheet reads pasted HTML as its user would type it; formulas too.
function htmlCell(cell, words) {
  const value = bare(cell, words);
  if (typeof value !== 'number') return `<td>${htmlText(value)}</td>`;
  return `<td align="right">${escape(plainNumber(value, forms[words.language]))}</td>`;
}

export function tableAsHtml(table, heading, words) {
  const head = table.columns.map((column) => `<th>${htmlText(column.title)}</th>`).join('');
  const rows = table.rows.map(
    (row) => `<tr><th align="left">${htmlText(titleOf(row))}</th>${row.cells.map((cell) => htmlCell(cell, words)).join('')}</tr>`,
  );
  return `<table><caption>${htmlText(heading)}</caption><tr>${head}</tr>${rows.join('')}</table>`;
}

// ---- The files of a year (CSV_FILES in views.js) ----------------------------------------------------------
// Headings and statuses are in the language of `words`.

const isOfAllTeams = (file) => file.startsWith('team-');
const isByDomain = (file) => file.endsWith('domains');

function columnsOf(file, { t }) {
  const own = isByDomain(file) ? ['domain', 'domain_name', 'answered', 'referred', 'questions'] : ['answered', 'referred', 'questions', 'late'];
  return ['org', 'team', 'team_name', 'quarter', 'status', 'revision', ...own, 'published', 'generation'].map((name) => t(`csv_${name}`));
}

const countsOf = (one) => [one.answered, one.referred, questionsOf(one)];

// One row for each domain, and one for the counts that are not shown by domain yet. Together they are the whole.
function domainCells(figures, summary, words) {
  const held = heldOf(summary);
  const rows = summary.domains.map((one) => [one.domain, domainName(figures, one.domain, words), ...countsOf(one)]);
  return questionsOf(held) > 0 ? [...rows, [null, words.t('not_per_domain_yet'), ...countsOf(held)]] : rows;
}

// The rows of one quarter of a team. A team that must have figures of it and of which none were received says so.
function quarterRows(figures, file, team, period, today, words) {
  const name = team === ALL ? figures.catalogue.name : teamName(figures, team, words);
  const who = [figures.catalogue.org, team, name, period];
  const empty = Array(isByDomain(file) ? 5 : 4).fill(null);
  const summary = summaryOf(figures, team, period);
  if (!summary) {
    const reason = teamCell(figures, team, period, today);
    return reason.none === 'absent' ? [[...who, words.cell(reason), null, ...empty, null, null]] : [];
  }
  const state = [words.stateOf(summary), summary.revision];
  const moment = [{ date: words.stamp(summary.as_of) }, summary.generation];
  const rows = isByDomain(file) ? domainCells(figures, summary, words) : [[...countsOf(summary), summary.late]];
  return rows.map((row) => [...who, ...state, ...row, ...moment]);
}

// `team`: the one that is looked at. Gives { text, missing: teams of which figures are missing in it }.
export function yearAsCsv(figures, { file, team, year, today }, words) {
  const teams = isOfAllTeams(file) ? teamsOfYear(figures, year).map((one) => one.id) : [team];
  const rowsOf = (one) => quartersOfYear(year).flatMap((period) => quarterRows(figures, file, one, period, today, words));
  const isMissing = (one) => quartersOfYear(year).some((period) => teamCell(figures, one, period, today).none === 'absent');
  return { text: csv([columnsOf(file, words), ...teams.flatMap(rowsOf)], words.language), missing: teams.filter(isMissing) };
}

// The name of a file: organisation, content, team, period, day. The content of a team's file ("team-quarters") has the
// same word as that of the file of all teams ("quarters").
export function csvName(file, { org, team, year, today }, { t }) {
  return fileName({ org, what: t(`file_${file.replace('team-', '')}`), team: isOfAllTeams(file) ? t('file_all_teams') : team, period: year, today }, 'csv');
}

export const fileName = ({ org, what, team, period, today }, ending) => `${[org, what, team, period, formatDate(today)].join('_')}.${ending}`;
