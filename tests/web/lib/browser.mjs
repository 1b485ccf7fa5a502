// SPDX-License-Identifier: EUPL-1.2
// Debian's Chromium, and what a worker does in it. All that a page asks of the network is kept, and every complaint of
// the browser: a policy that was broken, a script that failed.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { chromium } from 'playwright-core';

import { atEnd } from '../../system/lib/cleanup.mjs';
import { patience, temporaryFolder } from '../../system/lib/paths.mjs';
import { eventually } from '../../system/lib/processes.mjs';
import { describe } from './page-state.mjs';

const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--lang=nl'];

const launchOptions = { executablePath, headless: true, args, timeout: patience };

// One browser for all tests of a file, since its start takes a second or more. What a test does in it stays in a context of
// its own: storage, service workers, cookies, permissions. A browser that has ended is not used any more.
let shared;

async function sharedBrowser() {
  if (!shared?.isConnected()) shared = await chromium.launch(launchOptions);
  return shared;
}

// tests/bench uses phones too, each with `ownBrowser`: there node's test runner, which prints a report, stays out.
if (process.argv[1]?.endsWith('.test.mjs')) after(() => shared?.close());

// One phone. options: Playwright's for a context, and `ownBrowser`: a browser for this phone alone, whose storage lives in a
// folder, so that it survives `restart`.
export class Phone {
  static async start(t, site, { ownBrowser = false, ...options } = {}) {
    const phone = new Phone();
    Object.assign(phone, { site, requests: [], complaints: [] });
    phone.options = { viewport: { width: 360, height: 740 }, locale: 'nl-NL', reducedMotion: 'reduce', ...options };
    if (ownBrowser) phone.folder = temporaryFolder(t, 'turf-browser');
    atEnd(t, () => phone.context?.close());
    await phone.#launch();
    return phone;
  }

  async #launch() {
    this.context = this.folder
      ? await chromium.launchPersistentContext(this.folder, { ...launchOptions, ...this.options })
      : await (await sharedBrowser()).newContext(this.options);
    this.context.setDefaultTimeout(patience);
    this.context.on('request', (request) => this.requests.push(request.url()));
    this.context.on('weberror', (error) => this.complaints.push(String(error.error())));
    this.context.on('page', (page) => this.#listen(page));
    for (const page of this.context.pages()) this.#listen(page);
  }

  #listen(page) {
    page.on('websocket', (socket) => this.requests.push(socket.url()));
    page.on('console', (message) => {
      if (/Content.Security.Policy|TrustedHTML|TrustedScript|Trusted Type|MIME type/i.test(message.text())) this.complaints.push(message.text());
    });
  }

  // The browser ends, and comes back with what it had stored. Only with `ownBrowser`.
  async restart() {
    assert.ok(this.folder, 'the storage of this phone does not survive its browser');
    await this.context.close();
    await this.#launch();
  }

  async open(url = this.site.url) {
    const page = await this.context.newPage();
    await page.goto(url);
    return page;
  }

  // Pages opened from now on believe that it is so many days later.
  setDateOff(days) {
    return this.context.addInitScript((ms) => {
      const { now } = Date;
      Date.now = () => now() + ms;
    }, days * 86_400_000);
  }

  // Kills the page's process.
  async crash(page) {
    const dead = new Promise((resolve) => page.once('crash', resolve));
    const session = await this.context.newCDPSession(page);
    session.send('Page.crash').catch(() => {}); // nobody is left to answer
    await dead;
    await page.close();
  }

  // Fails if a page asked another site for anything, broke a policy, or set a cookie.
  async keptToItself() {
    const own = [this.site.origin, this.site.origin.replace('http', 'ws')];
    assert.deepEqual(this.requests.filter((url) => !own.includes(url.split('/').slice(0, 3).join('/'))), []);
    assert.deepEqual(this.complaints, []);
    assert.deepEqual(await this.context.cookies(), []);
  }
}

// ---- The worker's page ------------------------------------------------------------------------------

export const team = (page, name) => page.getByRole('button', { name, exact: true });
export const domain = (page, code) => page.locator(`[data-key="domain-${code}"]`);

export async function chooseTeam(page, name = 'Oost') {
  await team(page, name).click();
  await domain(page, 1).waitFor();
}

