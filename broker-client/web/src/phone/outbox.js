// SPDX-License-Identifier: EUPL-1.2
// The phone's durable memory in IndexedDB: taps that wait, taps that were answered, the cached catalogue and the last
// epoch. Every change is one transaction; a tap is on disk when `add` resolves. Several tabs may have it open. It
// stores nothing about who tapped.
//
//   taps   key n (tap order), the tap of tap.js; index `id`. Older databases also have an index `waiting`; nothing reads it
//   meta   name to value: epoch, forget (taps of earlier days need not be remembered), catalogue, left (ids that a page
//          sent while it was left, until their taps are marked as sent), and the page's own
import { Database } from '../core/database.js';
import { forget, remember, rememberedValue } from '../core/local-storage.js';
import { held, mayChange, mayReplace, mayTakeBack, newTap, refusal, refusedAct, settle, waits } from './tap.js';

const VERSION = 2; // since 2, taps have the secrets of their ids; those of version 1 stay without
const TABLES = ['taps', 'meta'];
const SAFE = { durability: 'strict' };

function upgrade(db, before) {
  if (before > 0) return;
  const taps = db.createObjectStore('taps', { keyPath: 'n', autoIncrement: true });
  taps.createIndex('id', 'id', { unique: true });
  db.createObjectStore('meta');
}

// Whether this act of the tap waits. A retraction does not, as long as its question waits.
const waitsWith = (tap, act) => (act === 'question' ? tap.questionWaits : tap.retractionWaits && !tap.questionWaits);

export class Outbox {
  #org;
  #database;
  #epoch = null; // the one that this page received last

  // `onGone`, `onReturn`: as in Database.
  static async open(org, { onGone = () => {}, onReturn = () => {} } = {}) {
    const outbox = new Outbox();
    outbox.#org = org;
    outbox.#database = new Database({ name: `turf-${org}`, version: VERSION, upgrade, onGone, onReturn });
    if (sentWhileLeaving(org).length || (await outbox.get('left'))) await outbox.#markLeft().catch(() => {}); // on a full disk it stays, and retract() looks
    return outbox;
  }

  close() {
    this.#database.close();
  }

