// SPDX-License-Identifier: EUPL-1.2
// Tables as they leave the page: for the clipboard, and the year as one CSV. Pure: tables in, text out.
import { csv, guard, tsv } from '../core/csv.js';
import { ALL } from '../core/topics.js';
import { domainName, teamName } from './cells.js';
import { questionsOf, summaryOf } from './figures.js';
import { quartersOfYear } from './periods.js';
import { teamsOfYear } from './report.js';

const SHARE_DIGITS = 4;

// What a spreadsheet should hold: numbers as numbers, and the reason where there is none.
function bare(cell, words) {
  if (typeof cell === 'number' || typeof cell === 'string') return cell;
  if ('share' in cell) return Number(cell.share.toFixed(SHARE_DIGITS));
  if ('difference' in cell) return cell.difference;
  return words.cell(cell);
}

const titleOf = (row) => (row.mark ? `${row.title} (${row.mark})` : row.title);

// Heading first: a figure carries with it whose it is.
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
  return `<td align="right">${escape(words.language === 'nl' ? String(value).replace('.', ',') : value)}</td>`;
}

export function tableAsHtml(table, heading, words) {
  const head = table.columns.map((column) => `<th>${htmlText(column.title)}</th>`).join('');
  const rows = table.rows.map(
    (row) => `<tr><th align="left">${htmlText(titleOf(row))}</th>${row.cells.map((cell) => htmlCell(cell, words)).join('')}</tr>`,
  );
  return `<table><caption>${htmlText(heading)}</caption><tr>${head}</tr>${rows.join('')}</table>`;
}

const CSV_COLUMNS = ['org', 'team', 'team_name', 'period', 'status', 'revision', 'generation', 'domain', 'domain_name'];
const CSV_COUNTS = ['answered', 'referred', 'questions'];
const STATUS_NAMES = ['', 'open', 'provisional', 'final'];

function summaryLines(figures, summary, words) {
  const { org, team, period, status, revision, generation } = summary;
  const who = [org, team, team === ALL ? figures.catalogue.name : teamName(figures, team, words), period, STATUS_NAMES[status] ?? '', revision, generation];
  const counts = (one) => [one.answered, one.referred, questionsOf(one)];
  const held = { answered: summary.undistributed_answered, referred: summary.undistributed_referred };
  return [
    [...who, '', words.t('total'), ...counts(summary)],
    ...summary.domains.map((one) => [...who, one.domain, domainName(figures, one.domain, words), ...counts(one)]),
    ...(questionsOf(held) > 0 ? [[...who, 'undistributed', words.t('not_per_domain_yet'), ...counts(held)]] : []),
    ...(summary.late > 0 ? [[...who, 'late', words.t('late_count', { count: summary.late }), null, null, summary.late]] : []),
  ];
}

// Everything of a year that can be read, a line a team, period and domain, in the columns of `turfctl export`.
// `form`: nl (semicolons) or en (commas).
export function yearAsCsv(figures, year, words, form) {
  const teams = [...teamsOfYear(figures, year).map((team) => team.id), ALL];
  const periods = [...quartersOfYear(year), String(year)];
  const lines = teams.flatMap((team) =>
    periods.flatMap((period) => {
      const summary = summaryOf(figures, team, period);
      return summary ? summaryLines(figures, summary, words) : [];
    }),
  );
  return csv([[...CSV_COLUMNS, ...CSV_COUNTS], ...lines], form);
}
