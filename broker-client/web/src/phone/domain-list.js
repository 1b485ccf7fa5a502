// SPDX-License-Identifier: EUPL-1.2
// Notices that the list of domains has changed, because of a new catalogue or a new day, so that the page can warn a worker who
// taps by place. It says what is new and what is gone since the list that the worker knew, until the worker has seen that.
import { domainsOn } from '../core/catalogue.js';

const NAME = 'domainsBefore';
const namesOn = (catalogue, day) => domainsOn(catalogue, day).map(({ name }) => name);

export class DomainList {
  #outbox;
  #before = null; // names, while they differ from those of now

  constructor(outbox) {
    this.#outbox = outbox;
  }

  async recall() {
    this.#before = (await this.#outbox.get(NAME)) ?? null;
  }

  // {added, gone}, names; null: the domains are the ones that the worker knows.
  change(catalogue, day) {
    if (!this.#before || !catalogue) return null;
    const now = namesOn(catalogue, day);
    const added = now.filter((name) => !this.#before.includes(name));
    const gone = this.#before.filter((name) => !now.includes(name));
    return added.length + gone.length > 0 ? { added, gone } : null;
  }

  // So far the domains were those of `known` on `knownDay`.
  async note(known, knownDay, catalogue, day) {
    if (this.#before) return;
    this.#before = namesOn(known, knownDay);
    if (this.change(catalogue, day)) await this.#outbox.put(NAME, this.#before);
    else this.#before = null;
  }

  async seen() {
    this.#before = null;
    await this.#outbox.remove(NAME);
  }
}
