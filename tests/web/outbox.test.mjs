// SPDX-License-Identifier: EUPL-1.2
// The phone's memory: what it keeps, for how long, and what a verdict makes of it.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import './lib/web.mjs';

await import('../../broker-client/web/node_modules/fake-indexeddb/auto/index.mjs');
const { IDBFactory } = await import('../../broker-client/web/node_modules/fake-indexeddb/build/esm/index.js');
const { Outbox } = await import('../../broker-client/web/src/phone/outbox.js');
const { drawId } = await import('../../broker-client/web/src/core/event-id.js');
const { Verdict: V } = await import('../../broker-client/web/src/core/messages.js');
const tapModule = await import('../../broker-client/web/src/phone/tap.js');
const { mayRetract, outcomeOf, refusedAct, sendable, settle, stateOf, waits } = tapModule;

const TODAY = 20_779;
const NOW = 1_000_000;
let outbox;

const question = (more = {}) => ({ ...drawId(), team: 'oost', day: TODAY, domain: 1, outcome: 1, ...more });
const only = async () => (await outbox.all())[0];
const thatWait = async () => (await outbox.all()).filter(waits);
const send = (tap, act = 'question') => outbox.markSent([{ id: tap.id, act }]);
const verdict = (tap, value, act = 'question') => outbox.settle([{ id: tap.id, act, verdict: value }]);

async function counted() {
  const [tap] = await outbox.add([question()]);
  await send(tap);
  await verdict(tap, V.VERDICT_COUNTED);
  return tap;
}

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  outbox = await Outbox.open('de-kop');
});

test('a tap is there after the page was closed and opened again', async () => {
  const [tap] = await outbox.add([question({ labels: [3, 7] })]);
  outbox.close();
  outbox = await Outbox.open('de-kop');
  const kept = await only();
  assert.equal(kept.id, tap.id);
  assert.deepEqual(kept.labels, [3, 7]);
  assert.equal(stateOf(kept), 'device');
  assert.equal((await thatWait()).length, 1);
});

test('another organisation has an outbox of its own', async () => {
  await outbox.add([question()]);
  const other = await Outbox.open('elders');
  assert.deepEqual(await other.all(), []);
});

test('taps keep their order, whatever comes and goes', async () => {
  const taps = await outbox.add([question(), question(), question()]);
  await outbox.retract([taps[1].id]);
  const [last] = await outbox.add([question()]);
  assert.deepEqual((await outbox.all()).map(({ id }) => id), [taps[0].id, taps[2].id, last.id]);
});

test('all of several taps are stored, or none', async () => {
  const same = question();
  await assert.rejects(outbox.add([question(), same, same]));
  assert.deepEqual(await outbox.all(), []);
});

test('a change that fails half-way changes nothing', async () => {
  const taps = await outbox.add([question({ day: TODAY + 3 }), question({ day: TODAY + 3 })]);
  for (const tap of taps) {
    await send(tap);
    await verdict(tap, V.VERDICT_REFUSED_DAY_IN_FUTURE);
  }
  let made = 0;
  const make = () => {
    if (++made === 2) throw new Error('no more ids');
    return question();
  };
  await assert.rejects(outbox.recount(taps.map(({ id }) => id), make));
  assert.deepEqual((await outbox.all()).map(stateOf), ['refused', 'refused']);
});

test('when the disk fails during the write, `add` rejects', async (t) => {
  const { add } = IDBObjectStore.prototype;
  t.mock.method(IDBTransaction.prototype, 'commit', () => {});
  t.mock.method(IDBObjectStore.prototype, 'add', function (...given) {
    const request = add.apply(this, given);
    request.addEventListener('success', () => this.transaction.abort());
    return request;
  });
  await assert.rejects(outbox.add([question()]));
});

