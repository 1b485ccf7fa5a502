// SPDX-License-Identifier: EUPL-1.2
// `turf watch` on a broker of the test's own, which has what the test says and ends connections when it says so.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import test from 'node:test';

import Aedes from 'aedes';

import { program } from './lib/paths.mjs';
import { Running, run } from './lib/processes.mjs';

const topic = (rest) => `turf/v1/sw-de-kop/${rest}`;

const SUBACK = 9;

// What aedes writes, but that the answer to a subscription comes behind the figures that were kept, as a broker may do.
function answersLast(socket) {
  let held = Buffer.alloc(0), packet = Buffer.alloc(0);
  const pass = () => {
    const length = packet[1] < 128 ? 2 + packet[1] : 3 + (packet[1] - 128) + 128 * packet[2];
    if (packet.length < 2 || packet.length < length) return false;
    const whole = packet.subarray(0, length);
    packet = packet.subarray(length);
    if (whole[0] >> 4 === SUBACK) held = whole;
    else socket.write(whole);
    if (whole.includes('summary-json')) socket.write(held);
    return true;
  };
  const stream = new Duplex({
    read() {},
    write(chunk, encoding, done) {
      packet = Buffer.concat([packet, chunk]);
      while (pass());
      done();
    },
  });
  socket.on('data', (chunk) => stream.push(chunk));
  socket.on('close', () => stream.destroy());
  return stream;
}

class Broker {
  static async start(t) {
    const broker = new Broker();
    broker.aedes = new Aedes();
    broker.sockets = [];
    broker.turnsAway = 0; // so many connections
    broker.server = net.createServer((socket) => {
      if (broker.turnsAway-- > 0) {
        socket.destroy();
        return;
      }
      broker.sockets.push(socket);
      broker.aedes.handle(broker.answersLast ? answersLast(socket) : socket);
    });
    await new Promise((resolve) => broker.server.listen(0, '127.0.0.1', resolve));
    broker.url = `mqtt://127.0.0.1:${broker.server.address().port}`;
    t.after(() => {
      for (const socket of broker.sockets) socket.destroy();
      broker.server.close();
      broker.aedes.close();
    });
    return broker;
  }

  publish(rest, value) {
    const packet = { topic: topic(rest), payload: JSON.stringify(value), qos: 0, retain: true };
    return new Promise((resolve, reject) => this.aedes.publish(packet, (error) => (error ? reject(error) : resolve())));
  }

  delete(rest) {
    return new Promise((resolve, reject) => {
      this.aedes.publish({ topic: topic(rest), payload: '', qos: 0, retain: true }, (error) => (error ? reject(error) : resolve()));
    });
  }

  // Refuses one topic, as the access list of a broker may do.
  refuse(rest) {
    this.aedes.authorizeSubscribe = (client, subscription, done) => done(null, subscription.topic === topic(rest) ? null : subscription);
  }

  // Resolves when somebody subscribes to it.
  subscription(rest) {
    return new Promise((resolve) => {
      this.aedes.on('subscribe', (subscriptions) => subscriptions.some((one) => one.topic === topic(rest)) && resolve());
    });
  }

  // Resolves when the client has closed its side too.
  async endConnection() {
    const socket = this.sockets.at(-1);
    socket.end();
    await once(socket, 'close');
  }
}

test('a new quarter whose message comes after the connection was lost is followed on the next one', async (t) => {
  const broker = await Broker.start(t);
  await broker.publish('status/aggregator', { online: true, today: '2019-12-31' });
  const old = broker.subscription('summary-json/all/2019-Q4');
  const watch = new Running(program('turf'), ['watch', '--json', '--org', 'sw-de-kop', '--broker', broker.url]);
  t.after(() => watch.kill('SIGKILL'));
  watch.child.stdout.pause(); // nobody reads what it prints, so that it stands still
  await old;
  for (let i = 0; i < 60; i++) await broker.publish('summary-json/all/2019-Q4', { note: 'x'.repeat(20_000), domains: [] });
  await broker.publish('status/aggregator', { online: true, today: '2020-01-01' });
  await broker.endConnection();
  const next = broker.subscription('summary-json/all/2020-Q1');
  watch.child.stdout.resume();
  await Promise.race([next, watch.ended.then((status) => assert.fail(`${JSON.stringify(status)} ${watch.log}`))]);
  assert.deepEqual(await watch.stop(), { code: 0, signal: null });
});

test('figures of a turfd that is not running are shown as its last ones', async (t) => {
  const broker = await Broker.start(t);
  await broker.publish('status/aggregator', { online: false, today: '2019-12-31' });
  await broker.publish('summary-json/all/2019-Q4', { answered: 7, domains: [] });
  const { code, stdout } = await run(program('turf'), ['watch', '--once', '--org', 'sw-de-kop', '--broker', broker.url]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /7 beantwoord/);
  assert.match(stdout, /turfd is not running/);
});

