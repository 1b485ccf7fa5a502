// SPDX-License-Identifier: EUPL-1.2
// What opens over the page: the choice of a team, catching up, the own taps. Native dialogs: Escape and focus are theirs.
import { teamName } from '../core/catalogue.js';
import { formatDate, parseDate } from '../core/calendar.js';
import { el, fill } from '../core/dom.js';
import { capital, relativeDate } from '../core/format.js';
import { language, t } from '../core/language.js';
import { legend, renderList } from './list.js';

const DAYS_OFFERED = 7;
const COUNT_MAX = 50;

export class Sheet {
  #dialog = el('dialog', { class: 'sheet' });
  #opener = null;

  constructor() {
    document.body.append(this.#dialog);
    this.#dialog.addEventListener('close', () => {
      fill(this.#dialog);
      this.refresh = null;
      this.#opener?.focus();
    });
    this.#dialog.addEventListener('click', (event) => event.target === this.#dialog && this.close());
  }

  refresh = null; // shows again what is open

  show(title, ...content) {
    this.#opener = document.activeElement;
    const heading = el('h2', { id: 'sheet-title', tabindex: '-1', autofocus: true }, title);
    const close = el('button', { type: 'button', class: 'button', onclick: () => this.close() }, t('close'));
    fill(this.#dialog, el('div', { class: 'sheet__inner' }, el('div', { class: 'sheet__head' }, heading, close), content));
    this.#dialog.setAttribute('aria-labelledby', 'sheet-title');
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }
}

// ---- Teams ----------------------------------------------------------------------------------------

export const teamButtons = (phone, choose) =>
  el('div', { class: 'teams' }, phone.choosable.map(({ id, name }) =>
    el('button', { type: 'button', class: 'team', 'aria-pressed': String(id === phone.team), onclick: () => choose(id) }, name)));

// Below the choice: the teams of one touch that are not needed there any more.
export function openTeams(sheet, phone) {
  const then = (act) => (id) => {
    sheet.close();
    act(id);
  };
  const forget = then((id) => phone.forgetTeam(id));
  const others = phone.teams.filter((id) => id !== phone.team);
  sheet.show(t('chooseTeam'), el('p', { class: 'soft' }, t('chooseTeamHint')), teamButtons(phone, then((id) => phone.setTeam(id))),
    others.map((id) => el('button', { type: 'button', class: 'button button--quiet', 'data-key': `forget-${id}`, onclick: () => forget(id) }, t('removeTeam', { team: teamName(phone.catalogue, id) }))));
}

// ---- Catching up ----------------------------------------------------------------------------------

function dayButtons(phone, draft, redraw) {
  const { today, firstDay } = phone;
  const days = Array.from({ length: DAYS_OFFERED }, (_, i) => today - i).filter((day) => day >= firstDay);
  return el('div', { class: 'choices', role: 'group', 'aria-label': t('day') },
    days.map((day) => el('button', {
      type: 'button', class: 'chip', 'data-key': `day-${day}`, 'aria-pressed': String(draft.day === day),
      onclick: () => redraw({ day }),
    }, capital(relativeDate(day, today, language)))),
    el('label', { class: 'date' }, el('span', {}, t('otherDay')),
      el('input', {
        type: 'date', min: formatDate(firstDay), max: formatDate(today), value: formatDate(draft.day), 'data-key': 'date',
        onchange: (event) => {
          const day = parseDate(event.target.value);
          if (day !== null && day >= firstDay && day <= today) redraw({ day });
        },
      })));
}

function counter(draft, redraw) {
  const step = (by) => redraw({ count: Math.min(COUNT_MAX, Math.max(1, draft.count + by)) });
  return el('div', { class: 'counter', role: 'group', 'aria-label': t('count') },
    el('button', { type: 'button', class: 'counter__step', 'data-key': 'fewer', 'aria-label': t('fewer'), 'aria-disabled': String(draft.count === 1), onclick: () => step(-1) }, '−'),
    el('output', { class: 'counter__value', 'aria-live': 'polite' }, t('countNow', { n: draft.count })),
    el('button', { type: 'button', class: 'counter__step', 'data-key': 'more', 'aria-label': t('oneMore'), 'aria-disabled': String(draft.count === COUNT_MAX), onclick: () => step(1) }, '+'));
}

// `choose({day, count})` when the worker goes on; day null is today.
export function openCatchUp(sheet, phone, choice, choose) {
  const draft = { day: choice.day ?? phone.today, count: choice.count };
  const body = el('div', { class: 'catch-up-form' });
  const go = () => {
    sheet.close();
    choose({ day: draft.day === phone.today ? null : draft.day, count: draft.count });
  };
  const redraw = (change) => {
    Object.assign(draft, change);
    fill(body, el('h3', {}, t('day')), dayButtons(phone, draft, redraw), el('h3', {}, t('count')), counter(draft, redraw),
      el('button', { type: 'button', class: 'button button--primary go', 'data-key': 'go', onclick: go }, t('start')));
  };
  redraw({});
  sheet.show(t('catchUp'), el('p', { class: 'soft' }, t('catchUpHint')), body);
}

// ---- Own taps -------------------------------------------------------------------------------------

export function openList(sheet, phone) {
  const list = el('div', { class: 'days' });
  const none = el('p', { class: 'soft' }, t('noTaps'));
  sheet.show(t('myTaps'),
    el('p', { class: 'soft' }, t('myTapsHint', { n: phone.catalogue?.retract_days ?? 14 })), none, list,
    el('h3', {}, t('statesTitle')), legend());
  sheet.refresh = () => {
    none.hidden = phone.taps.length > 0;
    renderList(list, phone, (tap) => phone.retract([tap.id]));
  };
  sheet.refresh();
}
