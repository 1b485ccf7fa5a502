// SPDX-License-Identifier: EUPL-1.2
// What can go wrong between turfd and the broker, each under a load of phones that keep tapping: what the operator sees,
// what recovers by itself, and that nothing is lost. docs/operating.md has the table. A broker that forgot everything, a
// rival and a second daemon are in daemon.test.mjs.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { writeConfig } from './lib/config.mjs';
import { Load } from './lib/load.mjs';
import { Proxy } from './lib/proxy.mjs';

const today = '2019-11-20';
const quick = { limits: { retry_ms: 100 }, broker: { address: 'mqtt://127.0.0.1:1', keepalive_s: 5 } };

const loaded = (t, changes = {}) => Load.start(t, { config: writeConfig(t, { ...quick, ...changes }), today });

// turfd alone goes through a network that can be made bad; the phones have a good one.
async function behindProxy(t, load) {
  const network = await Proxy.start(t, load.stack.broker.port);
  await load.stack.turfd.stop();
  await load.stack.startTurfd({ url: network.url });
  return network;
}

// Rewrites one of the broker's files and starts it again; resolves to what takes the change back.
async function changeBroker({ stack: { broker } }, file, change) {
  const path = join(broker.folder, file);
  const before = readFileSync(path, 'utf8');
  const write = async (text) => {
    writeFileSync(path, text);
    await broker.kill();
    await broker.startAgain();
  };
  await write(change(before));
  return () => write(before);
}

test('a broker that refuses the password: one log line, and it counts when the password is right again', async (t) => {
  const load = await loaded(t);
  await load.goesOn();
  const undo = await changeBroker(load, 'passwords', (text) => text.replace(/^aggregator:.*$/m, ''));
  await load.says(/<4>broker-unreachable address=\S+ reason="the broker (refuses user name or password|does not let this client in)"/);
  await load.standsStill(60);
  const lines = load.log.match(/broker-unreachable .*/g); // while the broker starts there may be another reason
  assert.equal(new Set(lines).size, lines.length, load.log);
  await undo();
  await load.goesOn();
  await load.nothingIsLost();
});

test('no broker at the start: turfd waits for it', async (t) => {
  const load = await loaded(t);
  await load.stack.turfd.stop();
  await load.stack.broker.kill();
  load.stack.launchTurfd();
  await load.says(/<4>broker-unreachable .*reason="no connection"/);
  await load.standsStill();
  await load.stack.broker.startAgain();
  await load.goesOn();
  await load.nothingIsLost();
});

test('a broker that accepts and says nothing: turfd says so, keeps trying, and stops when it is asked', async (t) => {
  const load = await loaded(t);
  await load.stack.turfd.stop();
  const silent = net.createServer((socket) => socket.on('error', () => {}));
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  load.stack.launchTurfd({ url: `mqtt://127.0.0.1:${silent.address().port}` });
  await load.says(/<4>broker-unreachable .*reason="no connection"/);
  await load.standsStill();
  assert.deepEqual(await load.stack.turfd.stop(), { code: 0, signal: null });
  await load.stack.startTurfd();
  await load.goesOn();
  await load.nothingIsLost();
});

test('a network that stalls in the middle: noticed by the keepalive, counted when it moves again', async (t) => {
  const load = await loaded(t);
  const network = await behindProxy(t, load);
  await load.goesOn();
  network.set('stall');
  await load.says(/<4>broker-lost/);
  network.set('pass');
  await load.goesOn();
  await load.nothingIsLost();
});

// The phones' messages reach turfd, its acknowledgements and receipts do not reach the broker. The session is the
// broker's and stays, so that it delivers all of them once more.
test('a redelivery after the session was resumed counts once', async (t) => {
  const load = await loaded(t);
  const network = await behindProxy(t, load);
  await load.goesOn();
  const before = load.status.counters?.already_counted ?? 0;
  network.set('loseup');
  await load.standsStill();
  network.set('pass'); // what lost something is cut off
  await load.says(/<4>broker-lost[^]*<6>connected .*session=kept/);
  await load.goesOn();
  await load.shows(({ counters }) => counters?.already_counted > before, 'a redelivery');
  await load.nothingIsLost();
});

const labels = Array.from({ length: 400 }, (_, i) => ({ code: i + 1, name: `Een onderwerp met een lange naam, nummer ${i + 1}`, kind: 'subject' }));

test('a broker that takes no packet as large as the catalogue: turfd ends and names the limit', async (t) => {
  const load = await loaded(t, { labels });
  await load.goesOn();
  const undo = await changeBroker(load, 'mosquitto.conf', (text) => text.replace(/^max_packet_size \d+$/m, 'max_packet_size 8000'));
  assert.deepEqual(await load.stack.turfd.ended, { code: 1, signal: null });
  await load.says(/<3>ended reason=".*or the catalogue is over the broker's max_packet_size/);
  await undo();
  await load.stack.startTurfd();
  await load.goesOn();
  await load.nothingIsLost();
});

test('a broker whose queue is too short for turfd’s absence: it drops, and the phones send again', async (t) => {
  const load = await loaded(t);
  await load.goesOn();
  await changeBroker(load, 'mosquitto.conf', (text) => text.replace(/^max_queued_messages \d+$/m, 'max_queued_messages 5')
    .replace(/^max_inflight_messages \d+$/m, 'max_inflight_messages 2'));
  await load.goesOn(); // the session is known to the new broker
  await load.stack.turfd.stop();
  await load.standsStill(60);
  await load.stack.startTurfd();
  await load.goesOn();
  await load.nothingIsLost();
});

test('a status that lies about the future does not keep turfd out', async (t) => {
  const load = await loaded(t);
  await load.stack.turfd.stop();
  const liar = await Client.connect(t, load.stack.broker.url, load.stack.broker.aggregator);
  const lie = { online: true, org: 'proef', since: 2 ** 40, instance: 'f'.repeat(16) };
  await liar.publish(load.stack.topic('status/aggregator'), JSON.stringify(lie), { retain: true });
  await load.stack.startTurfd();
  await load.goesOn();
  await load.nothingIsLost();
});
