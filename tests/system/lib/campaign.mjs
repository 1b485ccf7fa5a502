// SPDX-License-Identifier: EUPL-1.2
// The crash campaign: phones tap and take back through a real broker, bad networks in between, while turfd, broker and
// phones die. A cycle disturbs all of it, heals it, waits until every outbox is empty, and then holds the store, the
// broker and the phones against a model that counted along. Everything is drawn from one seed; a cycle has its own, so
// that a failing one can be begun with.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Calendar } from './calendar.mjs';
import { atEnd } from './cleanup.mjs';
import { writeConfig } from './config.mjs';
import { disturbances } from './disturbances.mjs';
import { dateOf, dayOf, decode, question, retraction, submission } from './messages.mjs';
import { Model, shapeOf } from './model.mjs';
import { OutboxPhone, random } from './outbox.mjs';
import { patience, program, temporaryFolder } from './paths.mjs';
import { Running, eventually, halted } from './processes.mjs';
import { Proxy } from './proxy.mjs';
import { Screen } from './screen.mjs';
import { Stack } from './stack.mjs';
import { steps, stepsProgram } from './steps.mjs';

const DAYS_OF_A_CYCLE = 6; // at most so many pass in one
const settings = {
  accept_days: 200,
  counting_since: '2019-07-01',
  zrm: [{ edition: '2013' }],
  teams: [
    { id: 'oost', name: 'Oost' },
    { id: 'west', name: 'West' },
    { id: 'oud', name: 'Oud', valid_until: '2020-02-01' },
    { id: 'libturf', name: 'Telefoons van turf replay' },
  ],
  labels: [
    { code: 1, name: 'Sportfonds', kind: 'subject' },
    { code: 2, name: 'Huurachterstand', kind: 'subject', domain: 3 },
    { code: 3, name: 'Oud formulier', kind: 'origin', valid_until: '2019-01-01' },
  ],
};
const broker = { address: 'mqtt://127.0.0.1:1', keepalive_s: 5 };
const limits = { retry_ms: 20, summary_interval_ms: 20, compact_days: 1 };

// Days to tap for, by their distance to the date.
const distances = { near: [0, 0, 0, 1, -1, -5], old: [-20, -30], final: [-45, -100], tooOld: [-190, -250], future: [10, 40] };

const mixed = (seed, number) => (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35)) >>> 0;
const figuresOf = ({ as_of: _, generation: __, ...figures }) => figures;
const isEqual = (a, b) => {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
};

