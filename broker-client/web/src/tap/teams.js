// SPDX-License-Identifier: EUPL-1.2
// The choice of a team: on the first screen, and in a sheet later. The first screen also says whose page this is and what counts as
// a question. "Only now" is for a worker on a borrowed phone, which then remembers nothing.
import { teamName } from '../core/catalogue.js';
import { dutch, el } from '../core/dom.js';
import { t, tParts } from '../core/language.js';

// Calls `choose(id, borrowed)` when the worker has chosen a team.
export function teamChoice(phone, choose) {
  const hint = el('p', { class: 'soft', role: 'status' });
  const borrow = el('button', { class: 'chip borrow', 'data-key': 'borrow', onclick: () => set(!borrowed) }, t('onlyNow'));
  let borrowed = false;
  const set = (wanted) => {
    borrowed = wanted;
    borrow.setAttribute('aria-pressed', String(borrowed));
    hint.textContent = t(borrowed ? 'onlyNowHint' : 'chooseTeamHint');
  };
  set(false);
  const team = ({ id, name }) => el('button', { class: 'team', lang: 'nl', 'aria-pressed': String(id === phone.team), onclick: () => choose(id, borrowed) }, name);
  return el('div', { class: 'team-choice' }, el('div', { class: 'choices' }, borrow), hint, el('div', { class: 'teams' }, phone.choosableTeams.map(team)));
}

export const welcome = (phone) => [
  el('h2', {}, t('whose', { org: phone.catalogue.name })),
  el('p', {}, t('whatCounts')),
];

// The sheet. Below the choice it offers to remove the other teams that have a button at the top of the page.
export function openTeams(sheet, phone, grid) {
  const choose = (id, borrowed) => {
    sheet.close({ returnTo: grid });
    phone.setTeam(id, borrowed);
  };
  const forget = (id) => {
    sheet.close();
    phone.forgetTeam(id);
  };
  const others = phone.teams.filter((id) => id !== phone.team);
  sheet.show(t('chooseTeam'), teamChoice(phone, choose),
    others.map((id) => el('button', { class: 'button button--quiet', 'data-key': `forget-${id}`, onclick: () => forget(id) }, tParts('removeTeam', { team: dutch(teamName(phone.catalogue, id)) }))));
}
