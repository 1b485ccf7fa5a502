// SPDX-License-Identifier: EUPL-1.2
// A leader's screen that stays for as long as the campaign lasts: it comes back when the broker does, keeps the newest
// of each retained topic, and holds turfd to what it promises on them: generations never fall, domains and what is
// undistributed are the total, and every event is in exactly one counter.
import assert from 'node:assert/strict';

import { Client } from './client.mjs';
import { decode } from './messages.mjs';
import { patience } from './paths.mjs';

const sum = (list, field) => list.reduce((total, one) => total + one[field], 0);

function checkSummary(summary, topic) {
  for (const field of ['answered', 'referred']) {
    assert.equal(sum(summary.domains, field) + summary[`undistributed_${field}`], summary[field], `${topic}: ${field} do not add up`);
  }
}

function checkCounters({ counters }) {
  if (!counters) return;
  const refused = Object.entries(counters).filter(([name]) => name.startsWith('refused_')).reduce((total, [, n]) => total + n, 0);
  const { events, counted, counted_late: late, already_counted: already, retracted, already_retracted: again } = counters;
  assert.equal(events, counted + late + already + retracted + again + refused, `the status's counters do not add up: ${JSON.stringify(counters)}`);
}

export class Screen {
  constructor(stack) {
    Object.assign(this, { stack, newest: new Map(), generations: new Map(), looks: new Set(), closed: false });
    this.life = this.#live();
  }

  async #live() {
    while (!this.closed) {
      try {
        this.client = await Client.connect(null, this.stack.broker.url, { connectTimeout: 2000 });
        this.client.waiting.add(() => this.#take(this.client.messages.splice(0)));
        this.newest.clear();
        const gone = new Promise((resolve) => this.client.mqtt.once('close', resolve));
        for (const tree of ['summary/+/+', 'summary-json/+/+', 'weekly/+/+', 'status/aggregator']) {
          this.client.subscribe(this.stack.topic(tree), 0).catch(() => {});
        }
        await gone;
      } catch {
        await new Promise((wake) => setTimeout(wake, 20)); // the broker is not there
      }
      await this.client?.close();
    }
  }

  #take(messages) {
    for (const { topic, payload } of messages) {
      try {
        this.#keep(topic.slice(this.stack.topic('').length), payload);
      } catch (error) {
        this.failure ??= error;
      }
    }
    for (const look of this.looks) look();
  }

  #keep(name, payload) {
    if (!payload.length) {
      this.newest.delete(name);
      return;
    }
    const [tree] = name.split('/');
    const value = tree === 'summary' ? decode('Summary', payload) : tree === 'weekly' ? decode('Weekly', payload) : JSON.parse(payload);
    if (tree === 'status') checkCounters(value);
    if (tree.startsWith('summary')) checkSummary(value, name);
    if (tree !== 'status') {
      const before = this.generations.get(name) ?? 0;
      assert.ok(value.generation >= before, `${name}: generation ${value.generation} after ${before}`);
      this.generations.set(name, value.generation);
    }
    this.newest.set(name, value);
  }

  // { 'oost/2019-Q4': … } of one tree.
  tree(tree) {
    const prefix = `${tree}/`;
    return Object.fromEntries([...this.newest].filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]));
  }

  get status() {
    return this.newest.get('status/aggregator') ?? {};
  }

  // Resolves once `condition()` holds; it is looked at with every message. Fails as soon as turfd broke a promise.
  until(condition, what, limit = patience) {
    return new Promise((resolve, reject) => {
      const settle = (how, value) => {
        clearTimeout(timer);
        this.looks.delete(look);
        how(value);
      };
      const look = () => {
        if (this.failure) return settle(reject, this.failure);
        const value = condition();
        if (value) settle(resolve, value);
      };
      const timer = setTimeout(() => settle(reject, new Error(`waited in vain for ${typeof what === 'function' ? what() : what}`)), limit);
      this.looks.add(look);
      look();
    });
  }

  async close() {
    this.closed = true;
    await this.client?.close();
    await this.life;
  }
}
