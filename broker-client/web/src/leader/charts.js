// SPDX-License-Identifier: EUPL-1.2
// Charts as scenes: lists of rectangles, lines and texts that are drawn as SVG in the page, as an SVG file, or on a
// canvas. Pure. `role` says what a mark is; where it is drawn decides the colour.
//
// Scene: { width, height, title, description, marks: [{ kind: 'rect'|'line'|'text', role, ... }] }

import { isFigure } from './cells.js';

const FONT = 13;
export const FONT_SIZE = FONT;
const AXIS_GAP = 8;
const CHAR = 7.2; // about as wide as a letter of this size is

// Of a chart that is a file or on paper; the page has its own, which know of the dark.
export const PALETTE = {
  answered: '#0b5d4a',
  'answered-open': '#6aa893',
  referred: '#d9772b',
  axis: '#33424a',
  grid: '#d5dde0',
  label: '#16242b',
  value: '#16242b',
  muted: '#51626b',
};
export const FONT_FAMILY = 'system-ui, "Segoe UI", Roboto, Arial, sans-serif';

const rect = (role, x, y, width, height, hint) => ({ kind: 'rect', role, x, y, width, height, hint });
const line = (role, x1, y1, x2, y2) => ({ kind: 'line', role, x1, y1, x2, y2 });
const text = (role, x, y, content, anchor = 'start') => ({ kind: 'text', role, x, y, content, anchor });

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

function gridOf(frame, most, number) {
  const steps = axisSteps(most);
  const top = steps.at(-1);
  const y = (value) => frame.bottom - (value / top) * (frame.bottom - frame.top);
  const marks = steps.flatMap((value) => [
    line(value === 0 ? 'axis' : 'grid', frame.left, y(value), frame.right, y(value)),
    text('muted', frame.left - AXIS_GAP, y(value) + FONT * 0.35, number(value), 'end'),
  ]);
  return { y, marks, steps };
}

const frameOf = (width, height, most, number, belowAxis) => ({
  left: number(axisSteps(most).at(-1)).length * CHAR + AXIS_GAP + 2,
  right: width - 2,
  top: FONT * 1.8,
  bottom: height - belowAxis,
});

// Which of `count` labels fit: every nth, counted from the last.
function every(count, slot, labelWidth) {
  return Math.max(1, Math.ceil(labelWidth / slot));
}

// One column, answered below and referred on top; on an open or provisional quarter it is marked so.
function column(one, x, width, y, number, roles) {
  if (!isFigure(one.questions)) return [];
  const answeredTop = y(one.answered);
  const top = y(one.questions);
  const marks = [rect(roles.answered, x, answeredTop, width, y(0) - answeredTop, one.hint)];
  if (one.referred > 0) marks.push(rect(roles.referred, x, top, width, Math.max(1, answeredTop - top - 1), one.hint));
  marks.push(text('value', x + width / 2, top - 5, number(one.questions), 'middle'));
  return marks;
}

const SETTLED = { answered: 'answered', referred: 'referred' };
const MOVING = { answered: 'answered-open', referred: 'referred' };

function legend(names, frame, y) {
  let x = frame.left;
  return names.flatMap(([role, name]) => {
    const marks = [rect(role, x, y - FONT + 3, FONT - 2, FONT - 2), text('muted', x + FONT + 3, y, name)];
    x += FONT + 3 + name.length * CHAR + 18;
    return marks;
  });
}

// `course`: [{ period, label, sublabel, questions, answered, referred, status, hint }]
export function quarterChart(course, { width, title, description, names, none }, number) {
  const most = Math.max(0, ...course.map((one) => (isFigure(one.questions) ? one.questions : 0)));
  const height = 280;
  const frame = frameOf(width, height, most, number, 62);
  const { y, marks } = gridOf(frame, most, number);
  const slot = (frame.right - frame.left) / Math.max(1, course.length);
  const bar = Math.min(64, slot * 0.66);
  const labelEvery = every(course.length, slot, 34);
  course.forEach((one, i) => {
    const middle = frame.left + slot * (i + 0.5);
    marks.push(...column(one, middle - bar / 2, bar, y, number, one.status === 3 ? SETTLED : MOVING));
    if (!isFigure(one.questions)) marks.push(text('muted', middle, y(0) - 6, none(one.questions, slot), 'middle'));
    if ((course.length - 1 - i) % labelEvery === 0) {
      marks.push(text('label', middle, frame.bottom + 18, one.label, 'middle'));
    }
    if (one.sublabel) marks.push(text('muted', middle, frame.bottom + 34, one.sublabel, 'middle'));
  });
  marks.push(...legend([['answered', names.answered], ['referred', names.referred], ...(names.open ? [['answered-open', names.open]] : [])], frame, height - 6));
  return { width, height, title, description, marks };
}

// `weeks`: [{ week, label, questions, hint }]
export function weekChart(weeks, { width, title, description }, number) {
  const most = Math.max(0, ...weeks.map((one) => (isFigure(one.questions) ? one.questions : 0)));
  const height = 180;
  const frame = frameOf(width, height, most, number, 24);
  const { y, marks } = gridOf(frame, most, number);
  const slot = (frame.right - frame.left) / Math.max(1, weeks.length);
  const labelEvery = every(weeks.length, slot, 34);
  weeks.forEach((one, i) => {
    const x = frame.left + slot * i;
    const last = i === weeks.length - 1;
    if (isFigure(one.questions)) {
      const top = y(one.questions);
      marks.push(rect(last ? 'answered-open' : 'answered', x + slot * 0.12, top, slot * 0.76, y(0) - top, one.hint));
    }
    if ((weeks.length - 1 - i) % labelEvery === 0) marks.push(text('muted', x + slot / 2, frame.bottom + 17, one.label, 'middle'));
  });
  return { width, height, title, description, marks };
}

// Cuts a name that is too long for the room, at a letter.
function fit(name, room) {
  const letters = Math.floor(room / CHAR);
  return name.length <= letters ? name : `${name.slice(0, Math.max(1, letters - 1))}…`;
}

// `rows`: [{ name, answered, referred }]: lying bars, in the order given.
export function barChart(rows, { width, title, description, names }, number) {
  const most = Math.max(1, ...rows.map((one) => one.answered + one.referred));
  const row = 30;
  const nameRoom = Math.min(width * 0.42, Math.max(0, ...rows.map((one) => one.name.length)) * CHAR + 10);
  const right = width - number(most).length * CHAR - 10;
  const x = (value) => nameRoom + (value / most) * (right - nameRoom);
  const marks = rows.flatMap((one, i) => {
    const top = i * row + 4;
    const parts = [text('label', 0, top + 16, fit(one.name, nameRoom)), rect('answered', nameRoom, top, x(one.answered) - nameRoom, 22)];
    if (one.referred > 0) {
      const from = x(one.answered) + (one.answered > 0 ? 1 : 0);
      parts.push(rect('referred', from, top, Math.max(1, x(one.answered + one.referred) - from), 22));
    }
    parts.push(text('value', x(one.answered + one.referred) + 6, top + 16, number(one.answered + one.referred)));
    return parts;
  });
  const height = rows.length * row + 30;
  marks.push(line('axis', nameRoom, 0, nameRoom, rows.length * row));
  marks.push(...legend([['answered', names.answered], ['referred', names.referred]], { left: nameRoom }, height - 6));
  return { width, height, title, description, marks };
}
