// SPDX-License-Identifier: EUPL-1.2
// Charts as scenes: lists of rectangles, lines and texts that are drawn as SVG in the page, as an SVG file, or on a
// canvas. Pure. `role` says what a mark is; where it is drawn decides the colour.
//
// Scene: { width, height, title, description, marks: [{ kind: 'rect'|'line'|'text', role, ... }] }

import { isFigure } from './cells.js';

export const FONT_SIZE = 13;
const AXIS_GAP = 8;
const LEGEND_LINE = 20;
const PLOT_HEIGHT = 218;
const PLOT_HEIGHT_FLAT = 160; // on paper, where two charts with their tables share a page
const WEEKS_HEIGHT = 156;
const SMALL = 300; // a legend needs all of this width
export const CHAR = 7.2; // about as wide as a figure or a wide letter of this size is
const CHAR_OF_TEXT = 6.6; // and a letter in running text

// The colours of a chart in a file or on paper. The page has colours of its own, also for dark mode.
export const PALETTE = {
  answered: '#0b5d4a',
  'answered-open': '#b5d6ca',
  referred: '#d9772b',
  'referred-open': '#f6d3b5',
  axis: '#33424a',
  grid: '#d5dde0',
  label: '#16242b',
  value: '#16242b',
  muted: '#51626b',
};
// Columns that are not final are pale, with an edge in their final colour.
export const EDGES = { 'answered-open': PALETTE.answered, 'referred-open': PALETTE.referred };
export const FONT_FAMILY = 'system-ui, "Segoe UI", Roboto, Arial, sans-serif';

const rect = (role, x, y, width, height, hint) => ({ kind: 'rect', role, x, y, width, height, hint });
const line = (role, x1, y1, x2, y2) => ({ kind: 'line', role, x1, y1, x2, y2 });
const text = (role, x, y, content, anchor = 'start') => ({ kind: 'text', role, x, y, content, anchor });

// Where a mark is, as the attributes of an SVG element.
export const placeOf = ({ x, y, x1, y1, x2, y2, width, height, anchor }) => ({ x, y, x1, y1, x2, y2, width, height, 'text-anchor': anchor });

// Round steps of an axis from 0 up to at least `most`: [0, 50, 100, 150].
export function axisSteps(most, wanted = 4) {
  if (most <= 0) return [0, 1];
  const rough = Math.max(1, most / wanted);
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = Math.ceil([1, 2, 5, 10].find((one) => one * magnitude >= rough) * magnitude);
  const steps = [];
  for (let at = 0; at < most + step; at += step) steps.push(at);
  return steps;
}

// The axis and the grid of a chart with columns: {left, y, marks, slot, isLabelled}. Each column has a slot.
// isLabelled(i): whether column i has a label. So that the labels fit, only every nth column has one, counted from the
// last.
function plotOf(columns, width, bottom, labelWidth, number) {
  const steps = axisSteps(Math.max(0, ...columns.map((one) => one.questions).filter(isFigure)));
  const left = number(steps.at(-1)).length * CHAR + AXIS_GAP + 2;
  const right = width - 2;
  const top = FONT_SIZE * 1.8;
  const y = (value) => bottom - (value / steps.at(-1)) * (bottom - top);
  const marks = steps.flatMap((value) => [
    line(value === 0 ? 'axis' : 'grid', left, y(value), right, y(value)),
    text('muted', left - AXIS_GAP, y(value) + FONT_SIZE * 0.35, number(value), 'end'),
  ]);
  const slot = (right - left) / Math.max(1, columns.length);
  const every = Math.max(1, Math.ceil(labelWidth / slot));
  return { left, y, marks, slot, isLabelled: (i) => (columns.length - 1 - i) % every === 0 };
}

// One column, answered below and referred on top, with a gap where both are; of an open or provisional quarter it is pale with an edge.
function column(one, x, width, y, number, roles) {
  if (!isFigure(one.questions)) return [];
  const answeredTop = y(one.answered);
  const top = y(one.questions);
  const gap = one.answered > 0 ? 1 : 0;
  const marks = [];
  if (one.answered > 0) marks.push(rect(roles.answered, x, answeredTop, width, y(0) - answeredTop, one.hint));
  if (one.referred > 0) marks.push(rect(roles.referred, x, top, width, Math.max(1, answeredTop - top - gap), one.hint));
  marks.push(text('value', x + width / 2, top - 5, number(one.questions), 'middle'));
  return marks;
}

const SETTLED = { answered: 'answered', referred: 'referred' };
const MOVING = { answered: 'answered-open', referred: 'referred-open' };

