// SPDX-License-Identifier: EUPL-1.2
// The clock of a program that runs with `env`, moved by libfaketime: its date and the time that it measures.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryFolder } from './paths.mjs';

export class MovedClock {
  constructor(t) {
    this.file = join(temporaryFolder(t, 'turf-clock'), 'clock');
    this.move(0);
    this.env = {
      LD_PRELOAD: '/usr/$LIB/faketime/libfaketime.so.1',
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_NO_CACHE: '1',
      ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`, // its runtime wants to be loaded first
    };
  }

  // So many seconds from the real time; the program sees it when it looks at its clock next.
  move(seconds) {
    writeFileSync(this.file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  }
}
