// SPDX-License-Identifier: EUPL-1.2
// axe finds no fault in any state of both pages, in light and in dark mode.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../system/lib/processes.mjs';
import { assertAccessible } from './lib/axe.mjs';
import { Phone, chooseTeam, domain, hide, online, openConnected, stored, tap, waitingText, workerReady } from './lib/browser.mjs';
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
  await assertAccessible(page, 'choice of the team');
  await chooseTeam(page);
  await online(page);
  await assertAccessible(page, 'nothing tapped');
  await tap(page, 3, { referred: true });
  await page.locator('[data-key="add"]').click();
  await page.locator('.sheet .chip').first().waitFor();
  await assertAccessible(page, 'labels');
  await page.locator('[data-key="done"]').click();
  await page.getByText('Alles is geteld').waitFor();
  await page.locator('.course, .total').first().waitFor();
  await assertAccessible(page, 'counted');
  await page.locator('[data-key="list"]').click();
  await page.locator('.tap__back').waitFor();
  await assertAccessible(page, 'own taps');
  await page.locator('[data-key^="change-"]').click();
  await page.locator('[data-key="save"]').waitFor();
  await assertAccessible(page, 'changing a tap');
  await page.keyboard.press('Escape');
  await page.locator('[data-key="list"]').click();
  await page.locator('.tap__back').click();
  await page.locator('.tap__restore').waitFor();
  await assertAccessible(page, 'taken back, to be counted after all');
  await page.getByRole('dialog').getByText('Teruggenomen', { exact: true }).waitFor();
  await assertAccessible(page, 'taken back');
  await page.keyboard.press('Escape');
  await page.locator('[data-key="other-team"]').click();
  await page.getByRole('dialog').waitFor();
  await assertAccessible(page, 'choice of another team');
  await page.getByRole('dialog').getByRole('button', { name: 'West' }).click();
  await page.locator('[data-key="team-west"]').waitFor();
  await assertAccessible(page, 'two teams');
  await page.locator('[data-key="catch-up"]').click();
  await page.locator('[data-key="more"]').click();
  await assertAccessible(page, 'catching up');
  await page.locator('[data-key="go"]').click();
  await page.locator('.mode').getByText('Alleen de volgende tik telt 2 keer').waitFor();
  await assertAccessible(page, 'two at a time');
});

test("the worker's page when things are not as they should be", async (t) => {
  const site = await Site.start(t);
  const { page } = await openConnected(t, site);
  await site.stack.turfd.kill('SIGKILL');
  await page.getByText('De telling staat even stil').waitFor();
  await assertAccessible(page, 'the aggregator is gone');
  await tap(page, 1);
  site.net.set('refuse');
  await page.locator('.bar__connection--offline').waitFor();
  await waitingText(page).getByText('1 op dit toestel').waitFor();
  await assertAccessible(page, 'offline, one waits');
  await page.locator('[data-key="language"]').click();
  await page.locator('html[lang="en"]').waitFor();
  await assertAccessible(page, 'in English');
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
  await assertAccessible(page, 'emptied, refused, wrong date, an update');
  await page.locator('[data-key="list"]').click();
  await page.getByRole('dialog').getByText('Niet geteld', { exact: true }).waitFor();
  await assertAccessible(page, 'a refusal among the own taps');
});

for (const [name, viewport, cells] of [['phone', { width: 360, height: 740 }], ['meeting room', { width: 1440, height: 900 }, 100]]) {
  test(`the team leader's page on a ${name}`, async (t) => {
    const site = await siteWithPast(t, { cells });
    const phone = await Phone.start(t, site, { viewport });
    const page = await phone.open(site.leaderUrl());
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('#live-own').waitFor();
    await assertAccessible(page, cells ? 'this quarter, held back' : 'this quarter');
    if (viewport.width < 400) {
      await page.setViewportSize({ ...viewport, width: 320 });
      const cut = await page.locator('.figures--bars').evaluateAll((all) => all.filter((table) => table.offsetWidth > table.parentElement.clientWidth).map(({ id }) => id));
      assert.deepEqual(cut, [], 'all columns of a table with bars are in sight at 320 px');
      await page.setViewportSize(viewport);
    }
    const look = async (hash, heading) => {
      await page.evaluate((to) => (location.hash = to), hash);
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await assertAccessible(page, hash);
    };
    await look('#oost/vergelijken', 'Vragen vergelijken');
    await page.locator('[data-choice="list"]').first().selectOption('rolled');
    await assertAccessible(page, 'the older list');
    await look('#school/vergelijken/2019-Q4', 'Schoolmaatschappelijk werk');
    await look('#all/jaarverslag/2019', 'Vragen in 2019');
    await look('#dorpen/jaarverslag/2018', 'Dorpenteam Vollenhove');
    await look('#nergens/nu', 'Vragen');
    await look('#all/nu', 'Hele organisatie');
    await page.locator('[data-action="language"]').click();
    await page.locator('html[lang="en"]').waitFor();
    await assertAccessible(page, 'in English');
    await page.locator('[data-action="language"]').click();
    await site.stack.turfd.kill('SIGKILL');
    await page.getByText('Telling staat stil', { exact: true }).waitFor();
    await assertAccessible(page, 'the aggregator is gone');
    site.net.set('refuse');
    await page.getByText('Geen verbinding', { exact: true }).waitFor();
    await assertAccessible(page, 'no connection');
    await phone.keptToItself();
  });
}

