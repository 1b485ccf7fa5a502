// SPDX-License-Identifier: EUPL-1.2
// libturf, by way of `turf`, against an aggregator that misbehaves as told: what the phone keeps, sends again and believes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import { Broker } from './lib/broker.mjs';
import { Client } from './lib/client.mjs';
import { decode, encode, idOf } from './lib/messages.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { run, Running } from './lib/processes.mjs';

const org = 'sw-de-kop';
const root = `turf/v1/${org}`;
const catalogue = {
  version: 1, org, name: 'Sociaal Werk De Kop', timezone: 'Europe/Amsterdam', accept_days: 400, retract_days: 14, grace_days: 28,
  teams: [{ id: 'oost', name: 'Oost' }, { id: 'zuid', name: 'Zuid' }],
  domains: [{ code: 1, name: 'Financiën', position: 1 }, { code: 2, name: 'Dagbesteding', position: 2 }],
};

// Answers each event as `judge(event, team, submission)` says: a verdict's name, a number, or nothing.
class Aggregator {
  static async start(t, judge) {
    const aggregator = new Aggregator();
    aggregator.broker = await Broker.start(t, org);
    aggregator.client = await Client.connect(t, aggregator.broker.url, aggregator.broker.aggregator);
    aggregator.judge = judge;
    aggregator.submissions = [];
    aggregator.client.mqtt.on('message', (topic, payload) => aggregator.#arrived(topic, payload));
    await aggregator.client.subscribe(`${root}/registration/+`);
    await aggregator.client.publish(`${root}/catalogue`, encode('Catalogue', catalogue), { qos: 0, retain: true });
    await aggregator.tell({ epoch: '0123456789abcdef0123456789abcdef', instance: 'one' });
    aggregator.home = temporaryFolder(t, 'turf-phone');
    return aggregator;
  }

  tell(status) {
    this.status = { online: true, today: '2019-12-31', ...this.status, ...status };
    return this.client.publish(`${root}/status/aggregator`, JSON.stringify(this.status), { retain: true });
  }

  #arrived(topic, payload) {
    const team = topic.split('/').at(-1);
    const submission = { ...decode('Submission', payload), team, length: payload.length };
    this.submissions.push(submission);
    const results = submission.events
      .map((event) => ({ id: event.id, verdict: this.judge(event, team, submission) }))
      .filter(({ verdict }) => verdict !== undefined);
    if (results.length) this.receipt(submission.receipt_to, results);
  }

  receipt(to, results) {
    return this.client.publish(`${root}/receipt/${to}`, encode('Receipt', { results }), { qos: 0 });
  }

  get events() {
    return this.submissions.flatMap(({ events }) => events);
  }

  turf(...args) {
    const env = { TURF_BROKER: this.broker.url, HOME: this.home, XDG_STATE_HOME: this.home, TURF_ORG: '', TURF_OUTBOX: '' };
    return run(program('turf'), args, { env });
  }

  tap(...args) {
    return this.turf('tap', '--team', 'oost', '--day', '2019-12-31', 'financ', ...args);
  }

  // Questions through one simulated phone that loses patience soon.
  replay(rows, ...args) {
    const file = join(this.home, 'questions.csv');
    writeFileSync(file, ['day,team,domain,outcome', ...rows, ''].join('\n'));
    return this.turf('replay', file, '--retry-ms', '200', ...args);
  }
}

const rows = (n, team = 'oost') => Array.from({ length: n }, () => `2019-12-31,${team},1,answered`);
const hex = (id) => id.toString('hex');

