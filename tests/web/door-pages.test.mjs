// SPDX-License-Identifier: EUPL-1.2
// Both pages in Chromium with a closed door: turfdoor, the broker with its plugin, turfd and nginx are real.
import assert from 'node:assert/strict';
import test from 'node:test';

import { chooseTeam, drained, hide, Phone, stored, tap, team, wake } from './lib/browser.mjs';
import { closedSite } from './lib/closed-site.mjs';
import { Gallery } from './lib/looks.mjs';

const rests = (page) => page.locator('.bar__connection--idle').waitFor();
const says = (page, text) => page.getByText(text).first().waitFor();
const understood = (page) => page.locator('[data-key="door"]').click();

// A phone that has joined for Oost and has nothing to send.
async function joinedPhone(t, { front, invite }) {
  const phone = await Phone.start(t, front);
  const page = await phone.open(front.url + await invite('--team', 'oost'));
  await says(page, 'Dit toestel is aangemeld voor Oost');
  await understood(page);
  await chooseTeam(page);
  await rests(page);
  return { phone, page };
}

async function send(page) {
  await tap(page, 1);
  await hide(page);
  await wake(page);
  await drained(page);
}

test('a phone that was invited taps without a network, and is counted with one; the link is good once', async (t) => {
  const { site, front, door, invite } = await closedSite(t);
  const invitation = front.url + await invite('--team', 'oost');
  const phone = await Phone.start(t, front);
  const page = await phone.open(invitation);
  await says(page, 'Dit toestel is aangemeld voor Oost');
  assert.equal(page.url(), front.url, 'the address has lost the code');
  assert.equal(await team(page, 'West').count(), 0, 'only the teams of the scope are offered');
  await chooseTeam(page);
  await rests(page);
  site.net.set('refuse');
  await tap(page, 1);
  await hide(page);
  await page.locator('.bar__connection--offline').waitFor();
  site.net.set('pass');
  await wake(page);
  await drained(page);
  await rests(page);
  assert.deepEqual(await site.counted(), { questions: 1, 'oost/1/answered': 1 });
  await phone.keptToItself();

  const other = await Phone.start(t, front);
  const late = await other.open(invitation);
  await says(late, 'Deze uitnodiging is al gebruikt');
  await understood(late);
  await says(late, 'Dit toestel is niet aangemeld');
  const { stdout } = await door.command('list');
  assert.equal(stdout.match(/ oost /g).length, 1, stdout);
});

test('a scope that was rotated: the phone fetches new tokens by itself, and its tap is counted', async (t) => {
  const site = await closedSite(t);
  const { page } = await joinedPhone(t, site);
  await send(page);
  await rests(page);
  await site.rotate('oost');
  await send(page);
  assert.deepEqual(await site.site.counted(), { questions: 2, 'oost/1/answered': 2 });
});

test('a lost phone is revoked and its scope rotated: from then on its tokens let it in no more, and the other phone fetches and is counted', async (t) => {
  const site = await closedSite(t);
  const { page: lost } = await joinedPhone(t, site);
  const { page: kept } = await joinedPhone(t, site);
  await send(lost);
  await rests(lost);
  await site.door.command('revoke', '1');
  await site.rotate('oost');
  await tap(lost, 1);
  await hide(lost);
  await wake(lost);
  await says(lost, 'Dit toestel is afgemeld');
  assert.deepEqual(await stored(lost), { all: 2, waiting: 1 });
  await send(kept);
  assert.deepEqual(await site.site.counted(), { questions: 2, 'oost/1/answered': 2 });
  assert.deepEqual(await stored(lost), { all: 2, waiting: 1 });
});

test("a leader's scope that is rotated: the figures stop at once, and come back after a fetch; the workers' tokens are good", async (t) => {
  const site = await closedSite(t);
  const { page: worker } = await joinedPhone(t, site);
  const screen = await Phone.start(t, site.front, { viewport: { width: 1200, height: 900 } });
  const page = await screen.open(`${site.front.url}leader.html${await site.invite('--team', 'oost', '--role', 'leader')}`);
  await page.locator('.fresh--live').waitFor();
  const lost = page.locator('.fresh--lost').waitFor();
  await site.rotate('leader:oost');
  await lost;
  await page.locator('.fresh--live').waitFor();
  await send(worker);
  await site.invite('--team', 'oost', '--role', 'leader'); // a scope that nobody is left in gets no keys
  await site.door.command('revoke', '2');
  const again = page.locator('.fresh--lost').waitFor();
  await site.rotate('leader:oost');
  await again;
  await says(page, 'Dit toestel is afgemeld');
});

