// SPDX-License-Identifier: EUPL-1.2
// The phone (phone/phone.js) with a closed door, without a page: when it connects, with which token, and when it ends the
// connection. The broker, turfdoor, the clock and the timers are the test's.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../system/lib/processes.mjs';
import { FakeTurfdoor } from './lib/fake-turfdoor.mjs';
import { Library } from './lib/fake-mqtt.mjs';
import { TODAY, Tab, clock, openPhone } from './lib/fake-tab.mjs';
import { maker } from './lib/token-maker.mjs';
import { decodeSubmission } from './lib/submission.mjs';
import { turns } from './lib/web.mjs';

const { Verdict: V } = await import('../../broker-client/web/src/core/messages.js');
const { Door } = await import('../../broker-client/web/src/core/door/door.js');

const MONDAY_S = 1_577_664_000; // 2019-12-30: TODAY is the Tuesday after it
const MINUTE_MS = 60_000;
const REFUSED = Object.assign(new Error('Connection refused: Not authorized'), { code: 5 });


// A tab whose door is opened with this turfdoor, and whose phone has joined unless `hash` says otherwise.
class DoorTab extends Tab {
  static async open(turfdoor, { hash = `#join=${turfdoor.invite('oost')}` } = {}) {
    const tab = new DoorTab();
    tab.mqtt = new Library();
    const address = { location: { hash, pathname: '/', search: '' }, history: { replaceState: () => (address.location.hash = '') } };
    const openDoor = (options) => Door.open({ ...options, random: () => 0.5, fetcher: turfdoor.fetch, maker, address });
    tab.phone = await openPhone({ load: async () => tab.mqtt, openDoor });
    tab.phone.wake();
    await eventually(() => tab.client, 'a connection');
    return tab;
  }

  get isOpen() {
    return this.mqtt.open.length > 0;
  }

  get passwords() {
    return this.mqtt.clients.map(({ options }) => options.password);
  }

  // The next connection is accepted.
  async letIn() {
    await eventually(() => this.isOpen, 'a connection');
    await this.connect();
  }

  // So much later, with the timers that have run out.
  async later(ms) {
    clock.now += ms;
    this.phone.door.update();
    await turns();
  }
}

function turfdoorWithKeys() {
  const turfdoor = new FakeTurfdoor({ batch: 10 });
  turfdoor.addKeys('oost', MONDAY_S, 2);
  return turfdoor;
}

// A tab that has joined, has its catalogue, and is at rest.
async function resting(turfdoor) {
  const tab = await DoorTab.open(turfdoor);
  await tab.letIn();
  await tab.phone.setTeam('oost');
  tab.phone.door.dismiss();
  await tab.later(6_000);
  return tab;
}

test('a phone that has joined connects for the figures, ends the connection, and says that it is at rest', async () => {
  const turfdoor = turfdoorWithKeys();
  const tab = await DoorTab.open(turfdoor);
  assert.deepEqual([tab.client.options.username, tab.client.options.password.length], ['pass', 472]);
  await tab.letIn();
  assert.ok(tab.client.subscribed.includes('turf/v1/proef/door/keys'));
  assert.equal(tab.phone.link, 'online');
  await tab.phone.setTeam('oost');
  await tab.later(4_000);
  assert.equal(tab.isOpen, true, 'the figures of the team were not asked for yet');
});

test('a tap opens a connection with a new token, and its receipt ends it', async () => {
  const tab = await resting(turfdoorWithKeys());
  await eventually(() => !tab.isOpen, 'the end of the connection');
  assert.equal(tab.phone.link, 'idle');
  const before = tab.passwords.length;
  await tab.tapAndRelease();
  await tab.letIn();
  await turns();
  assert.equal(tab.sent.length, 1);
  assert.equal(new Set(tab.passwords).size, before + 1);
  await tab.later(60_000);
  assert.equal(tab.isOpen, true, 'it waits for the receipt');
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  await tab.later(4_000);
  assert.equal(tab.isOpen, true, 'the figures that have changed still arrive');
  await tab.later(2_000);
  assert.equal(tab.isOpen, false);
  assert.equal(tab.phone.link, 'idle');
});

test('after ten minutes a connection ends; without any receipt the next one waits, unless the worker comes', async () => {
  const tab = await resting(turfdoorWithKeys());
  await tab.tapAndRelease();
  await tab.letIn();
  const connections = tab.mqtt.clients.length;
  await tab.later(10 * MINUTE_MS);
  assert.equal(tab.isOpen, false);
  await tab.later(9 * MINUTE_MS);
  assert.equal(tab.mqtt.clients.length, connections);
  tab.phone.wake();
  await tab.letIn();
  assert.equal(tab.mqtt.clients.length, connections + 1);
  assert.equal(new Set(tab.passwords).size, tab.passwords.length, 'each has a token of its own');
});

