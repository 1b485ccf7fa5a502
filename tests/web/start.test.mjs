// SPDX-License-Identifier: EUPL-1.2
// Pages that cannot start, or wait for something that does not come: each says so in a sentence.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Phone, chooseTeam, domain, online } from './lib/browser.mjs';
import { Site } from './lib/site.mjs';

// Answers each request for a page's own script with `answer`, for every page of this phone.
const scriptIs = (phone, answer) => phone.context.route(/\/assets\/(tap|leader)-[^/]*\.js$/, (route) => route.fulfill(answer));

const cases = [
  ['that is not there', { status: 404, contentType: 'text/html', body: 'not found' }],
  ['that this browser cannot read', { contentType: 'text/javascript', body: 'class { #newer = 1' }],
  ['that fails at once', { contentType: 'text/javascript', body: 'throw new Error("too old")' }],
];

for (const [what, answer] of cases) {
  test(`a script ${what}: both pages say that they cannot start, and start at the next try`, async (t) => {
    const site = await Site.start(t);
    const phone = await Phone.start(t, site);
    await scriptIs(phone, answer);
    for (const url of [site.url, site.leaderUrl()]) {
      const page = await phone.open(url);
      await page.getByRole('heading', { name: 'Deze pagina kon niet starten.' }).waitFor();
      await page.getByRole('heading', { name: 'This page could not start.' }).waitFor();
      await phone.context.unroute(/\/assets\/(tap|leader)-[^/]*\.js$/);
      await page.getByRole('button', { name: 'Opnieuw proberen' }).click();
      await page.getByText('Deze pagina kon niet starten.').waitFor({ state: 'detached' });
      await page.locator('#app > header').waitFor();
      await scriptIs(phone, answer);
    }
  });
}

test('a storage that never answers as the page starts: a sentence', async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  await phone.context.addInitScript(() => {
    IDBFactory.prototype.open = () => Object.setPrototypeOf(new EventTarget(), IDBOpenDBRequest.prototype);
  });
  const page = await phone.open();
  await page.getByText('De opslag van dit toestel geeft geen antwoord').waitFor();
  assert.equal(await page.getByText('De teams worden opgehaald').count(), 0);
  const empty = await page.locator('main > *, .foot > *').evaluateAll((all) => all.filter((one) => one.checkVisibility() && !one.textContent && one.offsetHeight > 0).map(({ className }) => className));
  assert.deepEqual(empty, [], 'no empty boxes below the sentence');
});

test("the leader's page opened without a network: a sentence, and the figures come by themselves when there is one", async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site);
  await phone.context.route('**/config.json', (route) => route.abort());
  const page = await phone.open(site.leaderUrl());
  await page.getByText('Er is nog geen verbinding').waitFor();
  assert.equal(await page.getByText('config.json').count(), 0, 'nobody is blamed for the network');
  await phone.context.unroute('**/config.json');
  await page.getByText('Live', { exact: true }).waitFor();
});

test('connected, and no teams come: a sentence, and the page goes on when they do', async (t) => {
  const site = await Site.start(t);
  await site.stack.turfd.stop();
  await site.stack.broker.kill();
  await site.stack.broker.startAgain();
  const phone = await Phone.start(t, site);
  const page = await phone.open();
  await online(page);
  await page.getByText('de telling heeft de teams nog niet doorgegeven').waitFor();
  await site.stack.startTurfd();
  await chooseTeam(page);
  await domain(page, 1).waitFor();
});
