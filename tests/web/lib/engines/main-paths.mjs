// SPDX-License-Identifier: EUPL-1.2
// The main paths of both pages, in an engine that the other tests do not use. Selectors and not words say what is meant,
// where they can.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { question } from '../../../system/lib/messages.mjs';
import { temporaryFolder } from '../../../system/lib/paths.mjs';
import { eventually, succeed } from '../../../system/lib/processes.mjs';
import { hide, outboxEmpty, stored, teamStored, wake, workerReady } from '../browser.mjs';
import { Site } from '../site.mjs';
import { shared } from './shared.mjs';

const tile = (code) => `[data-key="domain-${code}"]`;
const waits = async (page, n) => assert.deepEqual(await stored(page), { all: n, waiting: n });

// Taps one question; resolves when the phone has it on disk. Choose tiles in different columns for two taps in a row: each tile
// is scrolled to the middle, and the page takes two touches at one place within 300 ms for one touch that bounced.
async function tap(page, code) {
  const { all } = await stored(page);
  await page.click(tile(code));
  await eventually(async () => (await stored(page)).all === all + 1, 'the tap on disk');
}

// Waits until the outbox is empty. Where the six seconds of a tap are not what is tested, they end by hiding the page.
async function drained(page, { hidden = true } = {}) {
  if (hidden) await hide(page);
  await outboxEmpty(page);
  await page.seen('.bar', 'Alles is geteld');
}

const connected = (page) => page.seen('.bar__connection--online');

async function openTap(browser, site) {
  const page = await browser.open(site.url);
  await page.seen(tile(1));
  return page;
}

// A page with its team, and connected.
async function working(t, engine, options) {
  const site = await Site.start(t, {}, options);
  const browser = await engine.start(t);
  const page = await browser.open(site.url);
  await page.click('.team');
  await page.seen(tile(1));
  await teamStored(page);
  await connected(page);
  await page.reload(); // a tile that the last touch put below it does not take the next one at once, which a program may be
  await page.seen(tile(1));
  await connected(page);
  return { site, browser, page };
}

