// SPDX-License-Identifier: EUPL-1.2
// What the service worker keeps, and what it lets through: a network's own page, a login, a newer build.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../system/lib/processes.mjs';
import { Phone, chooseTeam, domain, drained, online, stored, tap, wake, workerReady } from './lib/browser.mjs';
import { Front } from './lib/front.mjs';
import { Site } from './lib/site.mjs';

// Opens a page at this address; it has its team and can start without a network.
async function opened(t, front, site) {
  const phone = await Phone.start(t, site);
  const page = await phone.open(front.url);
  await chooseTeam(page);
  await online(page);
  await workerReady(page);
  return { phone, page };
}

const kept = (page, name) => page.evaluate(async (wanted) => (await (await caches.match(wanted))?.text()) ?? null, name);

test("a network's own page with status 200 replaces neither the settings nor the leader's page", async (t) => {
  const site = await Site.start(t);
  const front = await Front.start(t, site);
  const { phone, page } = await opened(t, front, site);
  front.mode = 'portal';
  front.cut();
  await page.evaluate(() => fetch('config.json')); // answered with what is kept; then the worker asks for the newest
  await eventually(() => front.answered.includes('/config.json'), 'the settings to be asked for');
  const leader = await phone.open(front.leaderUrl);
  await leader.locator('#portal').waitFor(); // shown, so that its rules can be agreed to
  assert.deepEqual(JSON.parse(await kept(page, 'config.json')), { org: 'proef' });
  assert.equal(await kept(page, 'leader.html'), null);
  await page.reload();
  await domain(page, 1).waitFor();
  front.mode = 'pass';
  await leader.goto('about:blank');
  await leader.goto(front.leaderUrl);
  await leader.getByText('Live', { exact: true }).waitFor();
  assert.match(await kept(page, 'leader.html'), /leader-/);
});

test('a login before the pages: the worker is led there, comes back, and what was tapped meanwhile is counted', async (t) => {
  const site = await Site.start(t);
  const front = await Front.start(t, site);
  const { phone, page } = await opened(t, front, site);
  const leader = await phone.open(front.leaderUrl);
  await leader.getByText('Live', { exact: true }).waitFor();
  front.endSessions();
  front.cut();
  await tap(page, 1);
  await wake(page);
  await page.locator('[data-key="login"]').waitFor();
  await leader.locator('[data-key="login"]').waitFor();
  await page.locator('[data-key="login"]').click();
  await page.waitForURL(front.url);
  await domain(page, 1).waitFor();
  await drained(page);
  assert.equal(await page.locator('[data-key="login"]').count(), 0);
  assert.deepEqual(await site.counted(), { questions: 1, 'oost/1/answered': 1 });
  await leader.locator('[data-key="login"]').waitFor({ state: 'detached' }); // the same session is for both
  await leader.getByText('Live', { exact: true }).waitFor();
});

const later = (page) => page.locator('body[data-build="later"]').waitFor();
const isLater = (page) => page.locator('body[data-build="later"]').count();
const hideFromWorker = (page) => page.evaluate(() => {
  Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
});

test('an update taken over by a hidden window does not load the one in use again, until it is hidden too', async (t) => {
  const site = await Site.start(t);
  const front = await Front.start(t, site);
  const { phone, page } = await opened(t, front, site);
  const hidden = await phone.open(front.url);
  await domain(hidden, 1).waitFor();
  site.update();
  await page.reload();
  await page.locator('[data-key="update"]').waitFor();
  await page.locator('[data-key="catch-up"]').click();
  await page.locator('[data-key="more"]').click();
  await hidden.locator('[data-key="update"]').waitFor();
  await hideFromWorker(hidden);
  await later(hidden);
  await page.locator('[data-key="language"]').evaluate((button) => button.click()); // it still has all files of its own build
  await page.locator('[data-key="more"]').click();
  assert.equal(await isLater(page), 0);
  await page.locator('[data-key="go"]').click();
  await tap(page, 1, { more: 2 });
  assert.equal(await isLater(page), 0);
  await hideFromWorker(page);
  await later(page);
  assert.equal((await stored(page)).all, 3);
});

test('a build of which a file is not what it should be is not taken', async (t) => {
  const site = await Site.start(t);
  const front = await Front.start(t, site);
  const { page } = await opened(t, front, site);
  site.update('broken', { intact: false });
  const outcome = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
    const { installing } = registration;
    return new Promise((resolve) => installing.addEventListener('statechange', () => resolve(installing.state)));
  });
  assert.equal(outcome, 'redundant');
  await page.reload();
  await domain(page, 1).waitFor();
});
