// SPDX-License-Identifier: EUPL-1.2
// The phone (phone/phone.js) without a page: a borrowed phone forgets, and the page says that the list of domains has changed.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TODAY, Tab, openPhone, plainCatalogue, written } from './lib/fake-tab.mjs';
import { turns } from './lib/web.mjs';

const { Verdict: V } = await import('../../broker-client/web/src/core/messages.js');
const { writeCatalogue } = await import('../../broker-client/web/gen/turf.js');

const settledBy = async (tab, verdict) => {
  await tab.receiveReceipt(verdict);
  return tab.phone.taps.length;
};

test('a borrowed phone: what is counted is shown while its worker is there, and forgotten when they leave', async () => {
  const tab = await Tab.start();
  await tab.phone.setTeam('west', true);
  await tab.tapAndRelease();
  assert.equal(await settledBy(tab, V.VERDICT_COUNTED), 1, 'they see what became of it');
  tab.phone.leave();
  await turns();
  assert.deepEqual(tab.phone.taps, []);
  const later = await openPhone();
  assert.deepEqual([later.team, later.teams], ['oost', ['oost']], "the phone's own team is as it was");
});

test('a borrowed phone: what waits when its worker leaves goes out, and is forgotten with its receipt', async () => {
  const tab = await Tab.start();
  await tab.phone.setTeam('west', true);
  await tab.phone.tap({ day: TODAY, domain: 1, outcome: 1 });
  tab.phone.leave();
  await turns();
  assert.deepEqual([tab.sent.length, tab.phone.waiting.all], [1, 1]);
  assert.equal(await settledBy(tab, V.VERDICT_COUNTED), 0);
});

test('a borrowed phone that is closed at once: the next opening sends what waits, and remembers no team', async () => {
  const tab = await Tab.start();
  await tab.phone.setTeam('west', true);
  const counted = await tab.tapAndRelease();
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  const waiting = await tab.tapAndRelease();
  const later = await openPhone();
  assert.deepEqual(later.taps.map(({ id }) => id), [waiting], `${counted} is forgotten`);
  assert.equal(later.team, 'oost');
});

test("a borrowed phone: its owner's taps stay, and a refusal stays until it is dismissed", async () => {
  const tab = await Tab.start();
  const own = await tab.tapAndRelease();
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  await tab.phone.setTeam('west', true);
  const refused = await tab.tapAndRelease();
  await tab.receiveReceipt(V.VERDICT_REFUSED_UNKNOWN_TEAM, [refused]);
  await tab.phone.endBorrowing();
  assert.deepEqual([tab.phone.team, tab.phone.borrowed], ['oost', false]);
  assert.deepEqual(tab.phone.taps.map(({ id }) => id).sort(), [own, refused].sort());
  await tab.phone.dismiss([refused]);
  assert.deepEqual(tab.phone.taps.map(({ id }) => id), [own]);
});

test('a borrowed phone also forgets a tap that its worker has changed, or counted on another day after a refusal', async () => {
  const tab = await Tab.start();
  await tab.phone.setTeam('west', true);
  const counted = await tab.tapAndRelease();
  await tab.receiveReceipt(V.VERDICT_COUNTED, [counted]);
  await tab.phone.replace([counted], { domain: 2 });
  const refused = await tab.tapAndRelease();
  await tab.receiveReceipt(V.VERDICT_REFUSED_DAY_TOO_OLD, [refused]);
  await tab.phone.recount([refused], TODAY);
  await turns();
  await tab.receiveReceipt(V.VERDICT_RETRACTED, [counted]);
  await tab.receiveReceipt(V.VERDICT_COUNTED);
  assert.equal(tab.phone.taps.length, 3, 'they see what became of each');
  await tab.phone.endBorrowing();
  assert.deepEqual(tab.phone.taps, []);
});

const domain = (code, name, more = {}) => ({ code, name, valid_from: 0, valid_until: 0, rolls_up_to: 0, position: code, ...more });
const receiveDomains = async (tab, domains) => {
  tab.receive('catalogue', written(writeCatalogue, { ...plainCatalogue, version: 2, domains }));
  await turns();
};

test('another catalogue with other domains: the page says what is new and what is gone, also after a reload, until the worker has seen it', async () => {
  const tab = await Tab.start();
  assert.equal(tab.phone.listChange, null, 'the first list is no change');
  await receiveDomains(tab, [domain(1, 'Financiën'), domain(2, 'Wonen')]);
  assert.deepEqual(tab.phone.listChange, { added: ['Wonen'], gone: [] });
  await receiveDomains(tab, [domain(2, 'Wonen')]);
  assert.deepEqual(tab.phone.listChange, { added: ['Wonen'], gone: ['Financiën'] }, 'against what the worker knew');
  const later = await openPhone();
  assert.deepEqual(later.listChange, { added: ['Wonen'], gone: ['Financiën'] });
  await later.seeListChange();
  assert.equal(later.listChange, null);
  assert.equal((await openPhone()).listChange, null);
});

test('the page also says it when other domains are valid from a new day on', async () => {
  const tab = await Tab.start();
  await receiveDomains(tab, [domain(1, 'Financiën', { valid_until: TODAY + 1 }), domain(2, 'Geld', { valid_from: TODAY + 1 })]);
  await tab.receiveStatus(TODAY, 'a', { today_pinned: true });
  assert.equal(tab.phone.listChange, null);
  await tab.receiveStatus(TODAY + 1, 'a', { today_pinned: true });
  assert.deepEqual(tab.phone.listChange, { added: ['Geld'], gone: ['Financiën'] });
});
