// SPDX-License-Identifier: EUPL-1.2
// The crash campaign, its everyday length: turfd dies at each named step, and more goes wrong in every cycle.
// tests/long has the same with a thousand cycles and a seed of its own each time.
import assert from 'node:assert/strict';
import test from 'node:test';

import { campaign } from './lib/campaign.mjs';
import { steps, stepsInSources, stepsOfBackup, stepsOfJoining, stepsOfPortions, stepsOfShowing, stepsOfTurfdoor } from './lib/steps.mjs';

test('every step that the sources name is died at', () => {
  assert.deepEqual([...new Set(stepsInSources())].sort(), [...Object.keys(steps), ...stepsOfBackup, ...stepsOfJoining, ...stepsOfPortions, ...stepsOfShowing, ...Object.keys(stepsOfTurfdoor)].sort());
});

test('taps and retractions through deaths of turfd, broker and phones, and bad networks', (t) => campaign(t, 30, 20191231));
