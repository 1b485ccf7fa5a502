// SPDX-License-Identifier: EUPL-1.2
// The tokens of one device: fetches a batch for each week, a week ahead at a random hour, and gives out one token at a time.
//
// The blinded messages of a batch are stored before they are sent. So the device asks for the same again after a lost answer, and
// turfdoor, which sells one batch of a key, gives the same answer.
import { challengeDigest } from './token.js';
import { agree, isInForce, readDirectory } from './directory.js';
import { AWAY_WAIT_MAX_S, AWAY_WAIT_MIN_S } from './sending-rules.js';

const WEEK_S = 7 * 86_400;
const MINUTE_MS = 60_000;
const LONGEST_RETRY_MS = 60 * MINUTE_MS;
const EARLY_PART = 0.6; // of what is left of the week: who is seldom here on a Sunday fetches on another day

const isOfWeek = ({ notBefore }, seconds) => notBefore <= seconds && seconds < notBefore + WEEK_S;

export class Wallet {
  #options;
  #device = null;
  #updating = null;
  #retryMs = MINUTE_MS;
  #retryAt = 0;
  #checkingAt = Infinity; // when update() has something to do again

  failed = ''; // why the last attempt to fetch failed: '' (it did not), 'network', 'none', 'directory-wrong', or turfdoor's word

  // {org, role, store, issuer, maker, now, random, onChange}
  constructor(options) {
    this.#options = options;
  }

  async load() {
    this.#device = (await this.#options.store.get(['device', this.#options.role])) ?? null;
  }

  get device() {
    return this.#device;
  }

  // When update() should be called again, in milliseconds.
  get wake() {
    return this.#checkingAt;
  }

  #seconds() {
    return Math.floor(this.#options.now() / 1000);
  }

