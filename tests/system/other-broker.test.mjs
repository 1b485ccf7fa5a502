// SPDX-License-Identifier: EUPL-1.2
// A broker that nobody here configured: aedes, which speaks MQTT 3.1.1 only and does as that standard says where
// mosquitto does otherwise (it sends the will of a client that is taken over).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import Aedes from 'aedes';

import { Client } from './lib/client.mjs';
import { writeConfig } from './lib/config.mjs';
import { decode, newClientId, question, submission } from './lib/messages.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { run, Running } from './lib/processes.mjs';

// options: those of aedes, and says: what it writes instead of a text.
async function aedesAt(t, { says, ...options } = {}) {
  const broker = new Aedes(options);
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    if (says) {
      const write = socket.write.bind(socket);
      socket.write = (data, ...rest) => write(says(data), ...rest);
    }
    broker.handle(socket);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    broker.close();
  });
  return `mqtt://127.0.0.1:${server.address().port}`;
}

function startTurfd(t, url, config, store = join(temporaryFolder(t), 'store')) {
  const turfd = new Running(program('turfd'), ['--config', config, '--store', store, '--broker', url, '--today', '2019-11-20']);
  t.after(() => turfd.kill('SIGKILL'));
  return turfd;
}

const online = (messages) => messages.some(({ topic, payload }) => topic.endsWith('/aggregator') && JSON.parse(payload).online);

test('counts, receipts and retained figures through aedes', async (t) => {
  const url = await aedesAt(t);
  const turfd = startTurfd(t, url, writeConfig(t));
  const phone = await Client.connect(t, url, { clientId: newClientId() });
  await phone.subscribe('turf/v1/proef/status/aggregator');
  await phone.until(online, `turfd: ${turfd.log}`);
  await phone.subscribe(`turf/v1/proef/receipt/${phone.id}`);
  const tap = question('2019-11-20', 1);
  await phone.publish('turf/v1/proef/registration/oost', submission([tap], phone.id));
  const receipt = await phone.until((messages) => messages.find(({ topic }) => topic.includes('/receipt/')), 'the receipt');
  assert.deepEqual(decode('Receipt', receipt.payload).results, [{ id: tap.id, verdict: 'VERDICT_COUNTED' }]);
  const screen = await Client.connect(t, url);
  await screen.subscribe('turf/v1/proef/summary-json/oost/+');
  await screen.until(() => JSON.parse(screen.newest('turf/v1/proef/summary-json/oost/2019-Q4') ?? '{}').answered === 1, 'the count');
  assert.deepEqual(await turfd.stop(), { code: 0, signal: null });
});

test('a takeover is no fight there either', async (t) => {
  const url = await aedesAt(t);
  const config = writeConfig(t, { limits: { retry_ms: 200 } });
  const screen = await Client.connect(t, url);
  await screen.subscribe('turf/v1/proef/status/aggregator');
  const first = startTurfd(t, url, config);
  await screen.until(online, `turfd: ${first.log}`);
  const second = startTurfd(t, url, config);
  const ended = await Promise.race([first, second].map(async (turfd) => ({ turfd, status: await turfd.ended })));
  assert.deepEqual(ended.status, { code: 1, signal: null });
  assert.match(ended.turfd.log, /taken over/);
  const stays = ended.turfd === first ? second : first;
  assert.deepEqual(await stays.stop(), { code: 0, signal: null });
});

// How many TCP connections a process has open, those included that the other side has closed.
function connections(pid) {
  const known = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => `socket:[${line.trim().split(/\s+/)[9]}]`);
  const target = (fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return ''; // it went between the two looks
    }
  };
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => known.includes(target(fd))).length;
}

// MQTT 3.1.1 has 128 only for a subscription that is refused; ejabberd gives a reason of MQTT 5.
const refusingWith = (code) => (data) => (Buffer.isBuffer(data) && data.equals(Buffer.from([128])) ? Buffer.from([code]) : data);

for (const code of [128, 135]) {
  test(`a broker that refuses subscriptions for a while, with ${code}: turfd comes in when it may, and leaves no connection behind`, async (t) => {
    let refused = 0;
    const authorizeSubscribe = ({ id }, wanted, answer) => {
      const refuses = id.startsWith('turf-aggregator-') && refused < 3;
      refused += refuses;
      answer(null, refuses ? null : wanted);
    };
    const url = await aedesAt(t, { authorizeSubscribe, says: refusingWith(code) });
    const turfd = startTurfd(t, url, writeConfig(t, { limits: { retry_ms: 20 } }));
    const screen = await Client.connect(t, url);
    await screen.subscribe('turf/v1/proef/status/aggregator');
    await screen.until(online, `turfd: ${turfd.log}`);
    assert.equal(refused, 3);
    assert.match(turfd.log, /<4>broker-unreachable .*reason="turf\/v1\/proef\/.*: the broker refuses the subscription"/);
    assert.equal(connections(turfd.pid), 1);
    assert.deepEqual(await turfd.stop(), { code: 0, signal: null });
  });
}

