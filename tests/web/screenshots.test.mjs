// SPDX-License-Identifier: EUPL-1.2
// Pictures of every state of both pages in $BUILD/screenshots, for people to look at; what can be measured of a good look
// is asserted: nothing is cut, nothing lies on anything else, everything fits, and a thumb can hit it.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Phone, chooseTeam, domain, drained, online, tap } from './lib/browser.mjs';
import { siteWithPast } from './lib/history.mjs';
import { Gallery } from './lib/looks.mjs';
import { Site } from './lib/site.mjs';

test("the worker's page", async (t) => {
  const site = await siteWithPast(t);
  const phone = await Phone.start(t, site);
  const page = await phone.open();
  await page.locator('.team').first().waitFor();
  const gallery = new Gallery();
  await gallery.picture(page, 'tap-1-first');
  await chooseTeam(page, 'Team Oost');
  await online(page);
  await page.locator('.total').waitFor();
  await gallery.picture(page, 'tap-2-grid');
  await gallery.picture(page, 'tap-2-whole', { full: true });
  await tap(page, 1, { referred: true });
  await page.locator('.snack [data-key="add"]').focus(); // it stays while someone is in it
  await gallery.picture(page, 'tap-3-tapped');
  await page.locator('[data-key="add"]').click();
  await page.locator('.sheet .chip').first().click();
  await gallery.picture(page, 'tap-4-labels');
  await page.locator('[data-key="done"]').click();
  await drained(page);
  await page.locator('[data-key="catch-up"]').click();
  await page.locator('[data-key="day-18279"]').click();
  for (let i = 0; i < 5; i++) await page.locator('[data-key="more"]').click();
  await gallery.picture(page, 'tap-5-catch-up');
  await page.locator('[data-key="go"]').click();
  await page.locator('.mode').waitFor();
  await gallery.picture(page, 'tap-6-counting');
  await domain(page, 12).click();
  await page.locator('[data-key="other-team"]').click();
  await gallery.picture(page, 'tap-7-teams');
  await page.getByRole('dialog').getByRole('button', { name: 'Schoolmaatschappelijk werk' }).click();
  await page.locator('[data-key="referred"]').click();
  await gallery.picture(page, 'tap-8-two-teams');
  site.net.set('refuse');
  await tap(page, 13);
  await page.locator('.bar__connection--offline').waitFor();
  await gallery.picture(page, 'tap-9-offline');
  await page.locator('[data-key="list"]').click();
  await page.locator('.tap__back').first().waitFor();
  await gallery.picture(page, 'tap-10-list');
  await page.locator('.tap__back').first().click();
  await page.locator('.tap__restore').waitFor();
  await gallery.picture(page, 'tap-10-taken-back');
  await page.locator('[data-key^="change-"]').first().click();
  await page.locator('[data-key="save"]').waitFor();
  await gallery.picture(page, 'tap-10-change');
  await page.keyboard.press('Escape');
  await tap(page, 13);
  await page.locator('.snack [data-key="undo"]').click();
  await page.locator('.snack').getByText('Ongedaan gemaakt').waitFor();
  await gallery.picture(page, 'tap-10-undone');
  gallery.sound();
});

test("the worker's page when things are not as they should be", async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  const page = await phone.open();
  await page.evaluate(() => localStorage.setItem('turf-used', '1'));
  await phone.setDateOff(3);
  await page.reload();
  await chooseTeam(page);
  await online(page);
  await page.getByText('De opslag van dit toestel is leeggemaakt').waitFor();
  const gallery = new Gallery();
  await gallery.picture(page, 'tap-11-emptied', { full: true });
  await page.evaluate(() => {
    const event = new Event('beforeinstallprompt');
    event.prompt = async () => {};
    dispatchEvent(event);
  });
  await tap(page, 5);
  await page.locator('.snack [data-key="undo"]').focus();
  await page.keyboard.press('Tab'); // out of the snackbar: it goes in its own time
  await page.getByText('1 vraag is niet geteld').waitFor();
  await gallery.picture(page, 'tap-12-refused', { full: true });
  await tap(page, 5);
  await site.stack.turfd.kill('SIGKILL');
  await page.getByText('De telling staat even stil').waitFor();
  await page.locator('[data-key="language"]').click();
  await page.locator('html[lang="en"]').waitFor();
  await gallery.picture(page, 'tap-13-english', { full: true });
  gallery.sound();
});

test("the team leader's page", async (t) => {
  const site = await siteWithPast(t);
  const phone = await Phone.start(t, site);
  const page = await phone.open(site.leaderUrl());
  const gallery = new Gallery();
  const look = async (state, hash, heading) => {
    await page.evaluate((to) => (location.hash = to), hash);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    await gallery.picture(page, state, { full: true });
  };
  await page.getByText('Live', { exact: true }).waitFor();
  await page.locator('table').first().waitFor();
  await look('leader-1-now', '#oost/nu', 'Vragen dit kwartaal');
  await look('leader-2-all', '#all/nu', 'Hele organisatie');
  await look('leader-3-new-team', '#school/vergelijken', 'Schoolmaatschappelijk werk');
  await look('leader-4-compare', '#oost/vergelijken', 'Team Oost');
  const grounds = await page.locator('.row--group').first().locator('> *').evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell).backgroundColor));
  assert.equal(new Set(grounds).size, 1, `on a phone a group's name stands on the ground of its figures: ${grounds}`);
  await look('leader-6-report', '#oost/jaarverslag/2019', 'Vragen in 2019');
  await page.locator('[data-choice="list"]').first().selectOption('rolled');
  await look('leader-8-rolled', '#oost/nu', 'Vragen dit kwartaal');
  await look('leader-9-nobody', '#nergens/nu', 'Vragen');
  await look('leader-10-ended', '#dorpen/jaarverslag/2018', 'Vragen in 2018');
  site.net.set('refuse');
  await page.getByText('Geen verbinding', { exact: true }).waitFor();
  await look('leader-11-lost', '#oost/nu', 'Vragen dit kwartaal');
  gallery.sound();
});
