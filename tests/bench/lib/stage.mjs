// SPDX-License-Identifier: EUPL-1.2
// What every measurement stands on: a folder on the disk, a broker with deploy/'s settings, programs that are ended, and
// moments on the clock that all processes share (CLOCK_MONOTONIC, in nanoseconds).
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build, program, root } from '../../system/lib/paths.mjs';
import { Running, eventually, freePort, portAnswers, succeed } from '../../system/lib/processes.mjs';

export const org = 'bench';
const clientSecret = '0123456789abcdef'; // every consumer is to find the same session at the broker
export const aggregator = `turf-aggregator-${org}_${clientSecret}`;
const benchDate = '2019-11-20';
const config = process.env.BENCH_CONFIG || join(root, 'tests/bench/bench.conf');
export const tool = (name) => join(build, 'bench', name);

const scale = Number(process.env.BENCH_SCALE || 1);
export const trials = Number(process.env.BENCH_TRIALS || 5);
export const scaled = (n, least = 1) => Math.max(least, Math.round(n * scale));

export const now = () => Number(process.hrtime.bigint());

// Folders lie in the build folder: on the disk that is measured, and never in memory.
class Stage {
  constructor() {
    this.folder = mkdtempSync(join(build, 'bench-'));
    this.running = [];
  }

  path(name) {
    return join(this.folder, name);
  }

  start(command, args, options) {
    const running = new Running(command, args, { cwd: this.folder, ...options });
    this.running.push(running);
    return running;
  }

  async end() {
    for (const running of this.running.reverse()) await running.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  // deploy/broker-config's broker, which also tells who connects: `connections` has the moments, by client id.
  async broker() {
    this.port = await freePort();
    const folder = this.path('broker');
    const env = { PATH: `${process.env.PATH}:/usr/sbin` };
    await succeed(join(root, 'deploy/broker-config'), [folder, String(this.port), org], { env });
    appendFileSync(join(folder, 'mosquitto.conf'), 'log_type notice\nconnection_messages true\n');
    await succeed('mosquitto_passwd', ['-b', join(folder, 'passwords'), 'watcher', 'watcher'], { env });
    appendFileSync(join(folder, 'acl'), '\nuser watcher\ntopic read #\n');
    this.credentials = join(folder, 'credentials');
    [, this.password] = readFileSync(this.credentials, 'utf8').match(/^password = (.*)$/m);
    this.connections = new Map();
    const broker = this.start('mosquitto', ['-c', join(folder, 'mosquitto.conf')], { env });
    broker.child.stderr.on('data', (bytes) => this.#connected(String(bytes)));
    await eventually(async () => {
      if (broker.status) throw new Error(`the broker ended: ${broker.log}`);
      return portAnswers(this.port);
    }, 'the broker');
    return broker;
  }

  #connected(text) {
    const moment = now();
    for (const [, id] of text.matchAll(/New client connected from \S+ as (\S+) /g)) this.connections.set(id, moment);
  }

  // When this client id was let in; waits for it.
  connection(id, running) {
    return eventually(() => {
      if (running?.status) throw new Error(`${running.name} ended: ${running.log}`);
      return this.connections.get(id);
    }, `${id} to connect`);
  }

  login() {
    return [String(this.port), aggregator, 'aggregator', this.password];
  }

  // From now on the broker queues for the aggregator's client id.
  async session() {
    await succeed(tool('null'), [...this.login(), 'session'], { cwd: this.folder });
    this.connections.delete(aggregator);
  }

  async load(submissions, { events = 1, phones = 1000, last, seed = 1 }) {
    await succeed(tool('load'), [this.port, submissions, events, phones, last, seed].map(String), { limit: 3_600_000 });
  }

  // Resolves, once subscribed, to an object whose `heard` resolves to the moment of the first message.
  async watch(id, filter, text = []) {
    const running = this.start(tool('watch'), [String(this.port), id, filter, ...text]);
    const said = (pattern) => eventually(() => {
      if (running.status && running.status.code !== 0) throw new Error(`watch ended: ${running.log}`);
      return running.stdout.match(pattern);
    }, `${filter}`, 3_600_000);
    await said(/^ready$/m);
    return { heard: said(/^(\d+) (\d+)$/m).then(([, moment]) => Number(moment)) };
  }

  // `under`: a program, with its arguments, that runs turfd; `limits`: settings of turfd.conf's `limits`.
  turfd({ under = [], limits = '' } = {}) {
    const file = this.path('turfd.conf');
    writeFileSync(file, `${readFileSync(config, 'utf8')}\nlimits = { ${limits} };\n`);
    mkdirSync(this.path('store.last-seen'), { recursive: true, mode: 0o700 });
    writeFileSync(this.path('store.last-seen/client-id'), `${clientSecret}\n`);
    const args = ['--config', file, '--store', this.path('store'), '--broker', `mqtt://127.0.0.1:${this.port}`];
    const [command, ...rest] = [...under, program('turfd'), ...args, '--credentials', this.credentials, '--today', benchDate];
    return this.start(command, rest);
  }
}

export async function onStage(act) {
  const stage = new Stage();
  try {
    return await act(stage);
  } finally {
    await stage.end();
  }
}

// ---- Processes ------------------------------------------------------------------------------------------------

const field = (file, name) => Number(readFileSync(file, 'utf8').match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))[1]);

// Kilobytes of RssAnon, VmRSS, …
export const memory = (pid, name) => field(`/proc/${pid}/status`, name);

// Seconds of processor time that a process has used, outside the kernel and in it.
export function cpu(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, kernel] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13).map((ticks) => Number(ticks) / 100);
  return { user, kernel };
}

export const present = existsSync;

// ---- Figures --------------------------------------------------------------------------------------------------

export const median = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
};
