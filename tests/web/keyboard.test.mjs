// SPDX-License-Identifier: EUPL-1.2
// Every task of both pages by keyboard alone, in the order in which Tab gives it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { eventually } from '../system/lib/processes.mjs';
import { Phone, domain, drained, stored } from './lib/browser.mjs';
import { siteWithPast } from './lib/history.mjs';
import { Site } from './lib/site.mjs';

const labels = [{ code: 1, name: 'Sportfonds', kind: 'subject' }, { code: 2, name: 'Balie', kind: 'origin' }];

// What one person presses: Tab until an element has the focus, then a key on it.
function keyboardOf(page) {
  const { keyboard } = page;
  const focused = (selector) => page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector);
  const focusedIn = (selector) => eventually(() => focused(selector), `the focus on ${selector}`);
  async function to(selector, key = 'Tab') {
    for (let i = 0; i < 80; i++) {
      if (await focused(selector)) return;
      await keyboard.press(key);
    }
    assert.fail(`${selector} cannot be reached by ${key}`);
  }
  async function press(selector, key = 'Enter') {
    await to(selector);
    await keyboard.press(key);
  }
  // Chooses in a list box: one arrow key for each step.
  async function choose(selector, value) {
    await to(selector);
    await keyboard.press('Home');
    const read = () => page.locator(selector).inputValue();
    for (let i = 0; i < 40 && (await read()) !== value; i++) await keyboard.press('ArrowDown');
    assert.equal(await read(), value);
  }
  return { focused, focusedIn, to, press, choose, keyboard };
}

const sheet = (page) => page.getByRole('dialog');
const closed = (page) => sheet(page).waitFor({ state: 'hidden' });

