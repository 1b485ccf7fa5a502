// SPDX-License-Identifier: EUPL-1.2
// One end of a connection, with a library that answers when the test says so: what is asked for while an answer is
// still under way.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Library } from './lib/mqtt.mjs';
import { turns } from './lib/web.mjs';

const { Connection } = await import('../../broker-client/web/src/core/connection.js');

const status = 'turf/v1/proef/status/aggregator';
const filters = (...names) => names.map((name) => `turf/v1/proef/summary/${name}`);

test('what is asked for, and what is left, while the broker has not yet answered', async () => {
  const mqtt = new Library();
  const connection = new Connection({ org: 'proef', url: 'ws://none', load: async () => mqtt });
  connection.listen(filters('oost/2019-Q4'));
  connection.start();
  await turns();
  const [client] = mqtt.clients;
  client.emit('connect');
  assert.ok(client.subscribed.includes('turf/v1/proef/summary/oost/2019-Q4'));
  connection.listen(filters('west/2019-Q4'));
  client.answers[0](null);
  assert.equal(connection.state, 'online');
  assert.deepEqual(client.subscribed.slice(-1), filters('west/2019-Q4'));
  assert.deepEqual(client.left, filters('oost/2019-Q4'));
  assert.ok(client.subscribed.includes(status));
  connection.stop();
});

test('what is asked for once more, while the broker has not yet answered and after', async () => {
  const mqtt = new Library();
  const connection = new Connection({ org: 'proef', url: 'ws://none', load: async () => mqtt });
  connection.listen(filters('oost/2019-Q4'));
  connection.start();
  await turns();
  const [client] = mqtt.clients;
  client.emit('connect');
  const all = [...client.subscribed];
  connection.askAgain();
  assert.deepEqual(client.subscribed, all);
  client.answers[0](null);
  assert.deepEqual(client.subscribed, [...all, ...all]);
  connection.listen(filters('oost/2019-Q4'));
  assert.deepEqual(client.subscribed, [...all, ...all]);
  connection.askAgain();
  assert.deepEqual(client.subscribed, [...all, ...all, ...all]);
  assert.deepEqual(client.left, []);
  connection.stop();
});

test('stopped and started again while the library is still on its way: one connection', async () => {
  const mqtt = new Library();
  let loaded;
  const loading = new Promise((resolve) => (loaded = resolve));
  const connection = new Connection({ org: 'proef', url: 'ws://none', load: () => loading });
  connection.start();
  connection.stop();
  connection.start();
  loaded(mqtt);
  await turns();
  assert.equal(mqtt.open.length, 1);
  connection.stop();
  assert.deepEqual(mqtt.open, []);
});
