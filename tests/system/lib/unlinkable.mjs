// SPDX-License-Identifier: EUPL-1.2
// How well the adversary guesses, against chance.
import assert from 'node:assert/strict';

import { Adversary } from './adversary.mjs';
import { random } from './outbox.mjs';
import { firstDay, WorkerWeeks } from './worker-weeks.mjs';

// A row of guesses lies outside its interval by chance in one of 40,000 runs.
const FALSE_ALARM = 1 / 40_000;

// ---- Statistics ---------------------------------------------------------------------------------------------------------

function logFactorials(n) {
  const sums = [0];
  for (let i = 1; i <= n; i++) sums.push(sums[i - 1] + Math.log(i));
  return sums;
}

// The exact interval of Clopper and Pearson for a share of which `right` of `n` were found.
function interval(right, n, alpha) {
  const logs = logFactorials(n);
  const tail = (p, from, to) => {
    let sum = 0;
    for (let k = from; k <= to; k++) sum += Math.exp(logs[n] - logs[k] - logs[n - k] + k * Math.log(p) + (n - k) * Math.log1p(-p));
    return sum;
  };
  const solve = (above) => {
    let [low, high] = [0, 1];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (above(middle)) high = middle;
      else low = middle;
    }
    return (low + high) / 2;
  };
  return [
    right === 0 ? 0 : solve((p) => tail(p, right, n) > alpha / 2),
    right === n ? 1 : solve((p) => tail(p, 0, right) < alpha / 2),
  ];
}

// ---- A row of the table -----------------------------------------------------------------------------------------------------

// How many events one connection carries of what goes later (proto/rules.h). That those few are of one worker can be told, by design.
export const PORTION = 4;

// Lets the adversary guess about all taps of `scored` that nobody saw. `seen`: of which he knows who made them. `portion`: so many at
// most may have been sent together with a tap that was seen; they are left out, and counted as `told`. Chance is 1 in as many as the
// team has, for each tap.
export async function score(weeks, { scored = () => true, seen = (tap) => tap.seen, portion = 1, alpha = FALSE_ALARM } = {}) {
  const taps = [...weeks.taps.values()].filter((tap) => tap.counted);
  const known = new Map(taps.filter(seen).map(({ id, worker }) => [id, worker.name]));
  const adversary = new Adversary(weeks.steal(), known, random(weeks.options.seed + 1));
  const told = adversary.besideSeen(portion - 1);
  const asked = taps.filter((tap) => !known.has(tap.id) && !told.has(tap.id) && scored(tap));
  const row = { n: asked.length, right: 0, told: told.size, chance: 0, by: {} };
  for (const tap of asked) {
    const { worker, by } = adversary.guess(tap.id);
    const right = Number(worker === tap.worker.name);
    row.by[by] = (row.by[by] ?? 0) + 1;
    row.right += right;
    row.chance += 1 / weeks.inTeam(tap.worker.team).length / asked.length;
  }
  [row.low, row.high] = interval(row.right, row.n, alpha);
  return row;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`.padStart(7);

// Prints a row of the table.
export function tell(t, name, { n, right, told, chance, low, high, by }) {
  const how = Object.entries(by).map(([word, times]) => `${times} by ${word}`).join(', ');
  t.diagnostic(`${name.padEnd(40)} ${String(n).padStart(5)} taps: right ${percent(right / n)} (${percent(low)} to ${percent(high)}), chance ${percent(chance)}; ${told} told; ${how}`);
}

// ---- The weeks that the adversary must not see through ------------------------------------------------------------------------

// One tap of each worker among those of `set`.
function oneOfEach(weeks, set) {
  const first = new Map([...weeks.taps.values()].filter((tap) => set(tap) && tap.seen).map((tap) => [tap.worker, tap]));
  return (tap) => first.get(tap.worker) === tap;
}

function seesNothing(t, name, row) {
  tell(t, name, row);
  assert.ok(row.low <= row.chance && row.chance <= row.high, `${name}: ${JSON.stringify(row)}`);
}

// Ordinary work on `days` (numbers from the first one). On the morning after the last one the store is restored as it was two evenings
// before, and the phones offer again. The second row is told, and not judged: he guesses better there than by chance, because what a phone
// offers again arrives within an hour or so (docs/privacy.md).
export async function liveThrough(t, days) {
  const weeks = await WorkerWeeks.start(t);
  await weeks.work(days);
  seesNothing(t, 'ordinary days', await score(weeks));

  await weeks.restore(firstDay + days.at(-2));
  await weeks.reofferAll();
  await weeks.endDay();
  const lost = (tap) => tap.day === firstDay + days.at(-1);
  tell(t, 'a store that is restored', await score(weeks, { scored: lost, seen: oneOfEach(weeks, lost), portion: PORTION }));
}
