// SPDX-License-Identifier: EUPL-1.2
// The org's date in a file that turfd reads, for tests in which days pass.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryFolder } from './paths.mjs';

export class Calendar {
  constructor(t, date) {
    this.file = join(temporaryFolder(t, 'turf-date'), 'today');
    this.write(date);
  }

  // In one step: turfd never reads half a date. synchronised: a time server vouches for it.
  write(date, { synchronised = false } = {}) {
    this.date = date;
    writeFileSync(`${this.file}.new`, `${date}${synchronised ? ' synchronised' : ''}\n`);
    renameSync(`${this.file}.new`, this.file);
  }
}
