// SPDX-License-Identifier: EUPL-1.2
// What a touch means: one question, on what is below the thumb when it comes down, whatever appears there meanwhile.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../system/lib/processes.mjs';
import { Phone, allInSight, chooseTeam, domain, drained, hide, openConnected, openTap, openThreeDaysAhead, stored, tap, workerReady } from './lib/browser.mjs';
import { Site } from './lib/site.mjs';

async function opened(t, options = {}) {
  const site = await Site.start(t);
  return { site, ...(await openConnected(t, site, options)) };
}

const snack = (page) => page.locator('.snack');
const sheet = (page) => page.getByRole('dialog');
const middle = async (locator) => {
  const { x, y, width, height } = await locator.boundingBox();
  return [x + width / 2, y + height / 2];
};

test('a double click and a double touch count once and say so; two taps count two', async (t) => {
  const { page } = await opened(t, { hasTouch: true });
  await domain(page, 1).dblclick();
  await snack(page).getByText('Dubbel getikt: één keer opgeslagen').waitFor();
  assert.equal((await stored(page)).all, 1);
  const place = await middle(domain(page, 2));
  await Promise.all([page.touchscreen.tap(...place), page.touchscreen.tap(...place)]);
  await snack(page).getByText('Dagbesteding').waitFor();
  await snack(page).getByText('Dubbel getikt').waitFor();
  assert.equal((await stored(page)).all, 2);
  for (let i = 0; i < 2; i++) await tap(page, 2);
  assert.equal((await stored(page)).all, 4);
});

test('undo takes back what the snackbar names: one, or all six; and the tile no longer says that it was taken', async (t) => {
  const { page } = await opened(t);
  await tap(page, 1);
  await page.locator('[data-key="catch-up"]').click();
  for (let i = 0; i < 5; i++) await page.locator('[data-key="more"]').click();
  await page.locator('[data-key="go"]').click();
  await domain(page, 3).click();
  await snack(page).getByText('6× Huisvesting, beantwoord').waitFor();
  await page.locator('[data-key="undo"]').click();
  await snack(page).getByText('Ongedaan gemaakt: 6× Huisvesting, beantwoord').waitFor();
  assert.equal((await stored(page)).all, 1);
  assert.equal(await page.locator('[data-key="domain-3"].domain--taken').count(), 0);
});

test('a tap that is undone before the next frame leaves no mark on its tile', async (t) => {
  const { page } = await opened(t);
  await page.evaluate(() => {
    const tile = document.querySelector('[data-key="domain-1"]');
    globalThis.marked = false;
    new MutationObserver(() => (globalThis.marked ||= tile.classList.contains('domain--taken'))).observe(tile, { attributes: true });
    new MutationObserver(() => document.querySelector('[data-key="undo"]')?.click()).observe(document.querySelector('.snack'), { childList: true });
    tile.click();
  });
  await snack(page).getByText('Ongedaan gemaakt: Financiën').waitFor();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(() => setTimeout(resolve))))));
  assert.equal(await page.evaluate(() => globalThis.marked), false);
});

// Where each tile is, and whether a touch on its middle and near its edges would hit it.
const tiles = (page) => page.evaluate(() => [...document.querySelectorAll('.domain')].map((tile) => {
  const { left, top, right, bottom } = tile.getBoundingClientRect();
  const hit = [[(left + right) / 2, (top + bottom) / 2], [left + 12, top + 12], [right - 12, bottom - 12]]
    .map(([x, y]) => tile.contains(document.elementFromPoint(x, y)));
  return { key: tile.dataset.key, left, top, hit };
}));

// No tile has moved since `before`, except by the fraction of a pixel that a browser does not scroll.
async function assertNotMoved(page, before, message) {
  const after = await tiles(page);
  const moved = before.map(({ left, top }, i) => Math.max(Math.abs(after[i].left - left), Math.abs(after[i].top - top)));
  assert.ok(Math.max(...moved) < 1.5, `moved ${message}: ${moved}`);
  assert.deepEqual(after.map(({ key, hit }) => [key, ...hit]), before.map(({ key, hit }) => [key, ...hit]), `covered ${message}`);
}

