// SPDX-License-Identifier: EUPL-1.2
// The door's crash campaign, its everyday length: turfdoor dies at each of its steps, and turf at its own.
// tests/long has the same with hundreds of cycles and a seed of its own each time.
import test from 'node:test';

import { doorCampaign } from './lib/door-campaign.mjs';

test('devices join, fetch and take tokens through deaths of turfdoor and turf and lost answers', (t) => doorCampaign(t, 12, 20261201));
