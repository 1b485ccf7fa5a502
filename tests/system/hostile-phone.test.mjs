// SPDX-License-Identifier: EUPL-1.2
// A phone that means harm, at a broker as deploy/broker-config writes it: what it can do, and what it cannot.
// docs/operating.md has the table. What is merely malformed is in hostile.test.mjs.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { writeConfig } from './lib/config.mjs';
import { Load } from './lib/load.mjs';
import { memoryOf } from './lib/memory.mjs';
import { dayOf, decode, encode, newClientId, newId, question, retraction, secretOf } from './lib/messages.mjs';
import { temporaryFolder } from './lib/paths.mjs';
import { eventually } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const today = '2019-12-31';
const day = dayOf(today);
const MEMORY_KB = 16 << 10; // that turfd may take beyond what it has at rest
const BROKER_KB = 220_000; // deploy/broker-config's queue of 100 MB, and what the broker keeps around it

const settings = {
  limits: { retry_ms: 100 },
  teams: [{ id: 'oost', name: 'Oost' }, { id: 'west', name: 'West' }, { id: 'vloed', name: 'Vloed' }],
};

const loaded = (t) => Load.start(t, { config: writeConfig(t, settings), today });

async function fixture(t, more = {}) {
  const stack = await Stack.start(t, 'proef', { config: writeConfig(t, { ...settings, ...more }), today });
  return { stack, watcher: await stack.watcher(), victim: await stack.phone(), hostile: await stack.phone() };
}

// The most that turfd had while it worked, beyond what it has now.
function watchMemory({ turfd }) {
  const before = memoryOf(turfd.pid);
  let most = 0;
  return {
    look: () => (most = Math.max(most, memoryOf(turfd.pid).anonymous)),
    check() {
      this.look();
      assert.ok(before.sanitized || most - before.anonymous < MEMORY_KB, `turfd took ${most - before.anonymous} kB more`);
    },
  };
}

async function questionsOf(stack, team) {
  await stack.turfctl(['verify']);
  const { stdout } = await stack.turfctl(['export', '--format', 'json', '--team', team]);
  return JSON.parse(stdout).summaries.find(({ period }) => period === '2019').questions;
}

// ---- Floods --------------------------------------------------------------------------------------------

// 64 events and as many bytes as a submission may have.
function largest(receiptTo) {
  const bare = encode('Submission', { events: Array.from({ length: 64 }, () => question(day, 1, 'OUTCOME_ANSWERED')), receipt_to: receiptTo });
  const length = 4096 - bare.length - 3;
  return Buffer.concat([bare, Buffer.from([0x7a, (length & 0x7f) | 0x80, length >> 7]), Buffer.alloc(length)]);
}

test('a flood of the largest submissions: others’ taps are counted and receipted, turfd’s memory stays bounded', async (t) => {
  const load = await loaded(t);
  await load.goesOn();
  const { stack } = load;
  const hostile = await stack.phone();
  const memory = watchMemory(stack);
  const payloads = Array.from({ length: 40 }, () => largest(hostile.client.id));
  assert.ok(payloads.every(({ length }) => length === 4096));
  const enough = load.answered + 80;
  let sent = 0;
  while (sent < 1000 || load.answered < enough) {
    for (let n = 0; n < 20; n++) hostile.client.mqtt.publish(stack.topic('registration/vloed'), payloads[(sent += 1) % 40], { qos: n % 2 }, () => {});
    await hostile.client.publish(stack.topic('registration/vloed'), payloads[(sent += 1) % 40]); // when the broker has taken all of it
    memory.look();
  }
  await load.settle();
  memory.check();
  assert.equal(await questionsOf(stack, 'vloed'), 40 * 64, 'a flood of the same counts once');
  assert.equal((await questionsOf(stack, 'oost')) + (await questionsOf(stack, 'west')), load.made);
  assert.ok(!stack.turfd.log.includes('<4>'), stack.turfd.log);
});

