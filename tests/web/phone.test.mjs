// SPDX-License-Identifier: EUPL-1.2
// The phone (phone/phone.js) without a page: what leaves it, and when; with tabs, breaks and verdicts as the test says.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DAY_MS, TODAY, Tab, clock, openPhone } from './lib/fake-tab.mjs';
import { turns } from './lib/web.mjs';

const { Verdict: V } = await import('../../broker-client/web/src/core/messages.js');
const { Outbox } = await import('../../broker-client/web/src/phone/outbox.js');
const { UNDO_MS } = await import('../../broker-client/web/src/phone/phone.js');

test('a tap goes out, and its receipt ends it', async () => {
  const tab = await Tab.start();
  const id = await tab.tapAndRelease();
  assert.deepEqual(tab.sent.map((event) => event.id), [id]);
  assert.deepEqual(tab.phone.waiting, { all: 1, sent: 1, device: 0 });
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  assert.deepEqual(tab.phone.waiting, { all: 0, sent: 0, device: 0 });
});

test('two windows that are both seen: what one taps goes out, also when the other, which was to send, is hidden', async () => {
  const one = await Tab.start();
  const other = await Tab.start();
  await one.tapAndRelease();
  assert.deepEqual([one.sent.length, other.sent.length], [0, 1], 'the one that was looked at last sends');
  await other.receiveReceipt(V.VERDICT_COUNTED);
  other.phone.leave(); // with nothing that waits it lets its connection go
  assert.deepEqual(other.mqtt.open, []);
  await one.tapAndRelease();
  assert.equal(one.sent.length, 1);
  other.phone.wake();
  await other.connect();
  assert.equal(other.sent.length, 2, 'looked at again, it sends what still waits');
});

test('seen and online at the same moment: a tab that takes the lock from itself still has it', async () => {
  const one = await Tab.start();
  await Tab.start();
  one.phone.wake();
  one.phone.wake();
  await turns();
  await one.tapAndRelease();
  assert.equal(one.sent.length, 1);
  one.phone.leave(); // and once more in passing
  one.phone.wake();
  await turns();
  await one.tapAndRelease();
  assert.equal(one.sent.length, 2);
});

test('when the network comes back, a hidden tab does not take the lock from the visible one', async () => {
  const hidden = await Tab.start();
  const one = await Tab.start();
  hidden.phone.leave();
  hidden.phone.wake({ seen: false });
  await turns();
  assert.deepEqual(hidden.mqtt.open, [], 'nothing of its own waits');
  await one.tapAndRelease();
  assert.equal(one.sent.length, 1);
});

test('a tap that is made while the page is being hidden is sent as soon as it is stored', async () => {
  const tab = await Tab.start();
  const tapping = tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  tab.phone.leave();
  const ids = await tapping;
  await turns();
  assert.deepEqual(tab.sent.map(({ id }) => id), ids);
});

test('when the clock is set back, events without a receipt are sent again all the same', async () => {
  const tab = await Tab.start();
  const id = await tab.tapAndRelease();
  clock.now -= 3 * DAY_MS;
  for (let i = 0; i < 2; i++) {
    clock.now += 10_000;
    tab.phone.wake();
    await turns();
  }
  assert.deepEqual(tab.sent.map((event) => event.id), [id, id]);
});

test('a clock that is set ahead without a network and back before there is one again: what waits is sent', async () => {
  const tab = await Tab.start();
  const id = await tab.tapAndRelease();
  clock.now += DAY_MS;
  tab.client.emit('close');
  await turns();
  clock.now -= DAY_MS - 1_000;
  tab.phone.wake();
  await tab.connect();
  clock.now += 2_000;
  tab.phone.wake();
  await turns();
  assert.deepEqual(tab.sent.map((event) => event.id), [id, id]);
});

test('a tap that is undone just before the page is left is never sent', async () => {
  const tab = await Tab.start();
  const ids = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  const undoing = tab.phone.retract(ids);
  tab.phone.leave();
  await undoing;
  await turns();
  assert.deepEqual(tab.sent, []);
  assert.deepEqual(tab.phone.taps, []);
});