test('every change is on the disk before its promise resolves', async (t) => {
  const asked = [];
  const { transaction } = IDBDatabase.prototype;
  t.mock.method(IDBDatabase.prototype, 'transaction', function (names, mode, options) {
    if (mode === 'readwrite') asked.push(options?.durability);
    return transaction.call(this, names, mode, options);
  });
  const tap = await counted();
  await outbox.markLeaving([tap.id]);
  await outbox.retract([tap.id]);
  assert.ok(asked.length >= 5);
  assert.deepEqual(new Set(asked), new Set(['strict']));
});

test('when a newer page upgrades the database, the outbox closes its connection and says so', async () => {
  let gone = 0;
  outbox.close();
  outbox = await Outbox.open('de-kop', { onGone: () => gone++ });
  await new Promise((resolve, reject) => {
    const opening = indexedDB.open('turf-de-kop', 3);
    opening.onblocked = () => reject(new Error('blocked'));
    opening.onsuccess = () => resolve(opening.result.close());
  }).finally(() => outbox.close());
  assert.equal(gone, 1);
});

test('device, sent, counted', async () => {
  const [tap] = await outbox.add([question()]);
  assert.equal(stateOf(await only()), 'device');
  assert.deepEqual(await send(tap), [tap.id]);
  assert.equal(stateOf(await only()), 'sent');
  const [settled] = await verdict(tap, V.VERDICT_COUNTED);
  assert.equal(settled.outcome, 'end');
  assert.equal(stateOf(await only()), 'counted');
  assert.deepEqual(await thatWait(), []);
});

test('a held tap may not leave; a hold from a clock that was set back is none', async () => {
  const [tap] = await outbox.add([question({ hold: NOW + 6_000 })]);
  assert.equal(sendable(tap, NOW), null);
  assert.equal(sendable(tap, NOW + 6_000).id, tap.id);
  assert.equal(sendable(tap, NOW - 3_600_000).id, tap.id);
});

test('a hold that has ended is deleted, one that has not is kept', async () => {
  const [over, holds] = await outbox.add([question({ hold: NOW - 1 }), question({ hold: NOW + 6_000 })]);
  await outbox.forgetHolds([over.id, holds.id], NOW);
  assert.deepEqual((await outbox.all()).map(({ hold }) => hold), [0, NOW + 6_000]);
  assert.equal((await thatWait()).length, 2);
});

test('labels join a tap only while it is held', async () => {
  const [tap] = await outbox.add([question({ hold: NOW + 6_000 })]);
  await outbox.changeHeld([tap.id], NOW, { labels: [7], hold: NOW + 60_000 });
  assert.deepEqual((await only()).labels, [7]);
  await send(tap);
  await outbox.changeHeld([tap.id], NOW, { labels: [8] });
  assert.deepEqual((await only()).labels, [7]);
});

test('a tap that was sent has no time of day', async () => {
  const [tap] = await outbox.add([question({ hold: NOW + 6_000 })]);
  await send(tap);
  assert.equal((await only()).hold, 0);
});

test('taken back before it left: nothing remains, and nothing is sent', async () => {
  const [tap] = await outbox.add([question()]);
  await outbox.retract([tap.id]);
  assert.deepEqual(await outbox.all(), []);
  assert.deepEqual(await send(tap), [], 'a sender that still had it learns that it may not be sent');
});

test('a tap that was sent while the page was left is taken back with a retraction, also when it was not marked as sent', async () => {
  const [tap, other, counted] = await outbox.add([question({ hold: NOW + 6_000 }), question(), question()]);
  await send(counted);
  await verdict(counted, V.VERDICT_COUNTED);
  await outbox.put('left', [tap.id, other.id, counted.id, drawId().id]);
  await outbox.retract([other.id]); // in another tab
  outbox.close();
  outbox = await Outbox.open('de-kop');
  assert.deepEqual((await outbox.all()).map(stateOf), ['sent', 'retracting', 'counted']);
  assert.deepEqual((await outbox.all()).map(({ sent }) => sent), [true, true, false]);
  assert.equal(await outbox.get('left'), undefined);
  await outbox.retract([tap.id]);
  assert.deepEqual((await outbox.all()).map(stateOf), ['retracting', 'retracting', 'counted']);
});