// The contrast of two colours, computed as WCAG does. For the background it takes the nearest element that is not transparent.
const contrastOf = (page, selector, property, from) => page.evaluate(([of, name, behind]) => {
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)).reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const element = document.querySelector(of);
  const ground = (one) => {
    const color = parse(getComputedStyle(one).backgroundColor);
    return color.length === 4 && color[3] === 0 ? ground(one.parentElement) : color;
  };
  const [a, b] = [luminance(parse(getComputedStyle(element)[name])), luminance(ground(behind === 'self' ? element : element.parentElement))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}, [selector, property, from]);

test("the worker's page for who sees little: outlines, two columns, large letters, names that break as Dutch ones", async (t) => {
  const site = await Site.start(t, { domains: [{ code: 100, name: 'Huisdieren' }, { code: 101, name: 'Tuinen' }] });
  const page = await (await Phone.start(t, site, { viewport: { width: 320, height: 568 } })).open();
  await chooseTeam(page);
  await online(page);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const side of ['self', 'around']) {
      const contrast = await contrastOf(page, '.domain', 'borderInlineStartColor', side);
      assert.ok(contrast >= 3, `a tile's outline, ${colorScheme}, against ${side}: ${contrast}`);
    }
  }
  const drawings = await page.locator('.domain .icon--domain path').evaluateAll((all) => all.map((one) => one.getAttribute('d')));
  assert.equal(new Set(drawings).size, 12, 'each domain of the ZRM has a drawing of its own, the others share one');
  const columns = () => page.evaluate(() => new Set([...document.querySelectorAll('.domain')].map((tile) => tile.getBoundingClientRect().left)).size);
  assert.equal(await columns(), 2, 'at 320 px');
  await page.locator('[data-key="language"]').click();
  await page.locator('html[lang="en"]').waitFor();
  const names = await page.locator('.domain__name, .team-chip').evaluateAll((all) => all.map((one) => [one.closest('[lang]').lang, getComputedStyle(one).hyphens]));
  assert.ok(names.length > 4);
  for (const name of names) assert.deepEqual(name, ['nl', 'auto'], 'a Dutch name is read, and broken, as Dutch');
  await page.setViewportSize({ width: 3840, height: 2160 });
  assert.equal(await page.locator('html').evaluate((html) => getComputedStyle(html).fontSize), '32px', 'on a screen with so many dots');
});

// Measures the first screen: whole tiles above the foot, the part of the screen that the foot takes, and how far the page
// is too wide.
const firstScreen = (page) => page.evaluate(() => {
  scrollTo(0, 0);
  const { top } = document.querySelector('.foot').getBoundingClientRect();
  const [head] = ['.mode', '.head'].map((part) => document.querySelector(part).getBoundingClientRect().bottom).sort((one, other) => other - one);
  const tiles = [...document.querySelectorAll('.domain')].map((tile) => tile.getBoundingClientRect());
  return {
    tiles: tiles.filter((tile) => tile.top >= head && tile.bottom <= top && tile.width >= 44 && tile.height >= 44).length,
    foot: (innerHeight - top) / innerHeight,
    tooWide: document.scrollingElement.scrollWidth - innerWidth,
  };
});

test('with letters twice as large the first screen of a small phone has whole tiles: plain, after a tap, and for another day', async (t) => {
  const site = await Site.start(t, settings);
  const { page } = await openConnected(t, site);
  const look = async (state, atLeast) => {
    for (const [width, height] of [[320, 568], [360, 640]]) {
      await page.setViewportSize({ width, height });
      await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
      const { tiles, foot, tooWide } = await firstScreen(page);
      const size = `${state} at ${width}×${height}`;
      assert.ok(tiles >= atLeast, `${tiles} whole tiles, ${size}`);
      assert.ok(foot < 0.45, `the foot takes ${foot} of the screen, ${size}`);
      assert.equal(tooWide, 0, `as wide as the screen, ${size}`);
    }
    await page.evaluate(() => document.documentElement.style.removeProperty('font-size'));
    await page.setViewportSize({ width: 360, height: 1600 });
  };
  await look('plain', 2);
  await tap(page, 10, { referred: true });
  await page.locator('.snack [data-key="undo"]').focus(); // it stays while someone is in it
  await look('after a tap', 2);
  await page.locator('[data-key="catch-up"]').click();
  await page.locator('[data-key^="day-"]').nth(3).click();
  await page.locator('[data-key="go"]').click();
  await page.locator('.mode').getByText('U telt voor').waitFor();
  await look('for another day', 1);
});

