// SPDX-License-Identifier: EUPL-1.2
// Every figure of `make bench`: what is measured, against what, and what it must reach. docs/performance.md explains each.
// A bench gives rows; what is compared is measured in turns, A B A B, and a ratio is the median of the turns' ratios.
import { renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { succeed } from '../../system/lib/processes.mjs';
import { drained, idle, start } from './daemon.mjs';
import { connections, frames, issuing, plainSigning } from './door.mjs';
import { drain } from './drains.mjs';
import { latency } from './latencies.mjs';
import { bareTapTimes, firstLoad, screenTimes, tapTimes } from './pages.mjs';
import { median, onStage, present, scaled, tool, trials } from './stage.mjs';

const few = Math.min(trials, 3);

// Runs each of `measures` in turns; resolves to a list of results for each name.
async function inTurns(times, measures) {
  const results = Object.fromEntries(Object.keys(measures).map((name) => [name, []]));
  for (let turn = 0; turn < times; turn++) {
    for (const [name, measure] of Object.entries(measures)) results[name].push(await measure(turn));
  }
  return results;
}

const ratioOf = (ours, theirs) => median(ours.map((value, turn) => value / theirs[turn]));

// `must`: ['>=' or '<=', number], of the ratio, or of the value when there is nothing to compare with.
function row(name, value, unit, { against = null, ratio = null, must = null } = {}) {
  const judged = ratio ?? value;
  const holds = must && (must[0] === '>=' ? judged >= must[1] : judged <= must[1]);
  return { name, value, unit, against, ratio, must_reach: must && must.join(' '), holds };
}

const whole = (n) => Math.round(n).toLocaleString('en-GB');
const rates = (list) => list.map(({ rate }) => rate);
const compared = (name, ours, unit, peer, theirs, must) =>
  row(name, median(ours), unit, { against: `${peer}: ${whole(median(theirs))} ${unit}`, ratio: ratioOf(ours, theirs), must });

// ---- Drains -----------------------------------------------------------------------------------------------------

const queued = scaled(200_000, 2000);
const queued64 = scaled(20_000, 200);
const drains = (names, options, times = trials) =>
  inTurns(times, Object.fromEntries(names.map((name) => [name, (turn) => drain(name, { ...options, seed: turn + 1 })])));

async function drainOfPhones() {
  const got = await drains(['null', 'turfd', 'expert', 'null-async', 'null-traceless'], { submissions: queued, phones: 1000 });
  const [turfd, expert, sync, async] = ['turfd', 'expert', 'null', 'null-async'].map((name) => rates(got[name]));
  const faster = median(sync) >= median(async) ? [sync, 'null subscriber, MQTTClient'] : [async, 'null subscriber, MQTTAsync'];
  return [
    compared('drain', turfd, 'submissions/s', faster[1], faster[0], ['>=', 0.7]),
    compared('drain, expert', turfd, 'submissions/s', 'libmosquitto + SQLite in C', expert, ['>=', 1.1]),
    compared('drain, traceless', turfd, 'submissions/s', "null subscriber, MQTTClient, Paho's trace off", rates(got['null-traceless'])),
    row('drain, null MQTTClient', median(sync), 'submissions/s'),
    row('drain, null MQTTAsync', median(async), 'submissions/s'),
    row('drain, processor turfd', median(got.turfd.map(({ cpu }) => cpu)), 'us/submission'),
    row('drain, processor null', median(got.null.map(({ cpu }) => cpu)), 'us/submission'),
    row('drain, processor null, traceless', median(got['null-traceless'].map(({ cpu }) => cpu)), 'us/submission'),
    row('drain, processor expert', median(got.expert.map(({ cpu }) => cpu)), 'us/submission'),
  ];
}

async function drainOfOwnPhones() {
  const got = await drains(['answer', 'turfd', 'expert'], { submissions: queued, phones: 0 });
  const [turfd, expert, answer] = ['turfd', 'expert', 'answer'].map((name) => rates(got[name]));
  return [
    compared('drain, own phones', turfd, 'submissions/s', 'count and answer, no store', answer, ['>=', 0.7]),
    compared('drain, own phones, expert', turfd, 'submissions/s', 'libmosquitto + SQLite in C', expert, ['>=', 1.05]),
  ];
}

// As many events in a transaction as turfd has: what its inbox holds, 4 MiB, or 3,000 submissions.
const bytesOf64 = 2016;
const batchOf64 = 64 * Math.min(3000, Math.ceil((4 << 20) / bytesOf64));

const foldRate = (batch, events) => onStage(async (stage) => {
  const { stdout } = await succeed(tool('store'), ['fold', stage.path('store'), String(batch), String(events)], { limit: 3_600_000 });
  return events / Number(stdout);
});

async function drainOf64() {
  const options = { submissions: queued64, events: 64, phones: 1000 };
  const got = await inTurns(few, {
    fold: () => foldRate(batchOf64, queued64 * 64),
    turfd: (turn) => drain('turfd', { ...options, seed: turn + 1 }),
    expert: (turn) => drain('expert', { ...options, seed: turn + 1 }),
  });
  return [
    compared('drain, 64 events', rates(got.turfd), 'events/s', 'the store alone', got.fold, ['>=', 0.7]),
    compared('drain, 64 events, expert', rates(got.turfd), 'events/s', 'libmosquitto + SQLite in C', rates(got.expert), ['>=', 1.5]),
  ];
}

async function drainOfPeers() {
  const got = await drains(['turfd', 'python', 'node-red', 'null'], { submissions: scaled(50_000, 2000), phones: 1000 }, few);
  return [
    compared('drain, Python', rates(got.turfd), 'submissions/s', 'paho + sqlite3', rates(got.python), ['>=', 5]),
    compared('drain, Node-RED', rates(got.turfd), 'submissions/s', 'Node-RED + SQLite', rates(got['node-red']), ['>=', 5]),
    compared('drain, null subscriber and Node-RED', rates(got.null), 'submissions/s', 'Node-RED + SQLite', rates(got['node-red'])),
  ];
}

// ---- Latencies --------------------------------------------------------------------------------------------------

function within(name, got, which, limit) {
  const [ours, echo] = [got.turfd, got.echo].map((list) => list.map((one) => one[which]));
  return row(`${name}, ${which}`, median(ours), 'ms', {
    against: `echo and two fdatasyncs: ${median(echo).toFixed(2)} ms`, ratio: ratioOf(ours, echo), must: ['<=', limit],
  });
}

async function receipts(name, options) {
  const got = await inTurns(few, { echo: () => latency('echo-synced', options), turfd: () => latency('turfd', options) });
  return [within(name, got, 'p50', 1.5), within(name, got, 'p99', 3)];
}

const idleTaps = { rate: 20, taps: scaled(300, 40) };
const manyTaps = { rate: 1000, taps: scaled(10_000, 1000) };

async function screens() {
  const rows = [];
  for (const [when, options] of Object.entries({ idle: idleTaps, '1,000/s': manyTaps })) {
    const got = await inTurns(few, { echo: () => latency('echo', options), turfd: () => latency('turfd', { ...options, what: 'screen' }) });
    const beyond = got.turfd.map(({ p99 }, turn) => p99 - got.echo[turn].p99);
    const ours = got.turfd.map(({ p99 }) => p99), echo = got.echo.map(({ p99 }) => p99);
    const judged = row(`tap to screen ${when}, p99 beyond echo`, median(beyond), 'ms', { must: ['<=', 250] });
    rows.push({ ...judged, against: `echo p99 ${median(echo).toFixed(2)} ms; tap to screen p99 ${median(ours).toFixed(1)} ms` });
  }
  return rows;
}

async function disk() {
  const got = await inTurns(few, {
    syncs: () => onStage(async (stage) => (await succeed(tool('store'), ['syncs', stage.folder, '500'])).stdout.split(' ').map((s) => Number(s) * 1e3)),
  });
  return [row('two fdatasyncs, p50', median(got.syncs.map(([p50]) => p50)), 'ms'), row('two fdatasyncs, p99', median(got.syncs.map(([, p99]) => p99)), 'ms')];
}

// ---- Store ------------------------------------------------------------------------------------------------------

// A store with so many ids of past days, made once for all runs in this build folder.
async function storeOf(ids) {
  const path = tool(`store-${ids}`);
  if (!present(path)) {
    rmSync(`${path}.new`, { recursive: true, force: true });
    await succeed(tool('store'), ['fill', `${path}.new`, String(ids)], { limit: 3_600_000 });
    renameSync(`${path}.new`, path);
  }
  return path;
}

const many = scaled(10_000_000, 10_000);

async function foldOnOldIds() {
  const old = await storeOf(many);
  const today = scaled(100_000, 1000), batches = scaled(100, 5);
  const turns = await inTurns(few, {
    pair: () => onStage(async (stage) => {
      await succeed('cp', ['-r', old, stage.path('old')]);
      const args = ['pairs', stage.path('old'), stage.path('new'), '1000', String(today), String(batches)];
      const { stdout } = await succeed(tool('store'), args, { limit: 3_600_000 });
      return stdout.split(' ').map((seconds) => (batches * 1000) / Number(seconds));
    }),
  });
  const [ours, theirs] = [0, 1].map((side) => turns.pair.map((pair) => pair[side]));
  return [compared(`fold with ${whole(many)} older ids`, ours, 'events/s', 'none older', theirs, ['>=', 0.7])];
}

async function bytes() {
  const rows = [];
  for (const [batch, events] of [[1, 2000], [100, 50_000], [1000, 300_000]]) {
    const n = scaled(events, batch);
    const got = await onStage(async (stage) => (await succeed(tool('store'), ['written', stage.path('store'), String(batch), String(n)], { limit: 3_600_000 })).stdout.split(' ').map(Number));
    rows.push(row(`bytes written, batches of ${whole(batch)}`, got[0] / n, 'bytes/question'));
    if (batch === 1000) rows.push(row(`bytes on disk, ${whole(n)} of today`, got[1] / n, 'bytes/question'));
  }
  const size = statSync(join(await storeOf(many), 'data.mdb')).size;
  return [...rows, row(`bytes on disk, ${whole(many)} of past days`, size / many, 'bytes/question')];
}

// ---- Daemon -----------------------------------------------------------------------------------------------------

async function starts() {
  const store = await storeOf(many);
  const got = await inTurns(trials, { empty: () => start(), old: () => start(store) });
  return [row(`start with ${whole(many)} ids`, median(got.old), 'ms', { against: `on an empty store: ${median(got.empty).toFixed(1)} ms`, ratio: ratioOf(got.old, got.empty), must: ['<=', 1.5] })];
}

async function million() {
  const ids = scaled(1_000_000, 10_000);
  const store = await storeOf(ids);
  const got = await inTurns(trials, {
    serving: () => drain('turfd', { submissions: 1, phones: 1, seed: 1, store, ids }),
    idle: () => idle(store),
  });
  return [
    row(`first receipt after the broker's answer, ${whole(ids)} ids`, median(got.serving.map(({ seconds }) => seconds * 1e3)), 'ms', { must: ['<=', 100] }),
    row(`idle turfd resident, ${whole(ids)} ids`, median(got.idle.map(({ resident }) => resident / 1024)), 'MiB', { must: ['<=', 12] }),
  ];
}

async function memoryOfDrain() {
  const submissions = scaled(200_000, 2000);
  const got = await inTurns(1, { drained: () => drained(5, submissions, 1) });
  const [{ before, most }] = got.drained;
  return [{ ...row(`memory of a drain of ${whole(5 * submissions)}, beyond idle`, (most - before) / 1024, 'MiB', { must: ['<=', 16] }), against: `idle: ${(before / 1024).toFixed(1)} MiB of RssAnon` }];
}

async function processor() {
  const names = ['decode', 'validate', 'fold', 'commit', 'receipt'];
  const batches = String(scaled(40, 2));
  const got = await inTurns(trials, {
    one: () => onStage(async (stage) => (await succeed(tool('stages'), [stage.path('store'), '3000', batches, '1', '1000'])).stdout.split(' ').map(Number)),
  });
  return names.map((name, i) => row(`processor, ${name}`, median(got.one.map((stages) => stages[i])), 'ns/question'));
}

// ---- Pages ------------------------------------------------------------------------------------------------------

const slower = 4;
const part = (list, p) => [...list].sort((a, b) => a - b)[Math.ceil(list.length * p) - 1];

// What a tap waits for, one after the other; each from the end of the one before.
const stages = { handled: 'for the page', stored: 'for the disk', said: 'for the answer of the disk', drawn: 'for the frame', shown: 'for drawing' };

async function tapPage() {
  const taps = scaled(60, 50);
  const got = await inTurns(few, { slow: () => tapTimes(taps, slower), plain: () => tapTimes(taps, 1), bare: () => bareTapTimes(taps, slower) });
  const figure = (name, of, p, options) => {
    const [slow, plain, bare] = [got.slow, got.plain, got.bare].map((runs) => part(runs.flat().map(of), p));
    const against = `a page with one button: ${bare.toFixed(1)} ms; processor ${slower} times as fast: ${plain.toFixed(1)} ms`;
    return { ...row(`${name}, p${p * 100}`, slow, 'ms', options), against };
  };
  const figures = (name, of, limits = {}) => [0.5, 0.95].map((p) => figure(name, of, p, limits[p] && { must: ['<=', limits[p]] }));
  const names = Object.keys(stages);
  return [
    ...figures('tap to saved on disk', ({ said }) => said),
    ...figures('tap to saved on screen', ({ shown }) => shown, { 0.5: 50, 0.95: 60 }),
    ...names.flatMap((name, i) => figures(`a tap waits ${stages[name]}`, (times) => times[name] - (i ? times[names[i - 1]] : 0))),
  ];
}

async function leaderPage() {
  const taps = scaled(200, 50);
  const times = (await inTurns(few, { one: () => screenTimes(taps, 100) })).one.flat();
  return [0.5, 0.99].map((p) => row(`receipt to the leader's screen, p${p * 100}`, part(times, p), 'ms', { must: ['<=', 1000] }));
}

async function pageSizes() {
  return [
    row('first load of the tap page', await firstLoad('tap'), 'bytes', { must: ['<=', 40_000] }),
    row("first load of the leader's page", await firstLoad('leader'), 'bytes'),
  ];
}

// ---- The door -----------------------------------------------------------------------------------------------------

// Short turns, so that what else the machine does falls on both alike; the processor's clock is coarse, so its time is summed.
async function doorConnections() {
  const times = scaled(50, 10);
  const got = await connections((logOn) => inTurns(8 * trials, { token: () => logOn('token', times), password: () => logOn('password', times) }));
  const [token, password] = [got.token, got.password].map((list) => list.map(({ p50 }) => p50));
  const [ofToken, ofPassword] = [got.token, got.password].map((list) => list.reduce((sum, { cpu }) => sum + cpu, 0) / list.length);
  return [
    row('log on with a token, p50', median(token), 'ms', { against: `with a password: ${median(password).toFixed(3)} ms`, ratio: ratioOf(token, password) }),
    row('log on with a token, processor of the broker', ofToken, 'us', { against: `with a password: ${ofPassword.toFixed(0)} us`, ratio: ofToken / ofPassword }),
  ];
}

async function doorTokens() {
  const devices = scaled(5, 2);
  const got = await issuing((ask) => inTurns(few, { turfdoor: () => ask(devices), plain: plainSigning }));
  const sign = got.plain.map((one) => one.sign);
  const both = got.plain.map((one) => 1 / (1 / one.sign + 1 / one.verify)); // turfdoor verifies what it has signed
  return [
    row('tokens issued', median(got.turfdoor.map(({ rate }) => rate)), 'tokens/s'),
    compared('tokens issued, of its processor', got.turfdoor.map(({ cpuRate }) => cpuRate), 'tokens/s', 'openssl speed, sign and verify', both),
    row('signatures of openssl speed', median(sign), 'signatures/s'),
  ];
}

async function doorFrames() {
  const got = await frames(trials, slower);
  const of = (when, which) => got.map((turn) => turn[when][which]);
  const beyond = got.map(({ busy, idle }) => busy.dropped - idle.dropped);
  return [
    { ...row(`frames dropped beyond idle, a week's batch ${slower} x slower`, median(beyond), 'frames', { must: ['<=', 0] }),
      against: `${median(of('busy', 'dropped'))} of ${median(of('busy', 'frames'))}, idle ${median(of('idle', 'dropped'))} of ${median(of('idle', 'frames'))}` },
    { ...row('longest time between two frames, the same', median(of('busy', 'worst')), 'ms'), against: `idle: ${median(of('idle', 'worst')).toFixed(1)} ms` },
    { ...row("tasks of more than 50 ms on the page's thread, the same", median(of('busy', 'longTasks')), 'tasks'), against: `idle: ${median(of('idle', 'longTasks'))}` },
  ];
}

export const benches = {
  drain: drainOfPhones,
  'drain-own-phones': drainOfOwnPhones,
  'drain-64': drainOf64,
  'drain-peers': drainOfPeers,
  'latency-idle': () => receipts('tap to receipt idle', idleTaps),
  'latency-1000': () => receipts('tap to receipt 1,000/s', manyTaps),
  screen: screens,
  disk,
  'fold-old-ids': foldOnOldIds,
  bytes,
  start: starts,
  million,
  memory: memoryOfDrain,
  processor,
  'tap-page': tapPage,
  'leader-page': leaderPage,
  'page-sizes': pageSizes,
  'door-connections': doorConnections,
  'door-tokens': doorTokens,
  'door-frames': doorFrames,
};
