// SPDX-License-Identifier: EUPL-1.2
// Shows the team's total of this quarter and its questions by week. Never a figure of one person.
import { teamName } from '../core/catalogue.js';
import { isoWeekOfDay } from '../core/calendar.js';
import { dutch, el, renderWhen, setAttribute, setText } from '../core/dom.js';
import { number, quarterName } from '../core/format.js';
import { language, t } from '../core/language.js';

const weekRow = ({ week }) =>
  el('tr', {}, el('th', { scope: 'row' }, String(week)), el('td', {}, el('span', {}), el('span', { class: 'course__number' })));

const bars = (course) => el('table', { class: 'course' },
  el('caption', {}, t('courseTitle')),
  el('thead', { class: 'visually-hidden' }, el('tr', {}, el('th', { scope: 'col' }, t('week')), el('th', { scope: 'col' }, t('questions')))),
  el('tbody', {}, course.map(weekRow)));

function drawWeek(row, questions, most) {
  const [bar, count] = row.cells[1].children;
  setAttribute(bar, 'class', questions ? 'course__bar' : 'course__none');
  const part = String(questions / most);
  if (bar.style.getPropertyValue('--part') !== part) bar.style.setProperty('--part', part);
  setText(count, number(questions, language));
}

function weekWords(phone) {
  const of = (day) => phone.figures.questionsOfWeek(phone.team, isoWeekOfDay(day));
  const [now, before] = [of(phone.today), of(phone.today - 7)];
  const words = [now !== undefined && t('thisWeek', { n: number(now, language) }), before !== undefined && t('lastWeek', { n: number(before, language) })];
  return words.filter(Boolean).join(', ');
}

// The same in one line, in view while tapping; its place is there before it has come.
export function renderGlance(parent, phone) {
  const { summary } = phone;
  const words = summary && [t('totalQuestions', { n: summary.questions, count: number(summary.questions, language) }), weekWords(phone)];
  const text = words ? words.filter(Boolean).join(' · ') : '';
  setText(parent, text);
}

// Makes the elements once. renderTotal then changes only the words and bars that a new count changes.
function layOut(phone, name) {
  const title = el('h2', {}, dutch(name), `, ${quarterName(phone.quarter, language)}`);
  if (!phone.summary) return [title, el('p', { class: 'soft' }, t('noTotal'))];
  return [title, el('p', { class: 'total' }), el('p', { class: 'soft' }), el('p', { class: 'soft' }), phone.questionsByWeek.length > 1 && bars(phone.questionsByWeek)];
}

export function renderTotal(parent, phone) {
  const { summary, questionsByWeek: course } = phone;
  const name = teamName(phone.catalogue, phone.team);
  renderWhen(parent, [Boolean(summary), course.map(({ week }) => week), name, phone.quarter, language], () => layOut(phone, name));
  if (!summary) return;
  const [, total, split, weeks, table] = parent.children;
  const form = (value) => number(value, language);
  setText(total, t('totalQuestions', { n: summary.questions, count: form(summary.questions) }));
  setText(split, t('totalSplit', { answered: form(summary.answered), referred: form(summary.referred) }));
  setText(weeks, weekWords(phone));
  const most = Math.max(1, ...course.map(({ questions }) => questions));
  if (table) course.forEach(({ questions }, i) => drawWeek(table.tBodies[0].rows[i], questions, most));
}
