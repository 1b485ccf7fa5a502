// SPDX-License-Identifier: EUPL-1.2
// An organisation that lives through simulated weeks: forty workers of six teams, each with a phone (libturf), behind real nginx,
// turfdoor, mosquitto with its plugin, and turfd, whose clocks the test moves (shifted_clock.c). It collects what is written
// anywhere, for adversary.mjs, and keeps the truth, who made which tap, for scoring only.
import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { readCore } from './adversary.mjs';
import { atEnd } from './cleanup.mjs';
import { Client } from './client.mjs';
import { writeConfig } from './config.mjs';
import { Door } from './door.mjs';
import { dateOf, dayOf, decode, quarterOf, question } from './messages.mjs';
import { random } from './outbox.mjs';
import { build, root, temporaryFolder } from './paths.mjs';
import { eventually, freePort, portAnswers, Running, succeed } from './processes.mjs';
import { Stack } from './stack.mjs';

const org = 'proef';
const DAY = 86400;
const HOUR = 3600;
const EVENING = 21 * HOUR;
const FLUSH_MS = 60_000;
const domains = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const labels = Array.from({ length: 10 }, (_, i) => i + 1);

// A team's workers, and how many taps a day each makes beside the one that everybody makes. Some are busy, some are not.
const teams = { noord: 9, oost: 8, west: 7, zuid: 6, school: 5, wijk: 5 };
const more = [5, 3, 2, 2, 1, 1, 0, 0, 0];

export const firstDay = dayOf('2026-04-06'); // a Monday

// ---- The clock ----------------------------------------------------------------------------------------------------

class Clock {
  constructor(t, folder) {
    this.file = openSync(join(folder, 'clock'), 'w+');
    atEnd(t, () => closeSync(this.file));
    this.shift = -Infinity;
  }

  // At least so late: unix seconds. Never back, when the machine was slow and more time has passed than should have.
  set(now) {
    this.shift = Math.max(this.shift, Math.ceil(now - Date.now() / 1000));
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(this.shift));
    writeSync(this.file, bytes, 0, 8, 0);
  }
}

const compile = (output, ...args) => succeed('cc', ['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-O1', '-o', output, ...args], { cwd: root });

async function compilePhones(folder) {
  const units = ['broker-client/libturf', 'broker-client/mqtt', 'base/lmdb', 'proto', 'base'].map((unit) => join(build, `${unit}.a`));
  const libraries = ['paho-mqtt3as', 'curl', 'lmdb', 'jansson', 'protobuf-c', 'utf8proc', 'crypto', 'pthread'].map((name) => `-l${name}`);
  await compile(join(folder, 'worker_phones'), '-I.', `-I${build}`, 'tests/system/lib/worker_phones.c', ...units, ...libraries);
  return join(folder, 'worker_phones');
}

// Everything that is started from now on lives in simulated time.
async function shiftClocks(t, folder) {
  const library = join(folder, 'shifted_clock.so');
  await compile(library, '-shared', '-fPIC', 'tests/system/lib/shifted_clock.c');
  const clock = new Clock(t, folder);
  clock.set(firstDay * DAY + 2 * HOUR);
  const names = { LD_PRELOAD: library, TURF_TEST_CLOCK: join(folder, 'clock'), TURF_TEST_CLOCK_OF: 'turf_door.so:turfdoor:turfd' };
  Object.assign(process.env, names);
  atEnd(t, () => Object.keys(names).forEach((name) => delete process.env[name]));
  return clock;
}

// ---- The memory of a process ------------------------------------------------------------------------------------------

// What a core dump holds: every part of its memory that it may write.
function dumpMemory(pid) {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const parts = [];
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to] = line.match(/^([0-9a-f]+)-([0-9a-f]+) rw.p/) ?? [];
    if (!from) continue;
    const [start, end] = [parseInt(from, 16), parseInt(to, 16)];
    const part = Buffer.allocUnsafe(end - start);
    parts.push(part.subarray(0, readSync(memory, part, 0, part.length, start)));
  }
  closeSync(memory);
  return Buffer.concat(parts);
}

// ---- The organisation ----------------------------------------------------------------------------------------------------

