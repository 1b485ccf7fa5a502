// SPDX-License-Identifier: EUPL-1.2
// What a worker's phone goes through: two teams, catching up, labels, refusals that stay, stores that begin again, a
// storage that was emptied, and what the page asks of the phone.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../system/lib/processes.mjs';
import { Phone, chooseTeam, domain, drained, hide, openConnected, openThreeDaysAhead, stored, tap, team, waitingText, wake, workerReady } from './lib/browser.mjs';
import { Site } from './lib/site.mjs';

const labels = [
  { code: 1, name: 'Sportfonds', kind: 'subject', domain: 1 },
  { code: 2, name: 'Balie', kind: 'origin' },
  { code: 3, name: 'Huisarts', kind: 'referred-to' },
];

const summaries = async ({ stack }) => JSON.parse((await stack.turfctl(['export', '--format', 'json'])).stdout).summaries;
const list = (page) => page.getByRole('dialog');
// Long enough for an event to be sent and counted, and shorter than the snackbar holds a tap back.
const BEFORE_THE_HOLD_ENDS = 40_000;

test('two teams at one touch each, remembered; six more for the last day of the quarter before', async (t) => {
  const site = await Site.start(t, {}, { today: '2020-01-02' });
  const { page } = await openConnected(t, site);
  await page.locator('[data-key="other-team"]').click();
  await list(page).getByRole('button', { name: 'West' }).click();
  await tap(page, 4);
  await page.reload();
  await page.locator('[data-key="team-west"][aria-pressed="true"]').waitFor();
  await team(page, 'Oost').click();
  await page.locator('[data-key="team-oost"][aria-pressed="true"]').waitFor();
  await page.locator('[data-key="other-team"]').click();
  await list(page).getByRole('button', { name: 'West niet meer tonen' }).click();
  await page.locator('[data-key="team-west"]').waitFor({ state: 'detached' });
  await page.locator('[data-key="catch-up"]').click();
  await list(page).getByRole('button', { name: 'Di 31 dec' }).or(list(page).getByRole('button', { name: '31 dec 2019' })).click();
  const number = await page.locator('.counter__value').elementHandle();
  for (let i = 0; i < 5; i++) await page.locator('[data-key="more"]').click();
  assert.equal(await number.textContent(), '6 keer', 'a screen reader listens to the element that was there before');
  assert.equal(await page.locator('[data-key="go"]').textContent(), 'Tellen voor 31 dec 2019, 6\u00a0keer');
  await page.locator('[data-key="go"]').click();
  await page.locator('.mode').getByText('Alleen de volgende tik telt 6 keer').waitFor();
  await domain(page, 5).click();
  await waitingText(page).getByText('6 op dit toestel').waitFor();
  await page.locator('.mode').getByText('Alleen de volgende tik telt 6 keer').waitFor({ state: 'detached' }); // the number holds for one tap, the day stays
  await page.locator('[data-key="back"]').click();
  await page.locator('.mode').waitFor({ state: 'hidden' });
  await page.locator('[data-key="catch-up"]').click();
  await page.locator('[data-key="more"]').click();
  await page.locator('[data-key="go"]').click();
  await tap(page, 6, { more: 1 });
  await hide(page);
  await drained(page);
  const found = await summaries(site);
  const totals = Object.fromEntries(found.filter(({ questions }) => questions).map((one) => [`${one.team}/${one.period}`, one.questions]));
  assert.deepEqual(totals, { 'oost/2019-Q4': 6, 'oost/2019': 6, 'all/2019-Q4': 6, 'all/2019': 6, 'oost/2020-Q1': 2, 'oost/2020': 2, 'west/2020-Q1': 1, 'west/2020': 1, 'all/2020-Q1': 3, 'all/2020': 3 });
  await page.getByText('2 vragen dit kwartaal', { exact: true }).waitFor();
});

test('another day, typed: it is what the field shows in the end, and a day that cannot be is not taken for today', async (t) => {
  const site = await Site.start(t, {}, { today: '2019-12-31' });
  const { page } = await openConnected(t, site);
  const field = page.locator('[data-key="date"]');
  const go = () => page.locator('[data-key="go"]').click();
  await page.locator('[data-key="catch-up"]').click();
  for (const wrong of ['2020-01-01', '2017-12-31', '']) {
    await field.fill(wrong);
    await go();
    assert.equal(await field.inputValue(), wrong);
    assert.equal(await list(page).locator('.chip[aria-pressed="true"]').count(), 0);
  }
  await field.fill('2019-12-31');
  await field.focus();
  await page.keyboard.type('11112019');
  assert.equal(await field.inputValue(), '2019-11-11');
  await go();
  await page.locator('.mode').getByText('U telt voor ma 11 nov, Oost.').waitFor();
  await page.locator('[data-key="catch-up"]').click();
  await list(page).getByRole('button', { name: 'Vandaag' }).click();
  assert.equal(await field.inputValue(), '2019-12-31');
  await go();
  await page.locator('.mode').waitFor({ state: 'hidden' });
});