test('what appears covers no tile and moves none: the snackbar, its end, the end of a number, a refusal', async (t) => {
  const site = await Site.start(t);
  const { page } = await openThreeDaysAhead(t, site);
  for (const [width, height] of [[320, 568], [360, 740], [740, 360], [768, 1024], [1440, 900]]) {
    await page.locator('[data-key="catch-up"]').click();
    await page.locator('[data-key="more"]').click();
    await page.locator('[data-key="go"]').click();
    await page.locator('.mode').getByText('2 keer').waitFor();
    await page.setViewportSize({ width, height });
    await domain(page, 1).evaluate((tile) => tile.scrollIntoView({ block: 'center' }));
    const before = await tiles(page);
    const size = `at ${width}×${height}`;
    await tap(page, 1, { more: 1 });
    await page.locator('.mode').waitFor({ state: 'hidden' });
    await assertNotMoved(page, before, `${size}, with the snackbar`);
    const refusal = page.getByText('2 vragen zijn niet geteld');
    await refusal.waitFor();
    await snack(page).waitFor({ state: 'hidden' });
    await assertNotMoved(page, before, `${size}, with a refusal`);
    await page.evaluate(() => document.querySelector('[data-key^="dismiss-"]').click());
    await refusal.waitFor({ state: 'detached' });
    await assertNotMoved(page, before, `${size}, without it`);
    await page.setViewportSize({ width: 768, height: 1024 });
  }
});

// The words and buttons of the snackbar that are beyond its edge, clipped or covered, so that nobody can read or touch them.
const hiddenInSnack = (page) => page.evaluate(() => {
  const parent = document.querySelector('.snack');
  const isIn = ({ left, top, right, bottom }, frame) => left >= frame.left - 0.5 && top >= frame.top - 0.5 && right <= frame.right + 0.5 && bottom <= frame.bottom + 0.5;
  const frames = (element) => (element === parent ? [] : [...(getComputedStyle(element).overflow === 'visible' ? [] : [element]), ...frames(element.parentElement)]);
  const isSeen = (box, element, inset) => {
    const places = [[(box.left + box.right) / 2, (box.top + box.bottom) / 2], [box.left + inset, box.top + inset], [box.right - inset, box.bottom - inset]];
    return [parent, ...frames(element)].every((frame) => isIn(box, frame.getBoundingClientRect())) && places.every((place) => element.contains(document.elementFromPoint(...place)));
  };
  const words = [];
  const walker = document.createTreeWalker(parent, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) words.push({ text: node.data, shown: isSeen(box, node.parentElement, 2) });
  }
  const buttons = [...parent.querySelectorAll('button')].map((one) => ({ text: `[${one.textContent}]`, shown: isSeen(one.getBoundingClientRect(), one, 6) }));
  return { words: words.length, buttons: buttons.length, hidden: [...words, ...buttons].filter(({ shown }) => !shown).map(({ text }) => text) };
});

// The same as in deploy/demo.conf.in.
const likeTheDemo = {
  teams: [{ id: 'oost', name: 'Team Oost' }, { id: 'school', name: 'Schoolmaatschappelijk werk' }],
  labels: [{ code: 5, name: 'Mantelzorg', kind: 'subject' }],
};

