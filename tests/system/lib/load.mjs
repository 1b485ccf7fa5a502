// SPDX-License-Identifier: EUPL-1.2
// A stack under a steady load of phones that keep rule 3 (docs/wire-format.md), for tests of what goes wrong
// meanwhile: at the end every tap has its receipt, and the store counted each once.
import assert from 'node:assert/strict';

import { atEnd } from './cleanup.mjs';
import { question } from './messages.mjs';
import { OutboxPhone, random } from './outbox.mjs';
import { eventually } from './processes.mjs';
import { Screen } from './screen.mjs';
import { Stack } from './stack.mjs';

const PAUSE_MS = 8; // between two taps

export class Load {
  // options: those of Stack, and url (where the phones find the broker), day (of the next tap, as a function).
  static async start(t, options) {
    const load = new Load();
    load.stack = await Stack.start(t, 'proef', options);
    load.screen = new Screen(load.stack);
    load.day = options.day ?? (() => options.today);
    const { url } = options;
    load.phones = [1, 2, 3].map((seed) => new OutboxPhone(load.stack, [], { seed, retryMs: 300, url }));
    load.chance = random(20191231);
    for (const phone of load.phones) phone.run();
    load.tapping = load.#tap();
    atEnd(t, () => load.end());
    return load;
  }

  async #tap() {
    while (!this.over) {
      const { chance } = this;
      const event = question(this.day(), 1 + chance.below(11), chance.oneOf(['OUTCOME_ANSWERED', 'OUTCOME_REFERRED']));
      chance.oneOf(this.phones).tap(chance.oneOf(['oost', 'west']), event);
      await new Promise((wake) => setTimeout(wake, PAUSE_MS));
    }
  }

  get status() {
    return this.screen.status;
  }

  get log() {
    return this.stack.turfd.log;
  }

  get made() {
    return this.phones.reduce((n, phone) => n + phone.taps.size, 0);
  }

  get answered() {
    return this.phones.reduce((n, phone) => n + phone.taps.size - phone.pending.size, 0);
  }

  // So many more taps have their receipts.
  goesOn(n = 20) {
    const enough = this.answered + n;
    return eventually(() => this.answered >= enough, 'receipts').catch((error) => {
      throw new Error(`${error.message}\n${this.log}`);
    });
  }

  // Taps are made, and none of them gets a receipt.
  async standsStill(n = 20) {
    const made = this.made;
    await eventually(() => this.made >= made + 5, 'taps'); // receipts that are under way arrive
    const before = this.answered;
    await eventually(() => this.made >= made + 5 + n, 'taps');
    assert.equal(this.answered, before, 'receipts went out');
  }

  says(pattern) {
    return eventually(() => pattern.test(this.log), `${pattern} in the log`).catch((error) => {
      throw new Error(`${error.message}\n${this.log}`);
    });
  }

  shows(condition, what) {
    return this.screen.until(() => condition(this.status), () => `${what}: ${JSON.stringify(this.status)}`);
  }

  // No more taps, and each has its verdict. Resolves to all of them.
  async settle() {
    this.over = true;
    await this.tapping;
    const left = () => this.made - this.answered;
    await eventually(() => left() === 0, 'empty outboxes').catch((error) => {
      throw new Error(`${error.message}: ${left()} wait\n${this.log}`);
    });
    return this.phones.flatMap((phone) => [...phone.taps.values()]);
  }

  // Every tap is counted once, and its phone knows it.
  async nothingIsLost() {
    for (const { verdict } of await this.settle()) assert.match(verdict, /^VERDICT_(ALREADY_)?COUNTED$/);
    assert.equal(await this.counted(), this.made, 'each tap counts once');
  }

  // What a store that is whole has counted, late questions too.
  async counted() {
    await this.stack.turfctl(['verify']);
    const { stdout } = await this.stack.turfctl(['export', '--format', 'json', '--team', 'all']);
    const years = JSON.parse(stdout).summaries.filter(({ period }) => /^\d{4}$/.test(period));
    return years.reduce((n, { questions, late }) => n + questions + late, 0);
  }

  async end() {
    this.over = true;
    await this.tapping;
    for (const phone of this.phones) phone.die();
    await this.screen.close();
  }
}