// The session of before lives on, with its two topics, which aedes asks for again by itself. Nobody else ended it.
test('a broker that refuses for a while what it had granted: turfd does not take that for a takeover', async (t) => {
  const connects = 7;
  let refusals = 0;
  const authorizeSubscribe = ({ id }, wanted, answer) => {
    const refuses = id.startsWith('turf-aggregator-') && refusals > 0;
    refusals -= refuses;
    setImmediate(answer, null, refuses ? null : wanted);
  };
  const url = await aedesAt(t, { authorizeSubscribe });
  const config = writeConfig(t, { limits: { retry_ms: 20 } });
  const store = join(temporaryFolder(t), 'store'); // the session is that of its client id
  const screen = await Client.connect(t, url);
  await screen.subscribe('turf/v1/proef/status/aggregator');
  const first = startTurfd(t, url, config, store);
  await screen.until(online, `turfd: ${first.log}`);
  assert.deepEqual(await first.stop(), { code: 0, signal: null });
  refusals = 3 * connects;
  const turfd = startTurfd(t, url, config, store);
  while (refusals > 0) await Promise.race([once(turfd.child.stderr, 'data'), turfd.ended.then(() => assert.fail(turfd.log))]);
  assert.match(turfd.log, /session=kept\n<4>broker-lost reason="turf\/v1\/proef\/.*: the broker refuses the subscription"/);
  assert.deepEqual(await turfd.stop(), { code: 0, signal: null });
});

test('a retained topic that is not UTF-8, from a broker that does not look: it stays there, and so does turfd', async (t) => {
  const topic = 'turf/v1/proef/registration/q';
  const says = (data) => (data === topic ? Buffer.from(topic.replace('q', '\xff'), 'latin1') : data);
  const url = await aedesAt(t, { says });
  const phone = await Client.connect(t, url, { clientId: newClientId() });
  await phone.publish(topic, submission([question('2019-11-20', 1)]), { retain: true });
  const turfd = startTurfd(t, url, writeConfig(t));
  const counters = () => JSON.parse(phone.newest('turf/v1/proef/status/aggregator') ?? '{}').counters ?? {};
  await phone.subscribe('turf/v1/proef/status/aggregator');
  await phone.until(() => counters().messages_retained > 0, `the retained one: ${turfd.log}`);
  await phone.subscribe(`turf/v1/proef/receipt/${phone.id}`);
  await phone.publish('turf/v1/proef/registration/oost', submission([question('2019-11-20', 1)], phone.id));
  await phone.until((messages) => messages.some(({ topic: at }) => at.includes('/receipt/')), `the receipt: ${turfd.log}`);
  await phone.until(() => counters().counted === 1, 'the counters');
  assert.equal(counters().connects, 1, turfd.log);
  assert.equal(counters().refused_unknown_team, counters().messages_retained);
  assert.deepEqual(await turfd.stop(), { code: 0, signal: null });
  assert.doesNotMatch(turfd.log, /broker-lost/);
});

for (const code of [128, 135]) {
  test(`a broker that refuses a phone its receipts for a while, with ${code}: it comes again, and learns what became of the question`, async (t) => {
    let refused = 0;
    const authorizeSubscribe = (_client, wanted, answer) => {
      const refuses = wanted.topic.includes('/receipt/') && refused < 2;
      refused += refuses;
      answer(null, refuses ? null : wanted);
    };
    const url = await aedesAt(t, { authorizeSubscribe, says: refusingWith(code) });
    const turfd = startTurfd(t, url, writeConfig(t));
    const screen = await Client.connect(t, url);
    await screen.subscribe('turf/v1/proef/status/aggregator');
    await screen.until(online, `turfd: ${turfd.log}`);
    const folder = temporaryFolder(t);
    const file = join(folder, 'questions.csv');
    writeFileSync(file, 'day,team,domain,outcome\n2019-11-20,oost,1,answered\n');
    const env = { HOME: folder, XDG_STATE_HOME: folder, TURF_BROKER: url, TURF_ORG: 'proef', TURF_OUTBOX: '' };
    const replay = await run(program('turf'), ['replay', file, '--retry-ms', '200', '--wait', '20'], { env });
    assert.equal(replay.code, 0, replay.stdout + replay.stderr);
    assert.equal(refused, 2);
    assert.deepEqual(await turfd.stop(), { code: 0, signal: null });
  });
}