// Breaks a text into lines that fit a width.
function linesOf(content, width) {
  const lines = [''];
  for (const word of content.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (lines.at(-1) !== '' && longer.length * CHAR_OF_TEXT > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

// The outcomes that occur, in as many lines as it takes; below them, on a line of its own since it is no outcome, what
// a column with an edge means: { marks, height }. `y` is where it begins. `names`: { answered, referred, open }.
function legend(names, drawn, left, right, y) {
  let x = left;
  let base = y + FONT_SIZE;
  const occurs = (role) => drawn.some((mark) => mark.kind === 'rect' && mark.role === role);
  const swatch = (role, at) => rect(role, at, base - FONT_SIZE + 3, FONT_SIZE - 2, FONT_SIZE - 2);
  const marks = Object.keys(SETTLED).filter((role) => occurs(role) || occurs(MOVING[role])).flatMap((role) => {
    const width = FONT_SIZE + 3 + names[role].length * CHAR_OF_TEXT;
    if (x > left && x + width > right) {
      x = left;
      base += LEGEND_LINE;
    }
    const at = x;
    x += width + 18;
    return [swatch(role, at), text('muted', at + FONT_SIZE + 3, base, names[role])];
  });
  const moving = Object.values(MOVING).filter(occurs);
  if (moving.length > 0) {
    base += LEGEND_LINE;
    marks.push(...moving.map((role, i) => swatch(role, left + i * (FONT_SIZE + 2))));
    const beside = left + moving.length * (FONT_SIZE + 2) + 2;
    linesOf(names.open, right - beside).forEach((line, i) => marks.push(text('muted', beside, (base += i && LEGEND_LINE), line)));
  }
  return { marks, height: base + 8 - y };
}

// Neighbours without a figure for one reason share its words, in the longest form that fits; else each has a dash.
function reasons(course, left, slot, y, none) {
  const runs = [];
  course.forEach((one, i) => {
    const forms = isFigure(one.questions) ? null : none(one.questions);
    if (forms && runs.at(-1)?.forms[0] === forms[0] && runs.at(-1).last === i - 1) runs.at(-1).last = i;
    else if (forms) runs.push({ forms, first: i, last: i });
  });
  const place = (words, first, last) => text('muted', left + (slot * (first + last + 1)) / 2, y, words, 'middle');
  return runs.flatMap(({ forms, first, last }) => {
    const count = last - first + 1;
    const words = forms.find((form) => form.length * CHAR_OF_TEXT <= count * slot);
    if (words !== undefined) return [place(words, first, last)];
    return Array.from({ length: count }, (_, i) => place('–', first + i, first + i));
  });
}

// `course`: [{ period, label, sublabel, questions, answered, referred, status, hint }]; `none` gives the words for a cell
// without a figure, the longest first.
export function quarterChart(course, { width, flat = false, title, description, names, none }, number) {
  const bottom = flat ? PLOT_HEIGHT_FLAT : PLOT_HEIGHT;
  const { left, y, marks, slot, isLabelled } = plotOf(course, width, bottom, 24, number);
  const bar = Math.min(64, slot * 0.66);
  course.forEach((one, i) => {
    const middle = left + slot * (i + 0.5);
    marks.push(...column(one, middle - bar / 2, bar, y, number, one.status === 3 ? SETTLED : MOVING));
    if (isLabelled(i)) marks.push(text('label', middle, bottom + 18, one.label, 'middle'));
    if (one.sublabel) marks.push(text('muted', middle, bottom + 34, one.sublabel, 'middle'));
  });
  marks.push(...reasons(course, left, slot, bottom - 6, none));
  const below = legend(names, marks, width < SMALL ? 0 : left, width, bottom + 44);
  marks.push(...below.marks);
  return { width, height: bottom + 44 + below.height, title, description, marks };
}

// `weeks`: [{ week, label, questions, hint }]
export function weekChart(weeks, { width, title, description }, number) {
  const { left, y, marks, slot, isLabelled } = plotOf(weeks, width, WEEKS_HEIGHT, 34, number);
  weeks.forEach((one, i) => {
    const x = left + slot * i;
    const last = i === weeks.length - 1;
    if (isFigure(one.questions) && one.questions > 0) {
      const top = y(one.questions);
      marks.push(rect(last ? 'answered-open' : 'answered', x + slot * 0.12, top, slot * 0.76, y(0) - top, one.hint));
    }
    if (isLabelled(i)) marks.push(text('muted', x + slot / 2, WEEKS_HEIGHT + 17, one.label, 'middle'));
  });
  return { width, height: WEEKS_HEIGHT + 24, title, description, marks };
}

// `rows`: [{ name, answered, referred }]: lying bars, in the order given. Where a name would take half the width it stands
// above its bar.
export function barChart(rows, { width, flat = false, title, description, names }, number) {
  const most = Math.max(1, ...rows.map((one) => one.answered + one.referred));
  const longest = Math.max(0, ...rows.map((one) => one.name.length)) * CHAR_OF_TEXT + 12;
  const above = longest > width * 0.4;
  const bar = flat ? 16 : 22;
  const row = bar + (above ? FONT_SIZE + 17 : 8);
  const left = above ? 1 : longest;
  const right = width - number(most).length * CHAR - 10;
  const x = (value) => left + (value / most) * (right - left);
  const marks = rows.flatMap((one, i) => {
    const top = i * row + (above ? FONT_SIZE + 11 : 4);
    const whole = x(one.answered + one.referred);
    const middle = top + bar / 2 + 5;
    const parts = [text('label', 0, above ? top - 6 : middle, one.name)];
    if (one.answered > 0) parts.push(rect('answered', left, top, x(one.answered) - left, bar));
    if (one.referred > 0) {
      const from = x(one.answered) + (one.answered > 0 ? 1 : 0);
      parts.push(rect('referred', from, top, Math.max(1, whole - from), bar));
    }
    return [...parts, text('value', whole + 6, middle, number(one.answered + one.referred))];
  });
  const bottom = rows.length * row + 4;
  if (!above) marks.push(line('axis', left, 0, left, bottom));
  const below = legend(names, marks, width < SMALL ? 0 : left, width, bottom + 6);
  return { width, height: bottom + 6 + below.height, title, description, marks: [...marks, ...below.marks] };
}
