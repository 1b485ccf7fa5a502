// SPDX-License-Identifier: EUPL-1.2
// The adversary of tests/system/unlinkable.test.mjs finds workers when one of the protections is off, so it is known that he can see.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { build } from '../system/lib/paths.mjs';
import { PORTION, score, tell } from '../system/lib/unlinkable.mjs';
import { firstDay, WorkerWeeks } from '../system/lib/worker-weeks.mjs';

const skip = /__[at]san_init/.test(readFileSync(join(build, 'turfd'), 'latin1')) && 'sanitizers do not start below another library';

const teams = ['noord', 'oost'];
const alpha = 0.01; // of the interval: no harm is done if he finds workers by chance once in a hundred runs

async function twoDays(t, options) {
  const weeks = await WorkerWeeks.start(t, { teams, ...options });
  for (let day = 0; day < 2; day++) {
    await weeks.workDay();
    await weeks.endDay();
  }
  return weeks;
}

function finds(t, name, row) {
  tell(t, name, row);
  assert.ok(row.low > row.chance, `the adversary must find workers: ${JSON.stringify(row)}`);
}

test('a token that is kept all day gives workers away', { skip }, async (t) => {
  finds(t, 'one token all day', await score(await twoDays(t, { dayTokens: true }), { alpha }));
});

test('taps that are offered again on one connection give workers away', { skip }, async (t) => {
  const weeks = await twoDays(t, { reofferAtOnce: true });
  await weeks.restore(firstDay);
  await weeks.reofferAll();
  await weeks.endDay();
  const lost = (tap) => tap.day > firstDay;
  finds(t, 'offered again on one connection', await score(weeks, { scored: lost, seen: (tap) => lost(tap) && tap.seen, portion: PORTION, alpha }));
});

test('a key for each person gives workers away', { skip }, async (t) => {
  finds(t, 'a key for each person', await score(await twoDays(t, { ownKeys: true }), { alpha }));
});

test('tokens by need give workers away', { skip }, async (t) => {
  finds(t, 'tokens by need', await score(await twoDays(t, { tokensByNeed: true, batch: 3 }), { alpha }));
});
