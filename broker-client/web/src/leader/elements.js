// SPDX-License-Identifier: EUPL-1.2
// Tables and charts as elements. Buttons carry data-action; main.js listens for them at one place.
import { el } from '../core/dom.js';
import { isFigure } from './figures/cells.js';
import { placeOf } from './figures/charts.js';

const svg = (tag, attributes, ...children) => el(tag, { svg: true, ...attributes }, ...children);

// ---- Tables -----------------------------------------------------------------------------------------

const percent = (part, whole) => `${whole > 0 ? (100 * part) / whole : 0}%`;

// Widths as custom properties, set through the style object. Without a question there is no bar, which would take room.
function bar(row, most) {
  const [questions, answered = questions, referred = 0] = row.cells;
  const parts = [];
  if (answered > 0) parts.push(el('span', { class: 'bar__answered', style: { '--part': percent(answered, most) } }));
  if (referred > 0) parts.push(el('span', { class: 'bar__referred', style: { '--part': percent(referred, most) } }));
  return parts.length > 0 && el('span', { class: 'bar', 'aria-hidden': 'true' }, parts);
}

function rowHeader(table, row, most) {
  const mark = row.mark ? el('span', { class: 'mark' }, row.mark) : null;
  const fromCatalogue = typeof row.key === 'number'; // a domain or a label, whose name is Dutch in every language
  const name = el('span', { class: 'row-name', lang: fromCatalogue ? 'nl' : null }, row.title, mark && [' ', mark]);
  if (!table.bars || row.kind === 'total') return el('th', { scope: 'row' }, name);
  return el('th', { scope: 'row' }, el('span', { class: 'with-bar' }, name, bar(row, most)));
}

function cellElement(cell, kind, words) {
  const missing = typeof cell === 'object' && 'none' in cell;
  const classes = ['cell', `cell--${kind}`, missing && 'cell--none', cell === 0 && 'cell--zero'].filter(Boolean).join(' ');
  return el('td', { class: classes }, words.cell(cell));
}

function rowElement(table, row, most, words) {
  const cells = row.cells.map((cell, i) => cellElement(cell, table.columns[i + 1].kind, words));
  return el('tr', { class: `row row--${row.kind}`, 'data-key': row.key }, rowHeader(table, row, most), cells);
}

// The questions of the longest bar of a table.
export function longestBar(table) {
  const counted = table.rows.filter((row) => row.kind !== 'total' && isFigure(row.cells[0]));
  return Math.max(0, ...counted.map((row) => row.cells[0]));
}

const SHORT = 8; // rows of a table that paper keeps on one page

// `table.most`: the length of a whole bar, where tables share one scale. `caption` is for screen readers.
// In a region of its own, which scrolls sideways (also by keyboard) where the screen is too narrow.
export function tableElement(table, caption, words) {
  const most = table.most ?? longestBar(table);
  const captionId = `${table.id}-caption`;
  const classes = ['figures', table.bars && 'figures--bars', table.rows.length <= SHORT && 'figures--short'].filter(Boolean).join(' ');
  const head = table.columns.map((column, i) => el('th', { scope: 'col', class: i ? `cell cell--${column.kind}` : null }, column.head ?? column.title));
  return el('div', { class: 'table-frame', role: 'region', tabindex: '0', 'aria-labelledby': captionId, 'data-key': table.id },
    el('table', { class: classes, id: table.id },
      el('caption', { id: captionId, class: 'visually-hidden' }, caption),
      el('thead', {}, el('tr', {}, head)),
      el('tbody', {}, table.rows.map((row) => rowElement(table, row, most, words)))));
}

export function copyButton(table, heading, words) {
  const label = words.t('copy_of', { table: heading });
  return el('button', { class: 'tool', 'data-action': 'copy', 'data-table': table.id, 'aria-label': label }, words.t('copy'));
}

// ---- Charts -----------------------------------------------------------------------------------------

const markElement = (mark) =>
  svg(mark.kind, { class: `chart__${mark.kind} chart__${mark.role}`, ...placeOf(mark) }, mark.content, mark.hint && svg('title', {}, mark.hint));

// `scale`: how much larger than in the scene a reader has made all letters.
export function chartElement(scene, id, scale = 1) {
  const { width, height, title, description, marks } = scene;
  const size = { viewBox: `0 0 ${width} ${height}`, width: width * scale, height: height * scale };
  return svg('svg', { class: 'chart', id, role: 'img', 'aria-label': `${title}. ${description}`, ...size }, marks.map(markElement));
}

export function chartButtons(id, title, words) {
  return ['svg', 'png'].map((form) => {
    const name = form.toUpperCase();
    const label = words.t('save_chart_as', { form: name, chart: title });
    return el('button', { class: 'tool', 'data-action': form, 'data-chart': id, 'aria-label': label }, name);
  });
}

// ---- Parts of a page --------------------------------------------------------------------------------

export function section(id, heading, tools, ...content) {
  return el('section', { class: `part part--${id}`, 'aria-labelledby': `${id}-heading`, 'data-key': id },
    el('div', { class: 'part__head' }, el('h2', { id: `${id}-heading` }, heading), tools.length > 0 && el('div', { class: 'tools' }, tools)),
    content);
}

export const note = (text) => el('p', { class: 'note' }, text);

export function choice(name, label, options, value) {
  return el('label', { class: 'choice' },
    el('span', { class: 'choice__label' }, label),
    el('select', { 'data-choice': name, 'data-key': `choice-${name}` }, options.map((option) => optionElement(option, value))));
}

function optionElement(option, value) {
  if (option.group) return el('optgroup', { label: option.group }, option.options.map((one) => optionElement(one, value)));
  return el('option', { value: option.value, selected: option.value === value }, option.label);
}