test("the worker's page", async (t) => {
  const site = await Site.start(t, { labels });
  const phone = await Phone.start(t, site);
  await phone.setDateOff(3);
  const page = await phone.open();
  const { to, press, focused, focusedIn, keyboard } = keyboardOf(page);
  await page.locator('.team').first().waitFor();

  await t.test('a team, and its domains past everything else', async () => {
    await press('.team');
    await domain(page, 1).waitFor();
    await keyboard.press('Shift+Tab');
    await press('.skip');
    assert.equal(await focused('#domains'), true);
  });
  await t.test('a question, and its undoing', async () => {
    await to('[data-key="referred"]', 'Shift+Tab');
    await keyboard.press('Space');
    await press('[data-key="domain-1"]');
    await page.locator('.snack').getByText('Opgeslagen op dit toestel').waitFor();
    await keyboard.press('Control+z');
    await page.locator('.snack').getByText('Ongedaan gemaakt: Financiën, doorverwezen').waitFor();
    assert.equal((await stored(page)).all, 0);
    await to('[data-key="domain-2"]');
    for (let i = 0; i < 5; i++) await keyboard.down('Enter'); // held
    await keyboard.up('Enter');
    await page.locator('.snack').getByText('Opgeslagen op dit toestel').waitFor();
    assert.equal((await stored(page)).all, 1);
    await to('[data-key="undo"]');
    for (let i = 0; i < 3; i++) await keyboard.down('Enter'); // held
    await keyboard.up('Enter');
    await keyboard.press('Enter'); // and once more
    await page.locator('.snack').getByText('Ongedaan gemaakt').waitFor();
    assert.equal((await stored(page)).all, 0, 'nothing was counted again');
    await focusedIn('[data-key="domain-2"]'); // where the tap was made, in the end
  });
  await t.test('undo is next to the tile, and Ctrl+Z is named and works with Caps Lock', async () => {
    await press('[data-key="domain-3"]');
    await page.locator('.snack').getByText('Opgeslagen op dit toestel').waitFor();
    await keyboard.press('Tab');
    assert.equal(await focused('[data-key="undo"]'), true);
    assert.equal(await page.locator('.snack__keys').textContent(), 'Ctrl+Z');
    assert.equal(await page.locator('[data-key="undo"]').getAttribute('aria-keyshortcuts'), 'Control+Z Meta+Z');
    await keyboard.press('Shift+Tab');
    assert.equal(await focused('[data-key="domain-3"]'), true, 'and back');
    for (let i = 0; i < 3; i++) await keyboard.press('Tab'); // past undo and labels
    assert.equal(await focused('[data-key="domain-4"]'), true, 'and on to the next tile');
    await page.evaluate(() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Z', ctrlKey: true, bubbles: true })));
    await page.locator('.snack').getByText('Ongedaan gemaakt').waitFor();
    await eventually(async () => (await stored(page)).all === 0, 'the tap to be gone');
  });
  await t.test('nothing that has the focus is behind what sticks to an edge', async () => {
    await page.setViewportSize({ width: 320, height: 480 });
    await to('.skip');
    for (let i = 0; i < 30; i++) {
      await keyboard.press('Tab');
      const hidden = await page.evaluate(() => {
        const one = document.activeElement;
        if (one === document.body || one.closest('.foot, .skip')) return '';
        const { top, bottom } = one.getBoundingClientRect();
        return bottom <= document.querySelector('.foot').getBoundingClientRect().top && top >= document.querySelector('.mode').offsetHeight ? '' : one.textContent;
      });
      assert.equal(hidden, '');
    }
    await page.evaluate(() => scrollTo(0, 0));
    await page.locator('[data-key="list"]').focus();
    assert.equal(await page.evaluate(() => scrollY), 0, 'what is in the foot is in view, and scrolls nothing');
    await page.setViewportSize({ width: 360, height: 740 });
  });
  await t.test('labels', async () => {
    await press('[data-key="domain-1"]');
    await press('[data-key="add"]');
    await press('[data-key="label-1"]', 'Space');
    await press('[data-key="label-2"]', 'Space');
    await press('[data-key="done"]');
    await page.getByText('1 vraag is niet geteld').waitFor(); // the clock is wrong
  });
  await t.test('a refusal: found, mended; another dismissed', async () => {
    await press('[data-key="refused"]');
    await press('[data-key^="mend-"]');
    await drained(page);
    await press('[data-key="domain-2"]');
    await page.getByText('1 vraag is niet geteld').waitFor();
    await press('[data-key="refused"]');
    await press('[data-key^="dismiss-"]');
    await page.getByText('1 vraag is niet geteld').waitFor({ state: 'detached' });
    assert.deepEqual(await site.counted(), { questions: 1, 'oost/1/answered': 1 });
  });
  await t.test('catching up: an earlier day, three times', async () => {
    await press('[data-key="catch-up"]');
    await sheet(page).waitFor();
    await to('.chip[data-key^="day-"][aria-pressed="true"]');
    for (let i = 0; i < 4; i++) await keyboard.press('Tab');
    await keyboard.press('Enter');
    assert.equal(await focused('.chip[aria-pressed="true"]'), true);
    await press('[data-key="more"]');
    await keyboard.press('Enter');
    await press('[data-key="go"]');
    await closed(page);
    await press('[data-key="domain-3"]');
    await drained(page);
    await press('[data-key="back"]');
    assert.equal((await site.counted())['oost/3/answered'], 3);
  });
  await t.test('a second team, and back with one touch', async () => {
    await press('[data-key="other-team"]');
    await press('.sheet .team[aria-pressed="false"]');
    await closed(page);
    assert.equal(await page.locator('[data-key="team-west"]').getAttribute('aria-pressed'), 'true');
    await press('[data-key="team-oost"]', 'Space');
    await page.locator('[data-key="team-oost"][aria-pressed="true"]').waitFor();
  });
  await t.test('the own taps: one taken back', async () => {
    await press('[data-key="list"]');
    await sheet(page).waitFor();
    await press('.tap__back');
    await sheet(page).getByText('Teruggenomen', { exact: true }).waitFor();
    await keyboard.press('Escape');
    await closed(page);
    assert.equal(await focused('[data-key="list"]'), true);
    assert.equal((await site.counted()).questions, 3);
  });
  await t.test('English', async () => {
    await press('[data-key="language"]');
    await page.locator('html[lang="en"]').waitFor();
    assert.equal(await focused('[data-key="language"]'), true);
  });
});

test("the team leader's page", async (t) => {
  const site = await siteWithPast(t);
  const phone = await Phone.start(t, site, { viewport: { width: 1280, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await phone.open(site.leaderUrl());
  const { press, to, choose, focused, keyboard } = keyboardOf(page);
  await page.locator('#live-own').waitFor();
  const heading = (name) => page.getByRole('heading', { level: 1, name }).waitFor();
  const saved = async (selector) => {
    const [download] = await Promise.all([page.waitForEvent('download'), press(selector)]);
    return readFileSync(await download.path());
  };

  await t.test('past the head to the content; another team, and the organisation', async () => {
    await press('.skip');
    assert.equal(await focused('#content'), true);
    await choose('[data-choice="team"]', 'all');
    await heading('Hele organisatie');
    await choose('[data-choice="team"]', 'oost');
    await heading('Team Oost');
  });
  await t.test('a table, to be scrolled where it is wider than the screen', async () => {
    await to('.table-frame');
    await keyboard.press('ArrowRight');
    assert.equal(await focused('.table-frame'), true);
  });
  await t.test('the older list, a table copied, a chart saved', async () => {
    await choose('[data-choice="list"]', 'rolled');
    await page.locator('#live-own').getByText('Dagbesteding', { exact: true }).waitFor();
    await press('[data-action="copy"][data-table="live-own"]');
    await page.locator('#said').getByText('Gekopieerd').waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^Team Oost, 1e kwartaal 2020\nDomein\tVragen/);
    assert.match((await saved('[data-action="svg"][data-chart="weeks"]')).toString(), /^<svg /);
  });
  await t.test('comparing, with a quarter chosen', async () => {
    await to('[data-key="view-compare"]');
    await keyboard.press('Enter');
    await heading('Vragen vergelijken');
    await choose('[data-choice="period"]', '2019-Q4');
    await page.locator('#domain-periods').getByText('4e kwartaal 2018', { exact: true }).waitFor();
  });
  await t.test('the report: a year, both CSV files, paper', async () => {
    await to('[data-key="view-report"]');
    await keyboard.press('Enter');
    await choose('[data-choice="year"]', '2019');
    await heading('Vragen in 2019');
    await choose('[data-choice="csv"]', 'team-quarters');
    for (const form of ['nl', 'en']) assert.match((await saved(`[data-action="csv"][data-form="${form}"]`)).toString(), /^\ufefforganisati(e|on)[;,]team/);
    await page.evaluate(() => (globalThis.print = () => (document.body.dataset.printed = 'yes')));
    await press('[data-action="print"]');
    await page.locator('body[data-printed="yes"]').waitFor();
  });
  await t.test('English', async () => {
    await press('[data-action="language"]');
    await page.locator('html[lang="en"]').waitFor();
    assert.equal(await focused('[data-action="language"]'), true);
  });
});
