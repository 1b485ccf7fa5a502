// SPDX-License-Identifier: EUPL-1.2
// The phone (phone/phone.js) without a page: what it remembers and for how long, what it shows, and a disk that refuses.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DAY_MS, TODAY, Tab, clock, openPhone, prefix, plainCatalogue, written } from './lib/fake-tab.mjs';
import { turns } from './lib/web.mjs';

const { writeCatalogue, writeSummary } = await import('../../broker-client/web/gen/turf.js');
const { Verdict: V } = await import('../../broker-client/web/src/core/messages.js');
const { Outbox } = await import('../../broker-client/web/src/phone/outbox.js');
const { UNDO_MS } = await import('../../broker-client/web/src/phone/phone.js');

test('at the turn of the day the total is that of the quarter that begins', async () => {
  const tab = await Tab.start();
  await tab.receiveStatus(TODAY);
  assert.ok(tab.client.subscribed.includes(`${prefix}/summary/oost/2019-Q4`));
  clock.now += DAY_MS;
  await tab.receiveStatus(TODAY + 1);
  assert.ok(tab.client.subscribed.includes(`${prefix}/summary/oost/2020-Q1`));
  assert.ok(tab.client.left.includes(`${prefix}/summary/oost/2019-Q4`));
});

test('what is older than retract_days is forgotten first, and what is left is offered to another store', async () => {
  const tab = await Tab.start();
  await tab.receiveStatus(TODAY);
  await tab.tapAndRelease();
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  clock.now += 30 * DAY_MS;
  const fresh = await tab.tapAndRelease(TODAY + 30);
  await tab.receiveReceipt(V.VERDICT_COUNTED, [fresh]);
  const before = tab.sent.length;
  await tab.receiveStatus(TODAY + 30, 'b');
  assert.deepEqual(tab.sent.slice(before).map(({ id }) => id), [fresh]);
});

test('a tap that was sent while a full disk could not mark that, and is taken back, does not count in the end', async (t) => {
  const tab = await Tab.start();
  const ids = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  const full = t.mock.method(IDBObjectStore.prototype, 'put', () => {
    throw new Error('full');
  });
  tab.phone.leave();
  await turns();
  full.mock.restore();
  tab.phone.wake();
  await tab.phone.retract(ids);
  await turns();
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  assert.deepEqual(tab.sent.map(({ id, act }) => [id, act]), [[ids[0], 'question'], [ids[0], 'retraction']]);
});

test('the page says that the disk refuses until it stores a tap again', async (t) => {
  const tab = await Tab.start();
  const full = t.mock.method(IDBObjectStore.prototype, 'add', () => {
    throw new Error('full');
  });
  await assert.rejects(tab.tapAndRelease());
  assert.equal(tab.phone.trouble, 'storage');
  full.mock.restore();
  await tab.tapAndRelease();
  assert.equal(tab.phone.trouble, '');
});

test('on a disk that refuses, the choice of a team holds for this visit, and the page says so', async (t) => {
  const tab = await Tab.start();
  const full = t.mock.method(IDBObjectStore.prototype, 'put', () => {
    throw new Error('full');
  });
  await tab.phone.setTeam('oost');
  assert.deepEqual([tab.phone.team, tab.phone.trouble], ['oost', 'storage']);
  await tab.phone.forgetTeam('oost');
  assert.ok(!tab.phone.teams.includes('oost'));
  full.mock.restore();
});

test('the page says nothing of the first epoch, but says that another one came', async () => {
  const tab = await Tab.start();
  await tab.tapAndRelease();
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  for (const [epoch, said] of [['a', 0], ['b', 1]]) {
    await tab.receiveStatus(TODAY, epoch);
    await tab.receiveReceipt(V.VERDICT_ALREADY_COUNTED);
    assert.equal(tab.phone.reoffered, said, epoch);
  }
});

test('a tap is remembered for as long as it can be taken back, and no longer', async () => {
  const tab = await Tab.start();
  await tab.receiveStatus(TODAY);
  await tab.tapAndRelease();
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  for (const [days, remembered] of [[0, 1], [14, 1], [15, 0]]) {
    await tab.receiveStatus(TODAY + days);
    await tab.phone.dismiss([]); // which reads the outbox again
    assert.equal(tab.phone.taps.length, remembered, `${days} days`);
  }
});

