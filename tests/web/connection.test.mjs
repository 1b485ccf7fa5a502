// SPDX-License-Identifier: EUPL-1.2
// The page's connection, with a fake MQTT library that answers when the test says so, and with a real broker that refuses some of
// the topics.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';

import Aedes from 'aedes';

import { Library } from './lib/fake-mqtt.mjs';
import { timers, turns } from './lib/web.mjs';

const { whoAnswers } = await import('../../broker-client/web/src/core/config.js');
const { Connection } = await import('../../broker-client/web/src/core/connection.js');

const status = 'turf/v1/proef/status/aggregator';
const filters = (...names) => names.map((name) => `turf/v1/proef/summary/${name}`);

// The broker has been asked for one topic, and has not answered yet.
async function connecting() {
  const mqtt = new Library();
  const connection = new Connection({ org: 'proef', url: 'ws://none', load: async () => mqtt });
  connection.subscribe(filters('oost/2019-Q4'));
  connection.start();
  await turns();
  const [client] = mqtt.clients;
  client.emit('connect');
  return { client, connection };
}

test('subscribing and unsubscribing while the broker has not answered yet', async () => {
  const { client, connection } = await connecting();
  assert.ok(client.subscribed.includes('turf/v1/proef/summary/oost/2019-Q4'));
  connection.subscribe(filters('west/2019-Q4'));
  client.answers[0](null);
  assert.equal(connection.state, 'online');
  assert.deepEqual(client.subscribed.slice(-1), filters('west/2019-Q4'));
  assert.deepEqual(client.left, filters('oost/2019-Q4'));
  assert.ok(client.subscribed.includes(status));
  connection.stop();
});

test('subscribing once more, while the broker has not answered yet and afterwards', async () => {
  const { client, connection } = await connecting();
  const all = [...client.subscribed];
  connection.subscribeAgain();
  assert.deepEqual(client.subscribed, all);
  client.answers[0](null);
  assert.deepEqual(client.subscribed, [...all, ...all]);
  connection.subscribe(filters('oost/2019-Q4'));
  assert.deepEqual(client.subscribed, [...all, ...all]);
  connection.subscribeAgain();
  assert.deepEqual(client.subscribed, [...all, ...all, ...all]);
  assert.deepEqual(client.left, []);
  connection.stop();
});

test('all that the broker retains has come when it answers the packet after the last subscription', async () => {
  const mqtt = new Library();
  let calls = 0;
  const connection = new Connection({ org: 'proef', url: 'ws://none', load: async () => mqtt, handlers: { retained: () => calls++ } });
  connection.start();
  await turns();
  const [client] = mqtt.clients;
  const after = []; // what answers the packets after subscriptions
  client.unsubscribe = (_topic, answer) => answer && after.push(answer);
  client.emit('connect');
  assert.equal(connection.hasRetained, false);
  client.answers[0](null);
  assert.deepEqual([connection.state, connection.hasRetained], ['online', false]);
  connection.subscribe(filters('west/2019-Q4'));
  after[0]();
  assert.deepEqual([connection.hasRetained, calls], [false, 0], 'the second subscription is under way');
  after[1]();
  assert.deepEqual([connection.hasRetained, calls], [true, 1]);
  connection.subscribe(filters('west/2019-Q4'));
  assert.equal(connection.hasRetained, true, 'nothing new was asked for');
  connection.stop();
  assert.equal(connection.hasRetained, false);
});

