// SPDX-License-Identifier: EUPL-1.2
// The road in for a page: joins with an invitation, fetches tokens, and gives the connection what to log in with. A page without
// an invitation asks nothing of turfdoor: it connects as anybody, and looks whether there is a door when the broker refuses it.
import { addTexts } from '../language.js';
import { ALL, topics } from '../topics.js';
import { fingerprint, readDirectory } from './directory.js';
import { Enrolment } from './enrolment.js';
import { Issuer } from './issuer.js';
import { PortionPlan } from './portion-plan.js';
import { ShortConnections } from './short-connections.js';
import { DoorStore } from './store.js';
import nl from './texts.nl.js';
import { toText } from './token.js';
import { tokenMaker } from './token-maker.js';
import { Wallet } from './wallet.js';

const REFUSALS_MAX = 3; // after so many refused tokens in a row the page waits, so that it does not lose them all
const REFUSED_WAIT_MS = 10 * 60_000;
const OFTEN = 6; // so many connections within OFTEN_MS, and no more
const OFTEN_MS = 10 * 60_000;
// What the page says when fetching tokens failed for this reason. A directory without a key for this week: the date may be wrong.
const NAMES = { 'directory-wrong': 'mismatch', 'key-unknown': 'refused' };
const LATER_MS = 60_000; // after this long an invitation that got no answer is sent again
const LONGEST_TIMER_MS = 60 * 60_000;

export class Door {
  #options;
  #store;
  #issuer;
  #enrolment;
  #wallet;
  #shortConnections = null;
  #portions = null; // of the worker's page
  #timer = 0;
  #closed = false;
  #listeners = new AbortController();
  #isOutside = false; // there is a door, and this device has not joined
  #token = null; // that the connection shows
  #lack = null; // {name, from}: why there was no token when the connection wanted one
  #refusals = 0; // tokens in a row that the broker has refused
  #refusedUntil = 0;
  #acceptedAt = []; // the last times at which the broker let it in

  fingerprint = ''; // of the keys at the broker, for people to compare

