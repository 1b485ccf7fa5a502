// SPDX-License-Identifier: EUPL-1.2
// What deploy/broker-config lets whom do. A phone of the demo is not logged in; only the aggregator writes what is retained.
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
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

const brokerConfig = (folder, ...more) => succeed(join(root, 'deploy/broker-config'), [folder, '18999', 'proef', ...more]);

test('what an administrator added is there when the files are written again, and what would have been written lies beside it', async (t) => {
  const folder = temporaryFolder(t);
  const read = (name) => readFileSync(join(folder, name), 'utf8');
  await brokerConfig(folder);
  const ours = read('acl');
  const aggregator = read('passwords');
  appendFileSync(join(folder, 'acl'), '\nuser leader\ntopic read turf/v1/proef/summary/#\n');
  await succeed('mosquitto_passwd', ['-b', join(folder, 'passwords'), 'leader', 'secret']);
  const [acl, passwords] = [read('acl'), read('passwords')];
  const { stderr } = await brokerConfig(folder, '18998');
  assert.deepEqual([read('acl'), read('passwords')], [acl, passwords]);
  assert.equal(read('acl.new'), ours);
  assert.match(stderr, /^deploy\/broker-config: .*\/acl was changed by somebody else and is left as it is\. .*acl\.new: take over what you need.*\n$/);
  assert.match(read('mosquitto.conf'), /^listener 18998 127\.0\.0\.1\n/m, 'what nobody changed is renewed');

  appendFileSync(join(folder, 'mosquitto.conf'), 'max_connections 100\n');
  const conf = read('mosquitto.conf');
  await brokerConfig(folder);
  assert.equal(read('mosquitto.conf'), conf);
  assert.doesNotMatch(read('mosquitto.conf.new'), /listener 18998/);

  writeFileSync(join(folder, 'credentials'), 'user = aggregator\npassword = another\n');
  await brokerConfig(folder);
  const [leader] = passwords.match(/^leader:.*$/m);
  assert.ok(read('passwords').includes(`${leader}\n`));
  assert.ok(!read('passwords').includes(aggregator), "turfd's line follows its credentials");
});

test('a file that was there before is not taken for one that was written here', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'acl'), 'topic read nothing\n');
  const { stderr } = await brokerConfig(folder);
  assert.match(stderr, /acl was changed/);
  assert.equal(readFileSync(join(folder, 'acl'), 'utf8'), 'topic read nothing\n');
});

test('wrong usage of deploy/broker-config has exit status 2, and writes nothing', async (t) => {
  const folder = join(temporaryFolder(t), 'broker');
  for (const args of [[], [folder], [folder, '1883'], [folder, '1883', 'proef', '', 'no-such-user-here'], ['1', '2', '3', '4', '5', '6']]) {
    const { code, stderr } = await run(join(root, 'deploy/broker-config'), args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, /^deploy\/broker-config: .*\n$/);
    assert.ok(!existsSync(folder));
  }
});