test('after ten minutes with receipts the next connection begins at once, with a new token', async () => {
  const tab = await resting(turfdoorWithKeys());
  const first = await tab.tapAndRelease();
  await tab.tapAndRelease();
  await tab.letIn();
  await turns();
  await tab.receiveReceipt(V.VERDICT_COUNTED, [first]);
  const connections = tab.mqtt.clients.length;
  await tab.later(10 * MINUTE_MS);
  await eventually(() => tab.mqtt.clients.length > connections, 'the next connection');
  assert.notEqual(tab.passwords.at(-1), tab.passwords.at(-2));
});

test('a page that is left with nothing to send stays without a connection', async () => {
  const tab = await resting(turfdoorWithKeys());
  tab.phone.leave();
  await tab.later(2 * 60 * MINUTE_MS);
  assert.equal(tab.isOpen, false);
});

test('a phone that has not joined: the broker refuses it, it says so, and connects no more; its taps wait', async () => {
  const turfdoor = turfdoorWithKeys();
  const tab = await DoorTab.open(turfdoor, { hash: '' });
  assert.equal(tab.client.options.username, undefined);
  tab.client.emit('error', REFUSED);
  await eventually(() => tab.phone.door.notice?.name === 'outside', 'the notice');
  tab.phone.wake();
  await turns();
  assert.equal(tab.mqtt.clients.length, 1);
});

test('an open broker: the phone connects as anybody and stays connected, and turfdoor is asked nothing', async () => {
  const turfdoor = turfdoorWithKeys();
  const tab = await DoorTab.open(turfdoor, { hash: '' });
  await tab.letIn();
  await tab.phone.setTeam('oost');
  await tab.later(60 * MINUTE_MS);
  assert.equal(tab.phone.link, 'online');
  assert.equal(tab.client.subscribed.includes('turf/v1/proef/door/keys'), false);
  assert.deepEqual(turfdoor.requests, []);
  const id = await tab.tapAndRelease(TODAY);
  assert.deepEqual(tab.sent.map((event) => event.id), [id]);
});

test('without a token left taps wait, the page says until when, and they go when there are tokens', async () => {
  const turfdoor = turfdoorWithKeys();
  turfdoor.batch = 1;
  const tab = await resting(turfdoor);
  await tab.tapAndRelease();
  await eventually(() => tab.phone.door.notice?.name === 'used-up', 'the notice');
  assert.equal(tab.phone.waiting.all, 1);
  turfdoor.batch = 3;
  clock.now = (MONDAY_S + 7 * 86_400) * 1000 + MINUTE_MS;
  tab.phone.wake();
  await tab.letIn();
  assert.equal(tab.phone.door.notice.name, 'portions', 'it is of an earlier day by now');
  await tab.later(6_000);
  await tab.later(31 * MINUTE_MS);
  await tab.letIn();
  await eventually(() => tab.sent.length === 1, 'the tap');
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  assert.equal(tab.phone.door.notice, null);
});

// The ids that each connection has sent, of those that sent something.
const sentOn = (tab) => tab.mqtt.clients.map(({ published }) => published.flatMap(({ bytes }) => decodeSubmission(bytes).events.map(({ id }) => id))).filter((ids) => ids.length);

test('another store gets the taps of two weeks again in portions, and a tap of now goes at once and apart', async () => {
  const turfdoor = turfdoorWithKeys();
  turfdoor.batch = 20;
  const tab = await resting(turfdoor);
  const old = [];
  for (const ago of [6, 5, 4, 3, 2, 1, 0]) {
    old.push(await tab.tapAndRelease(TODAY - ago));
    await tab.letIn();
    if (ago === 6) await tab.receiveStatus(TODAY, 'a');
    await tab.receiveReceipt(V.VERDICT_COUNTED, [old.at(-1)]);
    await tab.later(6_000);
    await tab.later(3 * MINUTE_MS); // six connections in ten minutes, and no more
  }
  const before = sentOn(tab).length;
  assert.equal(before, 7, 'taps that the worker makes now go at once, whatever their day');

  const now = await tab.tapAndRelease();
  await tab.letIn();
  await tab.receiveStatus(TODAY, 'b');
  await tab.receiveReceipt(V.VERDICT_COUNTED, [now]);
  assert.deepEqual(sentOn(tab).slice(before), [[now]]);
  assert.equal(tab.phone.waiting.all, 7);
  assert.equal(tab.phone.overdue, false, 'nothing is under way');
  await tab.later(6_000);
  assert.equal(tab.isOpen, false, 'the connection does not stay for them');
  assert.equal(tab.phone.door.notice.name, 'portions');

  for (let portions = 0; tab.phone.waiting.all > 0; portions++) {
    assert.ok(portions < 4, 'a few portions');
    await tab.later(31 * MINUTE_MS);
    await tab.letIn();
    const ids = sentOn(tab).at(-1);
    assert.ok(ids.length <= 4);
    await tab.receiveReceipt(V.VERDICT_ALREADY_COUNTED, ids);
    await tab.later(6_000);
  }
  assert.deepEqual([...new Set(sentOn(tab).slice(before + 1).flat())].sort(), old.sort());
  assert.equal(new Set(tab.passwords).size, tab.passwords.length, 'each connection has a token of its own');
  assert.equal(tab.phone.door.notice, null);
});
