// SPDX-License-Identifier: EUPL-1.2
// The sheet "change": another domain, outcome, day, team or labels for a tap. The tap is taken back and counted again in one step.
import { domainsOn, labelsFor, teamsOn } from '../core/catalogue.js';
import { dutch, el, fill } from '../core/dom.js';
import { t } from '../core/language.js';
import { Outcome } from '../core/messages.js';
import { chip, chipGroup, labelGroups } from './labels.js';
import { dayChoice } from './catch-up.js';

const outcomes = [['answered', Outcome.OUTCOME_ANSWERED], ['referred', Outcome.OUTCOME_REFERRED]];

// One choice among `options`: [{value, text}].
const oneOf = (title, name, options, draft, choose) =>
  chipGroup(title, options.map(({ value, text }) => chip(`${name}-${value}`, text, draft[name] === value, () => choose({ [name]: value }))));

// What may be chosen on the day of the draft. A choice that is not among it is dropped.
function offered(phone, draft) {
  const day = draft.day ?? phone.today;
  const named = (list, value) => list.map((one) => ({ value: one[value], text: dutch(one.name) }));
  const teams = teamsOn(phone.catalogue, day).filter(({ id }) => phone.firstDayOf(id) <= day);
  draft.labels = draft.labels.filter((code) => labelsFor(phone.catalogue, { ...draft, day }).some((label) => label.code === code));
  return { teams: named(teams, 'id'), domains: named(domainsOn(phone.catalogue, day), 'code') };
}

// `taps` are equal ones; `back` goes back to the list.
export function openChange(sheet, phone, taps, back) {
  const [{ team, day, domain, outcome, labels }] = taps;
  const draft = { team, day, domain, outcome, labels, n: 1 };
  const [first, rest] = [el('div', { class: 'catch-up-form' }), el('div', { class: 'catch-up-form' })];
  const hint = el('p', { class: 'soft', role: 'status' });
  const save = el('button', { class: 'button button--primary go', 'data-key': 'save', onclick: () => store() }, t('changeSave'));
  const choose = (change) => (Object.assign(draft, change), redraw());
  const fits = ({ teams, domains }) => teams.some(({ value }) => value === draft.team) && domains.some(({ value }) => value === draft.domain);
  const redraw = () => {
    const list = offered(phone, draft);
    const counts = [{ value: 1, text: t('changeOne') }, { value: taps.length, text: t('changeAll', { n: taps.length }) }];
    fill(first, taps.length > 1 && oneOf(t('changeMany'), 'n', counts, draft, choose),
      oneOf(t('domains'), 'domain', list.domains, draft, choose),
      oneOf(t('outcome'), 'outcome', outcomes.map(([word, value]) => ({ value, text: t(word) })), draft, choose));
    fill(rest, list.teams.length > 1 && oneOf(t('team'), 'team', list.teams, draft, choose), labelGroups(phone, { ...draft, day: draft.day ?? phone.today }, choose));
    hint.textContent = fits(list) ? draft.day !== null && phone.isFinal(draft.day, draft.team) ? t('finalQuarter') : '' : t('changeChoose');
  };
  const dayPart = dayChoice(phone, draft, () => redraw());
  const store = async () => {
    if (!dayPart.field.reportValidity() || !fits(offered(phone, draft))) return;
    const { n, ...change } = draft;
    await phone.replace(taps.slice(0, n).map(({ id }) => id), change).catch(() => {});
    back();
  };
  sheet.show(t('changeTitle'), el('p', { class: 'soft' }, t('changeHint')), first, el('h3', {}, t('day')), dayPart.element, rest, hint, save);
}