test('labels are a third tap for who wants it: those that fit, until the page is hidden, and then they go at once', async (t) => {
  const site = await Site.start(t, { labels });
  const { page } = await openConnected(t, site);
  await domain(page, 2).click();
  await page.getByRole('button', { name: 'Onderwerp toevoegen' }).click();
  assert.deepEqual(await list(page).locator('.chip').allTextContents(), ['Balie']);
  await list(page).getByText('Niet verplicht').waitFor();
  await page.locator('[data-key="done"]').click();
  await page.locator('[data-key="referred"]').click();
  await domain(page, 1).click();
  await page.locator('[data-key="add"]').click();
  assert.deepEqual(await list(page).locator('.chip').allTextContents(), ['Sportfonds', 'Balie', 'Huisarts']);
  await page.locator('[data-key="label-1"]').click();
  await page.locator('[data-key="label-3"]').click();
  await page.locator('[data-key="label-3"][aria-pressed="true"]').waitFor();
  await eventually(async () => (await site.counted()).questions === 1, 'the first, which is done');
  await hide(page);
  await eventually(async () => (await site.counted()).questions === 2, 'the second, which was hidden', BEFORE_THE_HOLD_ENDS);
  const all = (await summaries(site)).find((one) => one.team === 'all' && one.questions);
  assert.deepEqual(all.labels.map(({ label, count }) => [label, count]), [[1, 1], [3, 1]]);
});

test('what is chosen while a tap is being stored is for the next; without labels in the catalogue nobody is asked for any', async (t) => {
  const site = await Site.start(t);
  const { page } = await openConnected(t, site);
  await page.evaluate(() => ['domain-1', 'referred'].forEach((key) => document.querySelector(`[data-key="${key}"]`).click()));
  await page.locator('[data-key="undo"]').waitFor();
  assert.equal(await page.locator('[data-key="add"]').count(), 0);
  await tap(page, 2);
  await hide(page);
  await drained(page);
  assert.deepEqual(await site.counted(), { questions: 2, 'oost/1/answered': 1, 'oost/2/referred': 1 });
});

test('a refusal stays through reloads until it is dismissed', async (t) => {
  const site = await Site.start(t);
  const { phone, page } = await openThreeDaysAhead(t, site);
  await tap(page, 1);
  const refusal = page.getByText('1 vraag is niet geteld');
  await page.reload();
  await refusal.waitFor();
  await page.getByText('De datum ligt in de toekomst').waitFor();
  await page.locator('.next__refused').getByText('1 niet geteld').waitFor();
  await page.reload();
  await refusal.waitFor();
  const mend = page.locator('[data-key^="mend-"]');
  await mend.waitFor();
  await site.stack.turfd.kill('SIGKILL');
  await mend.waitFor({ state: 'detached' }); // nobody knows the right day
  await site.stack.startTurfd();
  await mend.waitFor();
  await page.locator('[data-key^="dismiss-"]').click();
  await refusal.waitFor({ state: 'detached' });
  await page.reload();
  await domain(page, 1).waitFor();
  assert.deepEqual(await stored(page), { all: 0, waiting: 0 });
  assert.equal(await refusal.count(), 0);
  assert.equal((await site.counted()).questions, 0);
});

test('on this phone, sent, counted: three states; a store and a broker that begin again get everything again', async (t) => {
  const site = await Site.start(t);
  const { page } = await openConnected(t, site);
  for (const code of [1, 2]) await tap(page, code);
  await hide(page);
  await drained(page);
  await site.stack.turfd.stop();
  await site.stack.broker.kill();
  await tap(page, 3);
  await page.locator('[data-key="list"]').click();
  await list(page).getByText('Op dit toestel', { exact: true }).first().waitFor();
  await site.stack.broker.startAgain();
  await wake(page);
  await hide(page);
  await list(page).locator('.tap').getByText('Verzonden', { exact: true }).waitFor();
  assert.equal(await list(page).locator('.tap').getByText('Geteld', { exact: true }).count(), 2);
  site.stack.removeStore();
  await site.stack.startTurfd();
  await eventually(async () => (await list(page).locator('.tap').getByText('Geteld', { exact: true }).count()) === 3, 'all to be counted again');
  assert.deepEqual(await site.counted(), { questions: 3, 'oost/1/answered': 1, 'oost/2/answered': 1, 'oost/3/answered': 1 });
  await page.keyboard.press('Escape');
  await page.getByText('De telling is hersteld. 2 eerdere tikken worden').waitFor();
  await page.locator('[data-key="reoffered"]').click();
  await page.getByText('De telling is hersteld').waitFor({ state: 'detached' });
});

