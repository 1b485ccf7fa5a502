// SPDX-License-Identifier: EUPL-1.2
// Draws the outcomes and the grid of domains, where taps are made. The usual outcome is chosen already, so that a question takes
// one tap; another outcome holds for one tap.
import { domainsOn, teamName } from '../core/catalogue.js';
import { dutch, el, reconcile, renderWhen, setAttribute } from '../core/dom.js';
import { capital, number, relativeDate } from '../core/format.js';
import { groupBy } from '../core/group-by.js';
import { language, t, tParts } from '../core/language.js';
import { Outcome } from '../core/messages.js';
import { domainIcon, icon } from './icons.js';

const { OUTCOME_ANSWERED: ANSWERED, OUTCOME_REFERRED: REFERRED } = Outcome;

export const outcomeWord = (outcome) => t(outcome === REFERRED ? 'referred' : 'answered').toLowerCase();

// What the next tap will count; `day` null: today. `lost`: the day before that, of which the page has to say that taps
// count for today again.
export const plainChoice = () => ({ outcome: ANSWERED, day: null, count: 1, lost: null });

const outcomeButton = (outcome, name, choice, choose) =>
  el('button', { class: `outcome outcome--${name}`, 'aria-pressed': choice.outcome === outcome, 'data-key': name, onclick: () => choose({ outcome }) },
    icon(name), el('span', {}, t(name)));

export function renderOutcome(parent, choice, choose) {
  setAttribute(parent, 'aria-label', t('outcome'));
  renderWhen(parent, [choice, language], () => [outcomeButton(ANSWERED, 'answered', choice, choose), outcomeButton(REFERRED, 'referred', choice, choose)]);
}

// What the next tap will count for, where the thumb is; and the way to what was refused.
export function renderNext(parent, phone, { day, count }, toRefused) {
  const { refused } = phone;
  const words = { day: relativeDate(day ?? phone.today, phone.today, language), n: count };
  const team = teamName(phone.catalogue, phone.team);
  renderWhen(parent, [words, team, refused, language], () => [
    el('p', { class: 'soft' }, tParts(count > 1 ? 'nextTapMany' : 'nextTap', { ...words, team: dutch(team) })),
    refused > 0 && el('button', { class: 'next__refused', 'data-key': 'refused', onclick: toRefused }, icon('refused'), t('barRefused', { n: number(refused, language) })),
  ]);
}

// What the next tap counts for where that is another day, or more than once; or that it is no longer another day.
function modeText(phone, choice, other, final) {
  if (!other) return [t('countingTimes', { n: choice.count }), final];
  const day = relativeDate(choice.day, phone.today, language);
  const where = (words) => tParts('tappedFor', { day: words, team: dutch(teamName(phone.catalogue, phone.team)) });
  if (choice.count > 1) return [tParts('countingFor', { day: where(capital(day)), n: choice.count }), final];
  return [tParts('countingForDay', { day: where(day) }), final];
}

// The bar above the grid that says so.
export function renderMode(parent, phone, choice, choose) {
  const other = choice.day !== null && choice.day !== phone.today;
  const lost = !other && choice.lost !== null && choice.lost !== phone.today;
  const final = phone.isFinal(choice.day ?? phone.today);
  renderWhen(parent, [choice, other, lost, final, phone.team, phone.catalogue?.version, phone.today, language], () => {
    const button = (text, label, change) => el('button', { class: 'button', 'data-key': 'back', 'aria-label': label, onclick: () => choose(change) }, text);
    if (lost) {
      const day = relativeDate(choice.lost, phone.today, language);
      return [el('p', {}, t('againToday', { day })), button(capital(day), t('stillFor', { day }), { day: choice.lost })];
    }
    if (!other && choice.count === 1) return [];
    return [
      el('p', {}, modeText(phone, choice, other, final && el('strong', { class: 'mode__final' }, t('finalQuarter')))),
      button(t(other ? 'backToToday' : 'backToOne'), t(other ? 'backToTodayLabel' : 'backToOneLabel'), { day: null, count: 1 }),
    ];
  });
}

// Returns how many domains there are.
export function renderGrid(parent, phone, choice, tap) {
  const day = choice.day ?? phone.today;
  const domains = phone.catalogue ? domainsOn(phone.catalogue, day) : [];
  setAttribute(parent, 'data-outcome', choice.outcome === REFERRED ? 'referred' : 'answered');
  setAttribute(parent, 'aria-label', t(choice.outcome === REFERRED ? 'domainsHintReferred' : 'domainsHint'));
  tiles(parent, domains, 'domain', tap);
  return domains.length;
}

function tiles(parent, domains, prefix, tap) {
  reconcile(parent, domains, {
    key: ({ code }) => code,
    signature: ({ name }) => name,
    make: (domain) =>
      el('button', { class: 'domain', 'data-key': `${prefix}-${domain.code}`, onclick: (event) => tap(domain, event) },
        domainIcon(domain.name), el('span', { class: 'domain__name', lang: 'nl' }, domain.name), el('span', { class: 'domain__mark' }, icon('counted'))),
  });
}

const OFTEN = 4; // tiles
let often = { day: null, codes: [] };

// Of what this phone remembers; the same all day, so that no tile moves while somebody taps.
function mostUsed(phone) {
  if (often.day === phone.today) return often.codes;
  const byDomain = groupBy(phone.taps.filter(({ retracting }) => !retracting), ({ domain }) => domain);
  often = { day: phone.today, codes: [...byDomain].sort(([, a], [, b]) => b.length - a.length).slice(0, OFTEN).map(([code]) => code) };
  return often.codes;
}

// The row "most used" above the grid, in the grid's order.
export function renderOften(parent, phone, choice, wanted, tap) {
  const codes = wanted ? mostUsed(phone) : [];
  if (!wanted) often.day = null; // counted again when it is wanted again
  setAttribute(parent, 'data-outcome', choice.outcome === REFERRED ? 'referred' : 'answered');
  setAttribute(parent, 'aria-label', t('often'));
  tiles(parent, domainsOn(phone.catalogue, choice.day ?? phone.today).filter(({ code }) => codes.includes(code)), 'often', tap);
}

// The mark on the tile says that it was taken; pressed again, it starts again.
export function flash(tile) {
  if (tile.classList.contains('domain--taken')) {
    tile.classList.remove('domain--taken');
    void tile.offsetWidth; // so that the animation starts again
  }
  tile.classList.add('domain--taken');
  clearTimeout(tile.flashTimer);
  tile.flashTimer = setTimeout(() => unflash(tile), 900);
}

export const unflash = (tile) => tile.classList.remove('domain--taken');
