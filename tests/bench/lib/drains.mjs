// SPDX-License-Identifier: EUPL-1.2
// Drains: the broker holds a queue for the aggregator's session, and a consumer empties it. The clock runs from the moment
// at which the broker lets the consumer in (its log says so) to the moment at which the phone of the last submission hears
// its receipt; by then everything is on disk and answered. Then the consumer's count is checked.
import { cpSync } from 'node:fs';
import { join } from 'node:path';

import { build, program, root } from '../../system/lib/paths.mjs';
import { succeed } from '../../system/lib/processes.mjs';
import { startNodeRed } from './nodered.mjs';
import { aggregator, cpu, onStage, org, tool } from './stage.mjs';

const last = 'Last-phone-0123456789A';

const sql = async (file, query) => {
  const script = 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])';
  return Number((await succeed('/usr/bin/python3', ['-c', script, file, query])).stdout);
};

const consumers = {
  turfd: {
    start: (stage, { turfd }) => stage.turfd(turfd),
    count: async (stage) => {
      const info = await succeed(program('turfctl'), ['info', '--store', stage.path('store')]);
      return Number(info.stdout.match(/ids\D+(\d+)/)[1]);
    },
  },
  null: { start: (stage, { submissions }) => stage.start(tool('null'), [...stage.login(), 'count', String(submissions), last]) },
  'null-async': { start: (stage, { submissions }) => stage.start(tool('null_async'), [...stage.login(), String(submissions), last]) },
  'null-traceless': {
    start: (stage, { submissions }) =>
      stage.start(tool('null'), [...stage.login(), 'count', String(submissions), last], { env: { PAHO_TRACELESS: '1' } }),
  },
  answer: { start: (stage) => stage.start(tool('null'), [...stage.login(), 'answer']) },
  expert: {
    start: (stage) => stage.start(tool('expert'), [...stage.login(), stage.path('expert.db')]),
    count: (stage) => sql(stage.path('expert.db'), 'select sum(n) from cells'),
  },
  python: {
    start: (stage) => stage.start('/usr/bin/python3', [join(root, 'tests/bench/peer.py'), ...stage.login(), stage.path('python.db'), join(build, 'bench')]),
    count: (stage) => sql(stage.path('python.db'), 'select count(*) from ids'),
  },
  'node-red': {
    start: startNodeRed,
    count: (stage) => sql(stage.path('nodered.db'), 'select count(*) from ids'),
  },
};

// options: submissions, events, phones, seed; store: a store to begin with, which has `ids` ids; turfd: how to start
// it. Resolves to { seconds, rate (events a second), cpu (the consumer's processor time for a submission, in
// microseconds), kernel (how much of cpu is the kernel's) }.
export function drain(name, options) {
  const { submissions, events = 1, seed, store, ids = 0 } = options;
  const consumer = consumers[name];
  return onStage(async (stage) => {
    if (store) cpSync(store, stage.path('store'), { recursive: true });
    await stage.broker();
    await stage.session();
    await stage.load(submissions, { ...options, last, seed });
    const observer = await stage.watch(last, `turf/v1/${org}/receipt/${last}`);
    const running = await consumer.start(stage, options);
    const begun = await stage.connection(aggregator, running);
    const died = running.ended.then(() => Promise.reject(new Error(`${name} ended: ${running.log}`)));
    died.catch(() => {});
    const heard = await Promise.race([observer.heard, died]);
    const used = cpu(running.pid);
    await running.kill('SIGTERM');
    const counted = consumer.count && (await consumer.count(stage));
    if (consumer.count && counted - ids !== submissions * events) {
      throw new Error(`${name} counted ${counted - ids} of ${submissions * events}: ${running.log}`);
    }
    const seconds = (heard - begun) / 1e9;
    const each = 1e6 / submissions;
    return { seconds, rate: (submissions * events) / seconds, cpu: (used.user + used.kernel) * each, kernel: used.kernel * each };
  });
}
