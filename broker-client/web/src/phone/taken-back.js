// SPDX-License-Identifier: EUPL-1.2
// The taps that were taken back on this page, as they were before, with the moment until which "count after all" is offered. In
// memory only.
import { asRetracted } from './tap.js';

export class TakenBack {
  #entries = new Map(); // id: {tap, until}

  note(taps, until) {
    for (const tap of taps) this.#entries.set(tap.id, { tap, until });
  }

  holds(id, now) {
    return (this.#entries.get(id)?.until ?? 0) > now;
  }

  // Those that are here, which are then forgotten.
  take(ids) {
    const taps = ids.map((id) => this.#entries.get(id)?.tap).filter(Boolean);
    for (const id of ids) this.#entries.delete(id);
    return taps;
  }

  // Those that the outbox, with the taps of `known`, has no more.
  deleted(known) {
    return [...this.#entries.values()].filter(({ tap }) => !known.has(tap.id)).map(({ tap }) => asRetracted(tap));
  }

  // Nothing of it can be undone any longer.
  end() {
    for (const entry of this.#entries.values()) entry.until = 0;
  }

  clear() {
    this.#entries.clear();
  }

  // The next moment at which something can be undone no longer.
  wake(now) {
    return Math.min(Infinity, ...[...this.#entries.values()].map(({ until }) => until).filter((until) => until > now));
  }
}
