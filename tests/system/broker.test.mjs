// SPDX-License-Identifier: EUPL-1.2
// What deploy/broker-config lets whom do. A phone of the demo is not logged in; only the aggregator writes what is retained.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Broker } from './lib/broker.mjs';
import { Client } from './lib/client.mjs';
import { newClientId } from './lib/messages.mjs';
import { run, succeed } from './lib/processes.mjs';
import { root, temporaryFolder } from './lib/paths.mjs';

const published = ['catalogue', 'status/aggregator', 'summary/oost/2019-Q4', 'summary/all/2019', 'summary-json/oost/2019', 'weekly/all/2019'];

// Everything that is published, with its topics as seen by each of `readers` once the watcher has seen the last of it.
async function seenBy(broker, readers, publish) {
  const watcher = await Client.connect(null, broker.url, broker.watcher);
  await watcher.subscribe('#');
  for (const reader of readers) await reader.subscribe('#');
  await publish();
  const last = await Client.connect(null, broker.url, broker.aggregator);
  await last.publish('turf/v1/proef/status/aggregator', 'last'); // which all of them may read
  for (const reader of [watcher, ...readers]) {
    await reader.until((messages) => messages.some(({ payload }) => String(payload) === 'last'), 'the last message');
  }
  await last.close();
  await watcher.close();
  return [watcher, ...readers].map(({ messages }) => messages.filter(({ payload }) => String(payload) !== 'last').map(({ topic }) => topic));
}

test("phones read the figures, the catalogue and the status of their org, and nobody else's receipts", async (t) => {
  const broker = await Broker.start(t, 'proef');
  const aggregator = await Client.connect(t, broker.url, broker.aggregator);
  const phone = await Client.connect(t, broker.url);
  const other = newClientId();
  const topics = [...published, `receipt/${phone.id}`, `receipt/${other}`].map((rest) => `turf/v1/proef/${rest}`);
  const [all, seen] = await seenBy(broker, [phone], async () => {
    for (const topic of topics) await aggregator.publish(topic, 'x');
  });
  assert.deepEqual(all.sort(), [...topics].sort());
  assert.deepEqual(seen.sort(), topics.filter((topic) => !topic.endsWith(other)).sort());
});

test('a client id that is a wildcard reads no receipts at all', async (t) => {
  const broker = await Broker.start(t, 'proef');
  const aggregator = await Client.connect(t, broker.url, broker.aggregator);
  const phones = [];
  for (const clientId of ['#', '+', `${newClientId()}/#`]) phones.push(await Client.connect(t, broker.url, { clientId }));
  const [, ...seen] = await seenBy(broker, phones, () => aggregator.publish(`turf/v1/proef/receipt/${newClientId()}`, 'x'));
  assert.deepEqual(seen, [[], [], []]);
});

test('phones write registrations of their org, and nothing else', async (t) => {
  const broker = await Broker.start(t, 'proef');
  const phone = await Client.connect(t, broker.url);
  const forbidden = [...published, `receipt/${newClientId()}`, 'registration', 'registration/oost/x', 'notes/x', 'open/x'];
  const topics = [...forbidden.map((rest) => `turf/v1/proef/${rest}`), 'turf/v1/elders/registration/oost', 'turf/v2/x', 'x'];
  const [all] = await seenBy(broker, [], async () => {
    await phone.publish('turf/v1/proef/registration/oost', 'x');
    for (const topic of topics) await phone.publish(topic, 'x', { retain: true });
  });
  assert.deepEqual(all, ['turf/v1/proef/registration/oost']);
});

test("phones do not read registrations, and nobody's word reaches another org", async (t) => {
  const broker = await Broker.start(t, 'proef');
  const aggregator = await Client.connect(t, broker.url, broker.aggregator);
  const phone = await Client.connect(t, broker.url);
  const [, seen, byAggregator] = await seenBy(broker, [phone, aggregator], async () => {
    await phone.publish('turf/v1/proef/registration/oost', 'x');
    for (const rest of published) await aggregator.publish(`turf/v1/elders/${rest}`, 'x');
  });
  assert.deepEqual(seen, []);
  assert.deepEqual(byAggregator, ['turf/v1/proef/registration/oost']);
});

test('a wrong password is refused, and the right one is only in files for the owner', async (t) => {
  const broker = await Broker.start(t, 'proef');
  await assert.rejects(Client.connect(t, broker.url, { ...broker.aggregator, password: 'guess' }), /not auth/i);
  for (const file of ['credentials', 'passwords', 'acl', 'mosquitto.conf']) {
    assert.equal(statSync(join(broker.folder, file)).mode & 0o077, 0, file);
  }
  assert.match(broker.aggregator.password, /^[0-9a-f]{48}$/);
  assert.ok(!readFileSync(join(broker.folder, 'passwords'), 'utf8').includes(broker.aggregator.password));
});

test('it listens on the loopback address only, for websockets too', async (t) => {
  const broker = await Broker.start(t, 'proef', { websockets: true });
  const descriptors = `/proc/${broker.process.pid}/fd`;
  const own = readdirSync(descriptors).map((name) => readlinkSync(join(descriptors, name)));
  const listening = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .map((line) => line.trim().split(/\s+/)).filter(([, , , state]) => state === '0A').filter((fields) => own.includes(`socket:[${fields[9]}]`))
    .map(([, local]) => local.split(':')).map(([address, port]) => [address, parseInt(port, 16)]);
  const ports = [broker.port, Number(new URL(broker.wsUrl).port)];
  assert.deepEqual(listening.sort(), ports.map((port) => ['0100007F', port]).sort());
});

test('the broker keeps nothing on disk and logs no payload, topic or client', async (t) => {
  const broker = await Broker.start(t, 'proef');
  const phone = await Client.connect(t, broker.url);
  await phone.publish('turf/v1/proef/registration/oost', 'secret-payload');
  await phone.close();
  await broker.process.stop();
  for (const word of [phone.id, 'secret-payload', 'registration']) assert.ok(!broker.process.log.includes(word), broker.process.log);
  const { stdout } = await run('grep', ['-rlE', `${phone.id}|secret-payload`, broker.folder]);
  assert.equal(stdout, '');
});

test('the credentials stay as they are when the files are written again', async (t) => {
  const folder = temporaryFolder(t);
  const write = () => succeed(join(root, 'deploy/broker-config'), [folder, '18999', 'proef']);
  await write();
  const before = readFileSync(join(folder, 'credentials'), 'utf8');
  await write();
  assert.equal(readFileSync(join(folder, 'credentials'), 'utf8'), before);
});
