// SPDX-License-Identifier: EUPL-1.2
// The door's crash campaign at length: see tests/system/lib/door-campaign.mjs. TURF_CYCLES makes it longer still.
import { randomInt } from 'node:crypto';
import test from 'node:test';

import { doorCampaign } from '../system/lib/door-campaign.mjs';

test('hundreds of cycles of deaths of turfdoor and turf', (t) => doorCampaign(t, 300, randomInt(2 ** 31)));