async function shows(watch, text) {
  while (!text.test(watch.stdout)) {
    await Promise.race([once(watch.child.stdout, 'data'), watch.ended.then(() => assert.fail(watch.log))]);
  }
}

test('a connection that is back is seen, whatever the broker sends first', async (t) => {
  const broker = await Broker.start(t);
  await broker.publish('status/aggregator', { online: true, today: '2019-12-31' });
  await broker.publish('summary-json/all/2019-Q4', { answered: 7, domains: [] });
  const watch = new Running(program('turf'), ['watch', '--org', 'sw-de-kop', '--broker', broker.url]);
  t.after(() => watch.kill('SIGKILL'));
  await shows(watch, /7 beantwoord/);
  broker.answersLast = true;
  await broker.endConnection();
  await shows(watch, /no connection/);
  await broker.publish('summary-json/all/2019-Q4', { answered: 8, domains: [] });
  await shows(watch, /8 beantwoord/);
  assert.equal(watch.stdout.match(/no connection/g).length, 1, watch.stdout);
  assert.deepEqual(await watch.stop(), { code: 0, signal: null });
});

test('who watches a team that has no figures sees that once the broker is there, and sees them when they come', async (t) => {
  const broker = await Broker.start(t);
  broker.turnsAway = 2;
  await broker.publish('status/aggregator', { online: true, today: '2019-12-31' });
  const args = ['--org', 'sw-de-kop', '--broker', broker.url, '--team', 'oots', '--wait', '0.5'];
  const watch = new Running(program('turf'), ['watch', ...args]);
  t.after(() => watch.kill('SIGKILL'));
  while (!/no figures yet of team oots/.test(watch.log)) {
    await Promise.race([once(watch.child.stderr, 'data'), watch.ended.then(() => assert.fail(watch.log))]);
  }
  assert.ok(broker.turnsAway < 0, watch.log);
  await broker.publish('summary-json/oots/2019-Q4', { answered: 7, domains: [] });
  await shows(watch, /7 beantwoord/);
  assert.deepEqual(await watch.stop(), { code: 0, signal: null });
  assert.equal(watch.log.match(/no figures/g).length, 1);
});

test('figures of a lower generation than those shown are old: they are not shown, until they were deleted', async (t) => {
  const broker = await Broker.start(t);
  await broker.publish('status/aggregator', { online: true, today: '2019-12-31' });
  await broker.publish('summary-json/all/2019-Q4', { generation: 12, answered: 7, domains: [] });
  const watch = new Running(program('turf'), ['watch', '--json', '--org', 'sw-de-kop', '--broker', broker.url]);
  t.after(() => watch.kill('SIGKILL'));
  await shows(watch, /"answered":7/);
  await broker.publish('summary-json/all/2019-Q4', { generation: 11, answered: 6, domains: [] });
  await broker.publish('summary-json/all/2019-Q4', { generation: 12, answered: 8, domains: [] });
  await shows(watch, /"answered":8/);
  await broker.delete('summary-json/all/2019-Q4');
  await broker.publish('summary-json/all/2019-Q4', { generation: 10, answered: 9, domains: [] });
  await shows(watch, /"answered":9/);
  assert.deepEqual(watch.stdout.match(/"answered":\d/g), ['"answered":7', '"answered":8', '"answered":9']);
  assert.deepEqual(await watch.stop(), { code: 0, signal: null });
});

test('a broker that refuses the figures is named as the reason, with what to do', async (t) => {
  const broker = await Broker.start(t);
  await broker.publish('status/aggregator', { online: true, today: '2019-12-31' });
  broker.refuse('summary-json/oost/2019-Q4');
  const args = ['watch', '--once', '--team', 'oost', '--org', 'sw-de-kop', '--broker', broker.url];
  const refused = /^turf: the broker refuses to let this client read turf\/v1\/sw-de-kop\/summary-json\/oost\/2019-Q4; give --credentials .*\n$/;
  for (const more of [[], ['--period', '2019-Q4']]) {
    const { code, stderr } = await run(program('turf'), [...args, ...more]);
    assert.equal(code, 4, stderr);
    assert.match(stderr, refused);
  }
});

test('figures are shown although the broker refuses the status', async (t) => {
  const broker = await Broker.start(t);
  await broker.publish('summary-json/all/2019-Q4', { answered: 7, domains: [] });
  broker.refuse('status/aggregator');
  const { code, stdout, stderr } = await run(program('turf'), ['watch', '--once', '--period', '2019-Q4', '--org', 'sw-de-kop', '--broker', broker.url]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /7 beantwoord/);
  assert.match(stderr, /refuses to let this client read turf\/v1\/sw-de-kop\/status\/aggregator/);
});
