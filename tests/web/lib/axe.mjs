// SPDX-License-Identifier: EUPL-1.2
// Runs axe, the checker of accessibility, on a page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Through the debugger, since the pages' policy lets no other script in.
async function run(page, code) {
  const session = await page.context().newCDPSession(page);
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression: code, awaitPromise: true, returnByValue: true });
  await session.detach();
  assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description);
  return result.value;
}

const look = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations, passes }) => ({
  passed: passes.length,
  violations: violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html, any }) => html.slice(0, 200) + ' ' + (any[0]?.message ?? '')).join(' | ')),
}))`;

// Fails if axe finds a fault, in light or in dark mode.
export async function assertAccessible(page, state) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await run(page, `if (!globalThis.axe) { ${source} }`);
    const { violations, passed } = await run(page, look);
    assert.ok(passed > 5, `${state}, ${colorScheme}: axe looked at something`);
    assert.deepEqual(violations, [], `${state}, ${colorScheme}`);
  }
}
