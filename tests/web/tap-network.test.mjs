// SPDX-License-Identifier: EUPL-1.2
// The worker's page on networks and brokers that say nothing: what the worker reads then.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { domain, drained, hide, online, openConnected, tap, team, waitingText, wake } from './lib/browser.mjs';
import { Site } from './lib/site.mjs';

// Longer than two submissions may wait for a receipt before the page says so.
const SILENT_TEAM_SHOWN_MS = 60_000;

// The broker accepts and drops the submissions of this team, as mosquitto does with messages that its rules do not allow.
async function refuseTeam({ stack: { broker } }, only) {
  const file = join(broker.folder, 'acl');
  const rules = readFileSync(file, 'utf8');
  writeFileSync(file, rules.replace('registration/+', `registration/${only}`));
  assert.notEqual(readFileSync(file, 'utf8'), rules);
  await broker.kill();
  await broker.startAgain();
}

test('a connection that is dead is not called connected beside a tap that waits, and the tap is counted by the next', async (t) => {
  const site = await Site.start(t);
  const { page } = await openConnected(t, site);
  site.net.set('stall');
  await tap(page, 1);
  await hide(page);
  await waitingText(page).getByText('onderweg, nog niet bevestigd').waitFor();
  await page.locator('.bar__connection').getByText('Verbinding hapert').waitFor();
  await waitingText(page).getByText('bevestiging blijft uit').waitFor();
  await page.locator('.bar__connection').getByText('Verbinding hapert').waitFor({ state: 'detached' });
  assert.equal(await page.locator('.bar__connection--online').count(), 0, 'it is given up');
  site.net.set('pass');
  await wake(page);
  await drained(page);
  assert.deepEqual(await site.counted(), { questions: 1, 'oost/1/answered': 1 });
});

test('a team that the broker refuses in silence: the worker reads so, and another team counts meanwhile', async (t) => {
  const site = await Site.start(t);
  await refuseTeam(site, 'oost');
  const { page } = await openConnected(t, site);
  await page.locator('[data-key="other-team"]').click();
  await page.getByRole('dialog').getByRole('button', { name: 'West' }).click();
  await tap(page, 2);
  await hide(page);
  await page.getByText('Dit toestel mag misschien niet voor West tellen').waitFor({ timeout: SILENT_TEAM_SHOWN_MS });
  assert.equal(await page.getByText('misschien niet voor Oost').count(), 0);
  await team(page, 'Oost').click();
  await domain(page, 1).waitFor();
  await tap(page, 1);
  await hide(page);
  await page.getByText('1 vraag dit kwartaal', { exact: true }).waitFor();
  assert.deepEqual(await site.counted(), { questions: 1, 'oost/1/answered': 1 });
});
