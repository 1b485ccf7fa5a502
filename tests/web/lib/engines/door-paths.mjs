// SPDX-License-Identifier: EUPL-1.2
// Joining and tapping with a closed door, in an engine that the other tests do not use.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../../../system/lib/processes.mjs';
import { hide, stored, wake } from '../browser.mjs';
import { closedSite } from '../closed-site.mjs';

const tile = '[data-key="domain-1"]';

export function doorPaths(engine) {
  test('with a closed door: a phone joins with its invitation, taps without a network, and is counted with one', async (t) => {
    const { site, front, invite } = await closedSite(t);
    const browser = await engine.start(t);
    const page = await browser.open(front.url + await invite('--team', 'oost'));
    await page.seen('body', 'Dit toestel is aangemeld voor Oost');
    assert.equal(await page.evaluate(() => location.hash), '', 'the address has lost the code');
    await page.click('[data-key="door"]');
    await page.click('.team');
    await page.seen(tile);
    await page.seen('.bar__connection--idle');
    site.net.set('refuse');
    await page.click(tile);
    await eventually(async () => (await stored(page)).waiting === 1, 'the tap on disk');
    await hide(page);
    await page.seen('.bar__connection--offline');
    site.net.set('pass');
    await wake(page);
    await eventually(async () => (await stored(page)).waiting === 0, 'an empty outbox');
    await page.seen('.bar__connection--idle');
    assert.deepEqual(await site.counted(), { questions: 1, 'oost/1/answered': 1 });
  });
}