test('a label that is chosen just before the page is left is sent with its tap', async () => {
  const tab = await Tab.start();
  const ids = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  const changing = tab.phone.change(ids, { labels: [3] });
  tab.phone.leave();
  await changing;
  await turns();
  assert.deepEqual(tab.sent.map(({ labels }) => labels), [[3]]);
  assert.deepEqual(tab.phone.taps.map(({ labels, sent }) => [labels, sent]), [[[3], true]]);
});

test('when the disk is slow, undo and labels are offered for the rest of the six seconds', async () => {
  const tab = await Tab.start();
  const tapping = tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  clock.now += UNDO_MS - 1_000;
  const ids = await tapping;
  assert.equal(tab.phone.staysMs(ids[0]), 1_000);
  await tab.phone.release(ids);
  assert.equal(tab.phone.staysMs(ids[0]), 0);
});

test('when the network comes back, a hidden tab sends what waits if there is no other tab', async () => {
  const hidden = await Tab.start();
  const one = await Tab.start();
  hidden.phone.leave();
  one.client.emit('close');
  const id = await one.tapAndRelease();
  hidden.phone.wake({ seen: false });
  await hidden.connect();
  assert.deepEqual(hidden.sent, [], 'the other has the lock');
  one.phone.close();
  await turns();
  assert.deepEqual(hidden.sent.map((event) => event.id), [id]);
});

test('a page that is visible again holds back new taps for six seconds', async () => {
  const tab = await Tab.start();
  tab.phone.leave();
  tab.phone.wake();
  await tab.connect();
  await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  await turns();
  assert.deepEqual(tab.sent, []);
});

test('when the connection breaks before the receipt, the phone reconnects with another client id and sends again at once', async () => {
  const tab = await Tab.start();
  const id = await tab.tapAndRelease();
  tab.client.emit('close');
  tab.phone.wake();
  await tab.connect();
  assert.deepEqual(tab.sent.map((event) => event.id), [id, id]);
  assert.equal(new Set(tab.mqtt.clients.map(({ options }) => options.clientId)).size, 2);
});

test('without Web Locks every tab sends, visible or not', async () => {
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  const tab = await Tab.start();
  const id = await tab.tapAndRelease();
  tab.client.emit('close');
  tab.phone.close();
  const hidden = await openPhone({ load: async () => tab.mqtt });
  hidden.wake({ seen: false });
  await tab.connect();
  assert.deepEqual(tab.sent.map((event) => event.id), [id, id]);
});

test('a tab that is seen and left at once does not keep the lock from the visible tab', async () => {
  const passing = await Tab.start();
  const one = await Tab.start();
  passing.phone.wake();
  passing.phone.leave();
  await turns();
  await one.tapAndRelease();
  assert.equal(one.sent.length, 1);
});

test('after a verdict that ends nothing, or is on the other act, nothing is sent again before its interval is over', async () => {
  const tab = await Tab.start();
  const id = await tab.tapAndRelease();
  for (const verdict of [V.VERDICT_UNSPECIFIED, 6, V.VERDICT_RETRACTED]) await tab.receiveReceipt(verdict, [id]);
  assert.equal(tab.sent.length, 1);
  assert.deepEqual(tab.phone.waiting, { all: 1, sent: 1, device: 0 });
});

test('a tap without a receipt is sent again, also when nobody touches the page', async () => {
  const tab = await Tab.start({ retryMs: 20 });
  await tab.tapAndRelease();
  clock.now += 1_000;
  for (let i = 0; i < 500 && tab.sent.length < 2; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(tab.sent.length >= 2);
});

test('a receipt for a team without receipts makes all its events due at once', async () => {
  const tab = await Tab.start();
  const ids = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1, count: 3 });
  await tab.phone.release(ids);
  await turns();
  clock.now += 13_000;
  tab.phone.wake();
  await turns();
  assert.equal(tab.sent.length, 3 + 1, 'one at a time, for as long as nobody answers');
  await tab.receiveReceipt(V.VERDICT_COUNTED, [tab.sent.at(-1).id]);
  assert.equal(tab.sent.length, 3 + 1 + 2);
});

