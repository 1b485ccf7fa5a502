// SPDX-License-Identifier: EUPL-1.2
// What was just tapped, for six seconds: undo, and labels for who wants them. Until it closes nothing leaves the phone;
// while someone is in it (labels open, or the keyboard's focus) it stays.
import { domainName, labelsOn } from '../core/catalogue.js';
import { el, fill } from '../core/dom.js';
import { t } from '../core/language.js';
import { LABELS_MAX, LabelKind, Outcome } from '../core/messages.js';
import { outcomeWord } from './grid.js';
import { UNDO_MS } from './phone.js';

const STAY_MS = 60_000;

export class Snack {
  #parent;
  #phone;
  #say;
  #shown = null; // {ids, day, domain, outcome, count, labels, open, origin}
  #timer = 0;

  constructor(parent, phone, say) {
    this.#parent = parent;
    this.#phone = phone;
    this.#say = say;
    parent.addEventListener('focusin', (event) => event.target.matches(':focus-visible') && this.#stay(STAY_MS));
    parent.addEventListener('focusout', (event) => !parent.contains(event.relatedTarget) && !this.#shown?.open && this.#stay(UNDO_MS));
  }

  get shown() {
    return this.#shown !== null;
  }

  show(what) {
    this.#shown = { labels: [], open: false, ...what };
    this.#render();
    this.#closeIn(this.#phone.staysMs(what.ids[0])); // of which the disk has taken its part
    this.#say(`${this.#title()}. ${t('savedHere')}`);
  }

  // The keyboard's focus goes back to where the tap was made.
  close() {
    clearTimeout(this.#timer);
    if (this.#parent.contains(document.activeElement)) this.#shown?.origin?.focus();
    this.#shown = null;
    this.#parent.hidden = true;
    fill(this.#parent);
  }

  async undo() {
    if (!this.#shown) return;
    const { ids } = this.#shown;
    this.close();
    await this.#phone.retract(ids);
    this.#say(t('undone'));
  }

  // In another language.
  refresh() {
    if (this.#shown) this.#render();
  }

  #closeIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), ms);
  }

  #stay(ms, change = {}) {
    if (!this.#shown) return;
    this.#closeIn(ms);
    this.#phone.change(this.#shown.ids, change, ms).catch(() => {});
  }

  #title() {
    const { domain, outcome, count } = this.#shown;
    const words = { domain: domainName(this.#phone.catalogue, domain), outcome: outcomeWord(outcome), n: count };
    return t(count > 1 ? 'tappedMany' : 'tapped', words);
  }

  // The labels that fit this question; where it was sent on to only makes sense for one that was.
  #offered() {
    const { day, domain, outcome } = this.#shown;
    return labelsOn(this.#phone.catalogue, day, domain)
      .filter(({ kind }) => kind !== LabelKind.LABEL_REFERRED_TO || outcome === Outcome.OUTCOME_REFERRED);
  }

  #render() {
    const offered = this.#offered();
    const { open } = this.#shown;
    this.#parent.hidden = false;
    fill(this.#parent,
      el('div', { class: 'snack__row' },
        el('p', { class: 'snack__text' }, el('strong', {}, this.#title()), el('span', {}, t('savedHere'))),
        el('div', { class: 'snack__buttons' },
          offered.length > 0 && !open && el('button', { type: 'button', class: 'snack__button', 'data-key': 'add', onclick: () => this.#open() }, t('addLabel')),
          el('button', { type: 'button', class: 'snack__button snack__button--main', 'data-key': 'undo', onclick: () => this.undo() }, t('undo')))),
      open && this.#panel(offered));
  }

  #open() {
    this.#shown.open = true;
    this.#render();
    this.#stay(STAY_MS);
    this.#parent.querySelector('.chip')?.focus();
  }

  #panel(offered) {
    const kinds = [['subject', LabelKind.LABEL_SUBJECT], ['origin', LabelKind.LABEL_ORIGIN], ['referredTo', LabelKind.LABEL_REFERRED_TO]];
    return el('div', { class: 'snack__labels' },
      kinds.map(([word, kind]) => this.#group(word, offered.filter((label) => label.kind === kind))),
      el('div', { class: 'snack__end' },
        el('span', {}, this.#shown.labels.length === LABELS_MAX ? t('labelsMax') : t('labelsTitle')),
        el('button', { type: 'button', class: 'snack__button snack__button--main', 'data-key': 'done', onclick: () => this.#done() }, t('done'))));
  }

  #group(word, labels) {
    if (labels.length === 0) return null;
    return el('div', { class: 'chips', role: 'group', 'aria-label': t(word) }, el('p', { class: 'chips__title', 'aria-hidden': 'true' }, t(word)), labels.map((label) => this.#chip(label)));
  }

  #chip({ code, name }) {
    const pressed = this.#shown.labels.includes(code);
    const full = !pressed && this.#shown.labels.length === LABELS_MAX;
    return el('button', {
      type: 'button', class: 'chip', 'aria-pressed': String(pressed), disabled: full, 'data-key': `label-${code}`,
      onclick: () => this.#toggle(code),
    }, name);
  }

  #toggle(code) {
    const { labels } = this.#shown;
    this.#shown.labels = labels.includes(code) ? labels.filter((label) => label !== code) : [...labels, code].sort((a, b) => a - b);
    this.#stay(STAY_MS, { labels: this.#shown.labels });
    this.#render();
  }

  async #done() {
    const { ids } = this.#shown;
    this.close();
    await this.#phone.release(ids);
  }
}
