// SPDX-License-Identifier: EUPL-1.2
// `turf` where nobody says which organisation: a question counts for the one that is meant, or for none.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import test from 'node:test';

import Aedes from 'aedes';

import { writeConfig } from './lib/config.mjs';
import { encode } from './lib/messages.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { run } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const names = { noord: 'Welzijn Noord', zuid: 'Welzijn Zuid' };
const catalogue = (org, timezone = 'Europe/Amsterdam') => encode('Catalogue', {
  version: 1, org, name: names[org], timezone, accept_days: 400, retract_days: 14, grace_days: 28,
  teams: [{ id: 'oost', name: 'Oost' }], domains: [{ code: 1, name: 'Financiën', position: 1 }],
});

// A broker with what these organisations keep at it. `through`: what a connection goes through.
async function brokerOf(t, orgs, { through = (socket) => socket, timezone } = {}) {
  const broker = new Aedes();
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    broker.handle(through(socket));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    broker.close();
  });
  const keep = (topic, payload) => new Promise((resolve, reject) => {
    broker.publish({ topic, payload, qos: 0, retain: true }, (error) => (error ? reject(error) : resolve()));
  });
  const registered = [];
  broker.on('publish', ({ topic }) => topic.includes('/registration/') && registered.push(topic));
  for (const org of orgs) {
    await keep(`turf/v1/${org}/catalogue`, catalogue(org, timezone));
    await keep(`turf/v1/${org}/status/aggregator`, JSON.stringify({ online: false }));
  }
  return { url: `mqtt://127.0.0.1:${server.address().port}`, registered };
}

