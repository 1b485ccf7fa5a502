// SPDX-License-Identifier: EUPL-1.2
// Runs Phone (phone/phone.js) without a page, in fake tabs with a fake broker and a date that the test sets. Each test begins
// with an empty outbox.
import { afterEach, beforeEach } from 'node:test';

import { Library } from './fake-mqtt.mjs';
import { turns } from './web.mjs';

await import('../../../broker-client/web/node_modules/fake-indexeddb/auto/index.mjs');
const { IDBFactory } = await import('../../../broker-client/web/node_modules/fake-indexeddb/build/esm/index.js');
const { PbfWriter } = await import('../../../broker-client/web/node_modules/pbf/index.js');
const { writeCatalogue, writeReceipt } = await import('../../../broker-client/web/gen/turf.js');
const { dayOfDate, formatDate } = await import('../../../broker-client/web/src/core/calendar.js');
const { unhex } = await import('../../../broker-client/web/src/core/messages.js');
const { decodeSubmission } = await import('./submission.mjs');
const { Phone } = await import('../../../broker-client/web/src/phone/phone.js');

export const TODAY = dayOfDate(2019, 12, 31);
export const DAY_MS = 86_400_000;
export const prefix = 'turf/v1/proef';

// Works like navigator.locks, with one holder and a queue. Whoever steals the lock has it before the earlier holder
// learns of that.
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
// The date and time of every phone.
export const clock = { now: 0 };

export const written = (write, value) => {
  const writer = new PbfWriter();
  write(value, writer);
  return writer.finish();
};

export const plainCatalogue = {
  version: 1, org: 'proef', name: 'Proef', timezone: 'Europe/Amsterdam', accept_days: 400, retract_days: 14, grace_days: 28, counting_since: 0, labels: [],
  teams: [{ id: 'oost', name: 'Oost', valid_from: 0, valid_until: 0 }],
  domains: [{ code: 1, name: 'Financiën', valid_from: 0, valid_until: 0, rolls_up_to: 0, position: 1 }],
};
const catalogue = written(writeCatalogue, plainCatalogue);

// `results`: [{id: hex, verdict}].
export const receiptBytes = (results) => written(writeReceipt, { results: results.map(({ id, verdict }) => ({ id: unhex(id), verdict })) });

// Opens the phone of a page that is not visible yet. It is closed when the test ends.
export async function openPhone(options) {
  const phone = await Phone.open({ org: 'proef', url: 'ws://none', now: () => clock.now, ...options });
  open.push(phone);
  return phone;
}

// A tab in which the page is visible.
export class Tab {
  static async start(options = {}) {
    const tab = new Tab();
    tab.mqtt = new Library();
    tab.phone = await openPhone({ load: async () => tab.mqtt, ...options });
    tab.phone.wake();
    await tab.connect();
    await tab.phone.setTeam('oost');
    return tab;
  }

  get client() {
    return this.mqtt.clients.at(-1);
  }

  async connect() {
    await turns();
    this.client.emit('connect');
    this.receive('catalogue', catalogue);
    this.client.answers[0](null);
    await turns();
  }

  receive(topic, bytes) {
    this.client.emit('message', `${prefix}/${topic}`, bytes);
  }

  async receiveStatus(day, epoch = 'a', more = {}) {
    await this.receiveStatusMessage({ online: true, today: formatDate(day), instance: 'one', epoch: epoch.repeat(32), ...more });
  }

  async receiveStatusMessage(status) {
    this.receive('status/aggregator', new TextEncoder().encode(JSON.stringify(status)));
    await turns();
  }

  // The events that this tab has sent, in order.
  get sent() {
    return this.mqtt.clients.flatMap(({ published }) => published.flatMap(({ bytes }) => decodeSubmission(bytes).events));
  }

  async receiveReceipt(verdict, ids = this.sent.map(({ id }) => id)) {
    this.receive(`receipt/${this.client.options.clientId}`, receiptBytes(ids.map((id) => ({ id, verdict }))));
    await turns();
  }

  // A tap that is not held back any longer. Resolves to its id.
  async tapAndRelease(day = TODAY) {
    const [id] = await this.phone.tap({ day, domain: 1, outcome: 1 });
    await this.phone.release([id]);
    await turns();
    return id;
  }
}

// No tab is open, and the phone has stored nothing.
export function emptyPhone() {
  for (const phone of open) phone.close();
  open = [];
  globalThis.indexedDB = new IDBFactory();
  Object.defineProperty(globalThis, 'navigator', { value: { locks: new Locks() }, configurable: true });
  clock.now = TODAY * DAY_MS + 12 * 3_600_000;
}

beforeEach(emptyPhone);
afterEach(emptyPhone);