test('all words of the snackbar can be read and both its buttons touched, on narrow phones, in both languages, with long names', async (t) => {
  const site = await Site.start(t, likeTheDemo);
  const phone = await Phone.start(t, site, allInSight);
  const page = await phone.open();
  await chooseTeam(page, 'Team Oost');
  const names = await page.locator('#domains .domain').evaluateAll((all) => all.map((one) => [one.textContent.length, one.dataset.item]));
  const [[, longest]] = names.sort(([a], [b]) => b - a);
  const look = async (what) => {
    await page.locator('.snack [data-key="undo"]').focus(); // it stays while someone is in it
    for (const language of ['nl', 'en']) {
      for (const width of [320, 360, 414]) {
        await page.setViewportSize({ width, height: 740 });
        const { words, buttons, hidden } = await hiddenInSnack(page);
        assert.ok(words >= 4 && buttons === 2, `${words} lines and ${buttons} buttons`);
        assert.deepEqual(hidden, [], `${what} at ${width}, ${language}`);
      }
      await page.evaluate(() => document.querySelector('[data-key="language"]').click());
      await page.locator(`html[lang="${language === 'nl' ? 'en' : 'nl'}"]`).waitFor();
    }
    await page.setViewportSize(allInSight.viewport);
  };
  await tap(page, longest, { referred: true });
  await look('today');
  await page.keyboard.press('Control+z');
  await snack(page).getByText('Ongedaan gemaakt').waitFor();
  await eventually(async () => (await stored(page)).all === 0, 'the tap to be gone');
  await page.locator('[data-key="other-team"]').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Schoolmaatschappelijk werk' }).click();
  await page.locator('[data-key="catch-up"]').click();
  await page.locator('[data-key^="day-"]').nth(3).click();
  await page.locator('[data-key="more"]').click();
  await page.locator('[data-key="go"]').click();
  await page.locator('.mode').getByText('Schoolmaatschappelijk werk').waitFor();
  await page.locator('[data-key="referred"]').click();
  await domain(page, longest).dblclick();
  await snack(page).getByText('Dubbel getikt: één keer opgeslagen').waitFor();
  await snack(page).getByText('Schoolmaatschappelijk werk').waitFor();
  await look('another day, touched twice');
});

test('while labels are chosen no tile can be touched: a touch beside them closes them, counts nothing, and undo is still there', async (t) => {
  const site = await Site.start(t, likeTheDemo);
  const phone = await Phone.start(t, site, { hasTouch: true });
  const page = await phone.open();
  await chooseTeam(page, 'Team Oost');
  await tap(page, 9);
  await page.locator('[data-key="add"]').click();
  await sheet(page).getByText('Sociaal netwerk').waitFor();
  await sheet(page).getByRole('button', { name: 'Mantelzorg' }).click();
  const reached = await tiles(page);
  assert.ok(reached.every(({ hit }) => !hit.includes(true)), 'no tile is within reach');
  await page.touchscreen.tap(...(await middle(domain(page, 1))));
  await sheet(page).waitFor({ state: 'hidden' });
  assert.equal((await stored(page)).all, 1);
  await tap(page, 4);
  await page.locator('[data-key="add"]').click();
  await sheet(page).waitFor();
  await page.keyboard.press('Escape');
  await sheet(page).waitFor({ state: 'hidden' });
  await snack(page).getByText('Huiselijke relaties').waitFor();
  await page.locator('[data-key="add"]').click();
  await sheet(page).waitFor();
  await page.keyboard.press('Control+z');
  await snack(page).getByText('Ongedaan gemaakt: Huiselijke relaties, beantwoord').waitFor();
  assert.equal(await sheet(page).isVisible(), false);
  assert.equal((await stored(page)).all, 1);
  await hide(page);
  await drained(page);
  const { stdout } = await site.stack.turfctl(['export', '--format', 'json']);
  const { labels } = JSON.parse(stdout).summaries.find((one) => one.team === 'oost' && one.questions);
  assert.deepEqual(labels.map(({ label, count }) => [label, count]), [[5, 1]], 'the label that was chosen before');
});

test('a touch that began on one button does not act on another that has taken its place', async (t) => {
  const { page, phone } = await opened(t, { hasTouch: true });
  await tap(page, 1);
  const [x, y] = await middle(page.locator('[data-key="undo"]'));
  const session = await phone.context.newCDPSession(page);
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] });
  await page.evaluate(() => document.querySelector('[data-key="domain-2"]').click()); // the other thumb
  await snack(page).getByText('Dagbesteding').waitFor();
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await tap(page, 3);
  assert.equal((await stored(page)).all, 3);
});

