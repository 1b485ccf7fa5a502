// SPDX-License-Identifier: EUPL-1.2
// The broker with turf_door.so: who gets in, and what they may do there. Each attack is a line of the output.
import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Broker } from './lib/broker.mjs';
import { Client } from './lib/client.mjs';
import { Issuer } from './lib/issuer.mjs';
import { newClientId } from './lib/messages.mjs';
import { temporaryFolder } from './lib/paths.mjs';
import { eventually } from './lib/processes.mjs';

const org = 'proef';
const topic = (rest, of = org) => `turf/v1/${of}/${rest}`;
const nobody = { clean: true };

// A broker with the plugin, two scopes of workers and two of leaders, whose keys are published.
async function door(t) {
  const issuer = new Issuer(org);
  const keys = {
    worker: issuer.add('oost.west'),
    other: issuer.add('noord'),
    leader: issuer.add('leader:oost'),
    director: issuer.add('leader:all'),
  };
  const folder = join(temporaryFolder(t, 'turf-door'), 'keys');
  issuer.publish(folder);
  const broker = await Broker.start(t, org, { keys: folder });
  const enter = (login, options = {}) => Client.connect(t, broker.url, { ...login, ...options });
  return { issuer, keys, folder, broker, enter, publish: () => issuer.publish(folder) };
}

const notIn = (promise) => assert.rejects(promise, /Not authorized/);

test('a token opens the door, in both versions of MQTT, and again for a phone that did not hear the answer', async (t) => {
  const { issuer, keys, enter } = await door(t);
  for (const protocolVersion of [4, 5]) {
    const login = issuer.pass(keys.worker);
    await (await enter(login, { protocolVersion })).close();
    await (await enter(login, { protocolVersion })).close();
  }
});

test('who has no good token stays outside', async (t) => {
  const { issuer, keys, broker, enter, publish } = await door(t);
  const now = Math.floor(Date.now() / 1000);
  const expired = issuer.add('oost', { notBefore: now - 1000, notAfter: now - 1 });
  const early = issuer.add('oost', { notBefore: now + 1000, notAfter: now + 2000 });
  const withdrawn = issuer.add('oost');
  issuer.keys.pop();
  const newest = issuer.add('zuid');
  publish();
  await eventually(() => enter(issuer.pass(newest)).catch(() => false), 'the new directory');
  const twin = new Issuer(org, 'elsewhere.example'); // the same org at another door
  const good = issuer.token(keys.worker);
  const changed = (at) => {
    const bytes = Buffer.from(good);
    bytes[at] ^= 1;
    return bytes.toString('base64url');
  };
  const text = good.toString('base64url');
  const attacks = {
    'no user name': nobody,
    'no password': { username: 'pass' },
    'an empty password': { username: 'pass', password: '' },
    'a password that is no token': { username: 'pass', password: 'welkom123' },
    'a token that is cut off': { username: 'pass', password: text.slice(0, -1) },
    'a token with a character more': { username: 'pass', password: `${text}A` },
    'a token with another type': { username: 'pass', password: changed(1) },
    'a token with another nonce': { username: 'pass', password: changed(2) },
    'a token with another challenge': { username: 'pass', password: changed(40) },
    'a token with another key id': { username: 'pass', password: changed(70) },
    'a token with another signature': { username: 'pass', password: changed(200) },
    'a token signed by a key that is not ours': issuer.pass(new Issuer(org).add('oost')),
    'a token bought at another door': twin.pass(keys.worker),
    'a token for another org': new Issuer('elders', issuer.name).pass(keys.worker),
    'a token that is past its time': issuer.pass(expired),
    'a token before its time': issuer.pass(early),
    'a token of a key that is withdrawn': issuer.pass(withdrawn),
    'the name that the broker gives to a scope': { username: `oost`, password: text },
    "the aggregator's name with a token": { username: 'aggregator', password: text },
  };
  for (const [what, login] of Object.entries(attacks)) {
    await notIn(enter(login));
    t.diagnostic(`refused: ${what}`);
  }
  const names = { "turfd's client id": `turf-aggregator-${org}`, 'a short client id': 'phone', 'a client id with other characters': `${newClientId().slice(1)}/` };
  for (const [what, clientId] of Object.entries(names)) {
    await notIn(enter(issuer.pass(keys.worker), { clientId }));
    t.diagnostic(`refused: ${what}`);
  }
  await notIn(enter(broker.watcher, { clientId: `turf-aggregator-${org}` }));
  t.diagnostic("refused: turfd's client id, by another account");
  await enter(broker.aggregator, { clientId: `turf-aggregator-${org}` });
  await enter({ username: 'pass', password: text }); // none of the attempts has spent the token
});