// A browser's local storage, without a page.
function localStorageOfTest(t) {
  const kept = new Map();
  globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
  t.after(() => delete globalThis.localStorage);
  return kept;
}

test('a tap that was sent while the page was put away is taken back with a retraction on another page, though its database stored nothing', async (t) => {
  const kept = localStorageOfTest(t);
  const [tap, other] = await outbox.add([question({ hold: NOW + 6_000 }), question()]);
  t.mock.method(IDBObjectStore.prototype, 'put', function put() {
    return this.get('nothing'); // asked and answered, and never stored
  }, { times: 1 });
  const leaving = outbox.markLeaving([tap.id, other.id]);
  await outbox.retract([other.id]);
  outbox.close();
  await leaving.catch(() => {});
  outbox = await Outbox.open('de-kop');
  assert.deepEqual((await outbox.all()).map(stateOf), ['sent', 'retracting']);
  await outbox.retract([tap.id]);
  assert.deepEqual((await outbox.all()).map(stateOf), ['retracting', 'retracting']);
  assert.deepEqual([...kept.keys()], [], 'nothing is kept of it once the taps say so');
});

test('when a full disk could not mark a tap as sent, the outbox opens, and taking the tap back is a retraction', async (t) => {
  const [tap] = await outbox.add([question()]);
  await outbox.put('left', [tap.id]);
  outbox.close();
  const full = t.mock.method(IDBObjectStore.prototype, 'put', () => {
    throw new Error('full');
  });
  outbox = await Outbox.open('de-kop');
  full.mock.restore();
  await outbox.retract([tap.id]);
  assert.equal((await only()).retractionWaits, true);
});

test('a tap that is taken back while it is under way: the retraction is sent after the question was answered', async () => {
  const [tap] = await outbox.add([question()]);
  await send(tap);
  await outbox.retract([tap.id]);
  assert.equal(sendable(await only(), NOW).act, 'question');
  assert.equal(stateOf(await only()), 'retracting');
  await verdict(tap, V.VERDICT_COUNTED);
  assert.equal((await only()).sent, false, 'the retraction has yet to go');
  assert.deepEqual(sendable(await only(), NOW), { seq: tap.n * 2 + 1, id: tap.id, team: 'oost', day: TODAY, act: 'retraction', proof: tap.secret });
  await send(tap, 'retraction');
  await verdict(tap, V.VERDICT_RETRACTED, 'retraction');
  assert.equal(stateOf(await only()), 'retracted');
  await outbox.retract([tap.id]);
  assert.deepEqual(await thatWait(), [], 'once is enough');
});

test('a verdict ends what was sent, and only that', async () => {
  const rows = [
    // act, verdict, outcome
    ['question', 0, 'keep'], ['question', 6, 'keep'], ['question', 15, 'keep'], ['question', 23, 'keep'], ['question', 99, 'keep'], ['question', V.VERDICT_COUNTED, 'end'], ['question', V.VERDICT_ALREADY_COUNTED, 'end'],
    ['question', V.VERDICT_COUNTED_LATE, 'end'], ['question', V.VERDICT_RETRACTED, 'ignore'], ['question', V.VERDICT_ALREADY_RETRACTED, 'both'],
    ['question', V.VERDICT_REFUSED_MALFORMED, 'end'], ['question', V.VERDICT_REFUSED_DAY_IN_FUTURE, 'end'], ['question', V.VERDICT_REFUSED_RETRACTION_TOO_LATE, 'ignore'],
    ['retraction', 0, 'keep'], ['retraction', 99, 'keep'], ['retraction', V.VERDICT_COUNTED, 'ignore'], ['retraction', V.VERDICT_ALREADY_COUNTED, 'ignore'],
    ['retraction', V.VERDICT_COUNTED_LATE, 'ignore'], ['retraction', V.VERDICT_RETRACTED, 'end'], ['retraction', V.VERDICT_ALREADY_RETRACTED, 'end'],
    ['retraction', V.VERDICT_REFUSED_MALFORMED, 'end'], ['retraction', V.VERDICT_REFUSED_UNKNOWN_TEAM, 'ignore'], ['retraction', V.VERDICT_REFUSED_DAY_TOO_OLD, 'ignore'],
    ['retraction', V.VERDICT_REFUSED_DAY_IN_FUTURE, 'end'], ['retraction', V.VERDICT_REFUSED_RETRACTION_TOO_LATE, 'end'],
  ];
  for (const [act, value, outcome] of rows) assert.equal(outcomeOf(act, value), outcome, `${act} ${value}`);
});