test('a tap is sent padded, to a client id of its own each time, and counted', async (t) => {
  const aggregator = await Aggregator.start(t, () => 'VERDICT_COUNTED');
  for (let i = 0; i < 3; i++) {
    const { code, stdout } = await aggregator.tap();
    assert.equal(code, 0, stdout);
    assert.match(stdout, /geteld \/ counted: Financiën, beantwoord \/ answered, team oost, 2019-12-31/);
  }
  const { submissions } = aggregator;
  assert.equal(submissions.length, 3);
  assert.equal(new Set(submissions.map(({ receipt_to: to }) => to)).size, 3);
  for (const { receipt_to: to, length, events } of submissions) {
    assert.match(to, /^[A-Za-z0-9_-]{22}$/);
    assert.equal(length % 96, 0);
    assert.equal(events[0].id.length, 16);
    assert.deepEqual(events[0].question, { domain: 1, outcome: 'OUTCOME_ANSWERED', labels: [] });
  }
});

test('what is counted has exit status 0, whether that can be printed or not', async (t) => {
  const aggregator = await Aggregator.start(t, () => 'VERDICT_COUNTED');
  const file = join(aggregator.home, 'questions.csv');
  writeFileSync(file, ['day,team,domain,outcome', ...rows(3), ''].join('\n'));
  const common = ['--broker', aggregator.broker.url, '--org', org, '--outbox', join(aggregator.home, 'outbox')];
  for (const [command, code] of [[['tap', '--team', 'oost', '1'], 0], [['pending'], 5], [['replay', file], 0]]) {
    const done = await run('sh', ['-c', 'exec "$0" "$@" >/dev/full', program('turf'), ...command, ...common]);
    assert.equal(done.code, code, done.stderr);
    assert.match(done.stderr, /standard output: No space left/);
  }
  assert.equal(aggregator.events.length, 4);
});

test('a batch without receipt is sent singly', async (t) => {
  const aggregator = await Aggregator.start(t, (event, team, { events }) => (events.length === 1 ? 'VERDICT_COUNTED' : undefined));
  const { code, stdout, stderr } = await aggregator.replay(rows(10));
  assert.equal(code, 0, stdout + stderr);
  assert.equal(new Set(aggregator.events.map(({ id }) => hex(id))).size, 10);
  assert.ok(aggregator.submissions.some(({ events }) => events.length > 1));
});

test('a verdict that says nothing, or one from the future, does not end the sending', async (t) => {
  const times = new Map();
  const answers = ['VERDICT_UNSPECIFIED', 15, 'VERDICT_COUNTED'];
  const aggregator = await Aggregator.start(t, ({ id }) => {
    const n = times.get(hex(id)) ?? 0;
    times.set(hex(id), n + 1);
    return answers[n] ?? 'VERDICT_ALREADY_COUNTED';
  });
  const { code, stdout, stderr } = await aggregator.replay(rows(3));
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /3 {2}geteld/);
  assert.deepEqual([...times.values()], [3, 3, 3]);
});

test('a refusal is shown with its reason and kept until dismissed', async (t) => {
  const aggregator = await Aggregator.start(t, () => 'VERDICT_REFUSED_DAY_TOO_OLD');
  const tapped = await aggregator.tap();
  assert.equal(tapped.code, 1);
  assert.match(tapped.stdout, /refused: day too old/);
  for (let i = 0; i < 2; i++) {
    const { code, stdout } = await aggregator.turf('pending');
    assert.equal(code, 1);
    assert.match(stdout, /refused: day too old: Financiën/);
  }
  assert.equal((await aggregator.turf('undo')).code, 1);
  assert.equal((await aggregator.turf('pending', '--dismiss', 'all')).code, 0);
  assert.equal((await aggregator.turf('pending')).code, 0);
  assert.equal(aggregator.submissions.length, 1, 'a verdict ends the sending');
});

test('without a receipt the tap stays, and is sent when asked', async (t) => {
  let answer;
  const aggregator = await Aggregator.start(t, () => answer);
  const tapped = await aggregator.tap('--wait', '0.5');
  assert.equal(tapped.code, 3);
  assert.match(tapped.stdout, /stored, will be sent later: Financiën/);
  assert.equal((await aggregator.turf('pending')).code, 3);
  answer = 'VERDICT_ALREADY_COUNTED';
  assert.equal((await aggregator.turf('pending', '--send')).code, 0);
  assert.equal(new Set(aggregator.events.map(({ id }) => hex(id))).size, 1);
});