test('taps for a final quarter: said before they are tapped, shown as late until they were seen, through a reload, and then forgotten', async (t) => {
  const site = await Site.start(t, {}, { today: '2020-03-02' });
  const { page } = await openConnected(t, site);
  const announced = 'Dit kwartaal is definitief: telt niet mee in de cijfers';
  await page.locator('[data-key="catch-up"]').click();
  const warning = await page.locator('.catch-up-final').elementHandle();
  assert.equal(await warning.textContent(), '');
  await page.locator('[data-key="date"]').fill('2019-11-11');
  assert.match(await warning.textContent(), new RegExp(announced));
  for (let i = 0; i < 2; i++) await page.locator('[data-key="more"]').click();
  await page.locator('[data-key="go"]').click();
  await page.locator('.mode').getByText(announced).waitFor();
  await tap(page, 3, { more: 2 });
  await hide(page);
  await drained(page);
  await waitingText(page).getByText('Alles is geteld, 3 te laat').waitFor();
  await page.getByText('Van langer geleden: 3 te laat, niet meegeteld').waitFor();
  await page.locator('[data-key="older"]').click();
  await eventually(async () => (await stored(page)).all === 0, 'what was dismissed to be forgotten');
  await page.getByText('Van langer geleden').waitFor({ state: 'detached' });
  await tap(page, 4); // of the same day
  await hide(page);
  await drained(page);
  await page.reload();
  await domain(page, 3).waitFor();
  await page.getByText('Van langer geleden: 1 te laat, niet meegeteld').waitFor();
  await page.locator('[data-key="list"]').click();
  await list(page).locator('.tap').getByText('Te laat, niet meegeteld', { exact: true }).waitFor();
  assert.equal(await list(page).locator('h3').first().textContent(), '11 nov 2019 · 1: 1 beantwoord, 0 doorverwezen');
  await eventually(() => page.evaluate(() => [...document.querySelectorAll('dialog .tap')].every((row) => row.getBoundingClientRect().bottom <= innerHeight)), 'the row to be on the screen');
  assert.deepEqual(await stored(page), { all: 1, waiting: 0 }, 'nothing goes while it is looked at');
  await page.keyboard.press('Escape');
  await eventually(async () => (await stored(page)).all === 0, 'what was seen to be forgotten');
  await page.getByText('Van langer geleden').waitFor({ state: 'detached' });
});

test('equal taps of a day stand in one row: one of them is taken back, or all', async (t) => {
  const site = await Site.start(t);
  const { page } = await openConnected(t, site);
  for (const code of [1, 1, 1, 2]) await tap(page, code);
  await tap(page, 1, { referred: true });
  await hide(page);
  await drained(page);
  await page.locator('[data-key="list"]').click();
  const rows = list(page).locator('.tap');
  await list(page).getByText('Vandaag 5: 4 beantwoord, 1 doorverwezen').waitFor();
  assert.equal(await rows.count(), 3);
  const three = rows.filter({ hasText: '3× ' });
  await three.getByRole('button', { name: '1 terugnemen' }).click();
  await list(page).getByText('Vandaag 4: 3 beantwoord, 1 doorverwezen').waitFor();
  await rows.getByText('Teruggenomen', { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.className), 'tap', 'the focus stays in the list');
  await rows.filter({ hasText: '2× ' }).getByRole('button', { name: 'Alle 2 terugnemen' }).click();
  await list(page).getByText('Vandaag 2: 1 beantwoord, 1 doorverwezen').waitFor();
  await rows.filter({ hasText: '3× ' }).getByText('Teruggenomen', { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.className), 'tap', 'also where a row joins another');
  await eventually(async () => (await site.counted()).questions === 2, 'three to be taken back');
});

const empty = (page) => page.evaluate(() => new Promise((done, failed) => Object.assign(indexedDB.deleteDatabase('turf-proef'), { onsuccess: done, onerror: failed })));

