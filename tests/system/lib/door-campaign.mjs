// SPDX-License-Identifier: EUPL-1.2
// The door's crash campaign: devices (`turf`) join, fetch batches and take tokens, while turfdoor and turf die at their steps and
// requests and answers get lost between them. Everything that passes between them is kept, and held against the promises: an
// invitation lets one credential in; of a key a device gets signatures of one batch, whose blinded messages never change, and always
// the same ones; no device is ever refused because it asks for another batch; no token is given out twice. Everything is drawn from
// one seed, and a cycle has its own, so that a failing one can be begun with.
import assert from 'node:assert/strict';
import http from 'node:http';
import { join } from 'node:path';

import { atEnd } from './cleanup.mjs';
import { Door, request } from './door.mjs';
import { random } from './outbox.mjs';
import { program, temporaryFolder } from './paths.mjs';
import { run } from './processes.mjs';
import { stepsOfJoining, stepsOfTurfdoor, stepsProgram } from './steps.mjs';

const TOKENS = 2; // of a batch
const TEAMS = 12;
const TRIALS_MAX = 60; // of one thing that must succeed in the end
const names = Object.keys(stepsOfTurfdoor);

// What stands between turf and turfdoor: it loses some requests and some answers, and keeps all others.
class Wire {
  static async start(t, door) {
    const wire = new Wire();
    Object.assign(wire, { door, posts: [], lose: () => null });
    wire.server = http.createServer((asked, answer) => wire.#pass(asked, answer));
    await new Promise((resolve) => wire.server.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => wire.server.close());
    return wire;
  }

  get origin() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  async #pass(asked, answer) {
    const parts = [];
    for await (const part of asked) parts.push(part);
    const body = Buffer.concat(parts);
    const { method, url: path, headers: { authorization } } = asked;
    const lost = this.lose();
    const headers = { ...(authorization && { authorization }), ...(method === 'POST' && { 'content-length': body.length }) };
    const got = lost === 'request' ? null : await request(this.door.port, { method, path, headers, body });
    if (got && method === 'POST') this.posts.push({ path, authorization, asked: body.toString('base64'), status: got.status, answer: got.body.toString('base64') });
    if (!got || lost) asked.socket.destroy();
    else answer.writeHead(got.status, { 'content-length': got.body.length }).end(got.body);
  }
}

class DoorCampaign {
  static async start(t, { seed, from }) {
    const campaign = new DoorCampaign();
    Object.assign(campaign, { t, seed, cycles: from, deaths: {}, tokens: new Set(), joined: 0, batches: 0, scenario: [] });
    campaign.folder = temporaryFolder(t, 'turf-devices');
    campaign.steps = { turf: await stepsProgram('turf'), turfdoor: await stepsProgram('turfdoor') };
    campaign.door = await Door.create(t, { batch: TOKENS, executable: campaign.steps.turfdoor, keys: join(campaign.folder, 'keys') });
    await campaign.door.start();
    campaign.wire = await Wire.start(t, campaign.door);
    return campaign;
  }

  // ---- turfdoor ------------------------------------------------------------------------------------------------

  noteDeath(step) {
    this.deaths[step] = (this.deaths[step] ?? 0) + 1;
    this.scenario.push(`died at ${step}`);
  }

  // `turfdoor serve` runs, and dies at a step if one is given.
  async serve(step) {
    if (step) await this.door.running.stop();
    if (step || this.door.running.status) await this.door.start(step ? { TURF_DIE_AT: `${step}:1` } : {});
    this.dying = step;
  }