test('a flood while turfd stands still: the broker drops what is beyond its queue, and the phones send again', async (t) => {
  const load = await loaded(t);
  await load.goesOn();
  const { stack } = load;
  const hostile = await stack.client();
  const memory = watchMemory(stack);
  const packet = Buffer.alloc(16_000, 0xff);
  stack.turfd.child.kill('SIGSTOP');
  const made = load.made;
  for (let n = 0; n < 20_000; n += 100) {
    await Promise.all(Array.from({ length: 100 }, () => hostile.publish(stack.topic('registration/vloed'), packet)));
  }
  await eventually(() => load.made > made + 20, 'taps');
  const { resident } = memoryOf(stack.broker.process.pid);
  stack.turfd.child.kill('SIGCONT');
  assert.ok(resident < BROKER_KB, `the broker keeps ${resident} kB`);
  await load.goesOn();
  memory.look();
  await load.nothingIsLost();
  memory.check();
});

test('ten thousand receipt topics: nothing stays, neither at the broker nor in turfd', async (t) => {
  const { stack, hostile, watcher } = await fixture(t);
  const memory = watchMemory(stack);
  const one = question(day, 1);
  for (let n = 0; n < 10_000; n += 100) {
    await Promise.all(Array.from({ length: 100 }, () => hostile.send('vloed', [one], { receiptTo: newClientId() })));
    memory.look();
  }
  assert.deepEqual(await hostile.register('vloed', [question(day, 1)]), ['VERDICT_COUNTED']);
  memory.check();
  const topics = () => new Set(watcher.messages.map(({ topic }) => topic).filter((topic) => topic.includes('/receipt/')));
  await watcher.until(() => topics().size === 10_001, 'all receipts');
  const late = await stack.watcher();
  await late.subscribe(stack.topic('catalogue')); // answered after what is retained under the first filter
  await late.until(() => late.newest(stack.topic('catalogue')), 'the catalogue');
  assert.deepEqual(late.messages.filter(({ topic }) => topic.includes('/receipt/')), []);
});

// ---- Others' ids -----------------------------------------------------------------------------------------

const differently = (id) => [
  ['oost', question(day, 1, 'OUTCOME_ANSWERED', [], id)],
  ['oost', question(day, 5, 'OUTCOME_REFERRED', [], id)],
  ['vloed', question(day, 2, 'OUTCOME_ANSWERED', [], id)],
  ['nergens', question(day, 200, 'OUTCOME_ANSWERED', [77], id)],
];

test('an id that was learned: "already counted" whatever is sent with it, and nothing moves', async (t) => {
  const { stack, victim, hostile } = await fixture(t);
  const tap = question(day, 1);
  await victim.register('oost', [tap]);
  for (const [team, event] of differently(tap.id)) assert.deepEqual(await hostile.register(team, [event]), ['VERDICT_ALREADY_COUNTED']);
  for (const result of hostile.results) assert.deepEqual(Object.keys(result).sort(), ['id', 'verdict']);
  assert.deepEqual([await questionsOf(stack, 'oost'), await questionsOf(stack, 'vloed'), await questionsOf(stack, 'all')], [1, 0, 1]);
});

const flipped = (bytes, bit) => Buffer.from(bytes.map((byte, n) => (n === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)));

// What somebody may send who has learned an id and its day, from a receipt for example: [what, proof].
function proofsWithout(secret, id, other) {
  const bits = Array.from({ length: 128 }, (_, bit) => [`the secret with bit ${bit} flipped`, flipped(secret, bit)]);
  return [
    ['none', null], ['an empty one', Buffer.alloc(0)], ['the id itself', id], ['zeros', Buffer.alloc(16)], ['a random one', randomBytes(16)],
    ['that of another question', secretOf(other.id)], ['the id of another question', other.id], ['the first half of it', secret.subarray(0, 8)],
    ['15 bytes of it', secret.subarray(0, 15)], ['it and one byte more', Buffer.concat([secret, Buffer.from([0])])],
    ['a byte and then it', Buffer.concat([Buffer.from([0]), secret])], ['it twice', Buffer.concat([secret, secret])],
    ['its hexadecimal digits', Buffer.from(secret.toString('hex'))], ['the whole digest', createHash('sha256').update(secret).digest()], ...bits,
  ];
}

// Every retraction of `event` is refused as malformed, in a submission with others and alone.
async function refuseAll(hostile, event, attempts) {
  for (let at = 0; at < attempts.length; at += 60) {
    const some = attempts.slice(at, at + 60);
    const verdicts = await hostile.register('vloed', some.map(([, proof]) => retraction(event.id, event.day, proof)));
    some.forEach(([what], n) => assert.equal(verdicts[n], 'VERDICT_REFUSED_MALFORMED', what));
  }
  for (const [what, proof] of attempts.slice(0, 14)) {
    assert.deepEqual(await hostile.register('oost', [retraction(event.id, event.day, proof)]), ['VERDICT_REFUSED_MALFORMED'], what);
  }
}

