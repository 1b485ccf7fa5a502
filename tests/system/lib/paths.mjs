// SPDX-License-Identifier: EUPL-1.2
// Where things are. BUILD names the build to test, as for make; build/ when it is not set.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { atEnd } from './cleanup.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const build = resolve(root, process.env.BUILD || 'build');
export const long = Boolean(process.env.TURF_LONG);

// A program of the build. Without it a test would wait for what nobody says.
export function program(name) {
  const path = join(build, name);
  if (!existsSync(path)) throw new Error(`${path} is missing: make BUILD=${build} ${path}`);
  return path;
}

export const data = (name) => join(root, 'tests/data', name);

// How long an event may take to come before a test gives up. Nothing is measured by it: sanitizers and a busy machine
// are slow, and a test that waits this long has failed.
export const patience = 60_000;

// A folder that is gone after the test, or when the test program ends.
export function temporaryFolder(t, label = 'turf') {
  const folder = mkdtempSync(join(tmpdir(), `${label}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  atEnd(t, () => {
    process.removeListener('exit', remove);
    remove();
  });
  return folder;
}