test('--wait is for a broker that takes its time too', async (t) => {
  const aggregator = await Aggregator.start(t, () => 'VERDICT_COUNTED');
  let connections = 0;
  const door = net.createServer((socket) => {
    if (++connections <= 3) return socket.destroy(); // the fourth comes 1.75 s after the first, or later
    const broker = net.connect(new URL(aggregator.broker.url).port, '127.0.0.1');
    broker.on('error', () => socket.destroy()).pipe(socket).on('error', () => broker.destroy()).pipe(broker);
  });
  await new Promise((resolve) => door.listen(0, '127.0.0.1', resolve));
  t.after(() => door.close());
  const args = ['--broker', `mqtt://127.0.0.1:${door.address().port}`, '--org', org, '--team', 'oost', '--wait', '60'];
  const { code, stdout } = await aggregator.turf('tap', '1', ...args);
  assert.equal(code, 0, stdout);
  assert.ok(connections > 3);
});

test('a retraction waits for its question, and has its id and day and the secret of the id', async (t) => {
  let answer;
  const aggregator = await Aggregator.start(t, (event) => (event.question ? answer : 'VERDICT_RETRACTED'));
  await aggregator.tap('--wait', '0.5');
  assert.equal((await aggregator.turf('undo', '--wait', '0.5')).code, 3);
  assert.ok(aggregator.events.every(({ question }) => question), 'the question has no verdict yet');
  answer = 'VERDICT_COUNTED';
  assert.equal((await aggregator.turf('pending', '--send')).code, 0);
  const { question, retraction, ...last } = aggregator.events.at(-1);
  assert.ok(retraction && !question);
  assert.deepEqual(last, { id: aggregator.events[0].id, day: aggregator.events[0].day });
  assert.deepEqual(idOf(retraction.proof), last.id);
  assert.equal((await aggregator.turf('undo')).code, 1, 'nothing is left to take back');
});

test('a tap of another device whose day was wrong is taken back with the right one', async (t) => {
  const aggregator = await Aggregator.start(t, ({ day }) => (day > 18261 ? 'VERDICT_REFUSED_DAY_IN_FUTURE' : 'VERDICT_RETRACTED'));
  const id = '000102030405060708090a0b0c0d0e0f';
  const first = await aggregator.turf('undo', id, '--team', 'oost', '--day', '2020-12-31');
  assert.match(first.stdout, /in de toekomst.*team oost, 2020-12-31 \(00010203\)/);
  const { code, stdout } = await aggregator.turf('undo', '00010203', '--day', '2019-12-31'); // as it was shown
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^ongedaan gemaakt.*2019-12-31/);
  assert.deepEqual(aggregator.events.map(({ day }) => day), [18627, 18261]);
});

test('a tap of another device: its retraction has no proof, and the command says what came of it', async (t) => {
  const aggregator = await Aggregator.start(t, () => 'VERDICT_REFUSED_MALFORMED');
  const { code, stdout } = await aggregator.turf('undo', '000102030405060708090a0b0c0d0e0f', '--team', 'oost', '--day', '2019-12-31');
  assert.equal(code, 1);
  assert.match(stdout, /^blijft geteld: dit toestel kan niet bewijzen dat het dit tikte \/ stays counted: /);
  assert.equal(aggregator.events[0].retraction.proof.length, 0);
  assert.match((await aggregator.turf('pending')).stdout, /^blijft geteld: dit toestel kan niet bewijzen/);
});

test('a question answered "already retracted" needs no retraction any more', async (t) => {
  let answer;
  const aggregator = await Aggregator.start(t, () => answer);
  await aggregator.tap('--wait', '0.5');
  await aggregator.turf('undo', '--wait', '0.5');
  answer = 'VERDICT_ALREADY_RETRACTED';
  assert.equal((await aggregator.turf('pending', '--send')).code, 0);
  assert.ok(aggregator.events.every(({ retraction }) => !retraction));
});

