// SPDX-License-Identifier: EUPL-1.2
// A disk so small that it can be filled.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

import { atEnd } from './cleanup.mjs';

// A file system of its own in `folder`. False: that is not permitted here.
export function smallDisk(t, folder, size) {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch {
    return false;
  }
  atEnd(t, () => execFileSync('umount', ['--lazy', folder]));
  return true;
}

// Not a byte is left.
export function fill(file) {
  const block = Buffer.alloc(4096, 1);
  try {
    for (;;) writeFileSync(file, block, { flag: 'a' });
  } catch (error) {
    assert.equal(error.code, 'ENOSPC');
  }
}
