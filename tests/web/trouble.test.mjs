// SPDX-License-Identifier: EUPL-1.2
// Both pages where they cannot start, send or store: axe finds nothing, and what can be measured of a good look is right.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { assertAccessible } from './lib/axe.mjs';
import { Phone, chooseTeam, domain, drained, hide, online, tap, waitingText, wake, workerReady } from './lib/browser.mjs';
import { Front } from './lib/front.mjs';
import { Gallery } from './lib/looks.mjs';
import { Site } from './lib/site.mjs';

const look = async (gallery, page, state) => {
  await assertAccessible(page, state);
  await gallery.picture(page, state, { full: true });
};

test('pages that cannot start', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  const gallery = new Gallery();
  await phone.context.route(/\/assets\/(tap|leader)-[^/]*\.js$/, (route) => route.abort());
  for (const [state, url] of [['tap-21-cannot-start', site.url], ['leader-21-cannot-start', site.leaderUrl()]]) {
    const page = await phone.open(url);
    await page.getByText('Deze pagina kon niet starten.').waitFor();
    await look(gallery, page, state);
  }
  gallery.sound();
});

test('a login before the pages', async (t) => {
  const site = await Site.start(t);
  const front = await Front.start(t, site);
  const phone = await Phone.start(t, site);
  const gallery = new Gallery();
  const page = await phone.open(front.url);
  await chooseTeam(page);
  await online(page);
  await workerReady(page);
  const leader = await phone.open(front.leaderUrl);
  await leader.getByText('Live', { exact: true }).waitFor();
  front.endSessions();
  front.cut();
  await page.locator('[data-key="login"]').waitFor();
  await look(gallery, page, 'tap-22-login');
  await leader.locator('[data-key="login"]').waitFor();
  await look(gallery, leader, 'leader-22-login');
  gallery.sound();
});

test('taps that do not arrive, a team that may be refused, a disk that is full', async (t) => {
  const site = await Site.start(t);
  const rules = join(site.stack.broker.folder, 'acl');
  writeFileSync(rules, readFileSync(rules, 'utf8').replace('registration/+', 'registration/west'));
  await site.stack.broker.kill();
  await site.stack.broker.startAgain();
  const phone = await Phone.start(t, site);
  await phone.context.addInitScript(() => {
    for (const name of ['add', 'put']) {
      const write = IDBObjectStore.prototype[name];
      IDBObjectStore.prototype[name] = function (...args) {
        if (globalThis.full) throw new DOMException('no room', 'QuotaExceededError');
        return write.apply(this, args);
      };
    }
  });
  const page = await phone.open();
  const gallery = new Gallery();
  await chooseTeam(page);
  await online(page);
  await tap(page, 1);
  await hide(page);
  await waitingText(page).getByText('bevestiging blijft uit').waitFor();
  await look(gallery, page, 'tap-23-overdue');
  await page.getByText('Dit toestel mag misschien niet voor Oost tellen').waitFor();
  await look(gallery, page, 'tap-24-may-be-refused');
  site.net.set('stall');
  await wake(page);
  await page.locator('.bar__connection--unsure').waitFor();
  await assertAccessible(page, 'the broker does not answer');
  await page.evaluate(() => (globalThis.full = true));
  await domain(page, 1).click();
  await page.getByText('De opslag van dit toestel is vol').waitFor();
  await look(gallery, page, 'tap-25-full');
  assert.equal(await page.getByText('misschien niet voor Oost').count(), 0, 'without a connection nobody is blamed');
  gallery.sound();
});

test('a borrowed phone, a newer build, a store that begins again', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  const page = await phone.open();
  const gallery = new Gallery();
  await page.locator('[data-key="borrow"]').click();
  await chooseTeam(page);
  await page.locator('[data-key="end-borrowing"]').waitFor();
  await online(page);
  await workerReady(page);
  await look(gallery, page, 'tap-26-borrowed');
  await page.locator('[data-key="end-borrowing"]').click();
  await chooseTeam(page);
  await online(page);
  for (const code of [1, 2]) await tap(page, code);
  await hide(page);
  await drained(page);
  await site.stack.turfd.stop();
  await site.stack.broker.kill(); // else it keeps the catalogue and the epoch of before
  site.stack.removeStore();
  await site.stack.broker.startAgain();
  await site.stack.startTurfd();
  await wake(page);
  site.update();
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
  await page.locator('[data-key="update"]').waitFor();
  await page.locator('[data-key="reoffered"]').waitFor();
  await look(gallery, page, 'tap-27-update');
  gallery.sound();
});