// A new phone whose page has its team and is connected: { phone, page }. options: as for Phone.
export async function openConnected(t, site, options) {
  const phone = await Phone.start(t, site, options);
  const page = await phone.open();
  await chooseTeam(page);
  await online(page);
  return { phone, page };
}

// A new phone whose date is three days ahead, which its page has noticed: { phone, page }.
export async function openThreeDaysAhead(t, site) {
  const phone = await Phone.start(t, site);
  await phone.setDateOff(3);
  const page = await phone.open();
  await chooseTeam(page);
  await page.getByText('Zet de datum van het toestel goed').waitFor();
  return { phone, page };
}

// A page of a phone that was used before.
export async function openTap(phone) {
  const page = await phone.open();
  await domain(page, 1).waitFor();
  return page;
}

// What the phone has on disk: { taps, team }, '' where no team was chosen.
const onDisk = (page) => page.evaluate(() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('turf-proef');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const reading = opening.result.transaction(['taps', 'meta']);
    const taps = reading.objectStore('taps').getAll();
    const team = reading.objectStore('meta').get('team');
    reading.onerror = () => reject(reading.error);
    reading.oncomplete = () => {
      opening.result.close();
      resolve({ taps: taps.result, team: team.result ?? '' });
    };
  };
}));

// How many taps: all that were made, and those that wait.
export async function stored(page) {
  const { taps } = await onDisk(page);
  return { all: taps.length, waiting: taps.filter((tap) => tap.questionWaits || tap.retractionWaits).length };
}

// Waits until no tap waits on the phone's disk. If that is in vain, the error says what the page and the servers were doing.
export async function outboxEmpty(page, limit = patience) {
  try {
    await eventually(async () => (await stored(page)).waiting === 0, 'an empty outbox', limit);
  } catch (error) {
    throw new Error(`${error.message}\n${await describe(page, async () => (await onDisk(page)).taps)}`);
  }
}

// Waits until the team is stored. WebKit drops a write that is under way when the page is loaded again; the page then asks for
// the team again.
export const teamStored = (page) => eventually(async () => (await onDisk(page)).team !== '', 'the team on disk');

// The tile, once its mark is gone: the page takes two touches of a tile within 300 ms for one, and shows the mark for longer.
const rested = (page, code) => page.locator(`[data-key="domain-${code}"]:not(.domain--taken)`).elementHandle();

// Notes in the page when the tile has got its mark: on a busy machine that is some time after the tap is on disk.
const watchMark = (tile) => tile.evaluate((element) => {
  element.gotMark = false;
  const look = () => (element.gotMark ||= element.classList.contains('domain--taken'));
  new MutationObserver(look).observe(element, { attributeFilter: ['class'] });
});

// A viewport that has every domain in sight. Where a page must be scrolled between two quick taps, the second tile may lie
// where the first touch was, and the page takes that for one touch that bounced.
export const allInSight = { viewport: { width: 360, height: 1600 } };

// One question, or `more`; resolves when the phone has it on disk and its tile has got the mark. A caller that taps the same tile
// again at once would otherwise find it without a mark, and its touch would be taken for a double one.
export async function tap(page, code, { referred = false, more = 0 } = {}) {
  const { all } = await stored(page);
  if (referred) await page.locator('[data-key="referred"]').click();
  const tile = await rested(page, code);
  await watchMark(tile);
  await tile.click();
  await eventually(async () => (await stored(page)).all === all + 1 + more, 'the tap on disk');
  await eventually(() => tile.evaluate((element) => element.gotMark), 'the mark on the tile');
}

// Tells the page that the network is back, as a phone does.
export const wake = (page) => page.evaluate(() => dispatchEvent(new Event('online')));

// Hides the page, so that it sends at once what it holds back.
export const hide = (page) => page.evaluate(() => dispatchEvent(new Event('pagehide')));

export const online = (page) => page.locator('.bar__connection--online').waitFor();
export const waitingText = (page) => page.locator('#waiting');

// Waits until the outbox is empty, and the screen says so.
export async function drained(page, limit = patience * 3) {
  await outboxEmpty(page, limit);
  await page.getByText('Alles is geteld').waitFor();
}

// Waits until the page can start without a network.
export const workerReady = (page) => page.evaluate(async () => {
  await navigator.serviceWorker.ready;
});