for (const retraction_proof of ['required', 'optional']) {
  test(`an id that was learned from a receipt, and a proof that is not its secret: nothing changes, and the answer tells nothing (${retraction_proof})`, async (t) => {
    const { stack, victim, hostile } = await fixture(t, { retraction_proof });
    const [counted, takenBack, other] = [question(day, 1), question(day, 1), question(day, 2)];
    await victim.register('oost', [counted, takenBack, other]);
    assert.deepEqual(await victim.register('oost', [retraction(takenBack.id, day)]), ['VERDICT_RETRACTED']);
    const learned = victim.results.map(({ id }) => id.toString('hex'));
    const never = question(day, 1); // turfd has never heard of this id
    for (const event of [counted, takenBack, never, { ...counted, day: day - 1 }, { ...never, day: day + 9 }, { ...never, day: day - 300 }]) {
      if (event !== never && event.day === day) assert.ok(learned.includes(event.id.toString('hex')));
      const needless = retraction_proof === 'optional' ? ['none', 'an empty one'] : [];
      await refuseAll(hostile, event, proofsWithout(secretOf(event.id), event.id, other).filter(([what]) => !needless.includes(what)));
    }
    assert.deepEqual(await victim.register('oost', [counted, takenBack, never, other]),
      ['VERDICT_ALREADY_COUNTED', 'VERDICT_ALREADY_RETRACTED', 'VERDICT_COUNTED', 'VERDICT_ALREADY_COUNTED']);
    assert.equal(await questionsOf(stack, 'all'), 3);
    // Only who has the secret takes it back, from any connection and on any topic, once.
    for (const verdict of ['VERDICT_RETRACTED', 'VERDICT_ALREADY_RETRACTED']) {
      assert.deepEqual(await hostile.register('vloed', [retraction(counted.id, day)]), [verdict]);
    }
    assert.equal(await questionsOf(stack, 'all'), 2);
  });
}

test('a proof that was seen opens its own question only: not with another day, and not another id', async (t) => {
  const { stack, victim, hostile } = await fixture(t);
  const [seen, kept] = [question(day, 1), question(day, 1)];
  await victim.register('oost', [seen, kept]);
  await victim.register('oost', [retraction(seen.id, day)]);
  assert.deepEqual(await hostile.register('oost', [retraction(kept.id, day, secretOf(seen.id))]), ['VERDICT_REFUSED_MALFORMED']);
  assert.deepEqual(await hostile.register('oost', [retraction(seen.id, day)]), ['VERDICT_ALREADY_RETRACTED']);
  assert.equal(await questionsOf(stack, 'all'), 1);
});

test('all ids of a stolen store take nothing back', async (t) => {
  const { stack, victim, hostile } = await fixture(t);
  const taps = Array.from({ length: 60 }, () => question(day, 1));
  await victim.register('oost', taps);
  const stolen = readFileSync(join(stack.store, 'data.mdb'));
  for (const { id } of taps) {
    assert.ok(stolen.includes(id), 'the store has the id');
    assert.ok(!stolen.includes(secretOf(id)), 'and not its secret');
  }
  assert.deepEqual(new Set(await hostile.register('oost', taps.map(({ id }) => retraction(id, day, null)))), new Set(['VERDICT_REFUSED_MALFORMED']));
  assert.deepEqual(new Set(await hostile.register('oost', taps.map(({ id }) => retraction(id, day, id)))), new Set(['VERDICT_REFUSED_MALFORMED']));
  assert.equal(await questionsOf(stack, 'all'), taps.length);
});

test('the setting is taken at a reload, in both directions', async (t) => {
  const { stack, victim } = await fixture(t);
  const taps = Array.from({ length: 3 }, () => question(day, 1));
  await victim.register('oost', taps);
  const without = (n) => victim.register('oost', [retraction(taps[n].id, day, null)]);
  assert.deepEqual(await without(0), ['VERDICT_REFUSED_MALFORMED']);
  for (const [retraction_proof, verdict, n] of [['optional', 'VERDICT_RETRACTED', 1], ['required', 'VERDICT_REFUSED_MALFORMED', 2]]) {
    const before = stack.turfd.log.length;
    copyFileSync(writeConfig(t, { ...settings, retraction_proof }), stack.options.config);
    stack.turfd.child.kill('SIGHUP');
    await eventually(() => stack.turfd.log.slice(before).includes('reloaded '), 'the reload');
    assert.deepEqual(await without(n), [verdict]);
  }
});

