// SPDX-License-Identifier: EUPL-1.2
// A storage that the browser takes away behind the page's back, that does not answer, or that is full: what the page
// says to the worker, and that it comes back without a reload.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TODAY, Tab, openPhone } from './lib/fake-tab.mjs';
import { timers, turns } from './lib/web.mjs';

const { forceCloseDatabase } = await import('../../broker-client/web/node_modules/fake-indexeddb/build/esm/index.js');
const { Database } = await import('../../broker-client/web/src/core/database.js');
const { Outbox } = await import('../../broker-client/web/src/phone/outbox.js');

const question = { day: TODAY, domain: 1, outcome: 1 };

// Records the connections that are made from now on, newest last.
function connections(t) {
  const made = [];
  const { open } = indexedDB;
  t.mock.method(indexedDB, 'open', (...args) => {
    const opening = open.apply(indexedDB, args);
    opening.addEventListener('success', () => made.push(opening.result));
    return opening;
  });
  return made;
}

const fails = (t, method, error) => t.mock.method(IDBObjectStore.prototype, method, () => {
  throw error;
});

const stored = async () => {
  const outbox = await Outbox.open('proef');
  const all = await outbox.all();
  outbox.close();
  return all;
};

test('when the browser closes the database, the page says nothing and stores the next tap', async (t) => {
  const made = connections(t);
  const tab = await Tab.start();
  for (let i = 0; i < 2; i++) {
    forceCloseDatabase(made.at(-1));
    await turns();
    assert.equal(tab.phone.trouble, '');
    await tab.phone.tap(question);
  }
  assert.equal((await stored()).length, 2);
});

test('when the browser ends a write, the page makes it once more and says nothing', async (t) => {
  const made = connections(t);
  const tab = await Tab.start();
  const { add } = IDBObjectStore.prototype;
  let times = 0;
  t.mock.method(IDBObjectStore.prototype, 'add', function (...args) {
    const request = add.apply(this, args);
    if (times++ === 0) this.transaction.abort();
    return request;
  });
  const [id] = await tab.phone.tap(question);
  assert.deepEqual([tab.phone.trouble, made.length, times], ['', 2, 2]);
  assert.deepEqual((await stored()).map((one) => one.id), [id]);
});

test('a write whose connection was lost afterwards is found, and not made twice', async (t) => {
  const tab = await Tab.start();
  const { transact } = Database.prototype;
  t.mock.method(Database.prototype, 'transact', async function (tables, mode, options, body) {
    const result = await transact.call(this, tables, mode, options, body);
    return mode === 'readwrite' ? transact.call(this, tables, mode, options, (txn) => body(txn, true)) : result;
  });
  const [id] = await tab.phone.tap(question);
  assert.deepEqual((await stored()).map((one) => one.id), [id]);
});

test('a full disk is called full, and is tried again by itself until it stores', async (t) => {
  const tab = await Tab.start();
  const set = timers(t);
  const error = new DOMException('no room', 'QuotaExceededError');
  const mocks = ['add', 'put'].map((method) => fails(t, method, error));
  await assert.rejects(tab.phone.tap(question), /no room/);
  assert.equal(tab.phone.trouble, 'full');
  const again = () => set.filter(({ cleared }) => !cleared).at(-1);
  again().run();
  await turns();
  assert.equal(tab.phone.trouble, 'full');
  for (const one of mocks) one.mock.restore();
  again().run();
  await turns();
  assert.equal(tab.phone.trouble, '');
  assert.equal((await stored()).length, 0, 'what was refused was not stored later');
});

test('the page says that the storage does not answer, until it does', async (t) => {
  const tab = await Tab.start();
  const set = timers(t);
  let answer;
  t.mock.method(Outbox.prototype, 'add', () => new Promise((resolve) => (answer = resolve)));
  const tapping = tab.phone.tap(question);
  set.at(-1).run();
  assert.equal(tab.phone.trouble, 'silent');
  answer([]);
  await tapping;
  assert.equal(tab.phone.trouble, '');
});

test('a page of an older build says that a newer one has upgraded the database', async () => {
  const phone = await openPhone({});
  await new Promise((resolve) => {
    const opening = indexedDB.open('turf-proef', 3);
    opening.onsuccess = () => resolve(opening.result.close());
  });
  await turns();
  assert.equal(phone.trouble, 'newer');
});
