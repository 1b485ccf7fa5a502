// SPDX-License-Identifier: EUPL-1.2
// The phone behind the page without a page: tabs, a broker and a date that do what the test says.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { Library } from './lib/mqtt.mjs';
import { turns } from './lib/web.mjs';

await import('../../broker-client/web/node_modules/fake-indexeddb/auto/index.mjs');
const { IDBFactory } = await import('../../broker-client/web/node_modules/fake-indexeddb/build/esm/index.js');
const { PbfWriter } = await import('../../broker-client/web/node_modules/pbf/index.js');
const { writeCatalogue, writeReceipt } = await import('../../broker-client/web/gen/turf.js');
const { dayOfDate, formatDate } = await import('../../broker-client/web/src/core/calendar.js');
const { decodeSubmission, unhex, Verdict: V } = await import('../../broker-client/web/src/core/messages.js');
const { Phone, UNDO_MS } = await import('../../broker-client/web/src/tap/phone.js');

const TODAY = dayOfDate(2019, 12, 31);
const DAY_MS = 86_400_000;
const prefix = 'turf/v1/proef';

// As navigator.locks: one holder, a queue, and who steals it has it, before the one it was taken from hears so.
class Locks {
  #holder = null;
  #queue = [];

  request(_name, { steal = false, signal }, held) {
    return new Promise((resolve, reject) => {
      const one = { held, resolve, reject };
      signal?.addEventListener('abort', () => {
        if (!this.#queue.includes(one)) return;
        this.#queue = this.#queue.filter((other) => other !== one);
        reject(signal.reason);
      });
      if (steal) {
        const robbed = this.#holder;
        setImmediate(() => robbed?.reject(new Error('stolen')));
        this.#holder = null;
        this.#queue.unshift(one);
      } else {
        this.#queue.push(one);
      }
      this.#next();
    });
  }

  #next() {
    if (this.#holder || !this.#queue.length) return;
    const one = (this.#holder = this.#queue.shift());
    queueMicrotask(async () => {
      one.resolve(await one.held());
      if (this.#holder !== one) return;
      this.#holder = null;
      this.#next();
    });
  }
}

let open = [];
let now;

const written = (write, value) => {
  const writer = new PbfWriter();
  write(value, writer);
  return writer.finish();
};

const catalogue = written(writeCatalogue, {
  version: 1, org: 'proef', name: 'Proef', timezone: 'Europe/Amsterdam', accept_days: 400, retract_days: 14, grace_days: 28, counting_since: 0, labels: [],
  teams: [{ id: 'oost', name: 'Oost', valid_from: 0, valid_until: 0 }],
  domains: [{ code: 1, name: 'Financiën', valid_from: 0, valid_until: 0, rolls_up_to: 0, position: 1 }],
});

// A tab with the page, which is looked at.
class Tab {
  static async start() {
    const tab = new Tab();
    tab.mqtt = new Library();
    tab.phone = await Phone.open({ org: 'proef', url: 'ws://none', now: () => now, load: async () => tab.mqtt });
    open.push(tab.phone);
    tab.phone.wake();
    await tab.connected();
    await tab.phone.setTeam('oost');
    return tab;
  }

  get client() {
    return this.mqtt.clients.at(-1);
  }

  async connected() {
    await turns();
    this.client.emit('connect');
    this.hears('catalogue', catalogue);
    this.client.answers[0](null);
    await turns();
  }

  hears(topic, bytes) {
    this.client.emit('message', `${prefix}/${topic}`, bytes);
  }

  async hearsStatus(day, epoch = 'a') {
    const status = { online: true, today: formatDate(day), instance: 'one', epoch: epoch.repeat(32) };
    this.hears('status/aggregator', new TextEncoder().encode(JSON.stringify(status)));
    await turns();
  }

  // What left this tab: its events, in order.
  get sent() {
    return this.mqtt.clients.flatMap(({ published }) => published.flatMap(({ bytes }) => decodeSubmission(bytes).events));
  }

  async receives(verdict, ids = this.sent.map(({ id }) => id)) {
    const results = ids.map((id) => ({ id: unhex(id), verdict }));
    this.hears(`receipt/${this.client.options.clientId}`, written(writeReceipt, { results }));
    await turns();
  }

  // One that is not held back any longer.
  async taps(day = TODAY) {
    const [id] = await this.phone.tap({ day, domain: 1, outcome: 1 });
    await this.phone.release([id]);
    await turns();
    return id;
  }
}

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  Object.defineProperty(globalThis, 'navigator', { value: { locks: new Locks() }, configurable: true });
  now = TODAY * DAY_MS + 12 * 3_600_000;
});

afterEach(() => {
  for (const phone of open) phone.close();
  open = [];
});

test('a tap goes out, and its receipt ends it', async () => {
  const tab = await Tab.start();
  const id = await tab.taps();
  assert.deepEqual(tab.sent.map((event) => event.id), [id]);
  assert.deepEqual(tab.phone.waiting, { all: 1, sent: 1, device: 0 });
  await tab.receives(V.VERDICT_COUNTED);
  assert.deepEqual(tab.phone.waiting, { all: 0, sent: 0, device: 0 });
});

test('two windows that are both seen: what one taps goes out, also when the other, which was to send, is hidden', async () => {
  const one = await Tab.start();
  const other = await Tab.start();
  await one.taps();
  assert.deepEqual([one.sent.length, other.sent.length], [0, 1], 'the one that was looked at last sends');
  await other.receives(V.VERDICT_COUNTED);
  other.phone.leave(); // with nothing that waits it lets its connection go
  assert.deepEqual(other.mqtt.open, []);
  await one.taps();
  assert.equal(one.sent.length, 1);
  other.phone.wake();
  await other.connected();
  assert.equal(other.sent.length, 2, 'looked at again, it sends what still waits');
});

test('looked at and told of the network at once: what it took from itself it still has', async () => {
  const one = await Tab.start();
  await Tab.start();
  one.phone.wake();
  one.phone.wake();
  await turns();
  await one.taps();
  assert.equal(one.sent.length, 1);
  one.phone.leave(); // and once more in passing
  one.phone.wake();
  await turns();
  await one.taps();
  assert.equal(one.sent.length, 2);
});

test('the network comes back for a tab that nobody sees: it does not take the sending from the one that is seen', async () => {
  const hidden = await Tab.start();
  const one = await Tab.start();
  hidden.phone.leave();
  hidden.phone.wake({ seen: false });
  await turns();
  assert.deepEqual(hidden.mqtt.open, [], 'nothing of its own waits');
  await one.taps();
  assert.equal(one.sent.length, 1);
});

test('at the turn of the day the total is that of the quarter that begins', async () => {
  const tab = await Tab.start();
  await tab.hearsStatus(TODAY);
  assert.ok(tab.client.subscribed.includes(`${prefix}/summary/oost/2019-Q4`));
  now += DAY_MS;
  await tab.hearsStatus(TODAY + 1);
  assert.ok(tab.client.subscribed.includes(`${prefix}/summary/oost/2020-Q1`));
  assert.ok(tab.client.left.includes(`${prefix}/summary/oost/2019-Q4`));
});

test('what is older than retract_days is forgotten first, and what is left is offered to another store', async () => {
  const tab = await Tab.start();
  await tab.hearsStatus(TODAY);
  await tab.taps();
  await tab.receives(V.VERDICT_COUNTED);
  now += 30 * DAY_MS;
  const fresh = await tab.taps(TODAY + 30);
  await tab.receives(V.VERDICT_COUNTED, [fresh]);
  const before = tab.sent.length;
  await tab.hearsStatus(TODAY + 30, 'b');
  assert.deepEqual(tab.sent.slice(before).map(({ id }) => id), [fresh]);
});

test('tapped as the page is hidden: it goes out as soon as it is stored, not when the page is next seen', async () => {
  const tab = await Tab.start();
  const tapping = tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  tab.phone.leave();
  const ids = await tapping;
  await turns();
  assert.deepEqual(tab.sent.map(({ id }) => id), ids);
});

test('the clock is set back while something is under way: what has no receipt goes again all the same', async () => {
  const tab = await Tab.start();
  const id = await tab.taps();
  now -= 3 * DAY_MS;
  for (let i = 0; i < 2; i++) {
    now += 10_000;
    tab.phone.wake();
    await turns();
  }
  assert.deepEqual(tab.sent.map((event) => event.id), [id, id]);
});

test('undone, and the page left before the disk has answered: it never leaves', async () => {
  const tab = await Tab.start();
  const ids = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  const undoing = tab.phone.retract(ids);
  tab.phone.leave();
  await undoing;
  await turns();
  assert.deepEqual(tab.sent, []);
  assert.deepEqual(tab.phone.taps, []);
});

test('left on a full disk, which cannot note what goes, and taken back: it does not count in the end', async (t) => {
  const tab = await Tab.start();
  const ids = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  const full = t.mock.method(IDBObjectStore.prototype, 'put', () => {
    throw new Error('full');
  });
  tab.phone.leave();
  await turns();
  full.mock.restore();
  tab.phone.wake();
  await tab.phone.retract(ids);
  await turns();
  await tab.receives(V.VERDICT_COUNTED);
  assert.deepEqual(tab.sent.map(({ id, act }) => [id, act]), [[ids[0], 'question'], [ids[0], 'retraction']]);
});

test('a label chosen, and the page left before the disk has answered: it goes along', async () => {
  const tab = await Tab.start();
  const ids = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  const changing = tab.phone.change(ids, { labels: [3] });
  tab.phone.leave();
  await changing;
  await turns();
  assert.deepEqual(tab.sent.map(({ labels }) => labels), [[3]]);
  assert.deepEqual(tab.phone.taps.map(({ labels, sent }) => [labels, sent]), [[[3], true]]);
});

test('the disk takes its time: undo and labels are offered for what is left of the seconds', async () => {
  const tab = await Tab.start();
  const tapping = tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  now += UNDO_MS - 1_000;
  const ids = await tapping;
  assert.equal(tab.phone.staysMs(ids[0]), 1_000);
  await tab.phone.release(ids);
  assert.equal(tab.phone.staysMs(ids[0]), 0);
});

test('a disk that refuses is told of until it stores a tap again', async (t) => {
  const tab = await Tab.start();
  const full = t.mock.method(IDBObjectStore.prototype, 'add', () => {
    throw new Error('full');
  });
  await assert.rejects(tab.taps());
  assert.equal(tab.phone.trouble, 'storage');
  full.mock.restore();
  await tab.taps();
  assert.equal(tab.phone.trouble, '');
});

test('a team is chosen and another forgotten on a disk that refuses: the worker is told, and they hold for this visit', async (t) => {
  const tab = await Tab.start();
  const full = t.mock.method(IDBObjectStore.prototype, 'put', () => {
    throw new Error('full');
  });
  await tab.phone.setTeam('oost');
  assert.deepEqual([tab.phone.team, tab.phone.trouble], ['oost', 'storage']);
  await tab.phone.forgetTeam('oost');
  assert.ok(!tab.phone.teams.includes('oost'));
  full.mock.restore();
});

test('the network comes back for a tab that nobody sees, and no other is left to send what waits: it does', async () => {
  const hidden = await Tab.start();
  const one = await Tab.start();
  hidden.phone.leave();
  one.client.emit('close');
  const id = await one.taps();
  hidden.phone.wake({ seen: false });
  await hidden.connected();
  assert.deepEqual(hidden.sent, [], 'the other has the lock');
  one.phone.close();
  await turns();
  assert.deepEqual(hidden.sent.map((event) => event.id), [id]);
});