// What aedes writes, but that of all that is kept this topic comes only after the client's second subscription.
function slowWith(topic) {
  return (socket) => {
    const held = [];
    let packet = Buffer.alloc(0), subscriptions = 0;
    const pass = () => {
      const length = packet[1] < 128 ? 2 + packet[1] : 3 + (packet[1] - 128) + 128 * packet[2];
      if (packet.length < 2 || packet.length < length) return false;
      const whole = packet.subarray(0, length);
      packet = packet.subarray(length);
      if (subscriptions < 2 && whole.includes(topic)) held.push(whole);
      else socket.write(whole);
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
    socket.on('data', (chunk) => {
      if (chunk[0] === 0x82 && ++subscriptions === 2) for (const one of held) socket.write(one);
      stream.push(chunk);
    });
    socket.on('close', () => stream.destroy());
    return stream;
  };
}

// One device: its outboxes are in `home`.
function device(t, broker, more = {}) {
  const home = temporaryFolder(t, 'turf-device');
  const env = { TURF_BROKER: broker.url, HOME: home, XDG_STATE_HOME: home, TURF_ORG: '', TURF_OUTBOX: '', ...more };
  const turf = (...args) => run(program('turf'), args, { env });
  const typed = (input, ...args) => {
    const line = [program('turf'), ...args].map((word) => `'${word}'`).join(' ');
    return run('script', ['-qec', line, '/dev/null'], { env, input });
  };
  const outboxes = () => (existsSync(join(home, 'turf')) ? readdirSync(join(home, 'turf')).sort() : []);
  return { home, turf, typed, outboxes };
}

const both = /^turf: meer dan een organisatie.*--org.*\n {2}noord \(Welzijn Noord\)\n {2}zuid \(Welzijn Zuid\)\n$/;
const tap = ['tap', '1', '--team', 'oost', '--wait', '0'];

test('with two organisations at the broker each command without one is refused, and names both', async (t) => {
  const broker = await brokerOf(t, ['noord', 'zuid']);
  const { home, turf, outboxes } = device(t, broker);
  const file = join(home, 'questions.csv');
  writeFileSync(file, 'day,team,domain,outcome\n2019-12-31,oost,1,answered\n');
  for (const args of [tap, ['undo'], ['pending'], ['watch', '--once'], ['replay', file]]) {
    const { code, stdout, stderr } = await turf(...args);
    assert.deepEqual([code, stdout], [2, ''], args[0]);
    assert.match(stderr, both, args[0]);
  }
  assert.deepEqual([outboxes(), broker.registered], [[], []]);
});

// The second one's catalogue comes long after the broker answered for the first.
for (const slow of ['zuid', 'noord']) {
  test(`an organisation that is slow to show itself (${slow}) is waited for`, async (t) => {
    const broker = await brokerOf(t, ['noord', 'zuid'], { through: slowWith(`${slow}/catalogue`) });
    const { turf, outboxes } = device(t, broker);
    const { code, stderr } = await turf(...tap);
    assert.equal(code, 2, stderr);
    for (const org of ['noord', 'zuid']) assert.ok(stderr.includes(`  ${org} (${names[org]})\n`), stderr);
    assert.deepEqual([outboxes(), broker.registered], [[], []]);
  });
}

test('at a terminal turf asks, and the next tap of this device is for the one that was chosen', async (t) => {
  const { turf, typed, outboxes } = device(t, await brokerOf(t, ['noord', 'zuid']));
  const asked = await typed('9\nnobody\n2\n', ...tap);
  assert.match(asked.stdout, /voor welke organisatie[^]* 1 {2}noord \(Welzijn Noord\)[^]* 2 {2}zuid \(Welzijn Zuid\)/);
  assert.match(asked.stdout, /bewaard, wordt later verstuurd.*team oost.*, voor \/ for Welzijn Zuid/);
  assert.deepEqual([asked.code, outboxes()], [3, ['zuid']]);
  const again = await turf(...tap);
  assert.match(again.stdout, /, voor \/ for Welzijn Zuid\n/);
  assert.deepEqual([again.code, outboxes()], [3, ['zuid']]);
  const other = device(t, await brokerOf(t, ['noord', 'zuid']));
  assert.match((await other.typed('noord\n', ...tap)).stdout, /, voor \/ for Welzijn Noord/);
  const none = device(t, await brokerOf(t, ['noord', 'zuid']));
  assert.equal((await none.typed('', ...tap)).code, 2, 'Ctrl-D');
  assert.deepEqual(none.outboxes(), []);
});

test('a device that tapped for one organisation does not tap for another because only that one is at the broker', async (t) => {
  const { turf, outboxes } = device(t, await brokerOf(t, ['zuid']));
  assert.equal((await turf(...tap, '--org', 'noord')).code, 3);
  const { code, stderr } = await turf(...tap);
  assert.equal(code, 2);
  assert.match(stderr, /^turf: meer dan een organisatie.*\n {2}zuid \(Welzijn Zuid\)\n {2}noord, niet bij deze broker \/ not at this broker\n$/);
  assert.deepEqual(outboxes(), ['noord']);
  assert.match((await turf(...tap, '--org', 'zuid')).stdout, /for (zuid|Welzijn Zuid)$/m);
  assert.match((await turf(...tap)).stdout, /for Welzijn Zuid/, 'at the broker and here');
});

test('without a broker the organisations of this device are asked for, or the only one is meant', async (t) => {
  const { turf } = device(t, { url: 'mqtt://127.0.0.1:1' });
  assert.equal((await turf(...tap, '--org', 'noord')).code, 3);
  for (const args of [tap, ['pending'], ['undo', '--wait', '0']]) {
    assert.match((await turf(...args)).stdout, /, voor \/ for noord$/m, args[0]);
  }
  assert.equal((await turf(...tap, '--org', 'zuid')).code, 3);
  for (const args of [tap, ['pending'], ['undo', '--wait', '0']]) {
    const { code, stderr } = await turf(...args);
    assert.deepEqual([code, stderr.replace(/.*\n/, '').split('\n').sort()], [2, ['', '  noord', '  zuid']], args[0]);
  }
});

test('each answer names the organisation', async (t) => {
  const stack = await Stack.start(t, 'proef', { config: writeConfig(t), today: '2019-12-31' });
  const { home, turf } = device(t, stack.broker);
  const file = join(home, 'questions.csv');
  writeFileSync(file, 'day,team,domain,outcome\n2019-12-31,oost,1,answered\n');
  const day = ['--day', '2019-12-31'];
  for (const [args, expected] of [
    [['tap', '1', '--team', 'oost', ...day], /^geteld \/ counted: .*, team oost, 2019-12-31 \([0-9a-f]{8}\), voor \/ for Proefgemeente$/m],
    [['undo'], /^ongedaan gemaakt \/ taken back: .*, voor \/ for Proefgemeente$/m],
    [['tap', '99', '--team', 'oost', ...day, '--org', 'proef'], /kies|geweigerd/],
    [['pending'], /^0 wacht \/ waiting, 0 geweigerd \/ refused, voor \/ for Proefgemeente$/m],
    [['replay', file], /^1 antwoorden \/ answers in .*, voor \/ for Proefgemeente$/m],
    [['watch', '--once', '--team', 'oost'], /^Proefgemeente \| Oost \|/m],
    [['watch', '--once', '--team', 'no-team', '--wait', '0'], /no figures of team no-team, proef$/m],
  ]) {
    const { stdout, stderr } = await turf(...args);
    assert.match(stdout + stderr, expected);
  }
});

// Twenty-six hours lie between the two zones, so that their dates always differ.
test("a question is of the organisation's date, whatever the machine's time zone is", async (t) => {
  const zone = 'Pacific/Kiritimati';
  const today = () => new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(new Date());
  const { turf } = device(t, await brokerOf(t, ['noord'], { timezone: zone }), { TZ: 'Etc/GMT+12' });
  for (const [how, ...args] of [['of the broker', ...tap], ['of its catalogue', 'tap', 'financ', '--wait', '1', '--org', 'noord'],
    ['of the one that this device knows', ...tap, '--broker', 'mqtt://127.0.0.1:1']]) {
    const before = today();
    const { stdout } = await turf(...args);
    const [, day] = stdout.match(/team oost, (\d{4}-\d\d-\d\d) \(/) ?? [];
    assert.ok([before, today()].includes(day), `${how}: ${stdout}`);
  }
});