  // {org, role, connection, onChange; for the worker's page waits and wanted, as in ShortConnections, taps
  // and today, as in PortionPlan; for tests now, random, fetcher,
  // maker, and address: the window's location and history}
  static async open({ now = Date.now, random = Math.random, fetcher = (...asked) => fetch(...asked), maker = tokenMaker, address = globalThis, ...options }) {
    const door = new Door();
    const { org, role, connection, onChange, wanted, waits, taps, today, draw } = options;
    const store = new DoorStore(org);
    const issuer = new Issuer(fetcher);
    door.#options = { ...options, now };
    door.#store = store;
    door.#issuer = issuer;
    door.#enrolment = new Enrolment({ store, issuer, org, address, onChange });
    door.#wallet = new Wallet({ org, role, store, issuer, maker, now, random, onChange });
    if (wanted) {
      door.#portions = new PortionPlan({ store, taps, today, now, draw });
      const hasPortion = () => door.#portions.hasPortion;
      door.#shortConnections = new ShortConnections({ connection, wanted, waits: () => waits() - door.later, hasPortion, now });
    }
    const takeInvitation = () => door.#enrolment.takeInvitation();
    addTexts({ nl, en: () => import('./texts.en.js') }).then(onChange);
    await takeInvitation();
    await door.#wallet.load();
    await door.#portions?.load();
    globalThis.addEventListener?.('hashchange', () => takeInvitation().then(() => door.#settle()), { signal: door.#listeners.signal });
    door.#settle();
    return door;
  }

  close() {
    this.#closed = true;
    this.#listeners.abort();
    clearTimeout(this.#timer);
    this.#shortConnections?.close();
    this.#store.close();
  }

  get joined() {
    return this.#wallet.device !== null;
  }

  // The teams of the scope; null: every team.
  get teams() {
    return teamsOf(this.#wallet.device);
  }

  // What the connection subscribes to for the door.
  get topics() {
    return this.joined ? [topics.doorKeys(this.#options.org)] : [];
  }

  // How many taps wait and have nothing to connect for now, as they go later.
  get later() {
    return this.joined && this.#portions ? this.#portions.staying(this.#options.connection.running) : 0;
  }

  // Whether what waits of this tap does not go on this connection.
  staysBehind(tap) {
    return this.joined && this.#portions.staysBehind(tap);
  }

  // ---- What the page says -------------------------------------------------------------------------

  // {name: of a text in texts.nl.js without "door_", from: a moment in milliseconds, or 0}; what there is to say of an invitation
  // has the role and the teams of the device too ('', null: there is none). Null: nothing.
  get notice() {
    const { outcome, device } = this.#enrolment;
    const trouble = this.#trouble;
    const role = device?.role ?? '';
    const isForOtherPage = role !== '' && role !== this.#options.role; // then this page's trouble is not that device's
    if (!outcome || (trouble && !isForOtherPage && outcome.startsWith('joined'))) return trouble ?? this.#whatGoesLater;
    const name = outcome === 'joined' && role !== this.#options.role ? `joined-as-${role}` : outcome;
    return { name, from: 0, role, teams: teamsOf(device) };
  }

  get #whatGoesLater() {
    const from = this.joined ? this.#portions?.next : 0;
    return from ? { name: 'portions', from } : null;
  }

  get #trouble() {
    const { device } = this.#wallet;
    if (!device) return this.#isOutside ? { name: 'outside', from: 0 } : null;
    if (device.refusal) return { name: device.refusal, from: 0 };
    if (this.#options.now() < this.#refusedUntil) return { name: 'refused', from: this.#refusedUntil };
    return this.#lack;
  }

  // Who has opened an invitation must see what became of it; and who opens a page that is not let in, before the first touch.
  mustBeSeen(isTouched) {
    const { notice } = this;
    return notice !== null && notice.name !== 'portions' && (notice.role !== undefined || !isTouched);
  }

  // What the bar says of the connection: idle, there is nothing to connect for; barred, there is nothing to log in with. Undefined:
  // what the connection says.
  get link() {
    const { connection } = this.#options;
    if (connection.state === 'online') return undefined;
    const trouble = this.#trouble;
    if (trouble && trouble.name !== 'unreachable') return 'barred';
    return this.joined && !connection.running ? 'idle' : undefined;
  }

  dismiss() {
    this.#enrolment.dismiss();
  }

  // The worker has touched "Opnieuw proberen".
  async retry() {
    this.#forgetRefusals();
    if (this.#wallet.device?.refusal) await this.#wallet.refuse('');
    await this.#settle({ again: true });
    this.#options.connection.wake();
  }

  #forgetRefusals() {
    this.#refusedUntil = 0;
    this.#refusals = 0;
    this.#isOutside = false;
  }

  // ---- The connection -----------------------------------------------------------------------------

  // The page is seen, or the network is back.
  wake() {
    this.#shortConnections?.wake();
    this.update();
    this.#settle({ again: this.#wallet.failed === 'network' });
  }

  // Other figures than before are wanted: they get the time to arrive.
  wantFigures() {
    this.#shortConnections?.linger();
  }

  // Begins or ends the connection of a device that has joined, as it is wanted.
  update() {
    if (!this.joined || this.#closed) return;
    if (this.#options.connection.state === 'offline') this.#portions?.noteEnd();
    this.#shortConnections?.update();
    this.#portions?.update().then((isPlanned) => isPlanned && this.#settle(), () => {}); // a full disk: it is tried again
  }

  // What the next connection logs in with: {} as anybody. Null: it must not connect now. A storage that fails is tried again with
  // the next connection, as whatever else the storage refuses here.
  login() {
    return this.#login().catch(() => null);
  }

  async #login() {
    this.#token = null;
    if (!this.joined) await this.#join();
    const { device } = this.#wallet;
    if (!device) return this.#isOutside ? null : {};
    if (device.refusal === 'mismatch' || this.#options.now() < this.#refusedUntil || this.#isTooOften()) return null;
    const token = (await this.#wallet.take()) ?? (await this.#wallet.update().then(() => this.#wallet.take()));
    if (!token && this.#wallet.failed === 'none') return {}; // the server has no door any more
    await this.#noteLack(token);
    if (!token) return null;
    await this.#portions?.begin();
    this.#token = token;
    return { username: 'pass', password: toText(token) };
  }

  // A network that comes and goes would use up the week's tokens within hours.
  #isTooOften() {
    const now = this.#options.now();
    this.#acceptedAt = this.#acceptedAt.filter((at) => at <= now && now - at < OFTEN_MS);
    return this.#acceptedAt.length >= OFTEN;
  }

  async #noteLack(token) {
    const lack = token ? null : await this.#whyNone();
    if (lack?.name === this.#lack?.name && lack?.from === this.#lack?.from) return;
    this.#lack = lack;
    this.#options.onChange();
  }

  async #whyNone() {
    const { from, isAway } = await this.#wallet.nextTokens();
    const { failed } = this.#wallet;
    if (isAway) return { name: 'away', from };
    return failed ? { name: NAMES[failed] ?? 'unreachable', from: 0 } : { name: 'used-up', from };
  }

  // The broker has let the connection in.
  async accepted() {
    this.#refusals = 0;
    if (!this.#token) return;
    this.#portions?.noteAccepted();
    this.#acceptedAt.push(this.#options.now());
    await this.#wallet.noteAnswer(this.#token, { accepted: true }).catch(() => {});
  }

  // The broker has refused the connection.
  refused() {
    return this.#refused().catch(() => {});
  }

  async #refused() {
    const token = this.#token;
    if (!this.joined) return this.#lookForDoor();
    if (!token) return undefined;
    this.#token = null;
    await this.#wallet.noteAnswer(token, { accepted: false });
    if (++this.#refusals >= REFUSALS_MAX) this.#refusedUntil = this.#options.now() + REFUSED_WAIT_MS;
    await this.#wallet.dropRotated();
    return this.#settle({ again: true });
  }

  async #lookForDoor() {
    const { text } = await this.#issuer.directory();
    this.#isOutside = text !== undefined;
    this.#options.onChange();
  }

  // What the broker retains on door/keys.
  keysArrived({ bytes }) {
    return this.#compareKeys(bytes).catch(() => {});
  }

  async #compareKeys(bytes) {
    if (!this.joined) return;
    const retained = await readDirectory(new TextDecoder().decode(bytes), this.#options.org);
    if (retained) await this.#wallet.compare(retained);
    else await this.#wallet.refuse('mismatch');
    this.fingerprint = retained ? await fingerprint(retained, this.#options.now() / 1000) : '';
    if (this.#wallet.device.refusal === 'mismatch') this.#breakOff();
    this.#options.onChange();
    this.#settle();
  }

  // The next login() is refused here.
  #breakOff() {
    this.#options.connection.stop();
    this.#options.connection.start();
  }

  // ---- Inside -------------------------------------------------------------------------------------

  async #join() {
    const device = await this.#enrolment.join();
    if (device) this.#forgetRefusals();
    if (device || !this.joined) await this.#wallet.load(); // the device may have joined a moment ago
  }

  // Does what is due: joins, fetches, connects, and sets a timer for the next time.
  async #settle({ again = false } = {}) {
    await this.#join().catch(() => {}); // the storage fails: the next time tries it again
    await this.#wallet.update({ again });
    if (this.#closed) return;
    this.update();
    if (this.#lack) this.#options.connection.wake();
    this.#options.onChange();
    const now = this.#options.now();
    const due = [this.#wallet.wake, this.#enrolment.outcome === 'later' ? now + LATER_MS : 0, this.#lack?.from, this.#refusedUntil, this.#portions?.next].filter((at) => at > now);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settle(), Math.min(LONGEST_TIMER_MS, ...due.map((at) => at - now)));
  }
}

const teamsOf = (device) => (!device || device.teams.includes(ALL) ? null : device.teams);