class Campaign {
  // options: seed, phones (how many), from (the first cycle), date (on which it begins).
  static async start(t, { seed, phones = 6, from = 0, date = '2020-02-10' }) {
    const campaign = new Campaign();
    Object.assign(campaign, { t, seed, cycles: from, typed: 0, waiting: new Set(), scenario: [], happened: {}, deaths: {}, audited: [] });
    campaign.replays = temporaryFolder(t, 'turf-replays');
    campaign.calendar = new Calendar(t, date);
    campaign.model = new Model({ retract_days: 14, grace_days: 28, domains: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], ...settings });
    const config = writeConfig(t, { ...settings, limits, broker });
    campaign.stack = await Stack.start(t, 'proef', { config, today: `@${campaign.calendar.file}`, turfd: await stepsProgram('turfd') });
    await campaign.#connectEverybody(phones);
    return campaign;
  }

  async #connectEverybody(phones) {
    const { t, stack } = this;
    this.daemonNet = await Proxy.start(t, stack.broker.port);
    this.phoneNets = [await Proxy.start(t, stack.broker.port), await Proxy.start(t, stack.broker.port)];
    this.screen = new Screen(stack);
    this.phones = Array.from({ length: phones }, (_, i) => new OutboxPhone(stack, [], {
      seed: mixed(this.seed, 1000 + i), retryMs: 150, url: this.phoneNets[i % 2].url, onResult: (result) => this.#result(result),
    }));
    atEnd(t, () => this.end());
    await stack.turfd.kill('SIGKILL');
    await this.startTurfd();
    for (const phone of this.phones) phone.run();
  }

  async end() {
    for (const phone of this.phones) phone.die();
    await this.screen.close();
  }

  // ---- What disturbances do -----------------------------------------------------------------------

  get date() {
    return dayOf(this.calendar.date);
  }

  // The next day begins, once turfd has seen this one; it would not trust a date that moves by more than two. Returns
  // whether it has begun.
  midnight() {
    const begins = this.screen.status.today === dateOf(this.date) && this.date < this.base + DAYS_OF_A_CYCLE;
    if (begins) this.calendar.write(dateOf(this.date + 1));
    return begins;
  }

  launchTurfd(env) {
    return this.stack.launchTurfd({ url: this.daemonNet.url, env });
  }

  async startTurfd() {
    await this.stack.startTurfd({ url: this.daemonNet.url });
  }

  note(what) {
    const [kind] = what.split(' at ');
    this.happened[kind] = (this.happened[kind] ?? 0) + 1;
    this.scenario.push(what);
  }

  // Resolves when so many more taps were made or answered.
  passing(n) {
    return new Promise((resolve) => this.waiting.add({ at: this.typed + n, resolve }));
  }

  #move() {
    this.typed += 1;
    for (const one of this.waiting) {
      if (this.typed >= one.at && this.waiting.delete(one)) one.resolve();
    }
  }

  #result() {
    this.#move();
  }

  // ---- Taps ------------------------------------------------------------------------------------------

  #tapOf(chance) {
    const kind = chance.below(10);
    const day = this.base + chance.oneOf(kind < 7 ? distances.near : Object.values(distances).flat());
    const team = kind < 8 ? chance.oneOf(['oost', 'west']) : chance.oneOf(['oost', 'west', 'oud', 'nergens']);
    const domain = kind === 9 ? chance.oneOf([1, 3, 12, 99]) : 1 + chance.below(11);
    const labels = kind % 3 === 0 ? chance.oneOf([[1], [2], [1, 2], [3], [1, 1]]) : [];
    const tap = { team, event: question(day, domain, chance.oneOf(['OUTCOME_ANSWERED', 'OUTCOME_REFERRED']), labels) };
    return this.#standsStill(tap) ? tap : this.#tapOf(chance);
  }

  // Its verdicts do not depend on when in this cycle it arrives.
  #standsStill(tap) {
    const last = this.base + DAYS_OF_A_CYCLE;
    return this.model.judge(tap, this.base) === this.model.judge(tap, last) &&
      this.model.judgeRetraction(tap, this.base) === this.model.judgeRetraction(tap, last);
  }

  // Taps and takes back until `over()`, and at least `least` times.
  async #type(chance, least, over) {
    for (let n = 0; n < least || !over(); n++) {
      const phone = chance.oneOf(this.phones);
      if (phone.pending.size < 40) {
        const { team, event } = this.#tapOf(chance);
        phone.tap(team, event);
      }
      if (chance.below(5) === 0 && phone.taps.size) phone.undo(chance.oneOf([...phone.taps.keys()]));
      this.#move();
      await new Promise((wake) => setTimeout(wake, chance.below(4)));
    }
  }

  // libturf's phones: a file of questions through turf replay, killed now and then, and run again until it is done.
  async #replay(number, chance, over) {
    const taps = Array.from({ length: 12 + chance.below(20) }, () => ({
      team: 'libturf', event: question(this.base + chance.oneOf([0, -1, -2]), 1 + chance.below(11), chance.oneOf(['OUTCOME_ANSWERED', 'OUTCOME_REFERRED'])),
    }));
    const file = join(this.replays, `${number}.csv`);
    const row = ({ team, event: { day, question: { domain, outcome } } }) => [dateOf(day), team, domain, outcome.slice(8).toLowerCase()].join();
    writeFileSync(file, ['day,team,domain,outcome', ...taps.map(row), ''].join('\n'));
    const end = Date.now() + patience;
    let status;
    do {
      assert.ok(Date.now() < end, `turf replay did not come to an end: ${JSON.stringify(status)}`);
      status = await this.#replayOnce(file, chance, over);
    } while (status.signal || [3, 4].includes(status.code));
    assert.equal(status.code, 0, `turf replay: ${status.log}`);
    for (const tap of taps) this.model.add(tap, 'counted');
  }

  async #replayOnce(file, chance, over) {
    const outbox = join(this.replays, 'phones');
    const args = ['replay', file, '--clients', '3', '--org', 'proef', '--outbox', outbox, '--today', dateOf(this.base), '--retry-ms', '150', '--wait', '5'];
    const turf = new Running(program('turf'), args, { env: { TURF_BROKER: this.phoneNets[0].url } });
    if (!over() && chance.below(4)) {
      await Promise.race([turf.ended, this.passing(chance.below(40))]);
      // A replay that is complete would begin again: only one that is under way dies.
      turf.child.kill('SIGSTOP');
      await eventually(() => turf.status || halted(turf.pid), 'turf replay to stand still');
      if (existsSync(join(outbox, 'replay'))) turf.child.kill('SIGKILL');
      else turf.child.kill('SIGCONT');
    }
    return { ...(await turf.ended), log: turf.log + turf.stdout };
  }

  // ---- A cycle ---------------------------------------------------------------------------------------

  async cycle() {
    const number = this.cycles++;
    const chance = random(mixed(this.seed, number));
    this.scenario = [];
    this.base = this.date;
    try {
      await this.#disturbed(number, chance);
      await this.#heal();
      await this.#check();
    } catch (error) {
      const again = `TURF_SEED=${this.seed} TURF_FROM=${number} TURF_DATE=${dateOf(this.base)} node tests/system/campaign.test.mjs`;
      error.message = `${error.message}\n${again} begins with this cycle: ${this.scenario.join(', ')}\n${this.stack.turfd.log.slice(-3000)}`;
      throw error;
    }
  }

  async #disturbed(number, chance) {
    let over = false;
    const typing = this.#type(random(chance.below(2 ** 30)), 30, () => over);
    this.replaying = this.#replay(number, random(chance.below(2 ** 30)), () => over);
    this.replaying.catch(() => {}); // reported when all is quiet
    const names = Object.keys(steps);
    const { dieAt } = disturbances;
    const others = Object.values(disturbances).filter((one) => one !== dieAt);
    const list = [() => dieAt(this, chance, names[number % names.length])];
    for (let n = chance.below(3); n > 0; n--) list.push(() => chance.oneOf(others)(this, chance));
    try {
      for (const disturb of chance.shuffled(list)) await disturb();
    } finally {
      over = true;
      await typing;
    }
  }

  async #heal() {
    for (const net of [this.daemonNet, ...this.phoneNets]) net.set('pass');
    if (this.stack.broker.process.status) await this.stack.broker.startAgain();
    if (this.stack.turfd.status) await this.startTurfd();
    const left = () => this.phones.reduce((n, phone) => n + phone.pending.size, 0);
    await eventually(() => left() === 0, 'empty outboxes').catch((error) => {
      throw new Error(`${error.message}: ${left()} events wait`);
    });
    await this.replaying;
    await this.screen.until(() => this.screen.status.today === dateOf(this.date), 'the date in the status');
  }

  // ---- Checks ------------------------------------------------------------------------------------------

  async #check() {
    const taps = this.phones.flatMap((phone) => [...phone.taps.values()]);
    for (const phone of this.phones) phone.taps.clear();
    for (const tap of taps) this.model.add(tap, (tap.fate = this.#fate(tap)));
    await this.stack.turfctl(['verify']);
    const { stdout } = await this.stack.turfctl(['export', '--format', 'json']);
    const stored = Object.fromEntries(JSON.parse(stdout).summaries.map((one) => [`${one.team}/${one.period}`, one]));
    this.#storeIsModel(stored);
    await this.#brokerIsStore(stored);
    await this.audit(taps);
    this.audited.push(...taps);
  }

  // Counted, refused with the reason that the rules give, or taken back: nothing else is an end.
  #fate(tap) {
    const expected = this.model.judge(tap, this.base);
    if (tap.undone && tap.undone !== 'VERDICT_ALREADY_RETRACTED') {
      assert.equal(tap.undone, this.model.judgeRetraction(tap, this.base), 'the verdict on a retraction');
    }
    if (tap.undone && !tap.undone.includes('REFUSED')) return 'retracted';
    const again = expected.startsWith('VERDICT_COUNTED') && tap.verdict === 'VERDICT_ALREADY_COUNTED';
    assert.equal(again ? expected : tap.verdict, expected, `the verdict on ${JSON.stringify(tap)}`);
    return { VERDICT_COUNTED: 'counted', VERDICT_COUNTED_LATE: 'late' }[expected] ?? 'refused';
  }

  #storeIsModel(stored) {
    const found = Object.fromEntries(Object.entries(stored).map(([name, one]) => [name, shapeOf(one)]).filter(([, shape]) => shape));
    assert.deepEqual(found, this.model.figures, 'the store and the model differ');
  }

  async #brokerIsStore(stored) {
    const expected = Object.fromEntries(Object.entries(stored).map(([name, one]) => [name, figuresOf(one)]));
    const twins = () => Object.fromEntries(Object.entries(this.screen.tree('summary-json')).map(([name, one]) => [name, figuresOf(one)]));
    await this.screen.until(() => isEqual(twins(), expected), 'the broker to hold what the store holds');
    for (const [name, summary] of Object.entries(this.screen.tree('summary'))) {
      assert.deepEqual(shapeOf(summary), shapeOf(stored[name]), `summary/${name} and its twin`);
    }
    const weeks = () => {
      const all = Object.entries(this.screen.tree('weekly')).map(([name, weekly]) => [name, Object.fromEntries(weekly.weeks.filter(({ questions }) => questions).map(({ week, questions }) => [week, questions]))]);
      return Object.fromEntries(all.filter(([, course]) => Object.keys(course).length));
    };
    await this.screen.until(() => isEqual(weeks(), this.model.weeks), 'the weeks to be the model’s');
  }

  // Everything that the store must remember still.
  auditAll() {
    return this.audit(this.audited.filter(({ event, fate }) => fate !== 'refused' && this.date - event.day < settings.accept_days));
  }

  // A receipt was held for each of these, so the store knows them all, once: sent again, nothing counts.
  async audit(taps) {
    const phone = await this.stack.phone();
    const groups = new Map();
    for (const tap of taps) {
      const { team, event, fate } = tap;
      const group = groups.get(team) ?? groups.set(team, []).get(team);
      if (fate === 'retracted') group.push({ event: retraction(event.id, event.day), expected: 'VERDICT_ALREADY_RETRACTED' });
      const known = { counted: 'VERDICT_ALREADY_COUNTED', late: 'VERDICT_ALREADY_COUNTED', retracted: 'VERDICT_ALREADY_RETRACTED' };
      group.push({ event, expected: known[fate] ?? this.model.judge(tap, this.base) });
    }
    for (const [team, group] of groups) {
      for (let at = 0; at < group.length; at += 60) await this.#sendAgain(phone, team, group.slice(at, at + 60));
    }
    await phone.client.close();
  }

  // Of an id that is in there twice, as question and as retraction, both verdicts are the same.
  async #sendAgain({ client, stack }, team, group) {
    const verdicts = new Map();
    const all = () => {
      for (const { payload } of client.messages.splice(0)) {
        for (const { id, verdict } of decode('Receipt', payload).results) verdicts.set(id.toString('hex'), verdict);
      }
      return group.every(({ event }) => verdicts.has(event.id.toString('hex')));
    };
    await client.publish(stack.topic(`registration/${team}`), submission(group.map(({ event }) => event), client.id));
    await client.until(all, 'the verdicts on what is sent again');
    for (const { event, expected } of group) {
      assert.equal(verdicts.get(event.id.toString('hex')), expected, `the verdict on what is sent again: ${JSON.stringify(event)}`);
    }
  }
}

