// SPDX-License-Identifier: EUPL-1.2
// The soak: an hour, a million questions, 200 phones that die and lose their networks, days that pass, a broker that
// dies now and then, readers that are killed, backups, reloads; one turfd through all of it. At the end its memory, its
// file and its descriptors are what they were, and every question is counted once. Shorter: SOAK_SECONDS, SOAK_QUESTIONS,
// SOAK_PHONES, SOAK_DAYS (no more than one a second, since turfd would not trust a date that jumps; and 180 or more, so
// that ids are purged during the last half).
import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Calendar } from '../system/lib/calendar.mjs';
import { writeConfig } from '../system/lib/config.mjs';
import { memoryOf } from '../system/lib/memory.mjs';
import { dateOf, dayOf, question } from '../system/lib/messages.mjs';
import { Model, shapeOf } from '../system/lib/model.mjs';
import { OutboxPhone, random } from '../system/lib/outbox.mjs';
import { temporaryFolder } from '../system/lib/paths.mjs';
import { eventually, run } from '../system/lib/processes.mjs';
import { Proxy } from '../system/lib/proxy.mjs';
import { Stack } from '../system/lib/stack.mjs';
import { stepsProgram } from '../system/lib/steps.mjs';

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const seconds = number('SOAK_SECONDS', 3600);
const questions = number('SOAK_QUESTIONS', 1_000_000);
const phones = number('SOAK_PHONES', 200);
const days = number('SOAK_DAYS', 360);

const TICK_MS = 20;
const SAMPLES = 200;
const MEMORY_KB = 1024; // what a run may differ by from its first quarter to its last
const PEAK_KB = 4096; // the same of peaks: a compacting copy, 2 MB, is in some samples
const firstDay = dayOf('2019-01-01');
const settings = {
  accept_days: 25,
  retract_days: 3,
  grace_days: 20, // longer than any tap waits, however busy the machine is: none of them is late
  counting_since: '2018-10-01',
  teams: Array.from({ length: 12 }, (_, i) => ({ id: `team-${i + 1}`, name: `Team ${i + 1}` })),
  labels: [],
  limits: { retry_ms: 100 },
};

class Soak {
  static async start(t) {
    const soak = new Soak();
    Object.assign(soak, { t, chance: random(20191231), samples: [], made: 0, settled: 0, marks: {} });
    soak.calendar = new Calendar(t, dateOf(firstDay));
    soak.model = new Model({ domains: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], ...settings });
    soak.stack = await Stack.start(t, 'proef', { config: writeConfig(t, settings), today: `@${soak.calendar.file}` });
    soak.networks = await Promise.all([1, 2, 3, 4, 5].map(() => Proxy.start(t, soak.stack.broker.port)));
    soak.phones = Array.from({ length: phones }, (_, i) => new OutboxPhone(soak.stack, [], { seed: i, retryMs: 1000, url: soak.networks[i % 5].url }));
    for (const phone of soak.phones) phone.run();
    soak.pid = soak.stack.turfd.pid;
    soak.backups = temporaryFolder(t, 'turf-soak');
    return soak;
  }

  // Keeps the pace: what was to be tapped by now is tapped.
  tap(share) {
    const { chance } = this;
    for (; this.made < share * questions; this.made++) {
      const team = chance.oneOf(settings.teams).id;
      const event = question(this.calendar.date, 1 + chance.below(11), chance.oneOf(['OUTCOME_ANSWERED', 'OUTCOME_REFERRED']));
      const phone = chance.oneOf(this.phones);
      phone.tap(team, event);
      if (chance.below(50) === 0) phone.undo(event.id.toString('hex'));
    }
  }

  // Every tap that has its end is counted along and forgotten.
  collect() {
    for (const phone of this.phones) {
      for (const [id, tap] of phone.taps) {
        if (phone.pending.has(id)) continue;
        const retracted = tap.undone?.endsWith('RETRACTED');
        if (!retracted) assert.match(tap.verdict, /^VERDICT_(ALREADY_)?COUNTED$/);
        this.model.add(tap, retracted ? 'retracted' : 'counted');
        this.settled += 1;
        phone.taps.delete(id);
      }
    }
  }

  // Something goes wrong somewhere about ten times a second; everything heals by itself soon.
  disturb() {
    const { chance } = this;
    if (chance.below(5) === 0) {
      const phone = chance.oneOf(this.phones);
      phone.die();
      phone.run();
    }
    if (chance.below(100) === 0) chance.oneOf(this.networks).set(chance.oneOf(['pass', 'slow', 'stall', 'losedown', 'loseup', 'refuse']));
    if (chance.below(20) === 0) chance.oneOf(this.networks).set('pass');
  }

  // Does `what` so many times in the whole run.
  async times(name, n, share, what) {
    if (Math.floor(share * n) <= (this.marks[name] ?? 0)) return;
    this.marks[name] = Math.floor(share * n);
    await what();
  }

  async upkeep(share) {
    await this.times('day', days, share, () => this.calendar.write(dateOf(firstDay + this.marks.day)));
    await this.times('sample', SAMPLES, share, () => this.sample());
    await this.times('broker', 10, share, async () => {
      await this.stack.broker.kill();
      await this.stack.broker.startAgain();
    });
    await this.times('reader', 30, share, async () => run(await stepsProgram('turfctl'), ['verify', '--store', this.stack.store], { env: { TURF_DIE_AT: 'view-open:1' } }));
    await this.times('reload', 20, share, () => this.stack.turfd.child.kill('SIGHUP'));
    await this.times('backup', 20, share, async () => {
      const folder = join(this.backups, String(this.marks.backup));
      await this.stack.turfctl(['backup', folder]);
      rmSync(folder, { recursive: true });
    });
  }

  sample() {
    this.samples.push({
      anonymous: memoryOf(this.pid).anonymous,
      descriptors: readdirSync(`/proc/${this.pid}/fd`).length,
      file: statSync(join(this.stack.store, 'data.mdb')).size,
    });
    if (this.samples.length % 10 === 0) process.stdout.write(`# ${this.calendar.date}: ${this.settled} of ${this.made} settled, ${JSON.stringify(this.samples.at(-1))}\n`);
  }

  async end() {
    for (const network of this.networks) network.set('pass');
    const left = () => this.phones.reduce((n, phone) => n + phone.pending.size, 0);
    await eventually(() => left() === 0, 'empty outboxes', 600_000).catch((error) => {
      throw new Error(`${error.message}: ${left()} wait\n${this.stack.turfd.log.slice(-2000)}`);
    });
    this.collect();
    for (const phone of this.phones) phone.die();
  }

  // A field in one quarter of the run, smallest first.
  #quarter(field, quarter) {
    const from = Math.floor(((quarter - 1) * this.samples.length) / 4);
    const until = Math.floor((quarter * this.samples.length) / 4);
    return this.samples.slice(from, until).map((sample) => sample[field]).sort((a, b) => a - b);
  }

  most(field, quarter) {
    return this.#quarter(field, quarter).at(-1);
  }

  // What comes and goes (a reader, a file that is read again) shows in some samples only; what leaks, in all that follow.
  usual(field, quarter) {
    const sorted = this.#quarter(field, quarter);
    return sorted[Math.floor(sorted.length / 2)];
  }
}

