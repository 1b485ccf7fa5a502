// SPDX-License-Identifier: EUPL-1.2
// What is new and what is gone among the domains, so that who taps by place is told: by another catalogue, or by a day
// from which other domains hold. A change is told against what the worker last knew, until that is known to be seen.
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
