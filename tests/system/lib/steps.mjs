// SPDX-License-Identifier: EUPL-1.2
// Programs that die or halt at a named step (base/step.h). STEPS_BUILD names their build; without it they are made here.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { build, root } from './paths.mjs';
import { succeed } from './processes.mjs';

let made;

async function make() {
  if (process.env.STEPS_BUILD) return resolve(root, process.env.STEPS_BUILD);
  const folder = join(build, 'steps');
  const programs = ['turf', 'turfd', 'turfctl', 'turfdoor'].map((name) => join(folder, name));
  await succeed('make', ['-s', '-j2', `BUILD=${folder}`, 'STEPS=1', ...programs]);
  return folder;
}

// A program without steps would never die or halt, and the test would wait for that.
export async function stepsProgram(name) {
  const program = join(await (made ??= make()), name);
  assert.ok(existsSync(program) && readFileSync(program).includes('TURF_DIE_AT'), `${program} is missing or has no steps: make STEPS=1 BUILD=build/steps build/steps/turf build/steps/turfd build/steps/turfctl build/steps/turfdoor, and STEPS_BUILD=build/steps`);
  return program;
}

// In the order in which they are passed, with how many passings of it a disturbed turfd surely makes.
export const steps = {
  connected: 1, 'before-catalogue': 1, 'before-status': 3, 'after-status': 3, 'view-open': 20, 'before-summary': 40, 'before-twin': 40,
  'after-summary': 40, taken: 12, 'before-decode': 12, 'before-fold': 30, 'before-commit': 6, 'after-commit': 6, 'before-receipt': 8,
  'after-receipt': 8, 'after-batch': 6, 'before-time-commit': 2, 'before-swap': 1, 'between-swap': 1, 'after-swap': 1,
};

// Those of a date that moves on.
export const stepsOfTime = ['before-time-commit', 'before-swap', 'between-swap', 'after-swap'];

// Those that only turfctl passes: backup.test.mjs dies there.
export const stepsOfBackup = ['before-manifest'];

// Those that only turf passes: join.test.mjs dies there.
export const stepsOfJoining = ['invitation-stored', 'invitation-answered', 'membership-stored', 'blinded-stored', 'blinded-answered', 'tokens-stored'];
export const stepsOfShowing = ['token-taken', 'token-accepted'];

// Those that only turf passes: portions.test.mjs dies there.
export const stepsOfPortions = ['portion-planned'];

// Those of turfdoor: which of its commands passes them. door-campaign.mjs dies at each.
export const stepsOfTurfdoor = {
  'batch-noted': 'serve', 'batch-committed': 'serve', 'batch-signed': 'serve', 'join-noted': 'serve', joined: 'serve', invited: 'invite',
  'key-made': 'rotate', 'key-stored': 'rotate', 'keys-written': 'rotate', 'keys-renamed': 'rotate', rotated: 'rotate', revoked: 'revoke',
};

// Every name that a program of ours gives to a step.
export function stepsInSources() {
  const sources = ['aggregator', 'base', 'broker-client', 'door', 'proto', 'store'].flatMap((folder) => {
    const names = readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith('.c'));
    return names.map((name) => readFileSync(join(root, folder, name), 'utf8'));
  });
  return sources.flatMap((text) => [...text.matchAll(/step_reached\("([^"]+)"\)/g)].map(([, name]) => name));
}