test('a receipt means nothing for an event of another phone, nor for the other act', async (t) => {
  const stranger = Buffer.alloc(16, 7);
  const aggregator = await Aggregator.start(t, () => undefined);
  aggregator.judge = ({ id }, team, { receipt_to: to }) => {
    aggregator.receipt(to, [
      { id: stranger, verdict: 'VERDICT_COUNTED' },
      { id: id.subarray(0, 15), verdict: 'VERDICT_COUNTED' },
      { id: Buffer.concat([id, id]), verdict: 'VERDICT_COUNTED' },
      { id, verdict: 'VERDICT_RETRACTED' },
      { id, verdict: 'VERDICT_REFUSED_RETRACTION_TOO_LATE' },
    ]);
    aggregator.client.publish(`${root}/receipt/${to}`, 'no receipt at all', { qos: 0 });
    return undefined;
  };
  assert.equal((await aggregator.tap('--wait', '1')).code, 3);
  assert.equal((await aggregator.turf('pending')).code, 3);
});

test('a new epoch: everything remembered is offered again, in order', async (t) => {
  const counted = new Map();
  const aggregator = await Aggregator.start(t, ({ id, question }) => {
    const known = counted.get(hex(id));
    counted.set(hex(id), question ? (known ?? 'counted') : 'retracted');
    if (!question) return known === 'retracted' ? 'VERDICT_ALREADY_RETRACTED' : 'VERDICT_RETRACTED';
    return { counted: 'VERDICT_ALREADY_COUNTED', retracted: 'VERDICT_ALREADY_RETRACTED' }[known] ?? 'VERDICT_COUNTED';
  });
  for (let i = 0; i < 3; i++) assert.equal((await aggregator.tap()).code, 0);
  assert.equal((await aggregator.turf('undo')).code, 0);
  const before = [...counted];

  counted.clear(); // a backup from before all of it was restored
  aggregator.submissions.length = 0;
  await aggregator.tell({ epoch: 'ffffffffffffffffffffffffffffffff', instance: 'two' });
  for (let i = 0; i < 2; i++) assert.equal((await aggregator.turf('pending', '--send')).code, 0);
  assert.deepEqual(new Map(before), counted);
  assert.equal(aggregator.events.length, 4, 'once is enough');
});

test('a team that the broker silently refuses does not hold up the others', async (t) => {
  const aggregator = await Aggregator.start(t, (event, team) => (team === 'oost' ? 'VERDICT_COUNTED' : undefined));
  const mixed = [...rows(600, 'noord'), ...rows(40, 'oost')];
  const { code, stdout } = await aggregator.replay(mixed, '--wait', '6', '--outbox', join(aggregator.home, 'phones'));
  assert.equal(code, 3, stdout);
  assert.match(stdout, /40 {2}geteld/);
  assert.match(stdout, /600 {2}nog geen antwoord/);
});

test('a connection lost in the midst is made again, and nothing is lost or sent under the old client id', async (t) => {
  const aggregator = await Aggregator.start(t, () => 'VERDICT_COUNTED');
  const { broker } = aggregator;
  const replay = aggregator.replay(rows(400), '--rate', '400');
  await aggregator.client.until(() => aggregator.events.length >= 100, 'the first hundred');
  await broker.kill();
  await broker.startAgain();
  aggregator.client = await Client.connect(t, broker.url, broker.aggregator);
  aggregator.restarted = aggregator.submissions.length;
  const oldIds = new Set(aggregator.submissions.map(({ receipt_to: to }) => to));
  aggregator.client.mqtt.on('message', (topic, payload) => {
    const submission = decode('Submission', payload);
    aggregator.submissions.push(submission);
    const results = submission.events.map(({ id }) => ({ id, verdict: 'VERDICT_COUNTED' }));
    aggregator.receipt(submission.receipt_to, results);
  });
  await aggregator.client.subscribe(`${root}/registration/+`);
  const { code, stdout, stderr } = await replay;
  assert.equal(code, 0, stdout + stderr);
  assert.equal(new Set(aggregator.events.map(({ id }) => hex(id))).size, 400);
  for (const { receipt_to: to } of aggregator.submissions.slice(aggregator.restarted)) assert.ok(!oldIds.has(to));
});