  #read(body) {
    return this.#database.transact(TABLES, 'readonly', {}, body);
  }

  // One write transaction over both tables; `body(store)` may await only what belongs to the transaction.
  #write(body) {
    return this.#database.transact(TABLES, 'readwrite', SAFE, (txn, again) => {
      const taps = txn.objectStore('taps');
      const meta = txn.objectStore('meta');
      const find = (id) => taps.index('id').get(id);
      const put = (tap) => taps.put(tap);
      return body({
        org: this.#org, taps, meta, again, find, put,
        commit: () => txn.commit(), // now, before what was asked has been answered
        add: (question) => taps.add(newTap(question)),
        // Calls `change` with each of the taps that is still here.
        each: async (ids, change) => {
          for (const id of ids) {
            const tap = await find(id);
            if (tap) await change(tap);
          }
        },
        // Stores the tap, or deletes it if it need not be remembered any longer.
        keep: async (tap) => (waits(tap) || refusal(tap) || tap.unseen || tap.day >= ((await meta.get('forget')) ?? 0) ? put(tap) : taps.delete(tap.n)),
      });
    });
  }

  // New questions, all or none, in order; returns them as stored.
  add(questions) {
    return this.#write(({ find, taps, again, commit }) => {
      const added = questions.map(async (question) => {
        const before = again && (await find(question.id));
        if (before) return before;
        const tap = newTap(question);
        return { ...tap, n: await taps.add(tap) };
      });
      const all = Promise.all(added);
      all.catch(() => {}); // commit() fails too where the transaction has ended
      if (!again) commit();
      return all;
    });
  }

  all() {
    return this.#read((txn) => txn.objectStore('taps').getAll());
  }

  // Changes taps that are still held, by `change(tap)`: labels added in the seconds before they go, or the hold itself.
  changeHeld(ids, now, change) {
    return this.#write(({ each, put }) => each(ids, (tap) => mayChange(tap, now) && put({ ...tap, ...change })));
  }

  // Deletes holds that have ended: a hold is a time of day, which is not stored longer than necessary.
  forgetHolds(ids, now) {
    return this.#write(({ each, put }) => each(ids, (tap) => tap.hold && !held(tap, now) && put({ ...tap, hold: 0 })));
  }

  // Marks taps as sent, before their events leave the phone. Returns the ids of which that act still waits: only these may be sent.
  markSent(events) {
    return this.#write(async ({ find, put }) => {
      const ids = [];
      for (const { id, act } of events) {
        const tap = await find(id);
        if (!tap || !waitsWith(tap, act)) continue;
        ids.push(id);
        if (!tap.sent) await put({ ...tap, sent: true, hold: 0 });
      }
      return ids;
    });
  }

  // The same for a page that is being left. It may be gone before the disk answers, so it reads nothing first.
  async markLeaving(ids) {
    noteSentWhileLeaving(this.#org, [...new Set([...sentWhileLeaving(this.#org), ...ids])]);
    const noted = this.#write(({ meta, commit }) => {
      const put = meta.put(ids, 'left');
      commit();
      return put;
    });
    await Promise.all([noted, this.#markLeft()]);
  }

  async #markLeft() {
    const noted = sentWhileLeaving(this.#org);
    await this.#write(async ({ each, put, meta }) => {
      const ids = [...((await meta.get('left')) ?? []), ...noted];
      await each(ids, (tap) => waits(tap) && put({ ...tap, sent: true, hold: 0 }));
      await meta.delete('left');
    });
    noteSentWhileLeaving(this.#org, sentWhileLeaving(this.#org).filter((id) => !noted.includes(id)));
  }

  // Takes taps back: what certainly never left the phone is deleted, the rest gets a retraction, which stays here until
  // `hold`. `gone`: ids that have left, which a full disk could not note.
  retract(ids, { gone = [], hold = 0 } = {}) {
    return this.#write(async (store) => {
      const left = await idsThatLeft(store, gone);
      await store.each(ids, (tap) => mayTakeBack(tap) && takeBack(store, tap, left, hold));
    });
  }

  // Takes taps back and adds `make(tap)` in place of each, in one transaction. Skips taps that were taken back already, or
  // may not be replaced.
  replace(ids, make, { gone = [] } = {}) {
    return this.#write(async (store) => {
      const left = await idsThatLeft(store, gone);
      await store.each(ids, async (tap) => {
        if (tap.retracting || !mayTakeBack(tap) || !mayReplace({ ...tap, sent: tap.sent || left.includes(tap.id) })) return;
        await takeBack(store, tap, left, 0);
        await store.add(make(tap));
      });
    });
  }

  // What was taken back counts after all: `taps`, as they were before. A retraction that is still here is forgotten; of what
  // was deleted, or whose retraction may have left, `make(tap)` is added.
  restore(taken, make, { gone = [] } = {}) {
    return this.#write(async (store) => {
      const left = await idsThatLeft(store, gone);
      for (const before of taken) {
        const tap = await store.find(before.id);
        if (tap && !tap.retracting) continue;
        const isHere = tap?.retractionWaits && (tap.questionWaits || (!tap.sent && !left.includes(tap.id)));
        if (isHere) await store.put({ ...tap, retracting: false, retractionWaits: false, hold: 0 });
        else if (!tap || mayReplace(tap)) await store.add(make(before));
      }
    });
  }

  // Forgets refusals the worker has seen: a refused question leaves, a refused retraction leaves its question counted.
  dismiss(ids) {
    return this.#write((store) => dismissAll(ids, store));
  }

  // Counts a refused question again, as a new event on another day, in one transaction.
  recount(ids, make) {
    return this.#write(async (store) => {
      await store.each(ids, (tap) => refusedAct(tap) === 'question' && store.add(make(tap)));
      await dismissAll(ids, store);
    });
  }

  // Stores results [{id, act, verdict}] of events that were sent. Returns them with `outcome`. 'gone': this event does
  // not wait. Another tab has settled it, or a new epoch has put its question back and the verdict is of the old store.
  // While another tab has received another epoch than this page, the outcome of each is 'keep', because the result may
  // be of the old store. A tap of a day before `listFrom`, or before the day of forgetBefore, stays until markSeen,
  // because the worker saw it wait.
  settle(results, listFrom = 0) {
    return this.#write(async ({ find, meta, keep }) => {
      const last = await meta.get('epoch'); // a database that was emptied has none until the next status
      if (this.#epoch && last && last !== this.#epoch) return results.map((result) => ({ ...result, outcome: 'keep' }));
      const from = Math.max(listFrom, (await meta.get('forget')) ?? 0);
      const settled = [];
      for (const result of results) {
        const tap = await find(result.id);
        const outcome = tap && waitsWith(tap, result.act) ? settle(tap, result.act, result.verdict) : 'gone';
        if (outcome === 'end' || outcome === 'both') await keep(tap.day < from && !waits(tap) && !refusal(tap) ? { ...tap, unseen: true } : tap);
        settled.push({ ...result, outcome });
      }
      return settled;
    });
  }

  // The worker has seen the verdicts on these: forgets the taps that were kept only for that.
  markSeen(ids) {
    return this.#write(({ each, keep }) => each(ids, ({ unseen, ...tap }) => unseen && keep(tap)));
  }

  // Forgets the answered taps of a borrowed phone. Taps that wait or were refused stay.
  forgetOnce() {
    return this.#write(async ({ taps }) => {
      for (const tap of await taps.getAll()) if (tap.once && !waits(tap) && !refusal(tap)) await taps.delete(tap.n);
    });
  }

  // From now on taps of days before `day` are forgotten once nothing of them waits, is refused or is unseen.
  forgetBefore(day) {
    return this.#write(async ({ taps, meta, keep }) => {
      if ((await meta.get('forget')) === day) return;
      await meta.put(day, 'forget');
      for (const tap of await taps.getAll()) if (tap.day < day) await keep(tap);
    });
  }

  // `epoch`: the store's, from the status. If it is not the stored one, or none is stored, requeues all remembered taps that have
  // their receipt (rule 13, docs/wire-format.md). Resolves to {n: how many events, restored: whether another epoch was stored}.
  async checkEpoch(epoch) {
    const requeued = await this.#write(async ({ taps, put, meta }) => {
      const last = await meta.get('epoch');
      if (last === epoch) return { n: 0, restored: false };
      await meta.put(epoch, 'epoch');
      const forget = (await meta.get('forget')) ?? 0;
      let n = 0;
      for (const tap of await taps.getAll()) {
        const again = Number(!tap.questionWaits) + Number(!tap.retractionWaits && tap.retracting);
        if (tap.day < forget || again === 0) continue;
        n += again;
        await put({ ...tap, questionWaits: true, retractionWaits: tap.retracting, sent: true });
      }
      return { n, restored: last !== undefined };
    });
    this.#epoch = epoch;
    return requeued;
  }

  // Writes what waits, and the page's own {name: value}, into a database that was emptied while the page was open. Resolves
  // to how many taps, or null when it was not emptied.
  refill(all, own) {
    return this.#write(async ({ put, meta }) => {
      if (await meta.get('used')) return null;
      const waiting = all.filter(waits);
      for (const tap of waiting) await put(tap);
      for (const [name, value] of Object.entries(own)) await meta.put(value, name);
      return waiting.length;
    });
  }

  // Rejects when a tap could not be stored either.
  async tryWriting() {
    await this.put('write-test', new Uint8Array(4096));
    await this.remove('write-test');
  }

  get(name) {
    return this.#read((txn) => txn.objectStore('meta').get(name));
  }

  put(name, value) {
    return this.#changeMeta((meta) => meta.put(value, name));
  }

  remove(name) {
    return this.#changeMeta((meta) => meta.delete(name));
  }

  // Commits without waiting for an answer, so that the change is not lost when the page is left at once.
  #changeMeta(change) {
    return this.#database.transact('meta', 'readwrite', {}, (txn) => {
      const done = change(txn.store);
      txn.commit();
      return done;
    });
  }
}

