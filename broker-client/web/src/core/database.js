// SPDX-License-Identifier: EUPL-1.2
// The connection to an IndexedDB database, and every transaction on it. If the browser closes the connection by itself, the next
// transaction opens it again.
//
// When a page is left, the browser may keep it in its back/forward cache ("put away" below). Transactions that are under way then
// stop, and in Safari's engine every other page waits for them, also after a reload. Therefore the page aborts its transactions
// and closes its connection when it is put away. When it is back, the same transactions run again.
import { openDB } from 'idb';

// The names of errors that mean that the browser or the system ended the connection. Safari says UnknownError.
const LOST = new Set(['AbortError', 'InvalidStateError', 'TimeoutError', 'UnknownError']);

export class Database {
  #options;
  #opening = null; // the promise of the connection
  #running = new Set(); // transactions under way
  #interrupted = new WeakSet(); // those that were aborted as the page was put away
  #away = null; // while the page is put away: {returned: a promise, comeBack: resolves it}
  #listeners = new AbortController();
  #closed = false;

  // {name, version, upgrade: as for openDB, onGone, onReturn}
  //   onGone: the browser closed the connection: storage was emptied, memory was short, a newer page wants to upgrade it
  //   onReturn: the page was put away and is back; other pages may have changed the database meanwhile
  constructor(options) {
    this.#options = options;
    const { signal } = this.#listeners;
    globalThis.addEventListener?.('pagehide', (event) => event.persisted && this.putAway(), { signal });
    globalThis.addEventListener?.('pageshow', () => this.comeBack(), { signal });
  }

  // Closes it for good: later transactions fail.
  close() {
    this.#closed = true;
    this.#listeners.abort();
    this.#disconnect();
  }

  // Runs `body(transaction, again)` and resolves to its result when all of it is stored. `body` may await only what belongs
  // to the transaction, and may run twice. It is run once more where the connection was lost under it; then `again` is
  // true, since nobody knows whether the first time was stored.
  async transact(tables, mode, options, body) {
    for (let again = false; ; ) {
      const txn = await this.#begin(tables, mode, options);
      this.#running.add(txn);
      try {
        const result = await body(txn, again);
        await txn.done;
        return result;
      } catch (error) {
        txn.done.catch(() => {});
        if (txn.error === null) abort(txn);
        if (this.#interrupted.has(txn)) continue;
        const cause = txn.error ?? error; // the error of a request only says that its transaction was aborted
        if (again || !LOST.has(cause.name)) throw cause;
        again = true;
        this.#leave(txn.db);
      } finally {
        this.#running.delete(txn);
      }
    }
  }

  putAway() {
    if (this.#away) return;
    this.#away = {};
    this.#away.returned = new Promise((resolve) => {
      this.#away.comeBack = resolve;
    });
    for (const txn of this.#running) if (abort(txn)) this.#interrupted.add(txn);
    this.#disconnect();
  }

  comeBack() {
    if (!this.#away) return;
    this.#away.comeBack();
    this.#away = null;
    this.#options.onReturn();
  }

  // ---- Inside -------------------------------------------------------------------------------------

  async #begin(tables, mode, options) {
    for (let reopened = false; ; ) {
      await this.#away?.returned;
      const opening = this.#connect();
      const db = await opening;
      if (this.#opening !== opening) continue; // put away, or closed by the browser, meanwhile
      try {
        return db.transaction(tables, mode, options);
      } catch (error) {
        if (error.name !== 'InvalidStateError' || reopened) throw error;
        this.#forget(opening); // the browser closed it and did not say so
        reopened = true;
      }
    }
  }

  #connect() {
    if (this.#closed) throw new DOMException('the database was closed', 'InvalidStateError');
    if (this.#opening) return this.#opening;
    const { name, version, upgrade } = this.#options;
    const gone = () => {
      this.#forget(opening);
      this.#options.onGone();
    };
    const blocking = (_now, _wanted, event) => {
      event.target.close();
      gone();
    };
    const opening = openDB(name, version, { upgrade, blocking, terminated: gone });
    opening.catch(() => this.#forget(opening));
    this.#opening = opening;
    return opening;
  }

  // Another connection takes the place of this one.
  #leave(lost) {
    const opening = this.#opening;
    lost.close();
    opening?.then((db) => db === lost && this.#forget(opening), () => {});
  }

  #forget(opening) {
    if (this.#opening === opening) this.#opening = null;
  }

  #disconnect() {
    this.#opening?.then((db) => db.close(), () => {});
    this.#opening = null;
  }
}

// Returns whether it aborted the transaction.
function abort(txn) {
  try {
    txn.abort();
    return true;
  } catch {
    return false; // it has ended already, or is being committed
  }
}
