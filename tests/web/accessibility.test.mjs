// SPDX-License-Identifier: EUPL-1.2
// axe finds nothing on any state of both pages, by day and by night.
import assert from 'node:assert/strict';
import test from 'node:test';

import { question } from '../system/lib/messages.mjs';
import { sound } from './lib/axe.mjs';
import { Phone, chooseTeam, domain, online, stored, tap, waitingText } from './lib/browser.mjs';
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
  await page.keyboard.press('Escape');
  await page.locator('[data-key="catch-up"]').click();
  await page.locator('[data-key="more"]').click();
  await sound(page, 'catching up');
  await page.locator('[data-key="go"]').click();
  await page.locator('.mode').getByText('telt 2 keer').waitFor();
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

test('a refusal', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  await phone.setDateOff(3);
  const page = await phone.open();
  await chooseTeam(page);
  await online(page);
  await tap(page, 1);
  await page.reload();
  await page.getByText('1 vraag is niet geteld').waitFor();
  await sound(page, 'refused');
});

for (const [name, viewport] of [['phone', { width: 360, height: 740 }], ['meeting room', { width: 1440, height: 900 }]]) {
  test(`the team leader's page on a ${name}`, async (t) => {
    const site = await Site.start(t, settings);
    const tapper = await site.stack.phone();
    const today = new Date().toISOString().slice(0, 10);
    const year = Number(today.slice(0, 4));
    const taps = [question(today, 1), question(today, 3, 'OUTCOME_REFERRED', [1, 3]), ...[1, 2, 3, 3].map((code) => question(`${year - 1}-11-15`, code))];
    assert.ok((await tapper.register('oost', taps)).every((verdict) => verdict.startsWith('VERDICT_COUNTED')));
    const phone = await Phone.start(t, site, { viewport });
    const page = await phone.open(site.leaderUrl());
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('table').first().waitFor();
    await sound(page, 'this quarter');
    for (const [view, heading] of [['compare', 'Vragen vergelijken'], ['report', 'Vragen in ']]) {
      await page.locator(`[data-key="view-${view}"]`).click();
      await page.getByRole('heading', { name: heading }).first().waitFor();
      await sound(page, view);
    }
    await page.locator('[data-key="view-live"]').click();
    await site.stack.turfd.kill('SIGKILL');
    await page.getByText('De telling staat stil').waitFor();
    await sound(page, 'the aggregator is gone');
    site.net.set('refuse');
    await page.getByText('Geen verbinding', { exact: true }).waitFor();
    await sound(page, 'no connection');
    await phone.keptToItself();
  });
}