test('an unspecified or unknown verdict keeps the tap waiting', async () => {
  const [tap] = await outbox.add([question()]);
  await send(tap);
  for (const value of [V.VERDICT_UNSPECIFIED, 99]) assert.equal((await verdict(tap, value))[0].outcome, 'keep');
  assert.equal((await thatWait()).length, 1);
});

test('a second verdict for what was answered is nothing', async () => {
  const tap = await counted();
  assert.equal((await verdict(tap, V.VERDICT_REFUSED_UNKNOWN_TEAM))[0].outcome, 'gone');
  assert.equal(stateOf(await only()), 'counted');
  assert.deepEqual(await send(tap), [], 'nor is it sent again by a tab that has yet to hear of it');
});

test('a question that was taken back elsewhere no longer counts', async () => {
  const [tap] = await outbox.add([question()]);
  await send(tap);
  await verdict(tap, V.VERDICT_ALREADY_RETRACTED);
  assert.equal(stateOf(await only()), 'retracted');
});

test('a refusal stays until it is dismissed', async () => {
  const [tap] = await outbox.add([question({ day: TODAY + 3 })]);
  await send(tap);
  await verdict(tap, V.VERDICT_REFUSED_DAY_IN_FUTURE);
  await outbox.forgetBefore(TODAY + 10);
  assert.equal(stateOf(await only()), 'refused');
  await outbox.dismiss([tap.id]);
  assert.deepEqual(await outbox.all(), []);
});

test('a refused retraction leaves its question counted', async () => {
  const tap = await counted();
  await outbox.retract([tap.id]);
  await send(tap, 'retraction');
  await verdict(tap, V.VERDICT_REFUSED_RETRACTION_TOO_LATE, 'retraction');
  assert.equal(stateOf(await only()), 'refused');
  await outbox.recount([tap.id], () => question());
  assert.equal(stateOf(await only()), 'counted', 'once: there is nothing to count again');
  assert.equal((await outbox.all()).length, 1);
  assert.deepEqual(await outbox.checkEpoch('a'.repeat(32)), { n: 1, restored: false }, 'nor is it taken back from another store');
});

test('counting a refused tap on the right day replaces it by a new event', async () => {
  const [tap] = await outbox.add([question({ day: TODAY + 3, domain: 9, labels: [7] })]);
  await send(tap);
  await verdict(tap, V.VERDICT_REFUSED_DAY_IN_FUTURE);
  await outbox.recount([tap.id], ({ team, domain, outcome, labels }) => question({ team, domain, outcome, labels, day: TODAY }));
  const [fresh, ...more] = await outbox.all();
  assert.deepEqual(more, []);
  assert.notEqual(fresh.id, tap.id);
  assert.deepEqual([fresh.day, fresh.domain, fresh.labels, stateOf(fresh)], [TODAY, 9, [7], 'device']);
});

