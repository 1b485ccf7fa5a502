// SPDX-License-Identifier: EUPL-1.2
// The worker's page in a real browser, from the tap to the count in the store and on the leader's page.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../system/lib/processes.mjs';
import { Phone, chooseTeam, domain, drained, hide, online, openConnected, openTap, stored, tap, waitingText, wake, workerReady } from './lib/browser.mjs';
import { Site } from './lib/site.mjs';

// A page on a phone, with its team, and connected.
async function working(t) {
  const site = await Site.start(t);
  return { site, ...(await openConnected(t, site)) };
}

test('a tap is counted once, the leader sees it, and nobody else is asked for anything', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  const leader = await phone.open(site.leaderUrl());
  await leader.getByText('Live', { exact: true }).waitFor();
  const page = await phone.open();
  await chooseTeam(page);
  await online(page);
  await tap(page, 3);
  await waitingText(page).getByText('1 op dit toestel').waitFor();
  await drained(page);
  await leader.locator('[data-key="total"], .row--total').getByText('1', { exact: true }).first().waitFor();
  await page.getByText('1 vraag dit kwartaal', { exact: true }).waitFor();
  await page.locator('.glance').getByText('Deze week 1').waitFor();
  await page.locator('.course').waitFor();
  assert.deepEqual(await site.counted(), { questions: 1, 'oost/3/answered': 1 });
  await phone.keptToItself();
});

test('undone within its seconds, a tap never leaves the phone', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  const page = await phone.open();
  await chooseTeam(page);
  await tap(page, 1);
  await page.getByRole('button', { name: 'Ongedaan maken' }).click();
  await waitingText(page).getByText('Er wacht niets', { exact: true }).waitFor();
  await tap(page, 2, { referred: true });
  await page.reload(); // leaving sends at once
  await drained(page);
  assert.equal((await stored(page)).all, 1);
  assert.deepEqual(await site.counted(), { questions: 1, 'oost/2/referred': 1 });
});

test('closed within its seconds and taken back later, without a network: it may have left, and does not count in the end', async (t) => {
  const { site, phone, page } = await working(t);
  await tap(page, 1);
  site.net.set('losedown');
  await page.close({ runBeforeUnload: true });
  const left = eventually(async () => (await site.counted()).questions === 1, 'what was tapped to be counted', 5_000);
  await left.catch(() => {}); // a browser need not send what a page leaves behind
  site.net.set('refuse');
  const again = await openTap(phone);
  await again.locator('[data-key="list"]').click();
  await again.locator('[data-key^="back-"]').click();
  await again.getByRole('dialog').locator('.tap').getByText('Wordt teruggenomen', { exact: true }).waitFor();
  site.net.set('pass');
  await wake(again);
  await drained(again);
  assert.equal((await site.counted()).questions, 0);
});

test('from a cold start without a network: taps are kept, and counted when it is back', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site, { ownBrowser: true });
  const before = await phone.open();
  await chooseTeam(before);
  await workerReady(before);
  await site.vanish();
  await phone.restart();
  const page = await openTap(phone);
  for (const code of [1, 1, 5]) await tap(page, code);
  await waitingText(page).getByText('3 op dit toestel').waitFor();
  await page.getByText('Geen verbinding').waitFor();
  await page.locator('[data-key="language"]').click();
  await page.getByText('3 on this device').waitFor(); // the other language is there without a network too
  await page.locator('[data-key="language"]').click();
  await phone.restart();
  const again = await openTap(phone);
  assert.deepEqual(await stored(again), { all: 3, waiting: 3 });
  await site.serve();
  await wake(again);
  await drained(again);
  assert.deepEqual(await site.counted(), { questions: 3, 'oost/1/answered': 2, 'oost/5/answered': 1 });
  await phone.keptToItself();
});