test('a revoked phone is told so when it asks for its next batch, and gets none; the tokens that it has let it in', async (t) => {
  const { front, door, invite } = await closedSite(t);
  const { phone, page } = await joinedPhone(t, { front, invite });
  await page.close();
  await door.command('revoke', '1');
  const before = (await door.command('list')).stdout;
  await phone.setDateOff(7);
  const later = await phone.open();
  await says(later, 'Dit toestel is afgemeld');
  const { y } = await later.getByText('Dit toestel is afgemeld').boundingBox();
  assert.ok(y > 0, 'it is in sight');
  await tap(later, 1);
  await hide(later);
  await wake(later);
  await says(later, 'De datum ligt in de toekomst'); // turfd has answered
  assert.equal((await door.command('list')).stdout, before);
});

test('a phone whose date is wrong by a month has no tokens, says so, and its taps wait', async (t) => {
  const { phone, page } = await joinedPhone(t, await closedSite(t));
  await page.close();
  await phone.setDateOff(30);
  const later = await phone.open();
  await tap(later, 1);
  await says(later, 'Staan datum en tijd van dit toestel goed?');
  await says(later, 'Uw tikken wachten veilig op dit toestel');
  await later.locator('.bar__connection--barred').waitFor();
  assert.deepEqual(await stored(later), { all: 1, waiting: 1 });
});

test("a leader's invitation: the page with the figures reads them, and shows the fingerprint of the keys", async (t) => {
  const { site, front, invite } = await closedSite(t);
  const screen = await Phone.start(t, front, { viewport: { width: 1200, height: 900 } });
  const page = await screen.open(`${front.url}leader.html`);
  await says(page, 'Dit toestel is niet aangemeld');
  await page.close();
  const joined = await screen.open(`${front.url}leader.html${await invite('--team', 'oost', '--role', 'leader')}`);
  await says(joined, 'Dit toestel is aangemeld voor Oost');
  assert.match(joined.url(), /leader\.html$/);
  await joined.locator('.fresh--live').waitFor();
  await says(joined, /Sleutels van deze week: ([0-9a-f]{4} ?){8}/);
  await site.stack.broker.process.stop();
  await site.stack.broker.startAgain();
  await joined.locator('.fresh--lost').waitFor();
  await joined.locator('.fresh--live').waitFor();
  await screen.keptToItself();
});

test('the new screens', async (t) => {
  const { front, door, invite } = await closedSite(t);
  const gallery = new Gallery();
  const phone = await Phone.start(t, front);
  const page = await phone.open();
  await says(page, 'Dit toestel is niet aangemeld');
  await gallery.picture(page, 'door-1-outside');
  await page.goto(`${front.url}#join=${'A'.repeat(22)}`);
  await says(page, 'Deze uitnodiging is niet bekend');
  await gallery.picture(page, 'door-2-unknown');
  await page.goto(front.url + await invite('--team', 'oost', '--team', 'west'));
  await says(page, 'Dit toestel is aangemeld voor Oost, West');
  await team(page, 'Oost').waitFor();
  await gallery.picture(page, 'door-3-joined');
  await understood(page);
  await chooseTeam(page);
  await rests(page);
  await gallery.picture(page, 'door-4-rests');
  await page.goto(front.url + await invite('--team', 'oost', '--role', 'leader'));
  await says(page, 'Dat doet u op de pagina met de cijfers');
  await gallery.picture(page, 'door-5-joined-as-leader');
  await page.locator('[data-key="door-link"]').click();
  await page.locator('.fresh--live').waitFor();
  await says(page, 'Sleutels van deze week');
  await gallery.picture(page, 'door-6-leader', { full: true });
  await page.close();
  for (const n of [1, 2]) await door.command('revoke', String(n));
  await phone.setDateOff(7);
  const later = await phone.open();
  await says(later, 'Dit toestel is afgemeld');
  await gallery.picture(later, 'door-7-revoked');
  const leader = await phone.open(`${front.url}leader.html`);
  await says(leader, 'Dit toestel is afgemeld');
  await gallery.picture(leader, 'door-8-leader-revoked');
  gallery.sound();
});
