// SPDX-License-Identifier: EUPL-1.2
// axe finds nothing on any state of both pages, by day and by night.
import assert from 'node:assert/strict';
import test from 'node:test';

import { sound } from './lib/axe.mjs';
import { Phone, chooseTeam, domain, hide, online, stored, tap, waitingText, workerReady } from './lib/browser.mjs';
import { siteWithPast } from './lib/history.mjs';
import { Site } from './lib/site.mjs';

const settings = {
  labels: [
    { code: 1, name: 'Sportfonds', kind: 'subject' },
    { code: 2, name: 'Balie', kind: 'origin' },
    { code: 3, name: 'Huisarts', kind: 'referred-to' },
  ],
};

test("the worker's page", async (t) => {
  const site = await Site.start(t, settings);
  const page = await (await Phone.start(t, site)).open();
  await page.locator('.team').first().waitFor();
  await sound(page, 'choice of the team');
  await chooseTeam(page);
  await online(page);
  await sound(page, 'nothing tapped');
  await tap(page, 3, { referred: true });
  await page.locator('[data-key="add"]').click();
  await page.locator('.snack .chip').first().waitFor();
  await sound(page, 'snackbar with labels');
  await page.locator('[data-key="done"]').click();
  await page.getByText('Alles is geteld').waitFor();
  await page.locator('.course, .total').first().waitFor();
  await sound(page, 'counted');
  await page.locator('[data-key="list"]').click();
  await page.locator('.tap__back').waitFor();
  await sound(page, 'own taps');
  await page.locator('.tap__back').click();
  await page.getByRole('dialog').getByText('Teruggenomen', { exact: true }).waitFor();
  await sound(page, 'taken back');
  await page.keyboard.press('Escape');
  await page.locator('[data-key="other-team"]').click();
  await page.getByRole('dialog').waitFor();
  await sound(page, 'choice of another team');
  await page.getByRole('dialog').getByRole('button', { name: 'West' }).click();
  await page.locator('[data-key="team-west"]').waitFor();
  await sound(page, 'two teams');
  await page.locator('[data-key="catch-up"]').click();
  await page.locator('[data-key="more"]').click();
  await sound(page, 'catching up');
  await page.locator('[data-key="go"]').click();
  await page.locator('.mode').getByText('Alleen de volgende tik telt 2 keer').waitFor();
  await sound(page, 'two at a time');
});

test("the worker's page when things are not as they should be", async (t) => {
  const site = await Site.start(t);
  const page = await (await Phone.start(t, site)).open();
  await chooseTeam(page);
  await online(page);
  await site.stack.turfd.kill('SIGKILL');
  await page.getByText('De telling staat even stil').waitFor();
  await sound(page, 'the aggregator is gone');
  await tap(page, 1);
  site.net.set('refuse');
  await page.locator('.bar__connection--offline').waitFor();
  await waitingText(page).getByText('1 op dit toestel').waitFor();
  await sound(page, 'offline, one waits');
  await page.locator('[data-key="language"]').click();
  await page.locator('html[lang="en"]').waitFor();
  await sound(page, 'in English');
  assert.equal((await stored(page)).all, 1);
  assert.equal(await domain(page, 1).isVisible(), true);
});

test("the worker's page with all that it can have to say", async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  const page = await phone.open();
  await chooseTeam(page);
  await page.evaluate(() => localStorage.setItem('turf-used', '1'));
  await phone.setDateOff(3);
  await workerReady(page);
  site.update();
  await page.reload();
  await domain(page, 1).waitFor();
  await online(page);
  await tap(page, 1);
  await hide(page);
  await page.getByText('1 vraag is niet geteld').waitFor();
  await page.getByText('De opslag van dit toestel is leeggemaakt').waitFor();
  await page.getByText('Zet de datum van het toestel goed').waitFor();
  await page.locator('[data-key="update"]').waitFor();
  await sound(page, 'emptied, refused, wrong date, an update');
  await page.locator('[data-key="list"]').click();
  await page.getByRole('dialog').getByText('Niet geteld', { exact: true }).waitFor();
  await sound(page, 'a refusal among the own taps');
});

for (const [name, viewport, cells] of [['phone', { width: 360, height: 740 }], ['meeting room', { width: 1440, height: 900 }, 100]]) {
  test(`the team leader's page on a ${name}`, async (t) => {
    const site = await siteWithPast(t, { cells });
    const phone = await Phone.start(t, site, { viewport });
    const page = await phone.open(site.leaderUrl());
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('#live-own').waitFor();
    await sound(page, cells ? 'this quarter, held back' : 'this quarter');
    const look = async (hash, heading) => {
      await page.evaluate((to) => (location.hash = to), hash);
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await sound(page, hash);
    };
    await look('#oost/vergelijken', 'Vragen vergelijken');
    await page.locator('[data-choice="list"]').first().selectOption('rolled');
    await sound(page, 'the older list');
    await look('#school/vergelijken/2019-Q4', 'Schoolmaatschappelijk werk');
    await look('#all/jaarverslag/2019', 'Vragen in 2019');
    await look('#dorpen/jaarverslag/2018', 'Dorpenteam Vollenhove');
    await look('#nergens/nu', 'Vragen');
    await look('#all/nu', 'Hele organisatie');
    await page.locator('[data-action="language"]').click();
    await page.locator('html[lang="en"]').waitFor();
    await sound(page, 'in English');
    await page.locator('[data-action="language"]').click();
    await site.stack.turfd.kill('SIGKILL');
    await page.getByText('Telling staat stil', { exact: true }).waitFor();
    await sound(page, 'the aggregator is gone');
    site.net.set('refuse');
    await page.getByText('Geen verbinding', { exact: true }).waitFor();
    await sound(page, 'no connection');
    await phone.keptToItself();
  });
}
