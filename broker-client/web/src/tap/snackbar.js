// SPDX-License-Identifier: EUPL-1.2
// The snackbar: it shows for six seconds what was just tapped, and offers undo and labels. The tap does not leave the phone before
// it closes. It stays open while the sheet with labels is open, or while it has the keyboard's focus. Afterwards it says for six
// seconds that the tap was undone, or that the phone could not store it. Its place in the foot is always there.
import { domainName, labelsFor, teamName } from '../core/catalogue.js';
import { dutch, el, fill } from '../core/dom.js';
import { capital, relativeDate } from '../core/format.js';
import { language, t, tParts } from '../core/language.js';
import { outcomeWord, unflash } from './grid.js';
import { undoKeys } from './keyboard.js';
import { UNDO_MS } from '../phone/phone.js';

const STAY_MS = 60_000;

export class Snackbar {
  #parent;
  #phone;
  #announce;
  #sheet; // {open(tap, act), close({returnTo})} of the labels
  // The tap {ids, team, day, domain, outcome, count, origin, labels, twice}. `open`: the sheet with labels is open.
  // `end`: the name of the text that replaces the tap at the end; then the tap can no longer be undone.
  #shown = null;
  #timer = 0;

  constructor(parent, phone, announce, sheet) {
    this.#parent = parent;
    this.#phone = phone;
    this.#announce = announce;
    this.#sheet = sheet;
    parent.addEventListener('focusin', (event) => event.target.matches('button:focus-visible') && this.#stay(STAY_MS));
    parent.addEventListener('focusout', (event) => !parent.contains(event.relatedTarget) && !this.#shown?.open && this.#stay(UNDO_MS));
  }

  #canUndo(tapped = this.#shown) {
    return tapped !== null && tapped === this.#shown && tapped.end === undefined;
  }

  // For the order of Tab: the tile that was tapped, and what can be done about it now.
  get origin() {
    return this.#canUndo() ? this.#shown.origin : null;
  }

  get buttons() {
    return [...this.#parent.querySelectorAll('button:enabled')];
  }

  show(tapped) {
    this.#closeSheet();
    this.#shown = Object.assign(tapped, { labels: [], open: false });
    this.#render();
    this.#closeIn(this.#phone.staysMs(tapped.ids[0])); // writing to the disk has taken part of the time
    this.#announce(`${this.#whole()}. ${this.#saved()}`);
  }

  // The same tile was touched twice, and counted once.
  showTouchedTwice(tapped) {
    tapped.twice = true;
    if (!this.#canUndo(tapped)) return;
    this.#render();
    this.#announce(this.#saved());
  }

  showNotSaved(tapped) {
    this.#shown = tapped;
    this.#showEnd('notSaved');
  }

  // A part of the page could not be fetched.
  showNotLoaded() {
    this.#shown = {};
    this.#showEnd('noConfig');
  }

  // The keyboard's focus goes back to where the tap was made.
  close() {
    clearTimeout(this.#timer);
    this.#closeSheet(this.#shown?.origin);
    if (this.#parent.contains(document.activeElement)) this.#shown?.origin?.focus({ preventScroll: true });
    this.#shown = null;
    this.#parent.hidden = true;
    fill(this.#parent);
  }

  // Takes back what it names. The focus stays here: a second Enter must not count on the tile again.
  async undo() {
    if (!this.#canUndo()) return;
    const undone = this.#shown;
    const focused = undone.open || this.#parent.contains(document.activeElement);
    this.#closeSheet();
    undone.end = '';
    this.#render();
    if (focused) this.#parent.querySelector('.snack__text').focus();
    unflash(undone.origin);
    const end = await this.#phone.retract(undone.ids).then(() => 'undoneWhat', () => 'notUndone');
    if (this.#shown === undone) this.#showEnd(end);
    else this.#announce(t(end, { what: this.#whole(undone) }));
  }

  // The language has changed.
  refresh() {
    if (this.#shown) this.#render();
  }

  #showEnd(text) {
    this.#shown.end = text;
    this.#render();
    this.#closeIn(UNDO_MS);
    this.#announce(t(text, { what: this.#whole() }));
  }

  #closeIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), ms);
  }

  // Stays open for `ms`, and keeps the tap on the phone for as long. `change`: new labels.
  #stay(ms, change = {}) {
    if (!this.#canUndo()) return;
    this.#closeIn(ms);
    this.#phone.change(this.#shown.ids, change, ms).catch(() => {});
  }

  // The title as text. With tParts for `put` and dutch for `name`, it is a list of children for an element.
  #title(shown = this.#shown, put = t, name = String) {
    const { domain, outcome, count } = shown;
    return put(count > 1 ? 'tappedMany' : 'tapped', { domain: name(domainName(this.#phone.catalogue, domain)), outcome: outcomeWord(outcome), n: count });
  }

  // The day and the team of the tap, when there could be doubt.
  #where({ day, team } = this.#shown, put = t, name = String) {
    if (day === this.#phone.today && this.#phone.teams.length < 2) return '';
    const words = relativeDate(day, this.#phone.today, language);
    return put('tappedFor', { day: put === t ? words : capital(words), team: name(teamName(this.#phone.catalogue, team)) });
  }

  #whole(shown = this.#shown) {
    if (!shown.domain) return '';
    return [this.#title(shown), this.#where(shown)].filter(Boolean).join(', ');
  }

  #saved() {
    return t(this.#shown.twice ? 'savedOnce' : 'savedHere');
  }

  #render() {
    this.#parent.hidden = false;
    if (this.#canUndo()) this.#renderTap();
    else fill(this.#parent, el('p', { class: 'snack__text', tabindex: '-1', 'data-key': 'closing' }, this.#shown.end && t(this.#shown.end, { what: this.#whole() })));
  }

  #renderTap() {
    const where = this.#where(this.#shown, tParts, dutch);
    const offered = labelsFor(this.#phone.catalogue, this.#shown).length > 0;
    fill(this.#parent,
      el('div', { class: 'snack__row' },
        el('p', { class: 'snack__text' }, el('strong', {}, this.#title(this.#shown, tParts, dutch)), ' ', el('span', {}, where && [where, '. '], this.#saved())),
        el('div', { class: 'snack__buttons' },
          el('button', { class: 'snack__button snack__button--main', 'data-key': 'undo', 'aria-keyshortcuts': 'Control+Z Meta+Z', onclick: () => this.undo() }, t('undo'), el('kbd', { class: 'snack__keys', 'aria-hidden': 'true' }, undoKeys())),
          offered && el('button', { class: 'snack__button', 'data-key': 'add', onclick: () => this.#openSheet() }, t('addLabel')))));
  }

  #openSheet() {
    const shown = this.#shown;
    const isWanted = () => this.#shown === shown && shown.open;
    shown.open = true;
    this.#stay(STAY_MS);
    this.#sheet.open({ ...shown, title: this.#title(shown, tParts, dutch) }, {
      isWanted,
      choose: (labels) => this.#stay(STAY_MS, { labels: (shown.labels = labels) }),
      done: () => {
        this.close();
        this.#phone.release(shown.ids);
      },
      closed: () => {
        if (!isWanted()) return;
        shown.open = false;
        this.#stay(UNDO_MS);
      },
    });
  }

  #closeSheet(returnTo = null) {
    if (!this.#shown?.open) return;
    this.#shown.open = false;
    this.#sheet.close({ returnTo });
  }
}
