// SPDX-License-Identifier: EUPL-1.2
// Both pages in Chromium with a closed door: the broker's plugin, turfd and nginx are real, turfdoor is one that does what the
// test says. The clock is the real one.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { temporaryFolder } from '../system/lib/paths.mjs';
import { eventually } from '../system/lib/processes.mjs';
import { chooseTeam, domain, drained, hide, Phone, stored, tap, team } from './lib/browser.mjs';
import { FakeTurfdoor } from './lib/fake-turfdoor.mjs';
import { Front } from './lib/front.mjs';
import { Gallery } from './lib/looks.mjs';
import { Site } from './lib/site.mjs';

const WEEK_S = 7 * 86_400;
const monday = () => Math.floor((Date.now() / 1000 + 3 * 86_400) / WEEK_S) * WEEK_S - 3 * 86_400;

// A site whose broker lets in only tokens, and its turfdoor with keys of this week and the next for these scopes.
async function closedSite(t, scopes = ['oost']) {
  const turfdoor = new FakeTurfdoor({ batch: 20 });
  for (const scope of scopes) turfdoor.addKeys(scope, monday(), 2);
  const keys = join(temporaryFolder(t, 'turf-keys'), 'keys');
  turfdoor.issuer.batch = 20;
  turfdoor.publish = () => turfdoor.issuer.publish(keys);
  turfdoor.publish();
  const site = await Site.start(t, {}, { keys });
  const front = await Front.start(t, site);
  front.turfdoor = await turfdoor.listen(t);
  front.origin = front.url.slice(0, -1);
  const link = (scope, page = '') => `${front.url}${page}#join=${turfdoor.invite(scope)}`;
  return { site, front, turfdoor, link };
}

const rests = (page) => page.locator('.bar__connection--idle').waitFor();
const says = (page, text) => page.getByText(text).first().waitFor();

test('a phone that was invited taps without a network, and is counted with one; the link is good once', async (t) => {
  const { site, front, turfdoor, link } = await closedSite(t);
  const invitation = link('oost');
  const phone = await Phone.start(t, front);
  const page = await phone.open(invitation);
  await says(page, 'Dit toestel is aangemeld voor Oost');
  assert.equal(page.url(), front.url);
  await chooseTeam(page);
  await rests(page);
  site.net.set('refuse');
  await tap(page, 1);
  await hide(page);
  await page.locator('.bar__connection--offline').waitFor();
  site.net.set('pass');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await drained(page);
  await rests(page);
  assert.deepEqual(await site.counted(), { questions: 1, 'oost/1/answered': 1 });
  await phone.keptToItself();

  const other = await Phone.start(t, front);
  const late = await other.open(invitation);
  await says(late, 'Deze uitnodiging is al gebruikt');
  await late.locator('[data-key="door"]').click();
  await says(late, 'Dit toestel is niet aangemeld');
  assert.equal(turfdoor.credentials.length, 1);
});