// The ids of the events that a page sent while the worker left it, until the outbox has marked their taps as sent. They are in the
// database and in local storage, because that is written at once: Safari's engine stores nothing of what a page begins to write to
// IndexedDB while it goes into the back/forward cache. If local storage is forbidden or full, only the database notes them.
const keyOfLeft = (org) => `turf-left-${org}`;
const sentWhileLeaving = (org) => rememberedValue(keyOfLeft(org)) ?? [];
const noteSentWhileLeaving = (org, ids) => (ids.length ? remember(keyOfLeft(org), JSON.stringify(ids)) : forget(keyOfLeft(org)));

const idsThatLeft = async ({ meta, org }, gone) => [...((await meta.get('left')) ?? []), ...sentWhileLeaving(org), ...gone];

function takeBack({ taps, put }, tap, left, hold) {
  if (tap.questionWaits && !tap.sent && !left.includes(tap.id)) return taps.delete(tap.n);
  return put({ ...tap, retracting: true, retractionWaits: true, retractionVerdict: 0, hold });
}

const dismissAll = (ids, { taps, each, keep }) => each(ids, async (tap) => {
  const act = refusedAct(tap);
  if (act === 'retraction') await keep({ ...tap, retracting: false, retractionVerdict: 0 });
  if (act === 'question') await taps.delete(tap.n);
});