test('what was answered is remembered for retract_days, what waits for ever', async () => {
  const old = await counted();
  const [waiting] = await outbox.add([question()]);
  await outbox.forgetBefore(TODAY);
  const last = await counted();
  assert.deepEqual((await outbox.all()).map(({ id }) => id), [old.id, waiting.id, last.id], 'of that day itself too');
  await outbox.forgetBefore(TODAY + 1);
  assert.deepEqual((await outbox.all()).map(({ id }) => id), [waiting.id]);
  await send(waiting);
  await verdict(waiting, V.VERDICT_COUNTED);
  assert.deepEqual((await outbox.all()).map(({ id, unseen }) => [id, unseen]), [[waiting.id, true]], 'old by then, it stays until somebody has seen what became of it');
  await outbox.forgetBefore(TODAY + 2);
  assert.equal((await outbox.all()).length, 1);
  await outbox.markSeen([waiting.id]);
  assert.deepEqual(await outbox.all(), []);
});

test('a tap that is settled before the day to forget is known is kept by the day that the phone gives', async () => {
  const [tap] = await outbox.add([question({ day: TODAY - 20 })]);
  await send(tap);
  await outbox.settle([{ id: tap.id, act: 'question', verdict: V.VERDICT_COUNTED_LATE }], TODAY - 14);
  await outbox.forgetBefore(TODAY - 14);
  assert.deepEqual((await outbox.all()).map(stateOf), ['late']);
  await outbox.markSeen([tap.id]);
  assert.deepEqual(await outbox.all(), []);
});

test('what is listed for its day too is not forgotten once it was seen', async () => {
  const tap = await counted();
  await outbox.markSeen([tap.id, 'ff'.repeat(16)]);
  assert.equal(stateOf(await only()), 'counted');
  assert.ok(!('unseen' in (await only())));
});

test('the first epoch and another offer again what was answered before; the same one nothing', async () => {
  const tap = await counted();
  const other = await counted();
  await outbox.retract([other.id]);
  await send(other, 'retraction');
  await verdict(other, V.VERDICT_RETRACTED, 'retraction');
  assert.deepEqual(await outbox.checkEpoch('a'.repeat(32)), { n: 3, restored: false }, 'a question; a question and its retraction');
  assert.deepEqual(await outbox.checkEpoch('a'.repeat(32)), { n: 0, restored: false });
  assert.deepEqual(await outbox.checkEpoch('b'.repeat(32)), { n: 0, restored: true }, 'they wait already');
  assert.equal((await thatWait()).length, 2);
  await verdict(tap, V.VERDICT_ALREADY_COUNTED);
  await verdict(other, V.VERDICT_ALREADY_RETRACTED);
  assert.deepEqual(await thatWait(), [], 'the restored store knew them: both acts end');
  assert.deepEqual((await outbox.all()).map(stateOf), ['counted', 'retracted']);
  assert.deepEqual(await outbox.checkEpoch('c'.repeat(32)), { n: 3, restored: true });
});

test('another epoch: what was refused and is too old to be remembered is not offered again', async () => {
  for (const day of [TODAY - 1, TODAY]) {
    const [tap] = await outbox.add([question({ day })]);
    await send(tap);
    await verdict(tap, V.VERDICT_REFUSED_UNKNOWN_TEAM);
  }
  await outbox.forgetBefore(TODAY);
  assert.deepEqual(await outbox.checkEpoch('a'.repeat(32)), { n: 1, restored: false });
  assert.deepEqual((await outbox.all()).map(stateOf), ['refused', 'sent']);
});

test('what has not left yet is not sent for an epoch', async () => {
  await outbox.add([question()]);
  assert.deepEqual(await outbox.checkEpoch('a'.repeat(32)), { n: 0, restored: false });
  assert.ok(!(await only()).sent);
});

test('after a new epoch an empty store gets the question and then its retraction', async () => {
  const tap = await counted();
  await outbox.retract([tap.id]);
  await send(tap, 'retraction');
  await verdict(tap, V.VERDICT_RETRACTED, 'retraction');
  await outbox.checkEpoch('a'.repeat(32));
  await outbox.checkEpoch('b'.repeat(32));
  assert.equal(sendable(await only(), NOW).act, 'question');
  await verdict(tap, V.VERDICT_COUNTED);
  assert.equal(sendable(await only(), NOW).act, 'retraction');
  await verdict(tap, V.VERDICT_RETRACTED, 'retraction');
  assert.equal(stateOf(await only()), 'retracted');
});

