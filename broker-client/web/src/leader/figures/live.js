// SPDX-License-Identifier: EUPL-1.2
// This quarter: the totals of a team, its domains, and how these compare with earlier. Pure.

import { rollUp } from './roll-up.js';
import { domainName, teamCell, teamCells } from './cells.js';
import { heldOf, questionsOf, summaryOf } from './figures.js';
import { shiftQuarter } from './periods.js';
import { samePoint } from './same-point.js';

// The figures on top: this quarter; and at the same point of it, itself, the quarter before and the same one last year.
export function headline(figures, team, period, today) {
  return {
    ...teamCells(figures, team, period, today),
    point: samePoint(figures, team, period, today),
    before: teamCell(figures, team, shiftQuarter(period, -1), today),
    lastYear: teamCell(figures, team, shiftQuarter(period, -4), today),
  };
}

export const domainsOf = (figures, summary, rolled) =>
  rolled ? rollUp(summary.domains, figures.catalogue.domains) : summary.domains;

// Where a column is narrow its heading breaks at a syllable.
export const countColumn = (name, words) => ({ title: words.t(name), head: words.t(`${name}_head`), kind: 'count' });
export const shareColumn = (name, words) => ({ title: words.t(name), head: words.t(`${name}_head`), kind: 'share' });
export const countColumns = (words) => ['questions', 'answered', 'referred'].map((name) => countColumn(name, words));

const countCells = (counts) => [questionsOf(counts), counts.answered, counts.referred];

// One row for each domain in the catalogue's order, one for what is not shown per domain yet, and the total, which is
// their sum.
function domainRows(figures, summary, rolled, words) {
  const rows = domainsOf(figures, summary, rolled).map((counts) => ({
    key: counts.domain,
    title: domainName(figures, counts.domain, words),
    kind: 'plain',
    cells: countCells(counts),
  }));
  const held = heldOf(summary);
  if (questionsOf(held) > 0) rows.push({ key: 'held', title: words.t('not_per_domain_yet'), kind: 'held', cells: countCells(held) });
  rows.push({ key: 'total', title: words.t('total'), kind: 'total', cells: countCells(summary) });
  return rows;
}

export function domainTable(figures, team, period, rolled, words, id) {
  const summary = summaryOf(figures, team, period);
  return { id, bars: true, columns: [{ title: words.t('domain'), kind: 'text' }, ...countColumns(words)], rows: summary ? domainRows(figures, summary, rolled, words) : [] };
}

function labelRows(figures, summary, words) {
  const names = new Map((figures.catalogue?.labels ?? []).map((label) => [label.code, label]));
  return summary.labels.map(({ label, count }) => ({
    key: label,
    kind: 'plain',
    group: names.get(label)?.kind ?? 0,
    title: names.get(label)?.name ?? words.t('label_unknown', { code: label }),
    cells: [count],
  }));
}

// The labels of one period by kind, with bars on one scale; nothing when there are none.
export function labelTables(figures, team, period, words, id) {
  const summary = summaryOf(figures, team, period);
  const rows = summary ? labelRows(figures, summary, words) : [];
  return [1, 2, 3]
    .map((kind) => ({
      id: `${id}-${kind}`,
      bars: true,
      most: Math.max(...rows.map((row) => row.cells[0])),
      columns: [
        { title: words.t(`label_kind_${kind}`), kind: 'text' },
        { title: words.t('questions'), kind: 'count' },
      ],
      rows: rows.filter((row) => row.group === kind),
    }))
    .filter((table) => table.rows.length > 0);
}
