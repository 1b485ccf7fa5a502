// SPDX-License-Identifier: EUPL-1.2
// Rule 3 (docs/wire-format.md): which event is sent when, and when it is sent again. There is no clock: each test gives the time.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dice, vectors } from './lib/web.mjs';

const { Sender } = await import('../../broker-client/web/src/phone/sender.js');

const entry = (seq, team = 'oost') => ({ seq, id: `id${seq}`, act: 'question', team });
const seqs = (batch) => batch?.entries.map(({ seq }) => seq) ?? null;

function sender(options, ...entries) {
  const made = new Sender({ random: dice(1), ...options });
  for (const one of entries) made.add(one);
  return made;
}

// The examples that tests/unit/phone/test_phone_sender_vectors.c runs with broker-client/libturf/sender.c.
const examples = vectors('sender');

function runStep(s, { add = [], team, receipt = [], retry_later: retryLater = [], expire, lost, resend_soon: resendSoon, ...expected }, now) {
  for (const seq of add) s.add(entry(seq, team));
  for (const seq of [...receipt, ...retryLater]) s.noteReceipt(s.sent(`id${seq}`), now);
  for (const seq of receipt) s.done(s.sent(`id${seq}`));
  for (const seq of retryLater) s.retryLater(s.sent(`id${seq}`), now);
  if (expire) s.expire(now);
  if (lost) s.lost(now);
  if (resendSoon) s.resendSoon(now, 0);
  if ('wake' in expected) assert.equal(s.wake(now), expected.wake ?? Infinity);
  if (!('next' in expected)) return;
  const batch = s.next(now);
  if (expected.next === null) assert.equal(batch, null);
  else if (expected.next.seqs) assert.deepEqual([batch?.team, seqs(batch)], [expected.next.team, expected.next.seqs]);
  else assert.deepEqual([batch?.team, batch?.entries.length], [expected.next.team, expected.next.n]);
}

for (const { name, slots, steps } of examples) {
  test(`as sender.c: ${name}`, () => {
    const s = sender({ slots });
    let now = 0;
    steps.forEach((step, i) => {
      now = step.at ?? now;
      try {
        runStep(s, step, now);
      } catch (error) {
        error.message = `step ${i + 1}: ${error.message}`;
        throw error;
      }
    });
  });
}

test('fresh taps of one team go together, in tap order, 64 at most', () => {
  const s = sender({}, ...Array.from({ length: 70 }, (_, i) => entry(70 - i)));
  assert.deepEqual(seqs(s.next(0)), Array.from({ length: 64 }, (_, i) => i + 1));
  assert.deepEqual(seqs(s.next(0)), [65, 66, 67, 68, 69, 70]);
  assert.equal(s.next(0), null);
});

test('adding a tap twice changes nothing', () => {
  const s = sender({}, entry(1));
  s.next(0);
  s.add(entry(1));
  assert.equal(s.next(1), null);
});

test('a receipt for every entry frees the slot', () => {
  const s = sender({ slots: 1 }, entry(1), entry(2), entry(3, 'west'));
  const batch = s.next(0);
  assert.equal(s.next(0), null);
  assert.equal(s.wake(0), 10_000, 'what has no slot is no reason to look again');
  s.done(batch.entries[0]);
  s.done(batch.entries[0]);
  assert.equal(s.next(0), null, 'named twice is answered once');
  s.done(batch.entries[1]);
  assert.deepEqual(seqs(s.next(0)), [3]);
});

test('a batch without receipt goes again after 10 s, each event alone', () => {
  const s = sender({}, entry(1), entry(2));
  s.next(0);
  assert.equal(s.wake(0), 10_000);
  s.expire(9_999);
  assert.equal(s.next(9_999), null);
  s.expire(10_000);
  assert.ok(s.wake(10_000) <= 12_500);
  assert.equal(s.next(12_500).entries.length, 1);
  assert.equal(s.next(12_500), null, 'a team that timed out has one slot for what goes again');
});

test('the wait doubles up to five minutes, with jitter', () => {
  const s = sender({}, entry(1));
  let now = 0;
  const waits = [];
  for (let i = 0; i < 10; i++) {
    s.next(now);
    s.expire(now + 10_000);
    const { due } = s.sent('id1');
    waits.push(due - now);
    now = due;
  }
  waits.forEach((wait, i) => {
    const plain = Math.min(300_000, 10_000 * 2 ** i);
    assert.ok(wait >= plain * 0.75 && wait <= Math.min(300_000, plain * 1.25), `${i}: ${wait}`);
  });
  assert.ok(new Set(waits.slice(5)).size > 1, 'jitter');
});

test('a silent team does not hold up another', () => {
  const s = sender({}, entry(1, 'nobody'), entry(2, 'nobody'));
  s.next(0);
  s.expire(10_000);
  s.add(entry(3, 'nobody'));
  s.add(entry(4, 'oost'));
  const sent = [seqs(s.next(12_500)), seqs(s.next(12_500)), seqs(s.next(12_500))];
  assert.deepEqual(sent[0], [4], 'who never had a turn comes first');
  assert.equal(sent[1].length, 1, 'one slot for what goes again');
  assert.ok(sent[1][0] === 1 || sent[1][0] === 2);
  assert.deepEqual(sent[2], [3], 'one for what never went');
});