// So many cycles from this seed; then everything that was ever answered is sent once more. TURF_SEED, TURF_FROM,
// TURF_DATE and TURF_CYCLES take their place, to repeat what a failure names. Each step is died at in turn.
export async function campaign(t, cycles, seed) {
  const { TURF_SEED = seed, TURF_FROM = 0, TURF_DATE, TURF_CYCLES = cycles } = process.env;
  const begin = Date.now();
  process.stdout.write(`# TURF_SEED=${TURF_SEED} repeats this\n`); // printed even when time runs out
  const running = await Campaign.start(t, { seed: Number(TURF_SEED), from: Number(TURF_FROM), date: TURF_DATE });
  for (let n = 0; n < Number(TURF_CYCLES); n++) await running.cycle();
  await running.auditAll();
  const { stdout } = await running.stack.turfctl(['verify']);
  const listOf = (counts) => Object.entries(counts).map(([what, n]) => `${what} ${n}`).join(', ');
  t.diagnostic(`seed ${TURF_SEED}: ${TURF_CYCLES} cycles in ${Math.round((Date.now() - begin) / 1000)} s, ${running.audited.length} taps; ${stdout.trim()}`);
  t.diagnostic(`what happened: ${listOf(running.happened)}`);
  t.diagnostic(`turfd died at: ${listOf(running.deaths)}`);
  const missed = Object.keys(steps).filter((step) => !running.deaths[step]);
  assert.ok(TURF_CYCLES < Object.keys(steps).length || missed.length === 0, `turfd never died at ${missed}`);
}
