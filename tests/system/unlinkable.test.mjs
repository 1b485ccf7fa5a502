// SPDX-License-Identifier: EUPL-1.2
// Who has everything that is written anywhere cannot tell which worker of a scope made a tap (docs/privacy.md). The same adversary
// finds workers when one of the protections is off: tests/long/unprotected.test.mjs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { build } from './lib/paths.mjs';
import { liveThrough } from './lib/unlinkable.mjs';

const skip = /__[at]san_init/.test(readFileSync(join(build, 'turfd'), 'latin1')) && 'sanitizers do not start below another library';

test('forty workers on ordinary days: who has all that is written guesses no better than chance', { skip }, async (t) => {
  await liveThrough(t, [0, 1]);
});