test('daemon killed and broker restarted empty while taps wait', async (t) => {
  const { site, phone, page } = await working(t);
  await tap(page, 1);
  await site.stack.turfd.kill('SIGKILL');
  await page.getByText('De telling staat even stil').waitFor();
  await tap(page, 2);
  await waitingText(page).getByText('onderweg, nog niet bevestigd').waitFor(); // the broker has it, and forgets it
  await site.stack.broker.kill();
  await tap(page, 3);
  await page.reload();
  await domain(page, 1).waitFor();
  await site.stack.broker.startAgain();
  await site.stack.startTurfd();
  await wake(page);
  await drained(page);
  assert.deepEqual(await site.counted(), { questions: 3, 'oost/1/answered': 1, 'oost/2/answered': 1, 'oost/3/answered': 1 });
});

const later = (page) => page.locator('body[data-build="later"]').waitFor();
const isLater = (page) => page.locator('body[data-build="later"]').count();

test('an update of the page while taps wait, in both of two tabs', async (t) => {
  const { site, phone, page } = await working(t);
  await workerReady(page);
  const other = await openTap(phone);
  site.net.set('refuse');
  for (const code of [1, 2]) await tap(page, code);
  site.update();
  await page.reload();
  await page.locator('[data-key="update"]').waitFor();
  assert.equal(await isLater(page), 0, 'not before somebody says so');
  await page.locator('[data-key="update"]').click();
  await later(page);
  await later(other);
  await domain(page, 1).waitFor();
  assert.deepEqual(await stored(page), { all: 2, waiting: 2 });
  await tap(page, 3);
  site.net.set('pass');
  await hide(page);
  await wake(page);
  await drained(page);
  assert.deepEqual(await site.counted(), { questions: 3, 'oost/1/answered': 1, 'oost/2/answered': 1, 'oost/3/answered': 1 });
  await phone.keptToItself();
});

test('an update comes by itself where nobody looks: a phone in a pocket, a screen on a wall', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  const page = await phone.open();
  await chooseTeam(page);
  await workerReady(page);
  site.update();
  await page.reload();
  await page.locator('[data-key="update"]').waitFor();
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await later(page);
  assert.deepEqual(await stored(page), { all: 0, waiting: 0 });

  const wall = await Phone.start(t, site);
  const screen = await wall.context.newPage();
  await screen.clock.install();
  await screen.goto(site.leaderUrl());
  await screen.getByText('Live', { exact: true }).waitFor();
  await workerReady(screen);
  site.update('last');
  await screen.clock.fastForward('01:05:00'); // it looks for a newer build
  const waits = () => screen.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration()).waiting));
  await eventually(waits, 'the newer build to be fetched');
  await screen.evaluate(() => (globalThis.sameAsBefore = true));
  await screen.clock.fastForward('00:11:00'); // and nobody has touched it
  await eventually(() => screen.evaluate(() => !globalThis.sameAsBefore).catch(() => false), 'the screen to load again');
  await screen.getByText('Live', { exact: true }).waitFor();
  assert.equal(await waits(), false);
});

test('two tabs of one phone: every tap once', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  const one = await phone.open();
  await chooseTeam(one);
  await online(one);
  const other = await openTap(phone);
  for (let i = 0; i < 3; i++) {
    await tap(one, 1);
    await tap(other, 2);
  }
  await phone.crash(one);
  await hide(other);
  await drained(other);
  assert.deepEqual(await site.counted(), { questions: 6, 'oost/1/answered': 3, 'oost/2/answered': 3 });
});

test('a date that is one day off counts; one that is wrong is refused, and counted on the right day at a touch', async (t) => {
  const site = await Site.start(t);
  const nearly = await Phone.start(t, site);
  await nearly.setDateOff(1);
  const one = await nearly.open();
  await chooseTeam(one);
  await tap(one, 1);
  await one.reload();
  await drained(one);
  const wrong = await Phone.start(t, site);
  await wrong.setDateOff(3);
  const page = await wrong.open();
  await chooseTeam(page);
  await tap(page, 2);
  await page.reload();
  await page.getByText('1 vraag is niet geteld').waitFor();
  assert.deepEqual(await site.counted(), { questions: 1, 'oost/1/answered': 1 });
  await page.locator('[data-key^="mend-"]').click();
  await drained(page);
  await page.getByText('1 vraag is niet geteld').waitFor({ state: 'detached' });
  assert.deepEqual(await site.counted(), { questions: 2, 'oost/1/answered': 1, 'oost/2/answered': 1 });
});