test('a team is called silent when two submissions in a row had no receipt, until one comes or nothing of it waits', () => {
  const s = sender({}, entry(1, 'nobody'), entry(2, 'oost'));
  const [one] = s.next(0).entries;
  const [two] = s.next(0).entries;
  s.expire(10_000);
  s.lost(10_000);
  assert.deepEqual(s.silentTeams(2), [], 'one may be bad luck');
  s.next(10_000);
  s.next(10_000);
  s.noteReceipt(two, 10_100);
  s.done(two);
  s.expire(20_000);
  assert.deepEqual(s.silentTeams(2), ['nobody']);
  s.noteReceipt(one, 20_100);
  assert.deepEqual(s.silentTeams(2), []);
});

test('the first receipt after a timeout makes the whole team due again', () => {
  const s = sender({}, entry(1), entry(2), entry(3));
  s.next(0);
  s.expire(10_000);
  const [first] = s.next(12_500).entries;
  s.noteReceipt(first, 12_600);
  s.done(first);
  assert.deepEqual([seqs(s.next(12_600)), seqs(s.next(12_600))].flat().length, 2, 'the others are due at once, each alone');
});

test('the entry that has waited longest is sent first', () => {
  const s = sender({}, entry(2, 'west'));
  s.next(0);
  s.add(entry(1));
  s.next(4_000);
  s.expire(14_000);
  assert.deepEqual([seqs(s.next(20_000)), seqs(s.next(20_000))], [[2], [1]]);
});

test('a team with a receipt, if only for one event, is not timed out', () => {
  const s = sender({}, entry(1), entry(2), entry(3));
  const [first] = s.next(0).entries;
  s.noteReceipt(first, 100);
  s.done(first);
  s.expire(10_000);
  assert.deepEqual([seqs(s.next(12_500)), seqs(s.next(12_500))].flat().sort(), [2, 3]);
});

test('an entry that must be sent alone is not sent with others', () => {
  const s = sender({}, entry(5), entry(6));
  s.next(0);
  s.expire(10_000);
  s.add(entry(3));
  s.next(10_000);
  s.lost(10_500);
  assert.deepEqual(seqs(s.next(10_500)), [3]);
});

test('after a lost connection, what was in flight is sent first, at once', () => {
  const s = sender({ slots: 3 }, entry(1), entry(2));
  s.next(0);
  s.add(entry(3));
  s.lost(500);
  assert.equal(s.sent('id1'), undefined, 'a receipt on the next connection cannot be for it');
  assert.deepEqual(seqs(s.next(600)), [1, 2]);
  assert.deepEqual(seqs(s.next(600)), [3]);
});

test('a verdict that ends nothing: a receipt for its team does not send it earlier either', () => {
  const s = sender({}, entry(1));
  for (const now of [0, 12_500]) s.retryLater(s.next(now).entries[0], now);
  s.add(entry(2));
  const [silent] = s.next(13_000).entries;
  s.expire(23_000);
  s.noteReceipt(silent, 23_100);
  assert.ok(s.sent('id1').due >= 12_500 + 20_000);
});

test('when the aggregator was started again, an entry that is due does not wait', () => {
  const s = sender({}, entry(1));
  s.next(0);
  s.expire(10_000);
  s.resendSoon(12_500, 2_000);
  assert.deepEqual(seqs(s.next(12_500)), [1]);
});

test('when the aggregator was started again, every entry is sent again within the spread', () => {
  const s = sender({}, entry(1), entry(2, 'west'));
  s.next(0);
  s.next(0);
  s.resendSoon(1_000, 2_000);
  assert.ok(s.wake(1_000) <= 3_000);
  assert.equal([seqs(s.next(3_000)), seqs(s.next(3_000))].flat().length, 2);
});

test('nothing is lost, whatever happens in whatever order', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = dice(seed);
    const s = new Sender({ random });
    const left = new Set();
    let now = 0;
    let flight = [];
    for (let step = 0; step < 150; step++) {
      now += Math.floor(random() * 4_000);
      const roll = random();
      if (roll < 0.3) {
        const one = entry(step, ['oost', 'west', 'nobody'][step % 3]);
        s.add(one);
        left.add(step);
      } else if (roll < 0.6) {
        const batch = s.next(now);
        if (batch) flight.push(...batch.entries);
      } else if (roll < 0.85 && flight.length) {
        const [one] = flight.splice(Math.floor(random() * flight.length), 1);
        if (!left.has(one.seq) || s.sent(one.id) !== one) continue;
        s.noteReceipt(one, now);
        s.done(one);
        left.delete(one.seq);
      } else if (roll < 0.9) {
        s.lost(now);
        flight = [];
      } else s.expire(now);
    }
    for (let round = 0; left.size && round < 4_000; round++) {
      s.expire(now);
      const batch = s.next(now);
      for (const one of batch?.entries ?? []) {
        assert.ok(left.has(one.seq), `seed ${seed}: an entry that is done is not sent again`);
        s.noteReceipt(one, now);
        s.done(one);
        left.delete(one.seq);
      }
      if (!batch) now = Math.max(now + 1, Math.min(s.wake(now), now + 400_000));
    }
    assert.deepEqual([left.size, s.next(now), s.wake(now)], [0, null, Infinity], `seed ${seed}`);
  }
});