  // When there are tokens again, if there are none now: {from: in milliseconds, isAway: they are here and wait, because this
  // device was away}.
  async nextTokens() {
    const { store, role, now } = this.#options;
    const batches = await store.batches(role);
    const waiting = batches.filter((batch) => batch.tokens?.length && isInForce(batch, this.#seconds()) && batch.usableFrom > now());
    if (waiting.length) return { from: Math.min(...waiting.map(({ usableFrom }) => usableFrom)), isAway: true };
    const current = batches.find((batch) => isOfWeek(batch, this.#seconds()));
    return { from: current ? (current.notBefore + WEEK_S) * 1000 : 0, isAway: false };
  }

  async #usable() {
    const { store, role } = this.#options;
    return (await store.batches(role)).filter((batch) => batch.tokens && isInForce(batch, this.#seconds()));
  }

  // The token to show to the broker. Undefined: there is none now.
  async take() {
    const { store, role, now } = this.#options;
    const ids = (await this.#usable()).filter(({ usableFrom }) => usableFrom <= now()).map(({ id }) => id);
    return store.takeToken(role, ids, this.#seconds());
  }

  // Fetches what is due. `again`: also when the last attempt failed a moment ago. Only one runs at a time.
  update({ again = false } = {}) {
    if (again) this.#retryAt = 0;
    this.#updating ??= this.#update().catch(() => this.#fail('network')).finally(() => (this.#updating = null));
    return this.#updating;
  }

  async #update() {
    const { now } = this.#options;
    await this.load(); // another tab may have joined, or was refused
    this.#checkingAt = Infinity;
    if (!this.#device || this.#device.refusal) return;
    if (now() < this.#retryAt) {
      this.#checkingAt = this.#retryAt;
      return;
    }
    this.failed = '';
    await this.#fetchDue();
    if (this.failed || this.#device.refusal) return;
    await this.#dropOld();
    this.#retryMs = MINUTE_MS;
    this.#options.onChange();
  }

  // Keys whose time is over; and what is left of earlier weeks, when there is a batch of this week.
  async #dropOld() {
    const { store, role } = this.#options;
    const seconds = this.#seconds();
    const batches = await store.batches(role);
    const newest = batches.find((batch) => batch.tokens && isOfWeek(batch, seconds));
    const old = batches.filter((batch) => batch.notAfter <= seconds || (newest && batch.notBefore < newest.notBefore));
    await store.dropBatches(role, old.map(({ id }) => id));
  }

  async #fetchDue() {
    const { store, role, now } = this.#options;
    const seconds = this.#seconds();
    const isCurrent = (key) => isOfWeek(key, seconds);
    const current = (await store.batches(role)).find(isCurrent);
    if (!current?.tokens && !(await this.#fetch(isCurrent))) return;
    const { weekBegan, at } = await this.#nextFetch();
    const isNext = ({ notBefore }) => notBefore >= weekBegan + WEEK_S;
    const next = (await store.batches(role)).find(isNext);
    if (!next?.tokens && now() >= at) await this.#fetch(isNext);
    this.#checkingAt = now() < at ? at : (weekBegan + WEEK_S) * 1000;
  }

  // {weekBegan, at}: when the batch of next week is fetched. It is drawn once in each week.
  async #nextFetch() {
    const { store, role, now, random } = this.#options;
    const { notBefore: weekBegan } = (await store.batches(role)).find((batch) => isOfWeek(batch, this.#seconds()));
    const before = await store.get(['next', role]);
    if (before?.weekBegan === weekBegan) return before;
    const left = (weekBegan + WEEK_S) * 1000 - now();
    const next = { weekBegan, at: now() + Math.floor(random() * EARLY_PART * left) };
    await store.put(['next', role], next);
    return next;
  }

  // Fetches the batch of the first key of the scope that is `wanted`. Resolves to whether it is here.
  async #fetch(wanted) {
    const directory = await this.readDirectory();
    if (!directory) return false;
    const { scope } = this.#device;
    const key = directory.keys.filter((one) => one.scope === scope && wanted(one)).sort((a, b) => a.notBefore - b.notBefore)[0];
    return key ? this.#buy(directory, key) : this.#fail('key-unknown');
  }

  // Resolves to the directory as it is now; null: there is none, or it is wrong.
  async readDirectory() {
    const { org, issuer } = this.#options;
    const { text, failed } = await issuer.directory();
    const directory = text === undefined ? null : await readDirectory(text, org);
    if (!directory) this.#fail(failed ?? 'directory-wrong');
    return directory;
  }

  async #buy(directory, key) {
    const { store, role, issuer, maker } = this.#options;
    const batch = await this.#draw(directory, key);
    if (batch.tokens) return true;
    const { answers, failed } = await issuer.sign(directory.requestUri, this.#device.credential, key.id, batch.pending.map(({ blinded }) => blinded));
    if (failed) return this.#refused(batch, failed);
    const tokens = await maker.finish({ key: key.spki, pending: batch.pending, answers });
    if (!tokens || tokens.includes(null)) return this.#fail('answer-wrong');
    await this.#finish({ ...batch, pending: null, tokens, usableFrom: await this.#usableFrom() });
    return true;
  }

  async #draw(directory, { scope, notBefore, notAfter, spki, id }) {
    const { store, role, maker, org } = this.#options;
    const before = await store.get(['batch', role, id]);
    if (before) return before;
    const challenge = await challengeDigest({ issuer: directory.issuer, origin: `turf/v1/${org}` });
    const pending = await maker.draw({ key: spki, challenge, count: directory.batch });
    return store.addBatch(role, { id, scope, notBefore, notAfter, key: spki, pending, tokens: null, usableFrom: 0, refused: [], rounds: 0 });
  }

  // Another tab may have finished it, and taken tokens of it.
  #finish(batch) {
    const { store, role } = this.#options;
    return store.write(async (table) => {
      const before = await table.get(['batch', role, batch.id]);
      if (!before || before.tokens) return;
      await table.put(batch, ['batch', role, batch.id]);
      await table.put({ ...(await table.get(['device', role])), lastKeyEnds: batch.notAfter }, ['device', role]);
    });
  }

  // A device that comes back after weeks, fetches, and sends at once would show whose the first token is.
  async #usableFrom() {
    const { store, role, now, random } = this.#options;
    const { lastKeyEnds } = (await store.get(['device', role])) ?? {};
    if (!lastKeyEnds || lastKeyEnds > this.#seconds()) return 0;
    return now() + Math.floor(1000 * (AWAY_WAIT_MIN_S + random() * (AWAY_WAIT_MAX_S - AWAY_WAIT_MIN_S)));
  }

  async #refused(batch, word) {
    const { store, role } = this.#options;
    if (word === 'revoked') return this.refuse('revoked');
    if (word === 'credential-unknown') return this.refuse('unknown');
    if (word === 'key-unknown') await store.dropBatches(role, [batch.id]); // it was rotated between the two requests
    if (word !== 'batch-taken') return this.#fail(word);
    await this.#finish({ ...batch, pending: null, tokens: [] }); // it was another batch: nothing more of this key
    return true;
  }

  // No batch is fetched from now on; with '' they are again. Resolves to false.
  async refuse(refusal) {
    const { store, role, onChange } = this.#options;
    this.#device = { ...this.#device, refusal };
    await store.write(async (table) => table.put({ ...(await table.get(['device', role])), refusal }, ['device', role]));
    onChange();
    return false;
  }

  // The broker has let the device in with this token, or has refused it.
  noteAnswer(token, answer) {
    return this.#options.store.noteAnswer(this.#options.role, token, answer);
  }

  // Reads the directory again and forgets the tokens of keys that it no longer has: the scope was rotated.
  async dropRotated() {
    const { store, role } = this.#options;
    const directory = await this.readDirectory();
    if (!directory) return;
    const ids = new Set(directory.keys.map(({ id }) => id));
    await store.dropBatches(role, (await store.batches(role)).filter(({ id }) => !ids.has(id)).map(({ id }) => id));
  }

  // `retained`: the directory that the broker has for everybody. If it has other keys of the scope than those that this device
  // has bought of, turfdoor's own must say the same; otherwise turfdoor gave this device a key of its own.
  async compare(retained) {
    const { store, role } = this.#options;
    const seconds = this.#seconds();
    const bought = (await store.batches(role)).filter(({ notAfter }) => notAfter > seconds);
    const isThere = ({ id, scope, notBefore }) => retained.keys.some((key) => key.id === id && key.scope === scope && key.notBefore === notBefore);
    if (bought.every(isThere)) return;
    const directory = await this.readDirectory();
    if (!directory) return;
    if (!agree(directory, retained, this.#device.scope, seconds)) await this.refuse('mismatch');
    else await store.dropBatches(role, bought.filter((batch) => !isThere(batch)).map(({ id }) => id));
  }

  #fail(word) {
    this.failed = word;
    this.#retryAt = this.#options.now() + this.#retryMs;
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
    this.#checkingAt = this.#retryAt;
    this.#options.onChange();
    return false;
  }
}