test('stopping and starting while the library is being loaded makes one connection', async () => {
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

test('the wait for the next attempt grows to half a minute and no further; a connection that stood makes it short again', async (t) => {
  const set = timers(t);
  const mqtt = new Library();
  const connection = new Connection({ org: 'proef', url: 'ws://none', load: async () => mqtt });
  connection.start();
  for (let i = 0; i < 12; i++) {
    await turns();
    mqtt.clients.at(-1).emit('close');
    set.at(-1).run();
  }
  assert.ok(set[0].ms <= 500 * 1.25);
  assert.ok(set.at(-1).ms >= 30_000 * 0.75 && set.every(({ ms }) => ms <= 30_000 * 1.25));
  await turns();
  mqtt.clients.at(-1).emit('connect');
  mqtt.clients.at(-1).answers[0](null);
  mqtt.clients.at(-1).emit('close');
  assert.ok(set.at(-1).ms <= 500 * 1.25);
  connection.stop();
});

// The timers that are set and not cleared.
const running = (set) => set.filter(({ cleared }) => !cleared);

test('when the phone wakes up, a connection that answers stays, and one that does not is replaced', async (t) => {
  const set = timers(t);
  const { client, connection } = await connecting();
  client.answers[0](null);
  connection.wake();
  assert.deepEqual(running(set), []);
  client.silent = true;
  connection.wake();
  const [first] = running(set);
  assert.ok(first.ms <= 3_000);
  first.run();
  assert.deepEqual([client.ended, connection.sure], [false, false]);
  const last = set.at(-1);
  assert.ok(first.ms + last.ms <= 8_000);
  last.run();
  assert.deepEqual([client.ended, connection.state], [true, 'offline']);
  connection.stop();
});

test('a submission that the broker does not acknowledge: the connection is unsure until a packet comes', async (t) => {
  const set = timers(t);
  const { client, connection } = await connecting();
  client.answers[0](null);
  client.silent = true;
  assert.equal(connection.publish('turf/v1/proef/registration/oost', new Uint8Array(96)), true);
  running(set)[0].run();
  assert.deepEqual([connection.state, connection.sure], ['online', false]);
  client.emit('packetreceive');
  assert.equal(connection.sure, true);
  set.at(-1).run();
  assert.equal(connection.sure, false, 'what has no answer yet is still waited for');
  set.at(-1).run();
  assert.deepEqual([client.ended, connection.state, connection.sure], [true, 'offline', true]);
  connection.stop();
});

test('no connection: the page asks who answers in the server\'s place, until there is a connection', async (t) => {
  const set = timers(t);
  const mqtt = new Library();
  let answer = 'other';
  let calls = 0;
  const connection = new Connection({ org: 'proef', url: 'ws://none', load: async () => mqtt, ask: async () => answer, handlers: { blocked: () => calls++ } });
  const fails = async () => {
    await turns();
    mqtt.clients.at(-1).emit('close');
    await turns();
  };
  connection.start();
  await fails();
  assert.deepEqual([connection.blocked, calls], [true, 1]);
  answer = 'none';
  set.at(-1).run();
  await fails();
  assert.deepEqual([connection.blocked, calls], [false, 2]);
  answer = 'other';
  set.at(-1).run();
  await fails();
  set.at(-1).run();
  await turns();
  mqtt.clients.at(-1).emit('connect');
  mqtt.clients.at(-1).answers[0](null);
  assert.equal(connection.blocked, false);
  connection.stop();
});

test('the library does not load: a page that the server answers is asked to start again, once it has been tried twice', async (t) => {
  const set = timers(t);
  const mqtt = new Library();
  let answer = 'none';
  let calls = 0;
  let loads = false;
  const load = async () => (loads ? mqtt : Promise.reject(new TypeError('error loading dynamically imported module')));
  const connection = new Connection({ org: 'proef', url: 'ws://none', load, ask: async () => answer, startAgain: () => calls++ });
  const tried = async () => {
    set.at(-1).run();
    await turns();
    return calls;
  };
  connection.start();
  await turns();
  assert.equal(await tried(), 0, 'there is no network');
  answer = 'server';
  assert.deepEqual([await tried(), await tried()], [1, 2], 'as long as it cannot be loaded');
  loads = true;
  await tried();
  mqtt.clients.at(-1).emit('close');
  await turns();
  assert.equal(calls, 2, 'it is loaded, and the broker is away');
  connection.stop();
});

test('who answers at the server\'s address: turf itself, something before it, or nobody', async () => {
  const json = (value) => async () => value;
  const broken = async () => JSON.parse('<!doctype html>');
  const cases = [
    [{ ok: true, status: 200, json: json({ org: 'proef' }) }, 'server'],
    [{ ok: true, status: 200, json: json({ org: '' }) }, 'none'],
    [{ ok: true, status: 200, json: broken }, 'other'],
    [{ ok: false, status: 0, type: 'opaqueredirect' }, 'other'],
    [{ ok: false, status: 401 }, 'other'],
    [{ ok: false, status: 511 }, 'other'],
    [{ ok: false, status: 502 }, 'none'],
  ];
  for (const [answer, who] of cases) assert.equal(await whoAnswers(async () => answer), who, JSON.stringify(answer));
  assert.equal(await whoAnswers(async () => Promise.reject(new TypeError('Failed to fetch'))), 'none');
});

// A broker that refuses, as MQTT 3.1.1 has it, each filter for which `refuses` is true.
async function brokerThatRefuses(t, refuses) {
  const broker = new Aedes({ authorizeSubscribe: (_client, asked, answer) => answer(null, refuses(asked.topic) ? null : asked) });
  const server = net.createServer(broker.handle);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    broker.close();
    server.close();
  });
  return `mqtt://127.0.0.1:${server.address().port}`;
}

// Connects to a broker that refuses some topics. Resolves to 'online' or 'offline', whichever the connection becomes
// first.
async function firstBecomes(t, refuses, options = {}) {
  const url = await brokerThatRefuses(t, refuses);
  let connection;
  const became = new Promise((resolve) => {
    const handlers = { link: (link) => link !== 'connecting' && resolve(link) };
    connection = new Connection({ org: 'proef', url, handlers, ...options });
  });
  t.after(() => connection.stop());
  connection.subscribe(filters('oost/2019-Q4', '+/2019'));
  connection.start();
  return became;
}

test('a broker that refuses one topic: the others are there, and what is tapped can go', async (t) => {
  const refuses = (topic) => topic === 'turf/v1/proef/summary/+/2019';
  assert.equal(await firstBecomes(t, refuses), 'online');
  assert.equal(await firstBecomes(t, refuses, { receipts: true }), 'online');
});

test('a broker that refuses receipts, or everything: it is tried again', async (t) => {
  assert.equal(await firstBecomes(t, (topic) => topic.includes('/receipt/'), { receipts: true }), 'offline');
  assert.equal(await firstBecomes(t, () => true), 'offline');
});