test('when the aggregator was started again, events without a receipt are sent again within seconds; its first status sends nothing again', async () => {
  const tab = await Tab.start();
  const id = await tab.tapAndRelease();
  for (const [instance, sent] of [['one', 1], ['one', 1], ['two', 2], ['two', 2]]) {
    await tab.receiveStatus(TODAY, 'a', { instance });
    clock.now += 2_000;
    tab.phone.wake();
    await turns();
    assert.deepEqual(tab.sent.map((event) => event.id), Array(sent).fill(id), instance);
  }
});

test('taps that are made while another one is being stored are sent too', async () => {
  const tab = await Tab.start();
  const ids = await Promise.all(Array.from({ length: 5 }, () => tab.tapAndRelease()));
  assert.deepEqual(new Set(tab.sent.map(({ id }) => id)), new Set(ids));
});

test('a tab does not send what another tab took back, also before it knows that', async () => {
  const tab = await Tab.start();
  const ids = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  const outbox = await Outbox.open('proef');
  await outbox.retract(ids);
  outbox.close();
  clock.now += UNDO_MS;
  tab.phone.wake();
  await turns();
  assert.deepEqual(tab.sent, []);
});

test('labels that one window adds are sent when the other window sends the tap', async () => {
  const one = await Tab.start();
  const other = await Tab.start();
  const ids = await one.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  await turns();
  await one.phone.change(ids, { labels: [3] });
  await turns();
  clock.now += UNDO_MS;
  other.phone.wake();
  await turns();
  assert.deepEqual(other.sent.map(({ labels }) => labels), [[3]]);
});

test('a tap that was held back when the page was left offline is sent at once by the next page', async () => {
  const tab = await Tab.start();
  tab.client.emit('close');
  const [id] = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  tab.phone.leave();
  await turns();
  tab.phone.close();
  const later = await Tab.start();
  assert.deepEqual(later.sent.map((event) => event.id), [id]);
});

test('a tap that is taken back and counted after all within six seconds sends nothing; else the retraction is sent after them, or when the page is left', async () => {
  const tab = await Tab.start();
  const id = await tab.tapAndRelease();
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  const acts = () => tab.sent.map(({ act }) => act);
  await tab.phone.takeBack([id]);
  await turns();
  assert.deepEqual([acts(), tab.phone.mayRestore({ id })], [['question'], true]);
  await tab.phone.restore([id]);
  clock.now += UNDO_MS;
  tab.phone.wake();
  await turns();
  assert.deepEqual(acts(), ['question']);
  await tab.phone.takeBack([id]);
  clock.now += UNDO_MS;
  tab.phone.wake();
  await turns();
  assert.deepEqual([acts(), tab.phone.mayRestore({ id })], [['question', 'retraction'], false]);
  const other = await tab.tapAndRelease();
  await tab.receiveReceipt(V.VERDICT_COUNTED, [other]);
  await tab.phone.takeBack([other]);
  tab.phone.leave();
  assert.deepEqual([acts(), tab.phone.mayRestore({ id: other })], [['question', 'retraction', 'question', 'retraction'], false]);
});

test('a tap that was taken back before it was sent counts after all under another id, and stays on the list', async () => {
  const tab = await Tab.start();
  const [id] = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  await tab.phone.takeBack([id]);
  assert.deepEqual([tab.phone.taps.length, tab.phone.listed.map((tap) => tap.id)], [0, [id]]);
  await tab.phone.restore([id]);
  await turns();
  assert.equal(tab.sent.length, 1);
  assert.notEqual(tab.sent[0].id, id);
  assert.equal(tab.phone.listed.length, 1);
});