test('the second of two connections with the same client id has the rights of its own token', async (t) => {
  const { issuer, keys, enter, publish } = await door(t);
  const clientId = newClientId();
  const older = await enter(issuer.pass(keys.leader), { clientId });
  const newer = await enter(issuer.pass(keys.worker), { clientId });
  await eventually(() => !older.mqtt.connected, 'the end of the older connection');
  await newer.subscribe(topic('summary/oost/+'));
  for (const filter of ['summary/all/+', 'summary/noord/+', '#']) await assert.rejects(newer.subscribe(topic(filter)));
  await newer.subscribe(topic(`receipt/${clientId}`));
  issuer.keys = issuer.keys.filter((key) => key !== keys.worker);
  publish();
  await eventually(() => !newer.mqtt.connected, 'the end of the newer connection');
});

test('a spent token stays spent when the broker has started again', async (t) => {
  const { issuer, keys, broker, enter } = await door(t);
  const spent = issuer.pass(keys.worker);
  const client = await enter(spent);
  await broker.process.stop();
  await client.close();
  await broker.startAgain();
  await notIn(enter(spent));
  await enter(issuer.pass(keys.worker));
});

// What each may do. A publication that the broker refuses is in silence, so one that it lets through follows each, and the
// watcher, who may read all, sees these only.
test('each may do what the contract lets them do', async (t) => {
  const { issuer, keys, broker, enter } = await door(t);
  const watcher = await enter(broker.watcher);
  await watcher.subscribe('turf/#');
  const people = {
    worker: await enter(issuer.pass(keys.worker)),
    leader: await enter(issuer.pass(keys.leader)),
    director: await enter(issuer.pass(keys.director)),
  };
  const writes = [
    ['worker', topic('registration/oost'), true],
    ['worker', topic('registration/west'), true],
    ['worker', topic('registration/noord'), false],
    ['worker', topic('registration/oos'), false],
    ['worker', topic('registration/oost', 'elders'), false],
    ['worker', topic('registration/all'), false],
    ['worker', topic('summary/oost/2026-Q4'), false],
    ['worker', topic('summary-json/oost/2026-Q4'), false],
    ['worker', topic('weekly/oost/2026'), false],
    ['worker', topic('catalogue'), false],
    ['worker', topic('status/aggregator'), false],
    ['worker', topic('door/keys'), false],
    ['worker', topic(`receipt/${people.worker.id}`), false],
    ['worker', topic(`receipt/${newClientId()}`), false],
    ['worker', 'elsewhere', false],
    ['leader', topic('registration/oost'), false],
    ['director', topic('registration/oost'), false],
  ];
  const sent = [];
  for (const [who, where, may] of writes) {
    for (const retain of [false, true]) {
      const payload = `${who} ${where} ${retain}`;
      await people[who].publish(where, payload, { retain });
      if (may && !retain) sent.push(payload);
      else t.diagnostic(`refused: ${who} writes ${where}${retain ? ', retained' : ''}`);
    }
  }
  const end = topic(`registration/west`);
  await people.worker.publish(end, 'the end');
  const seen = await watcher.until((messages) => messages.some(({ payload }) => String(payload) === 'the end') && messages, 'the last publication');
  assert.deepEqual(seen.map(({ payload }) => String(payload)).filter((payload) => !payload.startsWith('{')), [...sent, 'the end']);
});