test('a storage that is emptied under an open page: what waits is stored again, and the page says so', async (t) => {
  const site = await Site.start(t);
  const { page } = await openConnected(t, site);
  site.net.set('refuse');
  await tap(page, 1);
  await tap(page, 2);
  await empty(page);
  await page.getByText('2 tikken die nog wachtten, zijn opnieuw opgeslagen').waitFor();
  assert.deepEqual(await stored(page), { all: 2, waiting: 2 });
  await page.locator('[data-key="refilled"]').click();
  await page.reload();
  await domain(page, 1).waitFor();
  assert.equal(await page.getByText('leeggemaakt').count(), 0);
  site.net.set('pass');
  await wake(page);
  await drained(page);
  assert.deepEqual(await site.counted(), { questions: 2, 'oost/1/answered': 1, 'oost/2/answered': 1 });
});

test('an emptied storage is noticed and said until it is dismissed', async (t) => {
  const site = await Site.start(t);
  const { phone, page } = await openConnected(t, site);
  await tap(page, 1);
  await hide(page);
  await drained(page);
  const notice = page.getByText('De opslag van dit toestel is leeggemaakt');
  await page.reload();
  await domain(page, 1).waitFor();
  assert.equal(await notice.count(), 0);
  const keeper = await phone.open(`${site.origin}/icon.svg`);
  await page.goto('about:blank');
  await empty(keeper);
  await page.goto(site.url);
  await notice.waitFor();
  await chooseTeam(page);
  await page.locator('[data-key="emptied"]').click();
  await notice.waitFor({ state: 'detached' });
  await page.reload();
  await domain(page, 1).waitFor();
  assert.equal(await notice.count(), 0);
  await tap(page, 2);
  await hide(page);
  await drained(page);
  assert.equal((await site.counted()).questions, 2);
});

test('a page that cannot start says why, and offers to try again, in the language that is wanted', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  await phone.context.route('**/config.json', (route) => route.abort());
  const page = await phone.open();
  await page.getByText('Deze pagina kon niet worden geladen').waitFor();
  await page.locator('[data-key="language"]').click();
  await page.getByText('This page could not be loaded').waitFor();
  await phone.context.unroute('**/config.json');
  await page.getByRole('button', { name: 'Try again' }).click();
  await team(page, 'Oost').waitFor();
});

test('where a full disk keeps nothing more, the pages that were not kept are shown from the network', async (t) => {
  const site = await Site.start(t);
  const { phone, page } = await openConnected(t, site);
  await workerReady(page);
  await page.reload();
  const session = await phone.context.newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: site.origin, quotaSize: 1 });
  const leader = await phone.open(site.leaderUrl());
  await leader.getByText('Live', { exact: true }).waitFor();
});

// All that the browser keeps of the pages, but for the catalogue and the pages' own files.
const kept = (page) => page.evaluate(async () => {
  const open = (name) => new Promise((done, failed) => Object.assign(indexedDB.open(name), { onsuccess: (event) => done(event.target.result), onerror: failed }));
  const read = (db, store, how) => new Promise((done, failed) => Object.assign(db.transaction(store).objectStore(store)[how](), { onsuccess: (event) => done(event.target.result), onerror: failed }));
  const [db, doorDb] = [await open('turf-proef'), await open('turf-door-proef')];
  const [taps, names, values] = [await read(db, 'taps', 'getAll'), await read(db, 'meta', 'getAllKeys'), await read(db, 'meta', 'getAll')];
  const door = await read(doorDb, 'door', 'getAll');
  db.close();
  doorDb.close();
  const meta = Object.fromEntries(names.map((name, i) => [name, name === 'catalogue' ? '' : values[i]]));
  const databases = (await indexedDB.databases()).map(({ name }) => name).sort();
  return { databases, taps, meta, door, local: { ...localStorage }, session: { ...sessionStorage }, history: history.state, caches: await caches.keys(), address: location.href };
});

test('nothing that the browser keeps says who tapped, or at what time', async (t) => {
  const site = await Site.start(t);
  const { phone, page } = await openConnected(t, site);
  await workerReady(page);
  await tap(page, 1);
  await hide(page);
  await drained(page);
  site.net.set('refuse');
  await tap(page, 2);
  await eventually(async () => (await kept(page)).taps.every(({ hold }) => hold === 0), 'the hold of what waits to be forgotten');
  const { taps, meta, local, caches, ...rest } = await kept(page);
  const fields = ['day', 'domain', 'hold', 'id', 'labels', 'n', 'outcome', 'questionVerdict', 'questionWaits', 'retracting', 'retractionVerdict', 'retractionWaits', 'secret', 'sent', 'team'];
  assert.deepEqual(taps.map((one) => Object.keys(one).sort()), [fields, fields]);
  assert.deepEqual(Object.keys(meta).sort(), ['catalogue', 'epoch', 'forget', 'pinned', 'team', 'teams', 'used'].filter((name) => name in meta));
  assert.deepEqual(local, { 'turf-used': '1' });
  assert.deepEqual(rest, { databases: ['turf-door-proef', 'turf-proef'], door: [], session: {}, history: { used: true }, address: site.url });
  assert.ok(caches.every((name) => /^turf-([0-9a-f]{16}|seen)$/.test(name)), caches.join());
  const moments = JSON.stringify({ taps, meta }).match(/:\d{9,}/g);
  assert.equal(moments, null, 'a number that could be a moment');
  await phone.keptToItself();
});

