// SPDX-License-Identifier: EUPL-1.2
// The daemon by itself: how soon it is there, and what it holds in memory.
import { cpSync } from 'node:fs';

import { eventually } from '../../system/lib/processes.mjs';
import { aggregator, memory, now, onStage, org } from './stage.mjs';

const last = 'Last-phone-0123456789A';

// Milliseconds from the start of the program to its first status, on a copy of `store` or on an empty one.
export const start = (store) => onStage(async (stage) => {
  if (store) cpSync(store, stage.path('store'), { recursive: true });
  await stage.broker();
  const status = await stage.watch('bench-status', `turf/v1/${org}/status/aggregator`);
  const begun = now();
  stage.turfd();
  return ((await status.heard) - begun) / 1e6;
});

// No event tells that nothing more happens.
const idleness = () => new Promise((over) => setTimeout(over, 1500));

async function serving(stage) {
  const status = await stage.watch('bench-status', `turf/v1/${org}/status/aggregator`);
  const turfd = stage.turfd();
  await status.heard;
  await stage.connection(aggregator, turfd);
  return turfd;
}

// Kilobytes resident of a turfd that has nothing to do.
export const idle = (store) => onStage(async (stage) => {
  if (store) cpSync(store, stage.path('store'), { recursive: true });
  await stage.broker();
  const { pid } = await serving(stage);
  await idleness();
  return { resident: memory(pid, 'VmRSS'), anonymous: memory(pid, 'RssAnon') };
});

// Kilobytes of anonymous memory: idle, and the most while `rounds` queues of `submissions` are drained. The daemon stands
// still while the broker queues, since what comes live is not a drain.
export const drained = (rounds, submissions, events) => onStage(async (stage) => {
  await stage.broker();
  const { pid } = await serving(stage);
  await idleness();
  const before = memory(pid, 'RssAnon');
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, memory(pid, 'RssAnon'))), 20);
  for (let round = 1; round <= rounds; round++) {
    const observer = await stage.watch(last, `turf/v1/${org}/receipt/${last}`);
    process.kill(pid, 'SIGSTOP');
    await stage.load(submissions, { events, last, seed: round });
    process.kill(pid, 'SIGCONT');
    await observer.heard;
    await eventually(() => stage.running.at(-1).status, 'the observer to leave');
  }
  clearInterval(sampling);
  return { before, most };
});