test('each may read what the contract lets them read', async (t) => {
  const { issuer, keys, broker, enter } = await door(t);
  const people = { worker: await enter(issuer.pass(keys.worker)), leader: await enter(issuer.pass(keys.leader)), director: await enter(issuer.pass(keys.director)) };
  const filters = [
    ['catalogue', ['worker', 'leader', 'director']],
    ['status/aggregator', ['worker', 'leader', 'director']],
    ['door/keys', ['worker', 'leader', 'director']],
    ['summary/oost/+', ['worker', 'leader', 'director']],
    ['summary-json/west/+', ['worker', 'director']],
    ['weekly/noord/+', ['director']],
    ['summary/noord/2026-Q4', ['director']],
    ['summary/all/2026-Q4', ['leader', 'director']],
    ['summary/+/2026-Q4', ['worker', 'leader', 'director']],
    [`receipt/${newClientId()}`, []],
    ['receipt/+', []],
    ['registration/+', []],
    ['registration/oost', []],
    ['summary/#', []],
    ['#', []],
    ['+', []],
  ];
  for (const [rest, who] of filters) {
    for (const [name, client] of Object.entries(people)) {
      const granted = await client.subscribe(topic(rest)).then(() => true, () => false);
      assert.equal(granted, who.includes(name), `${name} subscribes to ${rest}`);
      if (!granted) t.diagnostic(`refused: ${name} reads ${rest}`);
    }
  }
  for (const filter of ['#', '$SYS/#', '$SYS/broker/version', 'turf/#', 'turf/v1/elders/catalogue', 'turf/v1/elders/summary/+/+']) {
    await assert.rejects(people.director.subscribe(filter));
    t.diagnostic(`refused: director reads ${filter}`);
  }
  await people.worker.subscribe(topic(`receipt/${people.worker.id}`));

  // Under a filter for all teams each gets those of their own.
  const aggregator = await enter(broker.aggregator, { clientId: `turf-aggregator-${org}` });
  for (const team of ['oost', 'west', 'noord', 'all']) await aggregator.publish(topic(`summary/${team}/2026-Q4`), team);
  await aggregator.publish(topic('catalogue'), 'the end');
  const read = async (name) => {
    const messages = await people[name].until((all) => all.some(({ payload }) => String(payload) === 'the end') && all, `what ${name} may read`);
    return [...new Set(messages.filter((message) => message.topic.includes('/summary/')).map(({ payload }) => String(payload)))].sort();
  };
  assert.deepEqual(await read('worker'), ['oost', 'west']);
  assert.deepEqual(await read('leader'), ['all', 'oost']);
  assert.deepEqual(await read('director'), ['all', 'noord', 'oost', 'west']);
});

test('the keys are retained at the broker, and a key that is withdrawn ends its connections at once', async (t) => {
  const { issuer, keys, enter, publish } = await door(t);
  const worker = await enter(issuer.pass(keys.worker));
  const other = await enter(issuer.pass(keys.other));
  await worker.subscribe(topic('door/keys'));
  const directory = await worker.until((messages) => messages.find((message) => message.topic === topic('door/keys')), 'the directory');
  assert.deepEqual(JSON.parse(directory.payload), issuer.directory());

  const ended = new Promise((resolve) => { worker.mqtt.once('close', resolve); });
  issuer.keys = issuer.keys.filter((key) => key !== keys.worker);
  const next = issuer.add('oost.west');
  publish();
  await ended;
  await notIn(enter(issuer.pass(keys.worker)));
  await enter(issuer.pass(next));
  await other.publish(topic('registration/noord'), 'still there');
});

test('a directory that cannot be read shuts out its org with an error that names it, and nobody else', async (t) => {
  const { issuer, keys, folder, broker, enter, publish } = await door(t);
  const neighbour = new Issuer('elders');
  const key = neighbour.add('zuid');
  neighbour.publish(folder);
  await eventually(() => enter(neighbour.pass(key)).catch(() => false), 'the other directory');
  const spent = issuer.pass(keys.worker);
  await enter(spent);

  writeFileSync(join(folder, 'new'), '{"org": "proef"');
  renameSync(join(folder, 'new'), join(folder, `${org}.json`));
  await eventually(() => broker.process.log.includes(`${folder}/${org}.json`), 'the error in the log');
  await notIn(enter(issuer.pass(keys.worker)));
  await enter(neighbour.pass(key));
  publish();
  await eventually(() => enter(issuer.pass(keys.worker)).catch(() => false), 'the mended directory');
  await broker.process.stop();
  await broker.startAgain();
  await notIn(enter(spent));
});

test('an organisation whose directory is taken away has none at the broker either', async (t) => {
  const { issuer, keys, folder, broker, enter, publish } = await door(t);
  const watcher = await enter(broker.watcher);
  await watcher.subscribe(topic('door/keys'));
  const payloads = () => watcher.messages.map(({ payload }) => String(payload));
  await watcher.until(() => payloads().length > 0, 'the directory');
  rmSync(join(folder, `${org}.json`));
  await watcher.until(() => payloads().at(-1) === '', 'its deletion');
  await notIn(enter(issuer.pass(keys.worker)));
  publish();
  await watcher.until(() => payloads().at(-1) !== '', 'the directory again');
  await enter(issuer.pass(keys.worker));
});