// Records which questions the page asks the browser (persistent storage, installation).
const recordRequests = () => {
  globalThis.asked = [];
  navigator.storage.persisted = async () => false;
  navigator.storage.persist = async () => asked.push('persist') < 0;
  addEventListener('beforeinstallprompt', (event) => event.isTrusted && event.stopImmediatePropagation());
};

const offer = (page) => page.evaluate(() => {
  const event = new Event('beforeinstallprompt', { cancelable: true });
  event.prompt = async () => asked.push(event.defaultPrevented ? 'install' : 'install twice');
  dispatchEvent(event);
});
const asksToKeep = (page) => eventually(() => page.evaluate(() => asked.includes('persist')), 'the request');

test('with the first tap the page asks for a storage that lasts, and for the home screen; no is no', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  await phone.context.addInitScript(recordRequests);
  const page = await phone.open();
  await chooseTeam(page);
  assert.deepEqual(await page.evaluate(() => asked), []);
  await tap(page, 1);
  await asksToKeep(page);
  await offer(page);
  await page.locator('[data-key="install"]').click();
  await eventually(() => page.evaluate(() => asked.includes('install')), 'the prompt');
  await page.locator('[data-key="install"]').waitFor({ state: 'detached' });
  await offer(page);
  await page.locator('[data-key="not-now"]').click();
  await page.reload();
  await domain(page, 1).waitFor();
  await offer(page);
  await tap(page, 1);
  assert.equal(await page.locator('[data-key="install"]').count(), 0);
  assert.ok(!(await page.evaluate(() => asked)).some((what) => what.startsWith('install')), 'no is no');
});

test('a storage that may be cleared: the page asks again at later visits and after installation, Firefox once in each', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  await phone.context.addInitScript(recordRequests);
  const page = await phone.open();
  await chooseTeam(page);
  await tap(page, 1);
  await asksToKeep(page);
  await page.reload();
  await asksToKeep(page);
  await page.evaluate(() => {
    asked.length = 0;
    dispatchEvent(new Event('appinstalled'));
  });
  await asksToKeep(page);

  const other = await Phone.start(t, site, { userAgent: 'Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0' });
  await other.context.addInitScript(recordRequests);
  const firefox = await other.open();
  await chooseTeam(firefox);
  await tap(firefox, 1);
  await asksToKeep(firefox);
  await firefox.reload();
  await workerReady(firefox); // the page asks before it registers the worker
  assert.deepEqual(await firefox.evaluate(() => asked), []);
  await firefox.evaluate(() => dispatchEvent(new Event('appinstalled')));
  await asksToKeep(firefox);
});

test('the home screen is not offered while taps wait in this browser', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  await phone.context.addInitScript(recordRequests);
  const page = await phone.open();
  await chooseTeam(page);
  site.net.set('refuse');
  await tap(page, 1);
  await offer(page);
  await tap(page, 2);
  await waitingText(page).getByText('2 op dit toestel').waitFor();
  assert.equal(await page.locator('[data-key="install"]').count(), 0);
  site.net.set('pass');
  await hide(page);
  await wake(page);
  await drained(page);
  await page.locator('[data-key="install"]').waitFor();
});

test('both pages can be installed', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site, { ownBrowser: true }); // nothing can be installed in a context beside others
  for (const [url, name] of [[site.url, 'Turf'], [site.leaderUrl(), 'Turf cijfers']]) {
    const page = await phone.open(url);
    const session = await phone.context.newCDPSession(page);
    const { errors, data } = await session.send('Page.getAppManifest');
    assert.deepEqual([errors, JSON.parse(data).short_name], [[], name]);
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    assert.deepEqual(installabilityErrors, [], name);
  }
});

test('on an iPhone the page says how', async (t) => {
  const site = await Site.start(t);
  const userAgent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
  const phone = await Phone.start(t, site, { userAgent });
  await phone.context.addInitScript(recordRequests);
  const page = await phone.open();
  await chooseTeam(page);
  await tap(page, 1);
  await page.getByText('tik op Deel en kies').waitFor();
});
