// SPDX-License-Identifier: EUPL-1.2
// A real browser with the database of a page of before, whose taps have no secrets, and with taps of today, at a real turfd.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';

import { dayOf, idOf, question } from '../system/lib/messages.mjs';
import { eventually } from '../system/lib/processes.mjs';
import { Phone, drained, hide, online, openConnected, tap } from './lib/browser.mjs';
import { makeOlderOutbox, olderTap } from './lib/older-outbox.mjs';
import { Site } from './lib/site.mjs';

const today = '2019-12-31';
const day = dayOf(today);
const list = (page) => page.getByRole('dialog');
const hexId = (event) => event.id.toString('hex');
const kept = (page) => page.evaluate(() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('turf-proef');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const reading = opening.result.transaction('taps').objectStore('taps').getAll();
    reading.onsuccess = () => (opening.result.close(), resolve(reading.result));
  };
}));

// A phone of before: one question was counted there, one waits and was never sent; its page is open now.
async function phoneOfBefore(t, settings) {
  const site = await Site.start(t, settings, { today });
  const [counted, waiting] = [question(day, 1), question(day, 2)];
  assert.deepEqual(await (await site.stack.phone()).register('oost', [counted]), ['VERDICT_COUNTED']);
  const phone = await Phone.start(t, site);
  const page = await phone.open(`${site.origin}/config.json`); // of the same origin, and without a script
  const taps = [
    olderTap(1, hexId(counted), { day, questionWaits: false, questionVerdict: 1 }),
    olderTap(2, hexId(waiting), { day, domain: 2 }),
  ];
  await page.evaluate(`(${makeOlderOutbox})(${JSON.stringify({ name: 'turf-proef', taps, meta: { team: 'oost', teams: ['oost'], used: true } })})`);
  return { site, phone, page };
}

async function openList(page) {
  await page.locator('[data-key="list"]').click();
  await list(page).locator('.tap').first().waitFor();
}

test('a page of before left taps behind: they are counted, and taking one back is refused with its reason', async (t) => {
  const { site, page } = await phoneOfBefore(t, {});
  await page.goto(site.url);
  await online(page);
  await drained(page);
  assert.equal((await site.counted()).questions, 2);
  await openList(page);
  assert.equal(await list(page).locator('.tap').count(), 2);
  assert.equal(await list(page).locator('.tap__change').count(), 0, 'both would count');
  await list(page).locator('.tap__back').last().click();
  await page.keyboard.press('Escape');
  await page.getByText('1 vraag kon niet worden teruggenomen en blijft geteld').waitFor();
  await page.getByText('De tik is van vóór een update en was al verstuurd.').waitFor();
  assert.equal((await site.counted()).questions, 2);
});

test('where the setting is "optional", a tap of before is taken back', async (t) => {
  const { site, page } = await phoneOfBefore(t, { retraction_proof: 'optional' });
  await page.goto(site.url);
  await online(page);
  await drained(page);
  await openList(page);
  await list(page).locator('.tap__back').last().click();
  await eventually(async () => (await site.counted()).questions === 1, 'the retraction');
});

test('a tap of before that waits is taken back on the phone, and never leaves it', async (t) => {
  const { site, page } = await phoneOfBefore(t, {});
  site.net.set('refuse');
  await page.goto(site.url);
  await openList(page);
  await list(page).locator('.tap').first().locator('.tap__back').click(); // the newest
  await eventually(async () => (await kept(page)).length === 1, 'the tap to be gone');
  site.net.set('pass');
  await page.reload();
  await online(page);
  await drained(page);
  assert.equal((await site.counted()).questions, 1);
});

test('a tap of today is taken back after it was counted: its id was made from the secret beside it', async (t) => {
  const site = await Site.start(t, {}, { today });
  const { page, phone } = await openConnected(t, site);
  await tap(page, 1);
  await hide(page);
  await drained(page);
  const [{ id, secret }] = await kept(page);
  assert.equal(id, createHash('sha256').update(Buffer.from(secret, 'hex')).digest('hex').slice(0, 32));
  assert.equal(id, idOf(Buffer.from(secret, 'hex')).toString('hex'));
  const local = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage, state: history.state }) + document.documentElement.outerHTML);
  assert.ok(!local.includes(secret));
  await openList(page);
  await list(page).locator('.tap__back').click();
  await eventually(async () => (await site.counted()).questions === 0, 'the retraction');
  assert.ok(!site.stack.turfd.log.includes(secret) && !site.stack.broker.process.log.includes(secret));
  await phone.keptToItself();
});