test('taking back is offered until the quarter is final', async () => {
  const tab = await Tab.start();
  tab.receive('catalogue', written(writeCatalogue, { ...plainCatalogue, grace_days: 10 }));
  await tab.tapAndRelease();
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  for (const [days, offered] of [[10, true], [11, false]]) {
    await tab.receiveStatus(TODAY + days);
    assert.equal(tab.phone.mayRetract(tab.phone.taps[0]), offered, `${days} days`);
  }
});

test('a date that the aggregator has pinned is the phone\'s: while it is away, and after the page was closed', async () => {
  const tab = await Tab.start();
  await tab.receiveStatus(TODAY - 300, 'a', { today_pinned: true });
  assert.equal(tab.phone.today, TODAY - 300);
  await tab.receiveStatusMessage({ online: false });
  assert.equal(tab.phone.today, TODAY - 300);
  const later = await openPhone({});
  assert.deepEqual([later.today, later.catalogue?.org], [TODAY - 300, 'proef']);
  await tab.receiveStatus(TODAY);
  assert.equal(tab.phone.today, TODAY);
});

test('no day can be chosen from before the team began', async () => {
  const tab = await Tab.start();
  assert.equal(tab.phone.firstDayOf('oost'), TODAY - 400);
  tab.receive('catalogue', written(writeCatalogue, { ...plainCatalogue, teams: [{ ...plainCatalogue.teams[0], valid_from: TODAY - 5 }] }));
  assert.equal(tab.phone.firstDayOf('oost'), TODAY - 5);
});

test('the page no longer shows a total that was withdrawn', async () => {
  const tab = await Tab.start();
  const total = { org: 'proef', team: 'oost', period: '2019-Q4', generation: 1, answered: 2, referred: 1, domains: [], labels: [] };
  tab.receive('summary/oost/2019-Q4', written(writeSummary, total));
  assert.equal(tab.phone.summary.questions, 3);
  tab.receive('summary/oost/2019-Q4', new Uint8Array());
  assert.equal(tab.phone.summary, undefined);
});

test('when the shown weeks belong to two years, the page subscribes to both', async () => {
  const tab = await Tab.start();
  for (const year of [2019, 2020]) assert.ok(tab.client.subscribed.includes(`${prefix}/weekly/oost/${year}`), String(year));
});

test('without a connection the time of day of a tap is forgotten all the same', async () => {
  const tab = await Tab.start();
  tab.client.emit('close');
  await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  clock.now += UNDO_MS;
  tab.phone.wake();
  await turns();
  const outbox = await Outbox.open('proef');
  assert.deepEqual((await outbox.all()).map(({ hold, sent }) => [hold, sent]), [[0, false]]);
  outbox.close();
});

test('when the disk cannot mark a tap as sent, the tap stays and the page says so', async (t) => {
  const tab = await Tab.start();
  await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  const full = t.mock.method(IDBObjectStore.prototype, 'put', () => {
    throw new Error('full');
  });
  clock.now += UNDO_MS;
  tab.phone.wake();
  await turns();
  full.mock.restore();
  assert.deepEqual([tab.sent, tab.phone.trouble], [[], 'storage']);
});

test('after taking back failed on a full disk, the tap is sent as usual', async (t) => {
  const tab = await Tab.start();
  const ids = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  const full = t.mock.method(IDBObjectStore.prototype, 'delete', () => {
    throw new Error('full');
  });
  await assert.rejects(tab.phone.retract(ids));
  full.mock.restore();
  tab.phone.leave();
  await turns();
  assert.deepEqual(tab.sent.map(({ id }) => id), ids);
});

test('when the page is left twice, the first time on a full disk, the second time marks both taps', async (t) => {
  const tab = await Tab.start();
  const [first] = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  const full = t.mock.method(IDBObjectStore.prototype, 'put', () => {
    throw new Error('full');
  });
  tab.phone.leave();
  await turns();
  full.mock.restore();
  const [second] = await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  await turns();
  tab.phone.close();
  const outbox = await Outbox.open('proef');
  await outbox.retract([first, second]);
  assert.deepEqual((await outbox.all()).map(({ id, retractionWaits }) => [id, retractionWaits]), [[first, true], [second, true]]);
  outbox.close();
});
