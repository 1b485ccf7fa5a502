// SPDX-License-Identifier: EUPL-1.2
// Secrets in the page's outbox (rule 4, docs/wire-format.md), and taps of a database of version 1, which have none.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { makeOlderOutbox, olderTap } from './lib/older-outbox.mjs';
import './lib/web.mjs';

await import('../../broker-client/web/node_modules/fake-indexeddb/auto/index.mjs');
const { IDBFactory } = await import('../../broker-client/web/node_modules/fake-indexeddb/build/esm/index.js');
const { drawId } = await import('../../broker-client/web/src/core/event-id.js');
const { Verdict: V } = await import('../../broker-client/web/src/core/messages.js');
const { Outbox } = await import('../../broker-client/web/src/phone/outbox.js');
const { mayReplace, refusedAct, sendable, stateOf, waits } = await import('../../broker-client/web/src/phone/tap.js');

const TODAY = 20_779;
const NOW = 1_000_000;
const [device, sent, counted, takenBack] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(32));
const older = [
  olderTap(1, device, { day: TODAY }),
  olderTap(2, sent, { day: TODAY, sent: true }),
  olderTap(3, counted, { day: TODAY, questionWaits: false, questionVerdict: V.VERDICT_COUNTED }),
  olderTap(4, takenBack, { day: TODAY, questionWaits: false, questionVerdict: V.VERDICT_COUNTED, retracting: true, retractionWaits: true }),
];
const meta = { team: 'oost', epoch: 'e'.repeat(32), forget: TODAY - 14, used: true };
let outbox;

const find = async (id) => (await outbox.all()).find((tap) => tap.id === id);
const settle = (id, act, verdict) => outbox.settle([{ id, act, verdict }]);
const question = (more = {}) => ({ ...drawId(), team: 'oost', day: TODAY, domain: 1, outcome: 1, ...more });

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  await makeOlderOutbox({ name: 'turf-de-kop', taps: older, meta });
  outbox = await Outbox.open('de-kop');
});

test('everything in a database of before is still there', async () => {
  assert.deepEqual((await outbox.all()).map(({ waiting: _, ...tap }) => tap), older);
  assert.deepEqual((await outbox.all()).filter(waits).map(({ id }) => id), [device, sent, takenBack]);
  for (const [name, value] of Object.entries(meta)) assert.equal(await outbox.get(name), value, name);
  assert.deepEqual((await indexedDB.databases()).map(({ version }) => version), [2]);
  outbox.close();
  outbox = await Outbox.open('de-kop');
  assert.equal((await outbox.all()).length, older.length);
  const [added] = await outbox.add([question()]);
  assert.equal(added.n, 5);
});

test('what waits there is sent, a question as it was, a retraction without a proof', async () => {
  assert.deepEqual((await outbox.all()).map((tap) => sendable(tap, NOW)?.act), ['question', 'question', undefined, 'retraction']);
  assert.deepEqual(sendable(await find(takenBack), NOW), { seq: 9, id: takenBack, team: 'oost', day: TODAY, act: 'retraction' });
  await outbox.markSent([{ id: device, act: 'question' }]);
  await settle(device, 'question', V.VERDICT_COUNTED);
  assert.equal(stateOf(await find(device)), 'counted');
});

test('one of before that has not left is taken back on the phone; of one that has, a retraction without a proof is sent', async () => {
  await outbox.retract([device, sent, counted]);
  assert.equal(await find(device), undefined);
  assert.equal(stateOf(await find(sent)), 'retracting');
  assert.equal('proof' in sendable(await find(counted), NOW), false);
});

test('one of before is deleted as long as nothing has sent it, also by a page that was left', async () => {
  await outbox.markLeaving([device]);
  await outbox.retract([device]);
  assert.equal(stateOf(await find(device)), 'retracting');
});

test('a retraction that is refused for want of a proof leaves the question counted, until it is dismissed and after', async () => {
  await outbox.retract([counted]);
  await settle(counted, 'retraction', V.VERDICT_REFUSED_MALFORMED);
  assert.equal(refusedAct(await find(counted)), 'retraction');
  await outbox.dismiss([counted]);
  assert.equal(stateOf(await find(counted)), 'counted');
});

test('one of before that has left is not changed into another question, or both would count', async () => {
  assert.deepEqual((await outbox.all()).map(mayReplace), [true, false, false, false]);
  await outbox.replace([device, sent, counted], (tap) => ({ ...tap, ...drawId(), domain: 7, hold: 0 }));
  assert.deepEqual((await outbox.all()).map((tap) => [tap.domain, stateOf(tap)]).sort(), [[1, 'counted'], [1, 'retracting'], [1, 'sent'], [7, 'device']]);
  assert.equal((await outbox.all()).at(-1).secret.length, 32);
});

test('one of before whose retraction has left does not count after all as another question', async () => {
  const before = await find(counted);
  await outbox.retract([counted]);
  await outbox.markSent([{ id: counted, act: 'retraction' }]);
  await outbox.restore([before], (tap) => ({ ...tap, ...drawId(), hold: 0 }));
  assert.equal((await outbox.all()).length, older.length);
});

test('a secret stays beside its tap for as long as a retraction may need it, and no longer', async () => {
  const [tap] = await outbox.add([question()]);
  const proof = async () => sendable(await find(tap.id), NOW)?.proof;
  assert.equal(await proof(), undefined, 'a question does not show it');
  await outbox.markSent([{ id: tap.id, act: 'question' }]);
  await settle(tap.id, 'question', V.VERDICT_COUNTED);
  outbox.close();
  outbox = await Outbox.open('de-kop');
  await outbox.retract([tap.id]);
  assert.equal(await proof(), tap.secret);
  await outbox.markSent([{ id: tap.id, act: 'retraction' }]);
  await settle(tap.id, 'retraction', V.VERDICT_RETRACTED);
  await outbox.checkEpoch('f'.repeat(32)); // another store may not know of it
  await settle(tap.id, 'question', V.VERDICT_COUNTED);
  assert.equal(await proof(), tap.secret);
  await settle(tap.id, 'retraction', V.VERDICT_RETRACTED);
  await outbox.forgetBefore(TODAY + 1);
  assert.equal(await find(tap.id), undefined);
});

test('a question in place of another has an id and a secret of its own', async () => {
  const [tap] = await outbox.add([question()]);
  await outbox.markSent([{ id: tap.id, act: 'question' }]);
  await outbox.replace([tap.id], (one) => ({ ...one, ...drawId(), domain: 7, hold: 0 }));
  const [old, other] = (await outbox.all()).slice(-2);
  assert.equal(old.secret, tap.secret);
  assert.notEqual(other.id, old.id);
  assert.notEqual(other.secret, old.secret);
});