export class WorkerWeeks {
  // options: seed; teams (the ids of those that there are, all); batch (tokens a week). Each of these switches a protection off:
  //   dayTokens        a phone connects in the morning with one token, and keeps it and the connection until the evening
  //   reofferAtOnce    after a restore a phone offers all that it remembers on one connection
  //   ownKeys          each person has a key of his own
  //   tokensByNeed     a phone buys another batch when it has used one up
  static async start(t, options = {}) {
    const weeks = new WorkerWeeks();
    Object.assign(weeks, { t, options: { seed: 1, batch: 20, ...options }, taps: new Map(), day: firstDay });
    weeks.chance = random(weeks.options.seed);
    weeks.teams = Object.fromEntries(Object.entries(teams).filter(([id]) => options.teams?.includes(id) ?? true));
    weeks.folder = temporaryFolder(t, 'turf-weeks');
    weeks.clock = await shiftClocks(t, weeks.folder);
    weeks.written = { cores: [], backups: [], states: [], logs: [] };
    await weeks.#startServices();
    await weeks.#startPhones();
    await weeks.#enrolAll();
    return weeks;
  }

  // ---- What runs ----

  async #startServices() {
    const { t } = this;
    const keys = join(temporaryFolder(t, 'turf-weeks-keys'), 'keys');
    this.door = await (await Door.create(t, { org, keys, batch: this.options.batch })).start();
    const config = writeConfig(t, {
      teams: Object.keys(this.teams).map((id) => ({ id, name: id })),
      labels: labels.map((code) => ({ code, name: `Label ${code}`, kind: 'subject' })),
      counting_since: '2026-01-01',
      limits: { summary_interval_ms: 10 },
    });
    this.stack = await Stack.start(t, org, { config, keys, websockets: true });
    this.nginxPort = await freePort();
    const pages = join(this.folder, 'pages');
    mkdirSync(pages);
    const web = join(this.folder, 'nginx');
    await succeed(join(root, 'deploy/web-config'), ['--door', this.door.port, web, this.nginxPort, org, new URL(this.stack.broker.wsUrl).port, pages].map(String));
    this.nginx = new Running('nginx', ['-e', 'stderr', '-p', web, '-c', 'nginx.conf'], { env: { PATH: `${process.env.PATH}:/usr/sbin` } });
    atEnd(t, () => this.nginx.stop());
    await eventually(() => this.nginx.status || portAnswers(this.nginxPort), 'nginx');
    await this.#record();
  }

  // A subscriber that sees every state of every retained topic.
  async #record() {
    this.recorder = await Client.connect(this.t, this.stack.broker.url, this.stack.broker.watcher);
    for (const topic of ['summary/+/+', 'summary-json/+/+', 'weekly/+/+', 'catalogue', 'status/aggregator', 'door/keys']) await this.recorder.subscribe(this.stack.topic(topic), 0);
    this.written.states = this.recorder.messages;
  }

  async #startPhones() {
    const phones = new Running(await compilePhones(this.folder), [this.stack.broker.url, org], { stdin: 'pipe' });
    atEnd(this.t, () => phones.kill('SIGKILL'));
    const lines = createInterface({ input: phones.child.stdout });
    const answers = [];
    lines.on('line', (line) => answers.shift()?.(line));
    phones.ended.then(() => answers.splice(0).forEach((answer) => answer(`failed the phones ended: ${phones.log}`)));
    this.tell = (...words) => new Promise((resolve) => {
      answers.push(resolve);
      phones.child.stdin.write(`${words.join(' ')}\n`);
    });
  }

  async phone(...words) {
    const answer = await this.tell(...words);
    assert.match(answer, /^ok/, words.join(' '));
    return answer.slice(3);
  }

  // ---- Who works there ----

  async #enrolAll() {
    this.workers = Object.entries(this.teams).flatMap(([team, n]) => {
      const busy = this.chance.shuffled(more.slice(0, n));
      return busy.map((extra, i) => ({ name: `${team}-${i + 1}`, team, extra, outbox: join(this.folder, `${team}-${i + 1}`) }));
    });
    for (const worker of this.chance.shuffled(this.workers)) await this.enrol(worker);
    await this.keysAreRead();
  }

  // With keys of their own each person has a scope that nobody else has: the team, and one that does not exist.
  async enrol(worker) {
    const own = this.options.ownKeys ? ['--team', `own-${worker.name}`] : [];
    const { stdout } = await this.door.command('invite', '--team', worker.team, ...own, '--note', worker.name);
    await this.phone('join', worker.outbox, `http://127.0.0.1:${this.nginxPort}/${stdout.trim().slice(stdout.indexOf('#'))}`);
    worker.tokens = this.options.batch;
  }

  // Until turfdoor has made the keys of this week and the next, and the broker has read them.
  async keysAreRead() {
    const monday = (this.day - ((this.day - firstDay) % 7)) * DAY;
    const complete = () => {
      const starts = JSON.parse(this.recorder.newest(this.stack.topic('door/keys')) ?? '{"token-keys":[]}')['token-keys'].map((key) => key['not-before']);
      return [monday, monday + 7 * DAY].every((week) => starts.filter((start) => start === week).length === this.scopes);
    };
    await this.recorder.until(complete, 'the keys at the broker');
  }

  get scopes() {
    return this.options.ownKeys ? this.workers.length : Object.keys(this.teams).length;
  }

  inTeam(team) {
    return this.workers.filter((worker) => worker.team === team);
  }

  // ---- Days ----

  // The taps of a day: one of each worker and what the busy ones have more, at independent moments from 8 to 17 o'clock. The
  // first drawn of each worker is the one that somebody saw (`seen`).
  draw(workers = this.workers) {
    const taps = workers.flatMap((worker) =>
      Array.from({ length: 1 + worker.extra }, (_, i) => ({
        worker,
        seen: i === 0,
        day: this.day,
        at: this.day * DAY + 6 * HOUR + this.chance.below(9 * HOUR),
        domain: this.chance.oneOf(domains),
        outcome: 1 + this.chance.below(2),
        label: this.chance.below(labels.length + 1),
      })));
    return taps.sort((a, b) => a.at - b.at);
  }

  // Stores a tap on the phone.
  async store(tap) {
    this.clock.set(tap.at);
    this.#made(tap, await this.phone('tap', tap.worker.outbox, tap.worker.team, tap.day, tap.domain, tap.outcome, tap.label));
  }

  #made(tap, id) {
    tap.id = id;
    this.taps.set(id, tap);
  }

  // Sends what waits on a phone, as far as it sends it now. Resolves to how many still wait, and from when on more may go.
  async flush(worker) {
    if (this.options.tokensByNeed && worker.tokens === 0) await this.enrol(worker);
    worker.tokens--;
    const [waiting, next, ...answered] = (await this.phone('flush', worker.outbox, FLUSH_MS)).split(' ');
    await this.#answered(worker.team, answered);
    await this.phone('close');
    return { waiting: Number(waiting), next: Number(next) };
  }

  // After taps were answered, while the phone is connected: somebody takes a core dump of the broker, and the figures show them.
  async #answered(team, ids) {
    for (const id of ids) this.taps.get(id).counted = true;
    this.dumpCore();
    await this.shows(team);
  }

  // A day of ordinary use: each tap is sent when it is made.
  async workDay() {
    const taps = this.draw();
    if (this.options.dayTokens) return this.#dayWithOneToken(taps);
    for (const tap of taps) {
      await this.store(tap);
      await this.flush(tap.worker);
    }
  }

  // Ordinary use on these days (numbers from the first one), until the evening of the last of them.
  async work(days) {
    while (this.day <= firstDay + days.at(-1)) {
      if (days.includes(this.day - firstDay)) await this.workDay();
      await this.endDay();
    }
  }

  // ---- Days without a protection ----

  // A connection with a token of the phone's outbox, which no handle of libturf manages.
  async #connect(worker) {
    return this.stack.phone({ username: 'pass', password: await this.phone('token', worker.outbox) });
  }

  async #register(phone, worker, taps) {
    const events = taps.map((tap) => question(tap.day, tap.domain, tap.outcome, tap.label ? [tap.label] : [], tap.id && Buffer.from(tap.id, 'hex')));
    this.stack.turfd.child.kill('SIGSTOP'); // so that what was sent lies at the broker, as while turfd restarts
    await phone.send(worker.team, events);
    this.dumpCore();
    this.stack.turfd.child.kill('SIGCONT');
    await phone.verdicts(events.map(({ id }) => id));
    taps.forEach((tap, i) => this.#made(tap, events[i].id.toString('hex')));
    await this.#answered(worker.team, taps.map(({ id }) => id));
  }

  async #dayWithOneToken(taps) {
    this.clock.set(this.day * DAY + 5 * HOUR);
    const phones = new Map();
    for (const worker of this.workers) phones.set(worker, await this.#connect(worker));
    for (const tap of taps) {
      this.clock.set(tap.at);
      await this.#register(phones.get(tap.worker), tap.worker, [tap]);
    }
    for (const phone of phones.values()) await phone.client.close();
  }

  // ---- A store that is restored ----

  // turfd starts again with the backup of an evening: what was counted after it is lost.
  async restore(day) {
    await this.stack.turfd.stop();
    const { folder } = this.written.backups.find((backup) => backup.day === day);
    await this.stack.turfctl(['restore', folder, '--replace']);
    this.written.backups.push({ day, folder, restored: true });
    for (const tap of this.taps.values()) tap.counted &&= tap.day <= day;
    await this.stack.startTurfd();
    for (const team of Object.keys(this.teams)) await this.shows(team);
  }

  // The phones meet the restored store at moments of their own between 6 and 8 o'clock.
  async reofferAll() {
    const meetings = this.meetings();
    if (!this.options.reofferAtOnce) return this.sendAll(meetings);
    for (const { worker, at } of meetings.sort((a, b) => a.at - b.at)) {
      this.clock.set(at);
      const phone = await this.#connect(worker);
      await this.#register(phone, worker, [...this.taps.values()].filter((tap) => tap.worker === worker));
      await phone.client.close();
    }
  }

  // ---- Phones that come back ----

  // When each phone finds a network: at moments of their own between 6 and 8 o'clock.
  meetings() {
    return this.workers.map((worker) => ({ worker, at: this.day * DAY + 4 * HOUR + this.chance.below(2 * HOUR) }));
  }

  // Opens each phone at its moment, and again whenever more of what waits may go, until nothing waits anywhere. Days pass meanwhile.
  async sendAll(meetings) {
    const open = [...meetings];
    while (open.length > 0) {
      open.sort((a, b) => b.at - a.at);
      const { worker, at } = open.pop();
      while (at >= this.day * DAY + EVENING) await this.endDay();
      this.clock.set(at);
      const { waiting, next } = await this.flush(worker);
      if (waiting > 0) open.push({ worker, at: Math.max(next, at + 1) });
    }
  }

  // Until the figures of a team show all its taps that were counted.
  async shows(team) {
    const n = [...this.taps.values()].filter(({ worker, counted }) => counted && worker.team === team).length;
    const shown = () => {
      const payload = this.recorder.newest(this.stack.topic(`summary/${team}/${quarterOf(this.day)}`));
      const summary = payload && decode('Summary', payload);
      return summary && summary.answered + summary.referred === n;
    };
    await this.recorder.until(shown, `${n} questions of ${team}`);
  }

  // The evening: a dump and a backup. Then it is the next morning, for turfd too.
  async endDay() {
    this.clock.set(this.day * DAY + EVENING);
    this.dumpCore();
    const folder = join(this.folder, `backup-${this.day}`);
    await this.stack.turfctl(['backup', folder]);
    this.written.backups.push({ day: this.day, folder });
    this.day++;
    this.clock.set(this.day * DAY + 2 * HOUR);
    await this.keysAreRead();
    await this.recorder.until(() => JSON.parse(this.recorder.newest(this.stack.topic('status/aggregator')) ?? '{}').today === dateOf(this.day), 'turfd to see the next day');
  }

  // ---- What the adversary gets ----

  dumpCore() {
    this.written.cores.push(readCore(dumpMemory(this.stack.broker.process.pid), this.written.states));
  }

  steal() {
    this.written.store = join(this.stack.store, 'data.mdb');
    this.written.door = join(this.door.folder, 'data.mdb');
    this.written.spent = join(this.stack.broker.folder, 'spent', 'data.mdb');
    this.written.logs = [this.stack.broker.process.log, this.nginx.log, this.door.running.log, this.stack.turfd.log];
    return this.written;
  }
}