// Days whose ids are in the store: those that may come, the 60 after, today and tomorrow.
const kept = settings.accept_days + 62;

function staysFlat(soak, idsLeft) {
  assert.ok(soak.usual('anonymous', 4) <= soak.usual('anonymous', 1) + MEMORY_KB, 'memory grew');
  assert.ok(soak.most('anonymous', 4) <= soak.most('anonymous', 1) + PEAK_KB, 'memory peaks higher');
  assert.ok(idsLeft <= 1.1 * questions * Math.min(1, kept / days), 'ids are not purged');
  assert.ok(soak.usual('file', 4) <= 1.25 * soak.usual('file', 3), 'the file grew although ids are purged');
  assert.ok(soak.usual('descriptors', 4) <= soak.usual('descriptors', 1), 'descriptors leak');
}

async function figuresOf({ stack }) {
  const { stdout } = await stack.turfctl(['export', '--format', 'json']);
  const all = JSON.parse(stdout).summaries.map((one) => [`${one.team}/${one.period}`, shapeOf(one)]);
  return Object.fromEntries(all.filter(([, shape]) => shape));
}

test(`${questions} questions of ${phones} phones in ${seconds} seconds and ${days} days`, async (t) => {
  const soak = await Soak.start(t);
  const begin = Date.now();
  for (let share = 0; share < 1;) {
    share = Math.min(1, (Date.now() - begin) / (1000 * seconds));
    soak.tap(share);
    soak.disturb();
    await soak.upkeep(share);
    soak.collect();
    await new Promise((wake) => setTimeout(wake, TICK_MS));
  }
  await soak.end();
  assert.equal(soak.stack.turfd.status, null, `one turfd through all of it: ${soak.stack.turfd.log.slice(-2000)}`);
  const { stdout: verified } = await soak.stack.turfctl(['verify']);
  const quarters = (how, field) => [1, 2, 3, 4].map((quarter) => soak[how](field, quarter)).join(', ');
  t.diagnostic(`settled ${soak.settled} of ${soak.made}; ${verified.trim()}`);
  t.diagnostic(`RssAnon, usual in each quarter: ${quarters('usual', 'anonymous')} kB; most: ${quarters('most', 'anonymous')} kB`);
  t.diagnostic(`data.mdb, usual in each quarter: ${quarters('usual', 'file')} bytes; most: ${quarters('most', 'file')} bytes`);
  t.diagnostic(`descriptors, usual in each quarter: ${quarters('usual', 'descriptors')}`);
  assert.equal(soak.settled, questions);
  assert.deepEqual(await figuresOf(soak), soak.model.figures);
  staysFlat(soak, Number(verified.match(/^verified: (\d+) ids/m)[1]));
});
