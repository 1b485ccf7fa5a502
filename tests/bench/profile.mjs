#!/usr/bin/env node
// SPDX-License-Identifier: EUPL-1.2
// `make profile`: where turfd's processor time for a submission goes while turfd drains a queue. Callgrind counts the
// instructions outside the kernel, which other programs on the machine do not change. It counts two drains, and the
// figures are their difference: so the start, the first figures and the end are not in them. A third drain, without
// callgrind, measures turfd's processor time and how much of it is the kernel's. The rest is divided among the parts by
// their instructions.
import { rmSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';

import { build } from '../system/lib/paths.mjs';
import { divide, readCallgrind } from './lib/callgrind.mjs';
import { drain } from './lib/drains.mjs';
import { scaled } from './lib/stage.mjs';

const phones = Number(process.env.PHONES || 1000); // 0: each submission is of a phone of its own
const fewSubmissions = 3000, manySubmissions = 6000; // one batch, and two
const timed = scaled(100_000, 3000);
const systemCalls = ['recv', 'poll', 'writev', 'setsockopt', 'fdatasync'];

// Under callgrind turfd is some fifty times slower. So it publishes figures every ten seconds, and not five times a
// second.
const slowly = { limits: 'summary_interval_ms = 10000;' };

// ---- The parts, and the functions with which they begin ---------------------------------------------------------

const parts = {
  'the loop and its deadlines': ['daemon_run'],
  'take: topic, copy to the inbox': ['link_take'],
  decode: ['decode'],
  order: ['batch_order'],
  'fold: the rules': ['rules_admit'],
  'fold: the store': ['store_fold'],
  'fold: which figures changed': ['publisher_touch'],
  answer: ['answer', 'receipts_add', 'receipts_clear'],
  'the loops of the stages': ['pipeline_run', 'run_stages'],
  commit: ['store_change'],
  'send the receipts': ['receipts_each'],
  'publish figures, status and catalogue': ['publisher_run', 'publish_status', 'upkeep_publish_catalogue', 'upkeep_publish_rest'],
  'connect, subscribe': ['link_keep'],
};
const partOfName = new Map(Object.entries(parts).flatMap(([part, names]) => names.map((name) => [name, part])));

const within = (library) => ({ object }) => object.includes(library);
const isLibc = within('libc.so');
const named = (...names) => ({ name }) => names.includes(name.split('@')[0]); // behind the @ is a version

// All functions that `next` reaches from these within the same library.
function reach(from, next) {
  const reached = new Set(from);
  for (const one of reached) for (const other of next(one)) if (other.object === one.object) reached.add(other);
  return reached;
}

// Paho consists of everything that its public functions call. Debian's shared library has no names for its inner
// functions, so they are found by what they call: the trace of calls asks for the thread's number, and only the list of
// allocations calls malloc. An acknowledgement is a packet, so it ends in writev, by way of functions that
// MQTTClient_publish uses too. A turfd that is linked with Paho's archive has no trace of calls (mqtt_paho.c).
function partsOfPaho(functions) {
  const callees = new Map(functions.map((one) => [one, []]));
  for (const one of functions) for (const caller of one.callers.keys()) callees.get(caller).push(one);
  const paho = [...reach(functions.filter(({ name }) => name.startsWith('MQTTClient_')), (one) => callees.get(one))];
  const callersOf = (test) => paho.filter((one) => callees.get(one).some(test));
  const knowsThread = new Set(callersOf(named('Thread_getid')));
  const writes = reach(callersOf(named('writev')), (one) => one.callers.keys());
  const publishes = reach(paho.filter(named('MQTTClient_publish')), (one) => callees.get(one));
  const begins = {
    'Paho: reading packets': paho.filter(named('MQTTClient_receive')),
    'Paho: subscribing': paho.filter(named('MQTTClient_subscribeMany', 'MQTTClient_connect', 'MQTTClient_disconnect')),
    'Paho: writing receipts and figures': paho.filter(named('MQTTClient_publish')),
    'Paho: acknowledging': callersOf((one) => writes.has(one) && publishes.has(one)).filter((one) => !publishes.has(one)),
    'Paho: its list of allocations': callersOf((one) => isLibc(one) && named('malloc', 'realloc', 'free')(one)),
    'Paho: its trace of calls': callersOf((one) => knowsThread.has(one)),
  };
  return new Map(Object.entries(begins).flatMap(([part, list]) => list.map((one) => [one, part])));
}

const libraries = { LMDB: within('liblmdb'), 'protobuf-c': within('libprotobuf-c'), turfd: within('/turfd') };

function partsOf(functions) {
  const ofPaho = partsOfPaho(functions);
  return (one) => {
    const library = Object.keys(libraries).find((name) => libraries[name](one));
    return ofPaho.get(one) ?? (library === 'turfd' ? partOfName.get(one.name) : library);
  };
}

// ---- Measuring ----------------------------------------------------------------------------------------------------

const total = (list, figure) => list.reduce((sum, one) => sum + figure(one), 0);
const callsTo = (functions, name) => total(functions.filter(named(name)), ({ callers }) => total([...callers.values()], ({ calls }) => calls));

// Measures one drain. Returns by name: the instructions of each part, in all and in the C library, and the calls of the
// kernel.
async function countInstructions(submissions) {
  const file = join(build, `callgrind.${process.pid}`);
  const under = ['valgrind', '-q', '--tool=callgrind', `--callgrind-out-file=${file}`];
  try {
    await drain('turfd', { submissions, phones, seed: 1, turfd: { ...slowly, under } });
    const functions = readCallgrind(file);
    const parts = divide(functions, partsOf(functions));
    const instructions = (list) => total(list, (share) => share.instructions);
    return {
      parts: new Map([...parts].map(([part, list]) => [part ?? 'no name', instructions(list)])),
      libc: new Map([...parts].map(([part, list]) => [part ?? 'no name', instructions(list.filter(({ one }) => isLibc(one)))])),
      calls: new Map(systemCalls.map((name) => [name, callsTo(functions, name)])),
    };
  } finally {
    rmSync(file, { force: true });
  }
}

try {
  setPriority(-10);
} catch {
  // Only root may. On a busy machine the broker is then late, and turfd subscribes in the middle of the queue.
}
let few, many, turns = 0;
const each = (kind, name) => ((many[kind].get(name) ?? 0) - (few[kind].get(name) ?? 0)) / (manySubmissions - fewSubmissions);
do {
  few = await countInstructions(fewSubmissions);
  many = await countInstructions(manySubmissions);
} while (++turns < 3 && Math.abs(each('parts', 'Paho: subscribing')) > 100);
const time = await drain('turfd', { submissions: timed, phones, seed: 1 });

// ---- Printing -----------------------------------------------------------------------------------------------------

const outside = 1 - time.kernel / time.cpu;
const measured = [...many.parts.keys()].map((part) => ({ part, instructions: each('parts', part), libc: each('libc', part) }));
const all = total(measured, ({ instructions }) => instructions);
const rows = measured
  .map((row) => ({ ...row, share: (row.instructions / all) * outside }))
  .filter(({ instructions }) => Math.abs(instructions) >= 1)
  .sort((a, b) => b.share - a.share);

const whole = (n) => Math.round(n).toLocaleString('en-GB');
const print = (...cells) => console.log(`| ${cells.join(' | ')} |`);
const printRow = (part, instructions, libc, share) => print(part, instructions, libc, `${(share * 100).toFixed(1)} %`, (share * time.cpu).toFixed(2));
print('part', 'instructions', 'of them in the C library', 'share of the time', 'microseconds');
print('---', '---', '---', '---', '---');
printRow('the kernel', '', '', 1 - outside);
for (const { part, instructions, libc, share } of rows) printRow(part, whole(instructions), whole(libc), share);
printRow('all', whole(all), whole(total(measured, ({ libc }) => libc)), 1);
console.log(`\nCalls of the kernel: ${systemCalls.map((name) => `${name} ${each('calls', name).toFixed(2)}`).join(', ')}.`);