  async #reviveIfDead() {
    if (!this.door.running.status) return;
    assert.equal(this.door.running.status.signal, 'SIGKILL', this.door.running.log);
    if (this.dying) this.noteDeath(this.dying);
    await this.serve();
  }

  // An operator's command that dies at a step is given again.
  async command(step, ...args) {
    if (step) {
      const died = await run(this.steps.turfdoor, ['--database', this.door.folder, ...args], { env: { TURF_DIE_AT: `${step}:1` } });
      assert.equal(died.signal, 'SIGKILL', died.stderr);
      this.noteDeath(step);
    }
    return this.door.attempt(...args);
  }

  // ---- A device --------------------------------------------------------------------------------------------------

  turf(device, step, ...args) {
    const home = join(this.folder, device);
    const env = { TURF_BROKER: 'mqtt://127.0.0.1:1', HOME: home, XDG_STATE_HOME: home, ...(step && { TURF_DIE_AT: `${step}:1` }) };
    return run(step ? this.steps.turf : program('turf'), args, { env });
  }

  // Joins, and fetches what is due, until that is done; dies meanwhile, as turfdoor does.
  async join(device, link, chance) {
    for (let trial = 0; trial < TRIALS_MAX; trial++) {
      const step = chance.below(2) ? chance.oneOf(stepsOfJoining) : null;
      const outcome = await this.turf(device, step, 'join', link);
      await this.#reviveIfDead();
      if (outcome.signal) {
        assert.ok(step, outcome.stderr);
        this.noteDeath(step);
      } else if (outcome.code === 0) {
        return;
      } else {
        assert.equal(outcome.code, 4, `${outcome.stdout}${outcome.stderr}`); // turfdoor could not be reached
      }
    }
    assert.fail(`${device} did not join`);
  }

  // All that are there. Of those at whose taking turf dies, none is ever seen.
  async takeTokens(device, chance) {
    let [seen, gone] = [0, 0];
    for (let trial = 0; trial < TRIALS_MAX; trial++) {
      const step = chance.below(4) === 0 ? 'token-taken' : null;
      const { code, signal, stdout, stderr } = await this.turf(device, step, 'token');
      await this.#reviveIfDead();
      if (signal) {
        this.noteDeath(step);
        gone += 1;
      } else if (code === 0) {
        assert.ok(!this.tokens.has(stdout), 'a token was given out twice');
        this.tokens.add(stdout);
        seen += 1;
      } else if (code === 1) {
        assert.match(stderr, /no token left/);
        return { seen, gone };
      } else {
        assert.equal(code, 4, stderr); // it fetches when it has none, and turfdoor could not be reached
      }
    }
    return assert.fail(`${device} still asks for tokens`);
  }

  // ---- A cycle ------------------------------------------------------------------------------------------------------

  async cycle() {
    const number = this.cycles++;
    const chance = random((Math.imul(this.seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35)) >>> 0);
    this.scenario = [];
    try {
      await this.#live(number, chance);
      this.#check();
    } catch (error) {
      const again = `TURF_SEED=${this.seed} TURF_FROM=${number} node --test tests/system/door-campaign.test.mjs`;
      error.message = `${error.message}\n${again} begins with this cycle: ${this.scenario.join(', ')}\n${this.door.running.log.slice(-2000)}`;
      throw error;
    }
  }

  async #live(number, chance) {
    const step = names[number % names.length];
    const at = (command) => (stepsOfTurfdoor[step] === command ? step : null);
    const [device, team] = [`device-${number}`, `team-${number % TEAMS}`];
    this.wire.lose = () => chance.oneOf([null, null, null, null, 'request', 'answer']);
    const invited = await this.command(at('invite'), 'invite', '--team', team, '--note', device);
    assert.equal(invited.code, 0, invited.stderr);
    const link = `${this.wire.origin}/${invited.stdout.trim().slice(invited.stdout.indexOf('#'))}`;
    await this.serve(at('serve'));
    await this.join(device, link, chance);
    await this.#holds(device, chance);
    if (at('rotate') || chance.below(3) === 0) {
      const rotated = await this.command(at('rotate'), 'rotate', team);
      assert.ok(rotated.code === 0 || (at('rotate') && rotated.code === 1), rotated.stderr);
      assert.equal((await this.door.attempt('publish', join(this.folder, 'keys'))).code, 0); // as turfdoor serve does each hour
      await this.join(device, link, chance);
      await this.#holds(device, chance);
    }
    if (at('revoke') || chance.below(4) === 0) await this.#revoke(device, at('revoke'), team, link);
  }

  // A whole batch, with those that turf took and died with.
  async #holds(device, chance) {
    const { seen, gone } = await this.takeTokens(device, chance);
    assert.equal(seen + gone, TOKENS, `${seen} tokens were seen and ${gone} were taken by a turf that died`);
  }

  async #revoke(device, step, team, link) {
    const list = (await this.door.command('list')).stdout;
    const number = list.split('\n').find((line) => line.endsWith(` ${device}`)).trim().split(' ')[0];
    const { code } = await this.command(step, 'revoke', number);
    assert.equal(code, step ? 1 : 0); // the one that died had revoked it
    assert.equal((await this.door.attempt('rotate', team)).code, 0);
    this.wire.lose = () => null;
    const before = this.wire.posts.length;
    const refused = await this.turf(device, null, 'join', link);
    assert.notEqual(refused.code, 0);
    assert.ok(this.wire.posts.slice(before).every(({ status }) => status !== 200), 'a revoked device was served');
  }

  // ---- What passed over the wire ---------------------------------------------------------------------------------------

  #check() {
    const given = new Map(); // what was signed for whom, of which key; who joined with which code
    for (const { path, authorization, asked, status, answer } of this.wire.posts) {
      const bytes = Buffer.from(asked, 'base64');
      const first = path === '/door/join' ? bytes.subarray(0, 16) : bytes.subarray(0, 32);
      assert.notEqual(status, 409, `${path}: a device asked for another batch, or with another's credential`);
      if (status !== 200) continue;
      const name = `${path} ${authorization} ${first.toString('hex')}`;
      const before = given.get(name);
      if (!before) given.set(name, { asked, answer });
      else assert.deepEqual({ asked, answer }, before, `${path}: two things were given for one`);
    }
    this.joined = [...given.keys()].filter((name) => name.startsWith('/door/join')).length;
    this.batches = given.size - this.joined;
  }
}

// So many cycles from this seed. TURF_SEED, TURF_FROM and TURF_CYCLES take their place, to repeat what a failure names.
export async function doorCampaign(t, cycles, seed) {
  const { TURF_SEED = seed, TURF_FROM = 0, TURF_CYCLES = cycles } = process.env;
  const begin = Date.now();
  process.stdout.write(`# TURF_SEED=${TURF_SEED} repeats this\n`); // printed even when time runs out
  const campaign = await DoorCampaign.start(t, { seed: Number(TURF_SEED), from: Number(TURF_FROM) });
  for (let n = 0; n < Number(TURF_CYCLES); n++) await campaign.cycle();
  const listOf = (counts) => Object.entries(counts).map(([what, n]) => `${what} ${n}`).join(', ');
  t.diagnostic(`seed ${TURF_SEED}: ${TURF_CYCLES} cycles in ${Math.round((Date.now() - begin) / 1000)} s, ${campaign.joined} devices, ${campaign.batches} batches, ${campaign.tokens.size} tokens`);
  t.diagnostic(`died at: ${listOf(campaign.deaths)}`);
  const missed = names.filter((step) => !campaign.deaths[step]);
  assert.ok(TURF_CYCLES < names.length || missed.length === 0, `turfdoor never died at ${missed}`);
}
