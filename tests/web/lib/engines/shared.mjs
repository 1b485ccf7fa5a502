// SPDX-License-Identifier: EUPL-1.2
// One browser of an engine for the tests of a file that do not end it: its start takes longer than such a test. What a test
// stores does not meet another's, since each has a site at a port that no other test of this process is given, which is an
// origin of its own. After a test its pages are closed. Where they cannot be, the browser is killed, and the next test
// starts another.
import { after } from 'node:test';

import { atEnd } from '../../../system/lib/cleanup.mjs';

// To be called where a file begins. `start` of what it gives is used as the engine's own.
export function shared(engine) {
  const ends = [];
  const untilFileEnds = { after: (end) => ends.push(end) };
  let running;
  after(async () => {
    for (const end of ends) await end();
  });

  async function closeAll(browser, pages) {
    try {
      for (const page of pages) await page.close();
    } catch {
      running = undefined;
      await browser.kill();
    }
  }

  return {
    async start(t) {
      const browser = (running ??= await engine.start(untilFileEnds));
      const pages = [];
      atEnd(t, () => closeAll(browser, pages));
      return {
        async open(url) {
          pages.push(await browser.open(url));
          return pages.at(-1);
        },
        saved: (...args) => browser.saved(...args),
        printed: (...args) => browser.printed(...args),
      };
    },
  };
}
