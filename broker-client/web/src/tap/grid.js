// SPDX-License-Identifier: EUPL-1.2
// The outcome and the domains: where a tap is made. The usual outcome is chosen already, so that a question takes one
// tap; another outcome holds for one tap and then falls back.
import { domainsOn, teamName } from '../core/catalogue.js';
import { el, reconcile, renderWhen } from '../core/dom.js';
import { capital, number, relativeDate } from '../core/format.js';
import { language, t } from '../core/language.js';
import { Outcome } from '../core/messages.js';
import { icon } from './icons.js';

const { OUTCOME_ANSWERED: ANSWERED, OUTCOME_REFERRED: REFERRED } = Outcome;

export const outcomeWord = (outcome) => t(outcome === REFERRED ? 'referredLower' : 'answeredLower');

// What the next tap will count; `day` null: today.
export const plainChoice = () => ({ outcome: ANSWERED, day: null, count: 1 });

function outcomeButton(outcome, name, choice, choose) {
  const pressed = choice.outcome === outcome;
  return el('button', {
    type: 'button', class: `outcome outcome--${name}`, 'aria-pressed': String(pressed), 'data-key': name,
    onclick: () => choose({ outcome }),
  }, icon(name), el('span', {}, t(name)));
}

export function renderOutcome(parent, choice, choose) {
  parent.setAttribute('aria-label', t('outcome'));
  renderWhen(parent, [choice, language], () => [outcomeButton(ANSWERED, 'answered', choice, choose), outcomeButton(REFERRED, 'referred', choice, choose)]);
}

// What the next tap will count for, where the thumb is; and the way to what was refused.
export function renderNext(parent, phone, { day, count }, toRefused) {
  const { refused } = phone;
  const words = { team: teamName(phone.catalogue, phone.team), day: relativeDate(day ?? phone.today, phone.today, language), n: count };
  renderWhen(parent, [words, refused, language], () => [
    el('p', { class: 'soft' }, t(count > 1 ? 'nextTapMany' : 'nextTap', words)),
    refused > 0 && el('button', { type: 'button', class: 'next__refused', 'data-key': 'refused', onclick: toRefused }, icon('refused'), t('barRefused', { n: number(refused, language) })),
  ]);
}

// A bar that cannot be overlooked while taps count for another day, or more than once.
export function renderMode(parent, phone, choice, choose) {
  const other = choice.day !== null && choice.day !== phone.today;
  const final = phone.isFinal(choice.day ?? phone.today);
  renderWhen(parent, [choice, other, final, phone.today, language], () => {
    if (!other && choice.count === 1) return [];
    const day = other ? relativeDate(choice.day, phone.today, language) : '';
    const text = other ? choice.count > 1 ? t('countingFor', { day: capital(day), n: choice.count }) : t('countingForDay', { day }) : t('countingTimes', { n: choice.count });
    return [el('p', {}, text, final && el('strong', { class: 'mode__final' }, t('finalQuarter'))), el('button', { type: 'button', class: 'button', 'data-key': 'back', 'aria-label': t(other ? 'backToTodayLabel' : 'backToOneLabel'), onclick: () => choose({ day: null, count: 1 }) }, t(other ? 'backToToday' : 'backToOne'))];
  });
}

// `recent`: code of the domain that was just tapped, for the moment that shows it.
export function renderGrid(parent, phone, choice, tap) {
  const day = choice.day ?? phone.today;
  const domains = phone.catalogue ? domainsOn(phone.catalogue, day) : [];
  parent.dataset.outcome = choice.outcome === REFERRED ? 'referred' : 'answered';
  parent.setAttribute('aria-label', t(choice.outcome === REFERRED ? 'domainsHintReferred' : 'domainsHint'));
  reconcile(parent, domains, {
    key: ({ code }) => code,
    signature: ({ name }) => name,
    make: (domain) =>
      el('button', { type: 'button', class: 'domain', 'data-key': `domain-${domain.code}`, onclick: (event) => tap(domain, event) },
        el('span', { class: 'domain__name', lang: 'nl' }, domain.name), el('span', { class: 'domain__mark' }, icon('counted'))),
  });
  return domains.length;
}

// The mark on the tile says that it was taken; pressed again, it starts anew.
export function flash(tile) {
  if (tile.classList.contains('domain--taken')) {
    tile.classList.remove('domain--taken');
    void tile.offsetWidth; // so that the animation starts anew
  }
  tile.classList.add('domain--taken');
  clearTimeout(tile.flashTimer);
  tile.flashTimer = setTimeout(() => unflash(tile), 900);
}

export const unflash = (tile) => tile.classList.remove('domain--taken');