// As before there were proofs: what the setting "optional" means for an organisation.

test('optional proofs, ids that are guessed: a retraction has the same answer whether the id exists or not, and takes nothing back', async (t) => {
  const { stack, victim, hostile } = await fixture(t, { retraction_proof: 'optional' });
  const taps = Array.from({ length: 20 }, () => question(day, 1));
  await victim.register('oost', taps);
  const near = taps.map(({ id }) => retraction(Buffer.concat([id.subarray(0, 15), Buffer.from([id[15] ^ 1])]), day));
  const guesses = [...near, ...Array.from({ length: 40 }, () => retraction(newId(), day)), ...taps.slice(0, 4).map(({ id }) => retraction(id, day - 1, null))];
  assert.deepEqual(new Set(await hostile.register('oost', guesses)), new Set(['VERDICT_RETRACTED']));
  assert.equal(await questionsOf(stack, 'all'), taps.length);
});

test('optional proofs, an id and its day that were learned: the tap can be taken back, once, and its phone learns of it', async (t) => {
  const { stack, victim, hostile } = await fixture(t, { retraction_proof: 'optional' });
  const [tap, other] = [question(day, 1), question(day, 1)];
  await victim.register('oost', [tap, other]);
  for (const verdict of ['VERDICT_RETRACTED', 'VERDICT_ALREADY_RETRACTED']) {
    assert.deepEqual(await hostile.register('vloed', [retraction(tap.id, day, null)]), [verdict]);
  }
  assert.deepEqual(await victim.register('oost', [tap, other]), ['VERDICT_ALREADY_RETRACTED', 'VERDICT_ALREADY_COUNTED']);
  assert.equal(await questionsOf(stack, 'all'), 1);
});

// ---- Others' receipts ---------------------------------------------------------------------------------------

test('receipts that are sent to phones of libturf, about taps that they never made, change nothing there', async (t) => {
  const { stack, watcher, hostile } = await fixture(t);
  const rows = Array.from({ length: 400 }, (_, n) => `${today},oost,${1 + (n % 11)},answered`);
  const file = join(temporaryFolder(t, 'turf-replay'), 'questions.csv');
  writeFileSync(file, ['day,team,domain,outcome', ...rows, ''].join('\n'));
  const victims = new Set();
  watcher.waiting.add(() => {
    const { topic, payload } = watcher.messages.at(-1);
    if (topic !== stack.topic('registration/oost')) return;
    const { receipt_to: to } = decode('Submission', payload);
    victims.add(to);
    hostile.send('vloed', Array.from({ length: 60 }, () => question(day, 1)), { receiptTo: to }).catch(() => {});
  });
  const { code, stderr } = await stack.turf(['replay', file, '--clients', '4', '--org', 'proef', '--today', today, '--wait', '60']);
  assert.equal(code, 0, stderr);
  assert.equal(await questionsOf(stack, 'oost'), rows.length);
  const strange = watcher.messages.filter(({ topic }) => topic.includes('/receipt/')).flatMap(({ payload }) => decode('Receipt', payload).results);
  assert.ok(victims.size > 0 && strange.length > rows.length, 'receipts about others’ taps');
});

// ---- What the broker refuses ----------------------------------------------------------------------------------

const forbidden = ['summary/oost/2019-Q4', 'summary-json/all/2019', 'weekly/oost/2019', 'catalogue', 'status/aggregator', 'registration/oost/more', 'notes/x'];

// Nobody reads what was said, and nothing of it stays.
async function ignored({ stack, watcher, hostile }, said) {
  await hostile.register('vloed', [question(day, 1)]); // later than all that was said on this connection
  const late = await stack.watcher();
  await late.subscribe(stack.topic('catalogue'));
  await late.until(() => late.newest(stack.topic('catalogue')), 'the catalogue');
  const received = [...watcher.messages, ...late.messages].filter(({ payload }) => payload.equals(said));
  assert.deepEqual(received, []);
}