test('the second touch of a double one does not act on what the first has brought there', async (t) => {
  const { page } = await opened(t);
  await page.locator('[data-key="catch-up"]').click();
  const go = await middle(page.locator('[data-key="go"]'));
  await page.mouse.dblclick(...go);
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await tap(page, 1);
  assert.equal((await stored(page)).all, 1);
  await page.locator('[data-key="list"]').click();
  await page.getByRole('dialog').waitFor();
});

test('a tap that the phone could not keep says so where the thumb is', async (t) => {
  const { page } = await opened(t);
  await page.evaluate(() => {
    IDBObjectStore.prototype.add = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  await domain(page, 1).click();
  await snack(page).getByText('Niet opgeslagen: Financiën, beantwoord').waitFor();
  await eventually(async () => (await page.locator('.domain--taken').count()) === 0, 'no mark on the tile');
});

// ---- Day and team ---------------------------------------------------------------------------------------

async function countingForYesterday(page) {
  await page.locator('[data-key="catch-up"]').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Gisteren' }).click();
  await page.locator('[data-key="go"]').click();
  await mode(page).getByText('U telt voor gisteren, Oost.').waitFor();
}

const mode = (page) => page.locator('.mode');

test('another day and the team stay in sight, and the snackbar names them', async (t) => {
  const { page } = await opened(t);
  await countingForYesterday(page);
  await page.locator('.next').getByText('Volgende tik: Oost, gisteren').waitFor();
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await eventually(() => page.evaluate(() => document.querySelector('.mode').getBoundingClientRect().top >= 0 && scrollY > 0), 'the bar in sight at the end of the page');
  await tap(page, 11);
  await snack(page).getByText('Gisteren, Oost. Opgeslagen op dit toestel').waitFor();
  await page.locator('[data-key="undo"]').click();
  await snack(page).getByText('Ongedaan gemaakt: Justitie, beantwoord, gisteren, Oost').waitFor();
});

test('another day outlives a reload and an update; after the browser has ended the page says that it is today again', async (t) => {
  const { site, phone, page } = await opened(t, { ownBrowser: true });
  await workerReady(page);
  await countingForYesterday(page);
  await page.reload();
  await mode(page).getByText('U telt voor gisteren, Oost.').waitFor();
  site.update();
  await page.reload();
  await page.locator('[data-key="update"]').click();
  await page.locator('body[data-build="later"]').waitFor();
  await mode(page).getByText('U telt voor gisteren, Oost.').waitFor();
  await phone.restart();
  const again = await openTap(phone);
  await mode(again).getByText('U telt weer voor vandaag, niet meer voor gisteren.').waitFor();
  await again.getByRole('button', { name: 'Toch weer tellen voor gisteren' }).click();
  await mode(again).getByText('U telt voor gisteren, Oost.').waitFor();
  await again.locator('[data-key="back"]').click();
  await mode(again).waitFor({ state: 'hidden' });
  assert.deepEqual(await again.evaluate(() => [{ ...sessionStorage }, localStorage.getItem('turf-catch-up')]), [{}, null]);
  await again.reload();
  await domain(again, 1).waitFor();
  assert.equal(await mode(again).isVisible(), false);
});

// Makes the page visible or hidden, as a browser does.
const show = (page, state) => page.evaluate((to) => {
  Object.defineProperty(document, 'visibilityState', { value: to, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}, state);

test('ten minutes away from the page it is today again, and the page says so; nine minutes are not', async (t) => {
  const { page } = await opened(t);
  await countingForYesterday(page);
  const away = async (minutes) => {
    await show(page, 'hidden');
    await page.evaluate((ms) => {
      const { now } = Date;
      Date.now = () => now() + ms;
    }, minutes * 60_000);
    await show(page, 'visible');
  };
  await away(9);
  await tap(page, 1);
  await snack(page).getByText('Gisteren, Oost').waitFor();
  await away(11);
  await mode(page).getByText('U telt weer voor vandaag, niet meer voor gisteren.').waitFor();
  await tap(page, 2);
  await mode(page).waitFor({ state: 'hidden' });
  assert.equal(await snack(page).getByText('Gisteren').count(), 0);
});

// ---- The own taps ---------------------------------------------------------------------------------------

test('six at once are taken back with one touch, and counted after all with one', async (t) => {
  const { site, page } = await opened(t);
  await page.locator('[data-key="catch-up"]').click();
  for (let i = 0; i < 5; i++) await page.locator('[data-key="more"]').click();
  await page.locator('[data-key="go"]').click();
  await tap(page, 3, { more: 5 });
  await page.reload(); // leaving sends at once
  await drained(page);
  await page.locator('[data-key="list"]').click();
  await page.getByRole('button', { name: 'Alle 6 terugnemen' }).click();
  await sheet(page).locator('.tap').getByText('Wordt teruggenomen').waitFor();
  await sheet(page).getByRole('button', { name: 'Toch tellen' }).press('Enter'); // as soon with a finger it would be a double touch
  await sheet(page).locator('.tap').getByText('Geteld', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Alle 6 terugnemen' }).click();
  await sheet(page).locator('.tap').getByText('Teruggenomen', { exact: true }).waitFor(); // after the six seconds
  assert.equal((await site.counted()).questions, 0);
});

test('a tap is made right in one step: domain, outcome, day, team and label', async (t) => {
  const labels = [{ code: 1, name: 'Sportfonds', kind: 'subject', domain: 1 }];
  const site = await Site.start(t, { labels });
  const { page } = await openConnected(t, site);
  await tap(page, 3);
  await page.reload();
  await drained(page);
  await page.locator('[data-key="list"]').click();
  await sheet(page).getByRole('button', { name: /wijzigen$/i }).click();
  for (const name of ['Financiën', 'Doorverwezen', 'Gisteren', 'West', 'Sportfonds']) await sheet(page).getByRole('button', { name, exact: true }).click();
  await page.locator('[data-key="save"]').click();
  const right = sheet(page).locator('.tap', { hasText: 'Financiën' });
  await right.getByText('doorverwezen · West').waitFor();
  await right.getByText('met Sportfonds').waitFor();
  await right.getByText('Geteld', { exact: true }).waitFor();
  await sheet(page).locator('.tap', { hasText: 'Huisvesting' }).getByText('Teruggenomen', { exact: true }).waitFor();
  assert.deepEqual(await site.counted(), { questions: 1, 'west/1/referred': 1 });
});

// Records from now on the heights of the foot, and its texts about taps that wait.
const watchFoot = (page) => page.evaluate(() => {
  const [foot, state] = [document.querySelector('.foot'), document.querySelector('.bar__state')];
  const look = () => {
    globalThis.footHeights.add(foot.offsetHeight);
    globalThis.footTexts.add(state.innerText.replace(/\s+/g, ' '));
  };
  Object.assign(globalThis, { footHeights: new Set(), footTexts: new Set() });
  new ResizeObserver(look).observe(foot);
  new MutationObserver(look).observe(state, { subtree: true, childList: true, characterData: true, attributes: true });
});

for (const width of [320, 360, 414]) {
  test(`the foot stays as high while many taps wait, leave and get no receipt, on a phone of ${width} px`, async (t) => {
    const { site, page } = await opened(t, { viewport: { width, height: 1600 } });
    await watchFoot(page);
    site.net.set('losedown'); // what is sent arrives, and nothing comes back
    await tap(page, 1);
    await page.locator('[data-key="domain-1"]:not(.domain--taken)').waitFor(); // so that it leaves before the others
    await page.evaluate(() => document.querySelectorAll('.domain:not([data-key="domain-1"])').forEach((tile) => tile.click()));
    await page.getByText('11 onderweg, bevestiging blijft uit').waitFor();
    await page.locator('.bar__connection--unsure, .bar__connection--offline').waitFor();
    const [heights, texts] = await page.evaluate(() => [[...globalThis.footHeights], [...globalThis.footTexts]]);
    assert.ok(texts.some((text) => /^10 op dit toestel.* 1 onderweg, nog niet bevestigd/.test(text)), texts.join('\n'));
    assert.equal(heights.length, 1, heights.join(', '));
  });
}
