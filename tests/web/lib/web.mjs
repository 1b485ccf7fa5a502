// SPDX-License-Identifier: EUPL-1.2
// What the tests of the pages' modules share: what a browser has and Node 18 does not, the golden messages, the vectors, and dice.
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';

globalThis.crypto ??= webcrypto;

const data = (path) => JSON.parse(readFileSync(new URL(`../../data/${path}.json`, import.meta.url), 'utf8'));

export const golden = data('golden/messages');

// The behaviour vectors of this name: what both the pages and the C side must decide (tests/unit/lib/vectors.h).
export const vectors = (name) => data(`vectors/${name}`);

// A function like Math.random that gives the same numbers in every run.
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Waits until all callbacks that are ready have run.
export const turns = async (n = 60) => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
};

// Records the timers that are set from now on, with their time. They run only when the test runs them.
export function timers(t) {
  const set = [];
  t.mock.method(globalThis, 'setTimeout', (run, ms) => set.push({ run, ms }));
  t.mock.method(globalThis, 'clearTimeout', (n) => n && (set[n - 1].cleared = true));
  return set;
}