test('a retraction that a new epoch put back is not ended by a verdict of the old store', async () => {
  const tap = await counted();
  await outbox.retract([tap.id]);
  await send(tap, 'retraction');
  await outbox.checkEpoch('a'.repeat(32)); // received by another tab, whose network is faster
  assert.equal((await verdict(tap, V.VERDICT_RETRACTED, 'retraction'))[0].outcome, 'gone');
  await verdict(tap, V.VERDICT_COUNTED);
  assert.equal(sendable(await only(), NOW)?.act, 'retraction');
});

test('a refused question that is offered again is no refusal while it waits: it may be counted by then', async () => {
  const [tap] = await outbox.add([question({ day: TODAY + 3 })]);
  await send(tap);
  await verdict(tap, V.VERDICT_REFUSED_DAY_IN_FUTURE);
  await outbox.checkEpoch('a'.repeat(32));
  assert.equal(stateOf(await only()), 'sent');
  await outbox.recount([tap.id], () => question());
  await outbox.dismiss([tap.id]);
  assert.deepEqual((await outbox.all()).map(({ id }) => id), [tap.id], 'neither forgotten nor counted a second time');
  await verdict(tap, V.VERDICT_REFUSED_DAY_IN_FUTURE);
  assert.equal(stateOf(await only()), 'refused');
});

test('when question and retraction are both refused, the tap is shown as a refused question', async () => {
  const [tap] = await outbox.add([question({ day: TODAY + 3 })]);
  await send(tap);
  await outbox.retract([tap.id]);
  await verdict(tap, V.VERDICT_REFUSED_DAY_IN_FUTURE);
  assert.equal(stateOf(await only()), 'retracting');
  await verdict(tap, V.VERDICT_REFUSED_RETRACTION_TOO_LATE, 'retraction');
  assert.equal(refusedAct(await only()), 'question');
  await outbox.dismiss([tap.id]);
  assert.deepEqual(await outbox.all(), []);
});

test('refused, and its retraction confirmed: taken back, and no longer a refusal', async () => {
  const [tap] = await outbox.add([question({ day: TODAY + 3 })]);
  await send(tap);
  await outbox.retract([tap.id]);
  await verdict(tap, V.VERDICT_REFUSED_DAY_IN_FUTURE);
  await verdict(tap, V.VERDICT_RETRACTED, 'retraction');
  assert.equal(stateOf(await only()), 'retracted');
});

test('taking back is offered only where it would not be refused', () => {
  const rules = { today: TODAY, retractDays: 14, isFinal: () => false };
  const tap = { ...tapModule.newTap(question()), n: 1, sent: true };
  const settled = (value) => {
    const copy = { ...tap };
    settle(copy, 'question', value);
    return copy;
  };
  const rows = [
    [settled(V.VERDICT_COUNTED), true],
    [{ ...settled(V.VERDICT_COUNTED), day: TODAY - 14 }, true],
    [{ ...settled(V.VERDICT_COUNTED), day: TODAY - 15 }, false],
    [settled(V.VERDICT_COUNTED_LATE), false],
    [settled(V.VERDICT_REFUSED_DAY_TOO_OLD), false],
    [{ ...settled(V.VERDICT_COUNTED), retracting: true, retractionWaits: true }, false],
    [{ ...tap, sent: false, day: TODAY - 300 }, true],
    [{ ...tap, day: TODAY - 15 }, false],
    [{ ...tap, day: TODAY + 1 }, true],
    [{ ...tap, day: TODAY + 2 }, false],
  ];
  rows.forEach(([one, offered], i) => assert.equal(mayRetract(one, rules), offered, `row ${i}`));
  assert.equal(mayRetract(settled(V.VERDICT_COUNTED), { ...rules, isFinal: () => true }), false);
});

