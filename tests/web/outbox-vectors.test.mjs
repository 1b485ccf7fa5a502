// SPDX-License-Identifier: EUPL-1.2
// Runs the behaviour vectors of a tap and of the outbox, which tests/unit/phone/test_phone_vectors.c runs with turf's outbox.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { vectors } from './lib/web.mjs';

await import('../../broker-client/web/node_modules/fake-indexeddb/auto/index.mjs');
const { IDBFactory } = await import('../../broker-client/web/node_modules/fake-indexeddb/build/esm/index.js');
const { parseDate } = await import('../../broker-client/web/src/core/calendar.js');
const { Outbox } = await import('../../broker-client/web/src/phone/outbox.js');
const { newTap, outcomeOf, refusedAct, retracted, sendable, settle, stateOf } = await import('../../broker-client/web/src/phone/tap.js');

const NOW = 1_000_000;
let outbox;

const question = (id = '') => ({ id, secret: 'ab'.repeat(16), team: 'oost', day: 20_779, domain: 1, outcome: 1 });

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  outbox = await Outbox.open('de-kop');
});

// A tap as the vectors give it: the properties that are true or not 0.
const vectorOf = (tap) => Object.fromEntries([
  ['question_waits', tap.questionWaits], ['retraction_waits', tap.retractionWaits], ['retracting', tap.retracting],
  ['question_verdict', tap.questionVerdict], ['retraction_verdict', tap.retractionVerdict],
].filter(([, value]) => value));

const tapOf = (vector) => ({
  ...newTap(question()), questionWaits: Boolean(vector.question_waits), retractionWaits: Boolean(vector.retraction_waits),
  retracting: Boolean(vector.retracting), questionVerdict: vector.question_verdict ?? 0, retractionVerdict: vector.retraction_verdict ?? 0,
});

test('a tap is settled as the vectors say', () => {
  const { outcomes, settle: cases, states } = vectors('tap');
  for (const { verdict, question: asked, retraction } of outcomes) {
    assert.deepEqual([outcomeOf('question', verdict), outcomeOf('retraction', verdict)], [asked, retraction], String(verdict));
  }
  for (const { name, tap, act, verdict, after } of cases) {
    const settled = tapOf(tap);
    settle(settled, act, verdict);
    assert.deepEqual(vectorOf(settled), after, name);
  }
  for (const { tap, refused, retracted: back, state } of states) {
    assert.equal(refusedAct(tapOf(tap)), refused, JSON.stringify(tap));
    assert.equal(retracted(tapOf(tap)), back, JSON.stringify(tap));
    assert.equal(stateOf(tapOf(tap)), state, JSON.stringify(tap));
  }
});

const idOf = (n) => n.toString(16).padStart(32, '0');
const idsOf = (numbers) => numbers.map(idOf);

// An added tap is marked as sent, since turf's outbox does not know which taps certainly never left. A settled tap is marked as seen,
// since turf's outbox forgets an old tap at once.
async function runStep({ add, date, retract, dismiss, verdict: value, of, act, epoch, requeued, forget_before: forget, taps }) {
  if (add) {
    await outbox.add(add.map((n) => ({ ...question(idOf(n)), day: parseDate(date) })));
    await outbox.markSent(idsOf(add).map((id) => ({ id, act: 'question' })));
  }
  if (retract) await outbox.retract(idsOf(retract));
  if (dismiss) await outbox.dismiss(idsOf(dismiss));
  if (value !== undefined) {
    await outbox.settle([{ id: idOf(of), act, verdict: value }]);
    await outbox.markSeen([idOf(of)]);
  }
  if (epoch) assert.equal((await outbox.checkEpoch(String(epoch))).n, requeued);
  if (forget) await outbox.forgetBefore(parseDate(forget));
  if (!taps) return;
  const all = await outbox.all();
  assert.deepEqual(Object.fromEntries(all.map((tap) => [parseInt(tap.id, 16), vectorOf(tap)])), taps);
  for (const tap of all) assert.equal(sendable(tap, NOW)?.act, tap.questionWaits ? 'question' : tap.retractionWaits ? 'retraction' : undefined);
}

for (const { name, steps } of vectors('outbox')) {
  test(`as turf's outbox: ${name}`, async () => {
    for (const [i, step] of steps.entries()) {
      await runStep(step).catch((error) => {
        error.message = `step ${i + 1}: ${error.message}`;
        throw error;
      });
    }
  });
}
