// SPDX-License-Identifier: EUPL-1.2
// The connection to the phone's database: put away with its page, and closed by the browser.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { turns } from './lib/web.mjs';

await import('../../broker-client/web/node_modules/fake-indexeddb/auto/index.mjs');
const { IDBFactory, forceCloseDatabase } = await import('../../broker-client/web/node_modules/fake-indexeddb/build/esm/index.js');
const { Database } = await import('../../broker-client/web/src/core/database.js');

let connections;
let open;

// An IndexedDB that remembers every connection that was made.
class Watched extends IDBFactory {
  open(...args) {
    const opening = super.open(...args);
    opening.addEventListener('success', () => connections.push(opening.result));
    return opening;
  }
}

beforeEach(() => {
  globalThis.indexedDB = new Watched();
  connections = [];
  open = [];
});

afterEach(() => open.forEach((database) => database.close()));

function page(more = {}) {
  const gone = { times: 0 };
  const database = new Database({
    name: 'phone', version: 1, upgrade: (db) => db.createObjectStore('meta'),
    onGone: () => gone.times++, onReturn: () => {}, ...more,
  });
  open.push(database);
  const get = (name) => database.transact(['meta'], 'readonly', {}, ({ store }) => store.get(name));
  const put = (name, value) => database.transact(['meta'], 'readwrite', {}, ({ store }) => store.put(value, name));
  return { database, gone, get, put };
}

// Adds one to the stored number, and calls `between` after reading it.
const add = ({ database }, between = () => {}) => database.transact(['meta'], 'readwrite', {}, async ({ store }) => {
  const n = (await store.get('n')) ?? 0;
  between();
  await store.put(n + 1, 'n');
  return n + 1;
});

test('a write that is under way as the page is put away is undone, and runs again once when the page is back', async () => {
  let returns = 0;
  const one = page({ onReturn: () => returns++ });
  let runs = 0;
  let done = false;
  const adding = add(one, () => ++runs === 1 && one.database.putAway()).finally(() => (done = true));
  await turns();
  assert.equal(done, false);
  const other = page();
  assert.equal(await other.get('n'), undefined);
  assert.equal(await add(other), 1);
  one.database.comeBack();
  assert.equal(await adding, 2);
  assert.deepEqual([runs, returns], [2, 1]);
  assert.equal(await other.get('n'), 2);
});

test('a page that is put away starts nothing, reads nothing and has no connection open', async () => {
  const one = page();
  await one.put('n', 5);
  one.database.putAway();
  let answered = false;
  const reading = one.get('n').finally(() => (answered = true));
  await turns();
  assert.equal(answered, false);
  assert.equal(connections.length, 1);
  assert.throws(() => connections[0].transaction('meta'), { name: 'InvalidStateError' });
  one.database.comeBack();
  assert.equal(await reading, 5);
});

test('what was complete before the page was put away is stored, though its answer had not come yet', async () => {
  const one = page();
  await one.put('n', 0);
  let runs = 0;
  const putting = one.database.transact(['meta'], 'readwrite', {}, (txn) => {
    runs++;
    const put = txn.store.put(7, 'n');
    txn.commit();
    queueMicrotask(() => one.database.putAway());
    return put;
  });
  const other = page();
  assert.equal(await other.get('n'), 7);
  one.database.comeBack();
  await putting;
  assert.equal(runs, 1);
});

test('put away while it is being opened, the database is opened again when the page is back', async () => {
  const one = page();
  const putting = one.put('n', 3);
  await Promise.resolve();
  one.database.putAway();
  await turns();
  one.database.comeBack();
  await putting;
  assert.equal(await page().get('n'), 3);
});

test('a real failure is a failure, also after the page was put away and is back', async () => {
  const one = page();
  one.database.putAway();
  one.database.comeBack();
  const failing = one.database.transact(['meta'], 'readwrite', {}, async ({ store }) => {
    await store.put(1, 'n');
    throw new Error('no');
  });
  await assert.rejects(failing, /^Error: no$/);
  assert.equal(await one.get('n'), undefined);
});

test('a connection that the browser closes is opened again by the next call', async () => {
  const one = page();
  await one.put('n', 1);
  forceCloseDatabase(connections[0]);
  assert.equal(one.gone.times, 1);
  assert.equal(await one.get('n'), 1);
  await one.put('n', 2);
  assert.equal(await page().get('n'), 2);
});

test('a connection that the browser closed without an event is opened again too', async () => {
  const one = page();
  await one.put('n', 1);
  connections[0].close();
  assert.equal(await one.get('n'), 1);
  assert.equal(connections.length, 2);
});

test('a page gives way to a newer one that upgrades the database, and fails afterwards instead of waiting', async () => {
  const one = page();
  await one.put('n', 1);
  const newer = page({ version: 2, upgrade: () => {} });
  assert.equal(await newer.get('n'), 1);
  assert.equal(one.gone.times, 1);
  await assert.rejects(one.get('n'), { name: 'VersionError' });
});

test('a closed database is not opened again', async () => {
  const one = page();
  await one.put('n', 1);
  one.database.close();
  await assert.rejects(one.get('n'), { name: 'InvalidStateError' });
  assert.equal(connections.length, 1);
});
