// SPDX-License-Identifier: EUPL-1.2
// The crash campaign at length: see tests/system/lib/campaign.mjs. TURF_CYCLES makes it longer still.
import { randomInt } from 'node:crypto';
import test from 'node:test';

import { campaign } from '../system/lib/campaign.mjs';

test('a thousand cycles of deaths and bad networks', (t) => campaign(t, 1000, randomInt(2 ** 31)));
