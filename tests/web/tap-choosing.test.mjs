// SPDX-License-Identifier: EUPL-1.2
// The worker's page: the first screen, a borrowed phone, the most used domains, a list of domains that changes.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';

import { writeConfig } from '../system/lib/config.mjs';
import { eventually } from '../system/lib/processes.mjs';
import { Phone, allInSight, chooseTeam, domain, drained, hide, online, openTap, stored, tap, team } from './lib/browser.mjs';
import { Site } from './lib/site.mjs';

test('the first screen says whose page it is and what counts; on a borrowed phone it is back after a reload, and what waited counts', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  const page = await phone.open();
  await page.getByRole('heading', { name: 'Turf van Proefgemeente' }).waitFor();
  await page.getByText('Elke vraag die u kort beantwoordt of doorverwijst, is één tik').waitFor();
  await page.locator('[data-key="borrow"]').click();
  await page.getByText('Dit toestel vergeet uw team en uw tikken als u weggaat').waitFor();
  await chooseTeam(page, 'West');
  await page.getByText('U telt op een geleend toestel').waitFor();
  await online(page);
  await tap(page, 1);
  await page.reload(); // leaving sends at once
  await team(page, 'West').waitFor();
  assert.equal(await domain(page, 1).isVisible(), false, 'the team is not remembered');
  await eventually(async () => (await stored(page)).all === 0, 'the tap to be counted and forgotten');
  assert.deepEqual(await site.counted(), { questions: 1, 'west/1/answered': 1 });
  await page.locator('[data-key="borrow"]').click();
  await chooseTeam(page, 'Oost');
  await page.locator('[data-key="end-borrowing"]').click();
  await page.getByRole('heading', { name: 'Turf van Proefgemeente' }).waitFor();
});

test('the most used domains stand above the grid for who wants it, in its order; the grid stays as it is', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site, allInSight);
  const page = await phone.open();
  await chooseTeam(page);
  const order = () => page.locator('#domains .domain').evaluateAll((all) => all.map((one) => one.dataset.key));
  const before = await order();
  for (const code of [9, 9, 3]) await tap(page, code);
  const often = () => page.locator('.often .domain').evaluateAll((all) => all.map((one) => one.dataset.key));
  assert.deepEqual(await often(), [], 'off unless it is wanted');
  await page.locator('[data-key="often"]').press('Enter'); // a second touch so near to the last is taken for the same
  await page.locator('[data-key="often-9"]').waitFor();
  assert.deepEqual(await often(), ['often-3', 'often-9'], 'in the order of the grid');
  for (let i = 0; i < 3; i++) await tap(page, 2); // in the other column: so soon after the last touch its place takes no other tile
  assert.deepEqual(await often(), ['often-3', 'often-9'], 'no tile moves while somebody taps');
  const { all } = await stored(page);
  await page.locator('[data-key="often-9"]').click();
  await eventually(async () => (await stored(page)).all === all + 1, 'a tap from the row');
  assert.deepEqual(await order(), before);
  const again = await openTap(phone);
  await again.locator('[data-key="often-2"]').waitFor();
  assert.deepEqual(await order(), before);
  await again.locator('[data-key="often"]').press('Enter');
  await again.locator('[data-key="often-2"]').waitFor({ state: 'detached' });
  await hide(page);
  await drained(page);
  assert.equal((await site.counted())['oost/9/answered'], 3);
});

test('the page says that the list of domains has changed until the worker has seen it', async (t) => {
  const file = writeConfig(t);
  const site = await Site.start(t, {}, { config: file });
  const page = await (await Phone.start(t, site)).open();
  await chooseTeam(page);
  await online(page);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, `${text}domains = ( { code = 100; name = "Huisdieren"; } );\n`);
  site.stack.turfd.kill('SIGHUP');
  await page.getByText('De lijst met domeinen is veranderd. Nieuw: Huisdieren.').waitFor();
  await domain(page, 100).waitFor();
  await page.locator('[data-key="list-change"]').click();
  await page.getByText('De lijst met domeinen is veranderd').waitFor({ state: 'detached' });
});

test('no tile moves on the screen as the team is chosen, details are done, or a sheet closes', async (t) => {
  const site = await Site.start(t, { labels: [{ code: 1, name: 'Sportfonds', kind: 'subject' }] });
  const page = await (await Phone.start(t, site)).open();
  await chooseTeam(page);
  await online(page);
  const scrolled = () => page.evaluate(() => scrollY);
  assert.equal(await scrolled(), 0);
  await tap(page, 1);
  await page.locator('[data-key="add"]').click();
  await page.locator('[data-key="label-1"]').click();
  await page.locator('[data-key="done"]').click();
  await page.locator('.snack').waitFor({ state: 'hidden' });
  assert.equal(await scrolled(), 0);
  await page.locator('[data-key="other-team"]').click();
  await page.getByRole('dialog').getByRole('button', { name: 'West' }).click();
  await page.locator('[data-key="team-west"]').waitFor();
  assert.equal(await scrolled(), 0);
});