export function mainPaths(engine) {
  const common = shared(engine); // for the scenarios that do not end their browser
  test('a tap is counted once, and the leader sees it', async (t) => {
    const { site, browser, page } = await working(t, common);
    const leader = await browser.open(site.leaderUrl());
    await leader.seen('.fresh', 'Live');
    await tap(page, 3);
    await page.seen('#waiting', '1');
    await drained(page, { hidden: false });
    assert.deepEqual(await site.counted(), { questions: 1, 'oost/3/answered': 1 });
    await leader.seen('[data-key="total"], .row--total', '1');
  });

  test('undone within its seconds, a tap never leaves the phone', async (t) => {
    const { site, page } = await working(t, common);
    await tap(page, 1);
    await page.click('[data-key="undo"]');
    await eventually(async () => (await stored(page)).all === 0, 'the tap to be gone');
    await page.click('[data-key="referred"]');
    await tap(page, 2);
    await page.reload();
    await drained(page);
    assert.deepEqual(await site.counted(), { questions: 1, 'oost/2/referred': 1 });
  });

  test('started without a network, twice, it keeps taps, and they count when the network is back', async (t) => {
    const { site, browser, page } = await working(t, engine);
    await workerReady(page);
    await site.vanish();
    await browser.close();
    await browser.launch();
    const offline = await openTap(browser, site);
    for (const code of [1, 2]) await tap(offline, code);
    await waits(offline, 2);
    await browser.close();
    await browser.launch();
    const again = await openTap(browser, site);
    await waits(again, 2);
    await site.serve();
    await wake(again);
    await drained(again);
    assert.deepEqual(await site.counted(), { questions: 2, 'oost/1/answered': 1, 'oost/2/answered': 1 });
  });

  test('the page is loaded again, twice, while a tap waits', async (t) => {
    const { site, page } = await working(t, common);
    site.net.set('refuse');
    await tap(page, 1);
    for (let i = 0; i < 2; i++) {
      await page.reload();
      await page.seen(tile(1));
      await waits(page, 1);
    }
    await tap(page, 2);
    await waits(page, 2);
    site.net.set('pass');
    await wake(page);
    await drained(page);
    assert.deepEqual(await site.counted(), { questions: 2, 'oost/1/answered': 1, 'oost/2/answered': 1 });
  });

  for (const network of ['pass', 'refuse']) {
    const how = network === 'pass' ? 'with' : 'without';
    test(`a tap, another address within its six seconds, and back, ${how} a network`, async (t) => {
      const { site, page } = await working(t, common);
      site.net.set(network);
      await tap(page, 1);
      await page.goto(site.leaderUrl());
      await page.seen('.top');
      assert.equal((await stored(page)).all, 1); // nothing holds the database
      await page.back();
      await page.seen(tile(1));
      assert.equal((await stored(page)).all, 1);
      await tap(page, 2);
      await page.reload();
      await page.seen(tile(1));
      site.net.set('pass');
      await wake(page);
      await drained(page);
      assert.deepEqual(await site.counted(), { questions: 2, 'oost/1/answered': 1, 'oost/2/answered': 1 });
    });
  }

  test('a page that is left with the touch that counts, in the same moment, has counted', async (t) => {
    const { site, page } = await working(t, common);
    const url = site.leaderUrl();
    await page.evaluate((selector, to) => {
      document.querySelector(selector).click();
      location.assign(to);
    }, tile(1), url);
    await page.seen('.top');
    await eventually(async () => (await stored(page)).all === 1, 'the tap on disk');
    await page.back();
    await page.seen(tile(1));
    await drained(page);
    assert.deepEqual(await site.counted(), { questions: 1, 'oost/1/answered': 1 });
  });

  test('a tap whose page is left at once, and which is taken back on another page, does not count in the end', async (t) => {
    const { site, browser, page } = await working(t, common);
    await tap(page, 1);
    site.net.set('losedown');
    await page.goto(site.leaderUrl());
    await page.seen('.top');
    if (engine.sendsWhenLeft) await eventually(async () => (await site.counted()).questions === 1, 'what was tapped to be counted');
    site.net.set('refuse');
    const other = await openTap(browser, site);
    await other.click('[data-key="list"]');
    await other.click('[data-key^="back-"]');
    await eventually(() => other.evaluate(() => !document.querySelector('[data-key^="back-"]')), 'the tap to be taken back');
    site.net.set('pass');
    await wake(other);
    await outboxEmpty(other);
    assert.equal((await site.counted()).questions, 0);
  });

  test('the tab is closed within the six seconds, the browser killed within the next: every tap is there and counts', async (t) => {
    const { site, browser, page } = await working(t, engine);
    await tap(page, 1);
    await page.close();
    const again = await openTap(browser, site);
    await tap(again, 2);
    await browser.kill();
    await browser.launch();
    const last = await openTap(browser, site);
    assert.equal((await stored(last)).all, 2);
    await drained(last);
    assert.deepEqual(await site.counted(), { questions: 2, 'oost/1/answered': 1, 'oost/2/answered': 1 });
  });

  test('broker and turfd go and come back, and the broker has forgotten everything', async (t) => {
    const { site, page } = await working(t, common);
    await tap(page, 1); // held for six seconds, in which turfd and the broker go
    await site.stack.turfd.kill('SIGKILL');
    await site.stack.broker.kill();
    await page.gone('.bar__connection--online');
    await tap(page, 2);
    await site.stack.broker.startAgain();
    await site.stack.startTurfd();
    await wake(page);
    await drained(page);
    assert.deepEqual(await site.counted(), { questions: 2, 'oost/1/answered': 1, 'oost/2/answered': 1 });
  });

  test('a new build takes over at a touch, and what waits is kept', async (t) => {
    const { site, page } = await working(t, common);
    await workerReady(page);
    site.net.set('refuse');
    await page.gone('.bar__connection--online'); // what changes on the screen meanwhile must not come between a press
    await tap(page, 1);
    site.update();
    await page.reload();
    await page.click('[data-key="update"]');
    await page.seen('body[data-build="later"]');
    await page.seen(tile(1));
    await waits(page, 1);
    site.net.set('pass');
    await wake(page);
    await drained(page);
    assert.deepEqual(await site.counted(), { questions: 1, 'oost/1/answered': 1 });
  });

  test('a page that could not load the library when it was opened gets it when it is there, and sends', async (t) => {
    const site = await Site.start(t);
    const putBack = site.withholdLibrary();
    const browser = await common.start(t);
    const page = await browser.open(site.url);
    await page.seen('.starting'); // without the library there is no catalogue
    await page.gone('.team');
    putBack();
    await page.evaluate(() => {
      performance.now = () => 1e9; // it has been open for long
    });
    await page.click('.team');
    await page.seen(tile(1));
    await connected(page);
  });

  test('the leader reads the figures, saves them as CSV and prints them', async (t) => {
    const site = await Site.start(t, {}, { today: '2019-12-31' });
    const phone = await site.stack.phone();
    await phone.register('oost', [question('2019-12-30', 3), question('2019-12-30', 3), question('2019-12-31', 5, 'OUTCOME_REFERRED')]);
    const browser = await common.start(t);
    const page = await browser.open(site.leaderUrl('#oost/jaarverslag/2019'));
    await page.seen('.lead__total', '3');
    const csv = (await browser.saved(page, '[data-action="csv"][data-form="nl"]', /\.csv$/)).toString();
    assert.match(csv, /^\ufeff.+\r\n/);
    assert.match(csv, /;oost;.*;2019-Q4;.*;2;1;3;/);
    const pdf = join(temporaryFolder(t, 'turf-print'), 'print.pdf');
    writeFileSync(pdf, await browser.printed(page, '[data-action="print"]'));
    const { stdout: text } = await succeed('pdftotext', ['-layout', pdf, '-']);
    assert.match(text, /Oost/);
    assert.match(text, /Huisvesting\s+2\s/);
    assert.doesNotMatch(text, /Afdrukken|CSV/);
  });
}