test('two tabs on one outbox: what one deletes the other does not send', async () => {
  const other = await Outbox.open('de-kop');
  const [tap] = await outbox.add([question()]);
  await other.retract([tap.id]);
  assert.deepEqual(await outbox.markSent([{ id: tap.id, act: 'question' }]), []);
  other.close();
});

// ---- Restore and replace ----------------------------------------------------------------------------------

const again = (tap) => question({ day: tap.day, domain: tap.domain });
const shown = async () => (await outbox.all()).map((tap) => [tap.domain, stateOf(tap)]);

test('taking back stays here until its hold is over, and is undone without a trace', async () => {
  const tap = await counted();
  await outbox.retract([tap.id], { hold: NOW + 6_000 });
  const held = await only();
  assert.equal(sendable(held, NOW), null);
  assert.equal(sendable(held, NOW + 6_000).act, 'retraction');
  await outbox.restore([tap], again);
  assert.deepEqual([(await outbox.all()).length, stateOf(await only()), (await thatWait()).length], [1, 'counted', 0]);
});

test('taken back before its receipt, and counted after all: the question still waits, under its own id', async () => {
  const [tap] = await outbox.add([question()]);
  await send(tap);
  await outbox.retract([tap.id], { hold: NOW + 6_000 });
  await outbox.restore([tap], again);
  assert.deepEqual([(await only()).id, stateOf(await only())], [tap.id, 'sent']);
});

test('what was deleted, or whose retraction has left, counts after all as another question', async () => {
  const [deleted] = await outbox.add([question({ domain: 2 })]);
  await outbox.retract([deleted.id]);
  const gone = await counted();
  await outbox.retract([gone.id]);
  await send(gone, 'retraction');
  const leaving = await counted();
  await outbox.retract([leaving.id]);
  await outbox.markLeaving([leaving.id]);
  await outbox.restore([deleted, gone, leaving], again);
  const ids = (await outbox.all()).map(({ id }) => id);
  assert.equal(ids.includes(deleted.id), false);
  assert.deepEqual((await shown()).sort(), [[1, 'device'], [1, 'device'], [1, 'retracting'], [1, 'retracting'], [2, 'device']]);
});

test('what was not taken back is not counted again', async () => {
  const tap = await counted();
  await outbox.restore([tap], again);
  assert.deepEqual(await shown(), [[1, 'counted']]);
});

test('replacing a tap takes it back and adds another in one step, and never twice', async () => {
  const right = () => question({ domain: 5 });
  const tap = await counted();
  const [own] = await outbox.add([question()]);
  await outbox.replace([tap.id, own.id], right);
  await outbox.replace([tap.id, own.id], right);
  assert.deepEqual(await shown(), [[1, 'retracting'], [5, 'device'], [5, 'device']]);
  await assert.rejects(outbox.replace([(await outbox.all())[1].id], () => question({ id: tap.id })));
  assert.deepEqual(await shown(), [[1, 'retracting'], [5, 'device'], [5, 'device']], 'all or nothing');
});

test('once another tab met the new store, a verdict of the old one ends nothing', async () => {
  await outbox.checkEpoch('1');
  const [tap] = await outbox.add([question()]);
  await send(tap);
  const other = await Outbox.open('de-kop');
  await other.checkEpoch('2');
  assert.deepEqual((await verdict(tap, V.VERDICT_COUNTED)).map(({ outcome }) => outcome), ['keep']);
  assert.equal((await only()).questionWaits, true);
  await outbox.checkEpoch('2');
  await verdict(tap, V.VERDICT_COUNTED);
  assert.equal(stateOf(await only()), 'counted');
});

test('a tab that has received no epoch yet takes verdicts', async () => {
  await outbox.checkEpoch('1');
  const other = await Outbox.open('de-kop');
  const [tap] = await other.add([question()]);
  await other.settle([{ id: tap.id, act: 'question', verdict: V.VERDICT_COUNTED }]);
  assert.equal(stateOf(await only()), 'counted');
});
