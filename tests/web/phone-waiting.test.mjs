// SPDX-License-Identifier: EUPL-1.2
// Taps that were sent and get no receipt: what the phone says.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TODAY, Tab, clock } from './lib/fake-tab.mjs';
import { turns } from './lib/web.mjs';

const { Verdict: V } = await import('../../broker-client/web/src/core/messages.js');

// Moves the clock, and lets the phone do what is due.
async function later(tab, ms) {
  clock.now += ms;
  tab.phone.wake();
  await turns();
}

test('a tap without a receipt is called overdue after five seconds, and no longer when the receipt comes', async () => {
  const tab = await Tab.start();
  await tab.receiveStatus(TODAY);
  await tab.tapAndRelease();
  assert.equal(tab.phone.overdue, false);
  clock.now += 4_999;
  assert.equal(tab.phone.overdue, false);
  clock.now += 1;
  assert.equal(tab.phone.overdue, true);
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  assert.equal(tab.phone.overdue, false);
});

test('the phone looks again when a receipt is overdue, so that the screen says so without a touch', async (t) => {
  const tab = await Tab.start();
  const timers = [];
  t.mock.method(globalThis, 'setTimeout', (run, ms) => timers.push({ run, ms }));
  await tab.tapAndRelease();
  assert.ok(timers.at(-1).ms <= 5_000);
});

test('a team whose taps get no receipt while the aggregator counts is named, until a receipt comes', async () => {
  const tab = await Tab.start();
  await tab.receiveStatus(TODAY);
  await tab.tapAndRelease();
  await later(tab, 10_000);
  assert.deepEqual(tab.phone.silentTeams, [], 'one submission may be lost');
  await later(tab, 2_500);
  await later(tab, 10_000);
  assert.deepEqual(tab.phone.silentTeams, ['oost']);
  await tab.receiveStatus(TODAY, 'a', { store: 'full' });
  assert.deepEqual(tab.phone.silentTeams, [], 'the aggregator says itself that it sends no receipts');
  await tab.receiveStatus(TODAY);
  assert.deepEqual(tab.phone.silentTeams, ['oost']);
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  assert.deepEqual(tab.phone.silentTeams, []);
});

test('opened again while many teams are silent: the team that had receipts before goes at once', async () => {
  const before = await Tab.start();
  await before.tapAndRelease();
  await before.receiveReceipt(V.VERDICT_COUNTED);
  for (const team of ['a', 'b', 'c', 'd', 'e']) {
    await before.phone.setTeam(team);
    await before.tapAndRelease();
  }
  before.phone.close();
  const tab = await Tab.start();
  const id = await tab.tapAndRelease();
  assert.ok(tab.sent.some((event) => event.id === id));
  assert.equal(new Set(tab.client.published.map(({ topic }) => topic)).size, 4, 'three of the silent ones had their turn');
});

test('a connection that does not answer is unsure, and no team is blamed for that', async (t) => {
  const tab = await Tab.start();
  await tab.receiveStatus(TODAY);
  tab.client.silent = true;
  const timers = [];
  t.mock.method(globalThis, 'setTimeout', (run, ms) => timers.push({ run, ms }));
  await tab.tapAndRelease();
  timers.find(({ ms }) => ms === 3_000).run();
  assert.equal(tab.phone.link, 'unsure');
  assert.deepEqual(tab.phone.silentTeams, []);
  tab.client.emit('packetreceive');
  assert.equal(tab.phone.link, 'online');
});
