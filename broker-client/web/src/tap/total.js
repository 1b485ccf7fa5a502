// SPDX-License-Identifier: EUPL-1.2
// What the worker gets back: the team's total of this quarter and its course by week. Never a figure per person.
import { teamName } from '../core/catalogue.js';
import { isoWeekOfDay } from '../core/calendar.js';
import { dutch, el, renderWhen, setText } from '../core/dom.js';
import { number, quarterName } from '../core/format.js';
import { language, t, tParts } from '../core/language.js';

function bars(course) {
  const most = Math.max(1, ...course.map(({ questions }) => questions));
  return el('table', { class: 'course' },
    el('caption', {}, t('courseTitle')),
    el('thead', { class: 'visually-hidden' }, el('tr', {}, el('th', { scope: 'col' }, t('week')), el('th', { scope: 'col' }, t('questions')))),
    el('tbody', {}, course.map(({ week, questions }) =>
      el('tr', {},
        el('th', { scope: 'row' }, String(week)),
        el('td', {}, el('span', { class: questions ? 'course__bar' : 'course__none', style: { '--part': String(questions / most) } }), el('span', { class: 'course__number' }, number(questions, language)))))));
}

function weekWords(phone) {
  const of = (day) => {
    const { year, week } = isoWeekOfDay(day);
    return phone.course.find((entry) => entry.year === year && entry.week === week)?.questions;
  };
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

export function renderTotal(parent, phone) {
  const { summary, course } = phone;
  const name = teamName(phone.catalogue, phone.team);
  renderWhen(parent, [summary, course, name, phone.quarter, language], () => {
    const title = el('h2', {}, tParts('totalTitle', { team: dutch(name), quarter: quarterName(phone.quarter, language) }));
    if (!summary) return [title, el('p', { class: 'soft' }, t('noTotal'))];
    const form = (value) => number(value, language);
    return [
      title,
      el('p', { class: 'total' }, t('totalQuestions', { n: summary.questions, count: form(summary.questions) })),
      el('p', { class: 'soft' }, t('totalSplit', { answered: form(summary.answered), referred: form(summary.referred) })),
      el('p', { class: 'soft' }, weekWords(phone)),
      course.length > 1 && bars(course),
    ];
  });
}
