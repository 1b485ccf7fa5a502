// SPDX-License-Identifier: EUPL-1.2
// What waits on this phone, and which part of it the connection carries: all that is of the moment, or one portion of what goes later.
// When the next portion goes is in IndexedDB before a portion leaves; which events are in it is drawn when it goes.
import { waits } from '../../phone/tap.js';
import { afterPortion, drawPortion, goesLater, nextPortion } from './portions.js';

const osRandom = () => crypto.getRandomValues(new Uint32Array(1))[0];

// What of a tap may be sent next. A retraction waits for its question.
const actOf = (tap) => (tap.questionWaits ? 'question' : 'retraction');
const keyOf = (tap) => `${tap.id} ${actOf(tap)}`;
const isReoffered = (tap) => (tap.questionWaits ? tap.questionVerdict : tap.retractionVerdict) !== 0;

export class PortionPlan {
  #options;
  #next = 0; // when the next portion may go, in unix seconds; 0: not planned
  #madeBefore = new Set(); // what waited when the page was opened, or when the date changed
  #today = 0;
  #portion = null; // the ids of the portion that the connection carries; null: it carries what is of the moment
  #isAccepted = false; // the broker has let that connection in
  #isOver = false; // and it has ended
  #inVain = 0; // portions in a row that were not answered

  // {store, taps: those of the phone, today, now, draw}
  constructor({ draw = osRandom, ...options }) {
    this.#options = { draw, ...options };
  }

  async load() {
    this.#next = (await this.#options.store.get('portion')) ?? 0;
    this.#lookAtDate();
  }

  // When the next portion may go, in milliseconds; 0: nothing goes later.
  get next() {
    return this.#split().later.length ? this.#next * 1000 : 0;
  }

  // Whether the connection carries a portion.
  get hasPortion() {
    return this.#portion !== null;
  }

  // Whether what waits of this tap stays while this connection is there.
  staysBehind(tap) {
    this.#lookAtDate();
    return this.#portion ? !this.#portion.has(tap.id) : this.#goesLater(tap);
  }

  // How many of the taps that wait have nothing to connect for now; `running`: there is a connection.
  staying(running) {
    const { moment, later, all } = this.#split();
    if (running && this.#portion && !this.#isOver) return all.filter((tap) => !this.#portion.has(tap.id)).length;
    return moment.length > 0 || !this.#isDue(later) ? later.length : moment.length;
  }

  // A connection begins: decides what it carries. Resolves when that is stored.
  async begin() {
    const { draw } = this.#options;
    const { moment, later, all } = this.#split();
    if (this.#portion && !this.#isAccepted && moment.length === 0) return; // it never left
    if (this.#portion && this.#isAccepted) this.#inVain = all.some((tap) => this.#portion.has(tap.id)) ? this.#inVain + 1 : 0;
    this.#portion = null;
    this.#isAccepted = false;
    this.#isOver = false;
    if (moment.length > 0 || !this.#isDue(later)) return;
    await this.#plan(afterPortion(this.#seconds(), this.#inVain, draw));
    this.#portion = new Set(drawPortion(later, draw).map(({ id }) => id));
  }

  noteAccepted() {
    this.#isAccepted = true;
  }

  // There is no connection any more: the next one has nothing to do with the portion of this one.
  noteEnd() {
    this.#isOver = this.#isAccepted;
  }

  // Plans the next portion when something goes later, and ends the plan when nothing does. Resolves to whether that changed.
  async update() {
    const { later } = this.#split();
    const next = later.length ? nextPortion(this.#next, this.#seconds(), this.#options.draw) : 0;
    if (next === this.#next) return false;
    await this.#plan(next);
    return true;
  }

  async #plan(next) {
    this.#next = next;
    await this.#options.store.put('portion', next);
  }

  #isDue(later) {
    return later.length > 0 && this.#next !== 0 && this.#next <= this.#seconds();
  }

  #split() {
    this.#lookAtDate();
    const all = this.#options.taps().filter(waits).sort((a, b) => a.n - b.n);
    return { all, moment: all.filter((tap) => !this.#goesLater(tap)), later: all.filter((tap) => this.#goesLater(tap)) };
  }

  #goesLater(tap) {
    return goesLater({ day: tap.day, today: this.#today, reoffered: isReoffered(tap), madeNow: !this.#madeBefore.has(keyOf(tap)) });
  }

  #lookAtDate() {
    const today = this.#options.today();
    if (today === this.#today) return;
    this.#today = today;
    this.#madeBefore = new Set(this.#options.taps().filter(waits).map(keyOf));
  }

  #seconds() {
    return Math.floor(this.#options.now() / 1000);
  }
}