for (const protocolVersion of [4, 5]) {
  test(`what only turfd may write is refused, receipts of others too (MQTT ${protocolVersion})`, async (t) => {
    const w = await fixture(t);
    w.hostile = await w.stack.phone({ protocolVersion });
    const said = randomBytes(40);
    const topics = [...forbidden, `receipt/${w.victim.client.id}`, `receipt/${w.hostile.client.id}`].map((rest) => w.stack.topic(rest));
    for (const topic of [...topics, 'turf/v1/ander/registration/oost', 'elsewhere']) {
      for (const retain of [false, true]) {
        const refused = await w.hostile.client.publish(topic, said, { retain }).then(() => false, ({ code }) => code === 0x87);
        assert.equal(refused, protocolVersion === 5, `${topic}: version 5 says so, 3.1.1 cannot`);
      }
    }
    await ignored(w, said);
  });
}

test('a last will on a topic of turfd’s is not carried out', async (t) => {
  const w = await fixture(t);
  const said = randomBytes(40);
  for (const rest of ['status/aggregator', 'summary/oost/2019-Q4']) {
    const will = { topic: w.stack.topic(rest), payload: said, retain: true, qos: 1 };
    const dying = await w.stack.client({ will }).catch(() => null);
    dying?.mqtt.stream.destroy();
  }
  await ignored(w, said);
});

test('whoever subscribes to everything receives no one else’s taps or receipts', async (t) => {
  const { stack, victim, watcher } = await fixture(t);
  const filters = ['#', '+/+/+/receipt/+', '+/+/+/registration/+', '$SYS/#'];
  const ours = ['receipt/+', 'receipt/#', `receipt/${victim.client.id}`, 'registration/+', 'registration/oost'].map((rest) => stack.topic(rest));
  const listeners = [];
  for (const clientId of [newClientId(), '+', '#', `+${newClientId().slice(1)}`]) {
    const listener = await stack.client({ clientId });
    for (const filter of [...filters, ...ours]) await listener.subscribe(filter).catch(() => {});
    listeners.push(listener);
  }
  await victim.register('oost', [question(day, 1), question(day, 2)]);
  const shown = (client) => client.newest(stack.topic('summary-json/all/2019')) ?? '{}';
  await watcher.until(() => JSON.parse(shown(watcher)).questions === 2, 'the figures');
  await listeners[0].until(() => JSON.parse(shown(listeners[0])).questions === 2, 'the figures, which come after the receipt');
  const allowed = /^(summary|summary-json|weekly)\/|^catalogue$|^status\/aggregator$/;
  for (const { topic } of listeners.flatMap(({ messages }) => messages)) assert.match(topic.slice(stack.topic('').length), allowed);
});

test('a phone cannot know turfd’s client id: who takes the name of its org there ends nothing', async (t) => {
  const load = await loaded(t);
  const { stack } = load;
  await load.goesOn();
  const { pid } = stack.turfd;
  const kept = stack.turfdClientId;
  for (const clientId of ['turf-aggregator-proef', 'turf-aggregator-proef_', `turf-aggregator-proef_${'0'.repeat(16)}`]) {
    await stack.client({ clientId, clean: false });
  }
  await load.goesOn();
  assert.equal(stack.turfd.pid, pid);
  assert.equal(stack.turfd.status, null);
  await stack.turfd.stop();
  await stack.startTurfd();
  assert.equal(stack.turfdClientId, kept); // so that the broker knows its session again
  await load.goesOn();
  await load.nothingIsLost();
});

test('a phone that has stolen turfd’s client id takes its place at the broker, receives nothing there, and loses nothing for the others', async (t) => {
  const load = await loaded(t);
  const { stack } = load;
  await load.goesOn();
  const rival = await stack.client({ clientId: stack.turfdClientId, clean: false, reconnectPeriod: 50 });
  await rival.subscribe(stack.topic('registration/+')).catch(() => {});
  assert.deepEqual(await stack.turfd.ended, { code: 1, signal: null });
  await load.says(/<3>ended reason=".*taken over by another client with our id, turf-aggregator-proef/);
  await load.standsStill();
  await rival.close();
  assert.deepEqual(rival.messages.filter(({ topic }) => topic.includes('/registration/')), []);
  await stack.startTurfd();
  await load.goesOn();
  await load.nothingIsLost();
});
