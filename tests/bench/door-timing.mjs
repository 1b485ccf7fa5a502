// SPDX-License-Identifier: EUPL-1.2
// Whether the time of turfdoor's answer says anything of a code or a credential:
//   node tests/bench/door-timing.mjs [ROUNDS]
// Each round asks once in each way, in random order, over one connection, and looks at the time until the answer. Printed for
// each way: the median in microseconds, its ratio to that of a random guess, and how often it took longer than a random guess
// (0.50: nothing to tell apart; Mann and Whitney's statistic) with its 95 % interval. The ways marked with a star get the same answer
// as a random guess and must not be told apart from it; the others are told apart by their answers anyway.
import { randomBytes, randomInt } from 'node:crypto';
import http from 'node:http';

import { Device, Door } from '../system/lib/door.mjs';

const rounds = Number(process.argv[2] ?? 4000);
const WARM_UP = 20;
const ends = [];
const t = { after: (end) => ends.push(end) };
const bit = (bytes, at) => Buffer.from(bytes.map((byte, i) => (i === at >> 3 ? byte ^ (1 << (at & 7)) : byte)));

const door = await (await Door.create(t, { batch: 1 })).start();
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

// Resolves to [the status, microseconds].
function ask(path, headers, body) {
  return new Promise((resolve, reject) => {
    const begin = process.hrtime.bigint();
    const sent = http.request({ host: '127.0.0.1', port: door.port, method: 'POST', path, headers, agent }, (answer) => {
      answer.once('data', () => resolve([answer.statusCode, Number(process.hrtime.bigint() - begin) / 1000])).resume();
    });
    sent.once('error', reject).end(body);
  });
}

const device = await Device.enrol(door, '--team', 'oost');
await device.draw();
const keyId = Buffer.from(device.key.id);
const revoked = await Device.enrol(door, '--team', 'oost');
await door.command('revoke', '2');
for (let n = 0; n < 10; n++) await Device.enrol(door, '--team', 'oost');
const open = Buffer.from(await door.invite('--team', 'oost'));
const used = Buffer.from(await door.invite('--team', 'oost'));
await new Device(door).join(used);
const rights = [];
for (let n = 0; n < Math.min(rounds, 20); n++) rights.push(Buffer.from(await door.invite('--team', 'oost')));

// All bytes are drawn before the first request, so that this program does the same for each of them.
const join = (code) => ['/door/join', { 'content-length': 48 }, Buffer.concat([code, randomBytes(32)])];
// The body is never right, so that nothing is signed: the message is 0.
const buy = (credential) => ['/door/batch', { authorization: `Bearer ${Buffer.from(credential).toString('base64url')}`, 'content-length': 288 }, Buffer.concat([keyId, Buffer.alloc(256)])];

const ways = {
  codes: {
    'random guess': () => join(randomBytes(16)),
    'another random guess *': () => join(randomBytes(16)),
    'an open code, last bit flipped *': () => join(bit(open, 127)),
    'an open code, first bit flipped *': () => join(bit(open, 0)),
    'a used code, last bit flipped *': () => join(bit(used, 127)),
    'a used code': () => join(used),
    'an open code (joins)': (round) => round < rights.length && join(rights[round]),
  },
  credentials: {
    'random guess': () => buy(randomBytes(32)),
    'another random guess *': () => buy(randomBytes(32)),
    'a credential, last bit flipped *': () => buy(bit(device.credential, 255)),
    'a credential, first bit flipped *': () => buy(bit(device.credential, 0)),
    'a revoked credential, last bit flipped *': () => buy(bit(revoked.credential, 255)),
    'a revoked credential': () => buy(revoked.credential),
    'a credential': () => buy(device.credential),
  },
};

const median = (times) => times[times.length >> 1];

// The share of pairs in which the first took longer, and half the width of its interval.
function longer(times, others) {
  const all = [...times.map((time) => [time, 1]), ...others.map((time) => [time, 0])].sort((a, b) => a[0] - b[0]);
  let ranks = 0;
  all.forEach(([, own], i) => (ranks += own * (i + 1)));
  const share = (ranks - (times.length * (times.length + 1)) / 2) / (times.length * others.length);
  return [share, 1.96 * Math.sqrt((times.length + others.length + 1) / (12 * times.length * others.length))];
}

for (const [what, kinds] of Object.entries(ways)) {
  const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  const requests = Object.fromEntries(Object.entries(kinds).map(([kind, make]) => [kind, Array.from({ length: rounds }, (_, round) => make(round))]));
  const statuses = {};
  for (let round = 0; round < WARM_UP; round++) await ask(...requests['random guess'][round]);
  for (let round = 0; round < rounds; round++) {
    const order = Object.keys(kinds).map((kind) => [randomInt(1 << 30), kind]).sort((a, b) => a[0] - b[0]);
    for (const [, kind] of order) {
      if (!requests[kind][round]) continue;
      const [status, time] = await ask(...requests[kind][round]);
      statuses[kind] = status;
      times[kind].push(time);
    }
  }
  const [base] = Object.values(times);
  for (const list of Object.values(times)) list.sort((a, b) => a - b);
  console.log(`\n${what}, ${rounds} rounds${' '.repeat(20)}status  median us  ratio  took longer`);
  for (const [kind, list] of Object.entries(times)) {
    const [share, half] = longer(list, base);
    console.log(`  ${kind.padEnd(42)}${String(statuses[kind]).padStart(4)}  ${median(list).toFixed(0).padStart(9)}  ${(median(list) / median(base)).toFixed(2).padStart(5)}  ${share.toFixed(3)} +- ${half.toFixed(3)}`);
  }
}
agent.destroy();
while (ends.length) await ends.pop()();