test('a wrong file sends nothing and leaves nothing behind', async (t) => {
  const aggregator = await Aggregator.start(t, () => 'VERDICT_COUNTED');
  const phones = join(aggregator.home, 'phones');
  mkdirSync(phones);
  const { code, stderr } = await aggregator.replay([...rows(3), '2019-12-31,oost,0,answered', 'x'], '--outbox', phones);
  assert.equal(code, 2);
  assert.match(stderr, /questions\.csv:5: domain "0"; expected its code, 1 to 255\n.*questions\.csv:6: too few fields/s);
  assert.equal(aggregator.submissions.length, 0);
  assert.deepEqual(readdirSync(phones), []);
});

test('Ctrl-C ends a replay while it deals, and what was not dealt is left for the next', async (t) => {
  const aggregator = await Aggregator.start(t, () => undefined);
  const file = join(aggregator.home, 'many.csv'), phones = join(aggregator.home, 'phones'), many = 200_000;
  writeFileSync(file, ['day,team,domain,outcome', ...rows(many), ''].join('\n'));
  const common = ['--broker', aggregator.broker.url, '--org', org];
  const replay = new Running(program('turf'), ['replay', file, '--outbox', phones, ...common]);
  t.after(() => replay.kill('SIGKILL'));
  await aggregator.client.until(() => aggregator.submissions.length > 0, 'the first questions');
  assert.deepEqual(await replay.kill('SIGINT'), { code: 3, signal: null });
  assert.match(replay.stdout, new RegExp(`${many} {2}nog geen antwoord`));
  const { stdout } = await aggregator.turf('pending', '--outbox', join(phones, 'phone-0'));
  const dealt = Number(stdout.match(/^(\d+) wacht/m)[1]);
  assert.ok(dealt > 0 && dealt < many, `${dealt} dealt`);
});

test('a certificate file that is not there is named as the reason', async (t) => {
  const home = temporaryFolder(t, 'turf-phone');
  const args = ['--broker', 'mqtts://127.0.0.1:1', '--ca', join(home, 'no.pem'), '--org', org, '--outbox', join(home, 'outbox')];
  const { code, stdout } = await run(program('turf'), ['tap', '1', '--team', 'oost', ...args]);
  assert.equal(code, 3);
  assert.match(stdout, /no\.pem: No such file or directory/);
});

test('Ctrl-C while a broker is asked for its organisation', async (t) => {
  const silent = net.createServer();
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  const home = temporaryFolder(t, 'turf-phone');
  const file = join(home, 'questions.csv');
  writeFileSync(file, ['day,team,domain,outcome', ...rows(1), ''].join('\n'));
  for (const command of [['watch'], ['replay', file]]) {
    const args = [...command, '--broker', `mqtt://127.0.0.1:${silent.address().port}`];
    const turf = new Running(program('turf'), args, { env: { HOME: home, XDG_STATE_HOME: home, TURF_ORG: '' } });
    t.after(() => turf.kill('SIGKILL'));
    const [socket] = await once(silent, 'connection');
    assert.deepEqual(await turf.kill('SIGINT'), { code: 4, signal: null });
    assert.equal(turf.log, '');
    socket.destroy();
  }
});

test('what is wrong on the command line is said once, with the command and where to read more', async () => {
  const wrong = [
    [['tap', '--frob', '1'], 'turf: tap has no option --frob; see turf tap --help'],
    [['tap'], 'turf: tap: an argument is missing; see turf tap --help'],
    [['pending', 'all'], 'turf: pending: there is no place for "all"; see turf pending --help'],
  ];
  for (const [args, error] of wrong) assert.deepEqual(await run(program('turf'), args).then(({ code, stderr }) => [code, stderr]), [2, `${error}\n`]);
});
