// SPDX-License-Identifier: EUPL-1.2
// Latencies: taps at random moments, and how long each takes to its receipt or to a summary that has counted it. What they
// are held against is an echo through the same broker, which answers after two fdatasyncs, or at once.
import { succeed, eventually } from '../../system/lib/processes.mjs';
import { onStage, org, tool } from './stage.mjs';

const responders = {
  turfd: async (stage) => {
    const status = await stage.watch('bench-status', `turf/v1/${org}/status/aggregator`);
    stage.turfd();
    await status.heard;
  },
  echo: (stage) => echo(stage, 'echo'),
  'echo-synced': (stage) => echo(stage, 'echo-synced'),
};

async function echo(stage, mode) {
  const running = stage.start(tool('null'), [...stage.login(), mode]);
  await eventually(() => running.stdout.includes('ready'), 'the echo');
}

// Resolves to { p50, p99 } in milliseconds.
export function latency(name, { what = 'receipt', rate, taps }) {
  return onStage(async (stage) => {
    await stage.broker();
    await responders[name](stage);
    const args = [stage.port, 'watcher', 'watcher', what, rate];
    await succeed(tool('latency'), [...args, Math.min(taps, rate)].map(String)); // what is done once is done
    const { stdout } = await succeed(tool('latency'), [...args, taps].map(String), { limit: 600_000 });
    const [p50, p99] = stdout.split(' ').map((ns) => Number(ns) / 1e6);
    return { p50, p99 };
  });
}