test("the worker's page in colours of the reader's own, and with more contrast", async (t) => {
  const site = await Site.start(t, settings);
  const { page } = await openConnected(t, site);
  await tap(page, 1);
  await hide(page);
  await page.locator('.course__bar').first().waitFor();
  await page.emulateMedia({ forcedColors: 'active' });
  const style = (selector, property) => page.locator(selector).first().evaluate((element, name) => getComputedStyle(element)[name], property);
  assert.notEqual(await style('.course__bar', 'backgroundColor'), await style('body', 'backgroundColor'), 'a bar is seen');
  assert.notEqual(await style('[data-key="answered"]', 'backgroundColor'), await style('[data-key="referred"]', 'backgroundColor'), 'the chosen outcome is marked');
  assert.equal(await style('.domain .icon--domain', 'color'), await style('.domain', 'color'), 'a drawing has the colour of words');
  await assertAccessible(page, 'forced colours');
  const chosen = await style('[data-key="answered"]', 'backgroundColor');
  await page.locator('[data-key="catch-up"]').click();
  for (const one of ['.sheet .chip[aria-pressed="true"]', '.sheet .button--primary']) assert.equal(await style(one, 'backgroundColor'), chosen, `${one} has the reader's colour too`);
  await assertAccessible(page, 'a sheet in forced colours');
  await page.keyboard.press('Escape');
  await page.emulateMedia({ forcedColors: 'none', contrast: 'more' });
  assert.equal(await style('.team-total', 'borderTopColor'), await style('body', 'color'), 'edges have the colour of ink');
  await assertAccessible(page, 'more contrast');
});

test("the team leader's page in colours of the reader's own", async (t) => {
  const site = await siteWithPast(t);
  const page = await (await Phone.start(t, site, { viewport: { width: 1440, height: 900 } })).open(site.leaderUrl());
  await page.locator('#live-own').waitFor();
  assert.deepEqual(await page.locator('#live-own .row--plain .row-name').evaluateAll((all) => [...new Set(all.map((one) => one.lang))]), ['nl'], 'names of domains are read as Dutch, in English too');
  await page.emulateMedia({ forcedColors: 'active' });
  const colours = (selector, property) => page.locator(selector).evaluateAll((all, name) => [...new Set(all.map((one) => getComputedStyle(one)[name]))], property);
  const [chosen, others] = [await colours('.views a[aria-current]', 'borderBottomColor'), await colours('.views a:not([aria-current])', 'borderBottomColor')];
  assert.equal(chosen.length + others.length, 2);
  assert.notDeepEqual(chosen, others, 'the view that is looked at is marked');
  const bars = [...(await colours('.bar__answered', 'backgroundColor')), ...(await colours('.bar__referred', 'backgroundColor'))];
  assert.equal(new Set([...bars, ...(await colours('.part', 'backgroundColor'))]).size, 3, `bars are told apart from each other and from the ground: ${bars}`);
  await assertAccessible(page, 'forced colours');
});

// Collects what a screen reader reads aloud: new text in an element that existed and was visible before.
const listen = (page) => page.evaluate(() => {
  globalThis.announced = [];
  for (const region of document.querySelectorAll('[role="status"], [aria-live]')) {
    if (getComputedStyle(region).display === 'none') continue;
    new MutationObserver(() => region.checkVisibility() && announced.push(region.textContent)).observe(region, { childList: true, subtree: true, characterData: true });
  }
});

test('a screen reader reads aloud what comes: counted, another day, a refusal; and the focus goes on to the domains after the choice of a team', async (t) => {
  const site = await Site.start(t, settings);
  const phone = await Phone.start(t, site);
  await phone.setDateOff(3);
  const page = await phone.open();
  await page.locator('.team').first().waitFor();
  const announces = (pattern) => eventually(() => page.evaluate((wanted) => announced.some((text) => text.match(wanted)), pattern), `${pattern} to be heard`);
  await chooseTeam(page);
  await eventually(() => page.evaluate(() => document.activeElement.id === 'domains'), 'the focus on the domains');
  await listen(page);
  await tap(page, 1);
  await hide(page);
  await announces('1 vraag is niet geteld');
  await page.locator('[data-key^="mend-"]').click();
  await announces('Uw tikken zijn geteld');
  await page.locator('[data-key="catch-up"]').click();
  await page.locator('[data-key="more"]').click();
  await page.locator('[data-key="go"]').click();
  await announces('Alleen de volgende tik telt 2');
  await page.locator('[data-key="other-team"]').click();
  await page.getByRole('dialog').getByRole('button', { name: 'West' }).click();
  await page.locator('[data-key="team-west"]').waitFor();
  await eventually(() => page.evaluate(() => document.activeElement.id === 'domains'), 'the focus on the domains');
});
