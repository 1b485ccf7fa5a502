// SPDX-License-Identifier: EUPL-1.2
// The whole way in for programs and the command line: turfdoor over HTTP, a broker with turf_door.so, turfd, and `turf` with an
// invitation. What is counted, what is refused, what the person at the terminal is told, and what kill -9 leaves.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { atEnd } from './lib/cleanup.mjs';
import { dayOf, decode, newClientId, question, submission } from './lib/messages.mjs';
import { build, root } from './lib/paths.mjs';
import { org, Place } from './lib/place.mjs';
import { eventually, run, Running, succeed } from './lib/processes.mjs';
import { stepsOfJoining, stepsOfShowing, stepsProgram } from './lib/steps.mjs';

// ---- The way in -------------------------------------------------------------------------------------------------

test('a device joins with an invitation and taps; each flush shows a new token, and no name', async (t) => {
  const place = await Place.start(t);
  const joined = await place.enrol('anna', '--team', 'oost', '--team', 'west');
  assert.match(joined.stdout, /^aangemeld \/ joined, voor \/ for steenwijkerland\nteams: oost\.west, http:\/\/127\.0\.0\.1:\d+\ntoegangsbewijzen nu \/ tokens now: 6\n {2}\d{4}-W\d\d: 6\n$/);
  await place.tap('anna');
  await place.tap('anna');
  assert.equal(await place.left('anna'), 4);
  assert.equal(place.clients().length, 2);
  const status = await place.turf('anna', 'status');
  assert.equal(status.code, 0);
  assert.match(status.stdout, /^0 wacht \/ waiting, voor \/ for Steenwijkerland$/m);
});

test('who has not joined stays outside, and is told so', async (t) => {
  const place = await Place.start(t);
  const stored = await place.turf('eve', 'tap', '--org', org, '--team', 'oost', '1');
  assert.equal(stored.code, 3);
  assert.match(stored.stdout, /the broker does not let this client in/);
  const status = await place.turf('eve', 'status');
  assert.match(status.stdout, /^niet aangemeld met een uitnodiging \/ not joined/);
  const token = await place.turf('eve', 'token');
  assert.equal(token.code, 1);
  assert.match(token.stderr, /niet aangemeld \/ not joined: .*ask for an invitation/);
  assert.equal(token.stdout, '');
});

test('an invitation is good once; each refusal says what to do', async (t) => {
  const place = await Place.start(t);
  const link = await place.link('--team', 'oost');
  assert.equal((await place.turf('anna', 'join', link)).code, 0);
  assert.equal((await place.turf('anna', 'join', link)).code, 0); // the answer may have been lost
  const cases = [
    [link, 1, /uitnodiging al gebruikt \/ invitation used before: .*ask for a new one/],
    [link.replace(/=.*/, '=AAAAAAAAAAAAAAAAAAAAAA'), 1, /uitnodiging onbekend \/ invitation unknown: .*ask for a new/],
    [link.slice(0, -1), 2, /copy the whole link/],
    [link.replace('127.0.0.1', 'example.org'), 2, /must begin with https/],
    ['http://127.0.0.1:1/#join=AAAAAAAAAAAAAAAAAAAAAA', 4, /Failed to connect|Couldn't connect/],
  ];
  for (const [typed, code, words] of cases) {
    const outcome = await place.turf('eve', 'join', typed);
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, words);
    assert.equal(outcome.stdout, '');
  }
  const other = await place.turf('anna', 'join', '--org', 'elders', link);
  assert.deepEqual([other.code, /"steenwijkerland"/.test(other.stderr)], [2, true]);
  assert.equal((await place.door.command('list')).stdout.trim().split('\n').length, 2);
});

test('without an argument, or with -, turf join reads the invitation from standard input', async (t) => {
  const place = await Place.start(t);
  for (const [device, argument] of [['anna', []], ['bert', ['-']]]) {
    const link = await place.link('--team', 'oost');
    const { code, stdout, stderr } = await place.turf(device, 'join', ...argument, { input: `  ${link}\r\n` });
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^aangemeld \/ joined/);
  }
  const empty = await place.turf('eve', 'join', { input: '' });
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /no invitation on standard input/);
});

// ---- Tokens -----------------------------------------------------------------------------------------------------

// What somebody else's program does with one token.
const publish = (place, token, file, team = 'oost', id = newClientId()) =>
  run('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(place.broker.port), '-i', id, '-u', 'pass', '-P', token, '-q', '1', '-t', place.stack.topic(`registration/${team}`), '-f', file]);

test('an independent client registers a question with a token of turf token', async (t) => {
  const place = await Place.start(t);
  await place.enrol('anna', '--team', 'oost');
  const { stdout } = await place.turf('anna', 'token');
  assert.match(stdout, /^[A-Za-z0-9_-]{472}\n$/);
  const event = question(dayOf(new Date().toISOString().slice(0, 10)), 1);
  const id = newClientId();
  const file = join(place.folder, 'submission');
  writeFileSync(file, submission([event], id));
  const { code, stderr } = await publish(place, stdout.trim(), file, 'oost', id);
  assert.deepEqual([code, stderr], [0, '']);
  const receipt = await place.watcher.until((messages) => messages.find(({ topic }) => topic === place.stack.topic(`receipt/${id}`)), 'the receipt');
  assert.equal(decode('Receipt', receipt.payload).results[0].verdict, 'VERDICT_COUNTED');
  assert.equal(await place.left('anna'), 5);
});

// docs/door.md, "An independent client", word by word; while the broker stands still, mosquitto_pub can be looked at.
test('as the manual shows it, neither the invitation nor the token is among the arguments of a program', async (t) => {
  const place = await Place.start(t);
  const [, typed] = readFileSync(join(root, 'docs/door.md'), 'utf8').match(/^### An independent client\n[^]*?```sh\n([^]*?)```/m);
  const id = newClientId();
  const [binary, text] = ['submission', 'submission.txt'].map((name) => join(place.folder, name));
  writeFileSync(binary, submission([question(dayOf(new Date().toISOString().slice(0, 10)), 1)], id));
  await succeed('sh', ['-c', `protoc --decode=turf.v1.Submission proto/turf.proto < '${binary}' > '${text}'`]);
  const there = typed.replace('submission.txt', `'${text}'`).replace('mqtt.example.nl -p 8883 --capath /etc/ssl/certs', `127.0.0.1 -p ${place.broker.port}`).replace('ORG', org);
  const home = join(place.folder, 'anna');
  const env = { PATH: `${build}:${process.env.PATH}`, CLIENT: id, TURF_BROKER: place.broker.url, HOME: home, XDG_STATE_HOME: home, TMPDIR: place.folder };
  const link = await place.link('--team', 'oost');
  const client = new Running('sh', ['-euc', there], { env, stdin: 'pipe' });
  atEnd(t, () => client.kill('SIGKILL'));
  await place.keysAreRead();
  place.broker.process.child.kill('SIGSTOP');
  client.child.stdin.end(`${link}\n`);
  const line = await eventually(async () => {
    assert.equal(client.status, null, client.log);
    return (await run('ps', ['-eo', 'args'])).stdout.split('\n').find((one) => one.startsWith('mosquitto_pub') && one.includes(id));
  }, 'mosquitto_pub');
  place.broker.process.child.kill('SIGCONT');
  assert.doesNotMatch(line, /pass|[\w-]{472}/);
  await client.ended;
  assert.deepEqual([client.status.code, client.log], [0, '']);
  const receipt = await place.watcher.until((messages) => messages.find(({ topic }) => topic === place.stack.topic(`receipt/${id}`)), 'the receipt');
  assert.equal(decode('Receipt', receipt.payload).results[0].verdict, 'VERDICT_COUNTED');
});

test('a token of keys that were rotated is refused; the device fetches new ones by itself', async (t) => {
  const place = await Place.start(t);
  await place.enrol('anna', '--team', 'oost');
  const old = (await place.turf('anna', 'token')).stdout.trim();
  await place.door.command('rotate', 'oost');
  await place.keysAreRead();
  const file = join(place.folder, 'submission');
  writeFileSync(file, 'nothing');
  assert.match((await publish(place, old, file)).stderr, /not authori[sz]ed/i);
  await place.tap('anna');
  assert.equal(await place.left('anna'), 5);
});

test('a revoked device uses what is left, and is told when nothing is', async (t) => {
  const place = await Place.start(t);
  await place.enrol('anna', '--team', 'oost');
  await place.enrol('bert', '--team', 'oost');
  await place.door.command('revoke', '1');
  await place.tap('anna');
  await place.door.command('rotate', 'oost');
  await place.keysAreRead();
  const tapped = await place.turf('anna', 'tap', '--team', 'oost', 'financ', '--wait', '10');
  assert.equal(tapped.code, 3);
  assert.match(tapped.stdout, /stored, will be sent later[^]*no token is left: "steenwijkerland" has ended the access of this device; ask for a new invitation/);
  const status = await place.turf('anna', 'status');
  assert.equal(status.code, 1);
  assert.match(status.stderr, /toegang ingetrokken.*ask for a new invitation/);
  assert.match(status.stdout, /^1 wacht \/ waiting/m);
  assert.match((await place.turf('anna', 'token')).stderr, /toegang ingetrokken \/ access ended/);
  await place.tap('bert');
  await place.enrol('anna', '--team', 'oost'); // a new invitation: what waited is sent
  assert.equal((await place.turf('anna', 'pending', '--send', '--wait', '20')).code, 0);
});

test('when the tokens of a week are used up, taps wait and turf says why', async (t) => {
  const place = await Place.start(t, { batch: 1 });
  await place.enrol('anna', '--team', 'oost');
  await place.tap('anna');
  const tapped = await place.turf('anna', 'tap', '--team', 'oost', 'financ');
  assert.equal(tapped.code, 3);
  assert.match(tapped.stdout, /no token is left: those of this week are used up/);
  const token = await place.turf('anna', 'token');
  assert.deepEqual([token.code, token.stdout], [1, '']);
  assert.match(token.stderr, /geen toegangsbewijs over \/ no token left/);
});

test('no token is lost while the broker is away, or has no keys', async (t) => {
  const place = await Place.start(t, { batch: 3 });
  await place.enrol('anna', '--team', 'oost');
  await place.tap('anna');
  const file = join(place.keys, `${org}.json`);
  const keys = readFileSync(file);
  writeFileSync(file, '{');
  await eventually(() => place.broker.process.log.includes(file), 'the broker to miss the keys');
  for (let i = 0; i < 2; i++) {
    const tapped = await place.turf('anna', 'tap', '--team', 'oost', 'financ');
    assert.equal(tapped.code, 3, tapped.stderr);
    assert.match(tapped.stdout, /the broker does not let this client in/);
  }
  assert.equal(await place.left('anna'), 2);
  writeFileSync(file, keys);
  await place.keysAreRead();
  await eventually(async () => (await place.turf('anna', 'pending', '--send', '--wait', '20')).code === 0, 'what waited to be counted');
  assert.equal(await place.left('anna'), 1);
  await place.broker.process.stop();
  assert.equal((await place.turf('anna', 'tap', '--team', 'oost', 'financ')).code, 3);
  assert.equal(await place.left('anna'), 1);
  await place.broker.startAgain();
  await eventually(async () => (await place.turf('anna', 'pending', '--send', '--wait', '20')).code === 0, 'the last one to be counted');
  assert.equal(await place.left('anna'), 0);
});

test('who has joined watches the figures that the scope allows', async (t) => {
  const place = await Place.start(t);
  await place.enrol('anna', '--team', 'oost');
  await place.enrol('leader', '--role', 'leader', '--team', 'oost');
  await place.tap('anna');
  for (const device of ['anna', 'leader']) {
    const before = await place.left(device);
    const watched = await place.turf(device, 'watch', '--team', 'oost', '--once', '--wait', '20');
    assert.equal(watched.code, 0, watched.stderr);
    assert.match(watched.stdout, /Financiën/);
    assert.equal(await place.left(device), before - 1);
  }
  const other = await place.turf('leader', 'watch', '--team', 'west', '--once', '--wait', '20');
  assert.equal(other.code, 4);
  assert.match(other.stderr, /the broker refuses to let this client read/);
});

// ---- A program that stays open -------------------------------------------------------------------------------------

test('a program that stays open connects for each flush, with another token each time', async (t) => {
  if (/__[at]san_init/.test(readFileSync(join(build, 'libturf.so'), 'latin1'))) return t.skip('the library is built with sanitizers');
  const place = await Place.start(t);
  await place.enrol('anna', '--team', 'oost');
  await place.tap('anna'); // the outbox has the catalogue from now on
  const binary = join(place.folder, 'joined');
  await succeed('cc', ['-std=c11', '-Wall', '-Wextra', '-Werror', '-Ibroker-client/libturf', '-o', binary, 'tests/system/lib/joined.c', join(build, 'libturf.so')], { cwd: root });
  const soname = join(place.folder, 'libturf.so.0');
  await succeed('ln', ['-s', join(build, 'libturf.so'), soname]);
  const joined = new Running(binary, [place.broker.url, org, place.outbox('anna')], { env: { LD_LIBRARY_PATH: place.folder }, stdin: 'pipe' });
  atEnd(t, () => joined.kill('SIGKILL'));
  const says = async (text, times = 1) => {
    while (joined.stdout.split(text).length <= times) await Promise.race([once(joined.child.stdout, 'data'), joined.ended.then(() => assert.fail(joined.log))]);
  };
  const before = place.clients().length;
  await says('open\n');
  for (let flush = 1; flush <= 2; flush++) {
    joined.child.stdin.write('tap\n');
    await says('verdict 1\n', flush);
    assert.equal(place.clients().length, before + flush);
    await eventually(async () => {
      joined.child.stdin.write('state\n');
      await Promise.race([once(joined.child.stdout, 'data'), joined.ended.then(() => assert.fail(joined.log))]);
      return joined.stdout.endsWith('connection 0\n');
    }, 'the end of the connection');
  }
  joined.child.stdin.end();
  assert.equal((await joined.ended).code, 0, joined.log);
  assert.equal(await place.left('anna'), 3);
});

// ---- kill -9 ------------------------------------------------------------------------------------------------------

for (const step of stepsOfJoining) {
  test(`killed at ${step}: the same invitation joins, and the batch is whole`, async (t) => {
    const place = await Place.start(t);
    const executable = await stepsProgram('turf');
    const link = await place.link('--team', 'oost');
    assert.equal((await place.turf('anna', 'join', link, { executable, env: { TURF_DIE_AT: `${step}:1` } })).signal, 'SIGKILL');
    assert.equal((await place.turf('anna', 'join', link)).code, 0);
    assert.equal((await place.door.command('list')).stdout.trim().split('\n').length, 2);
    await place.keysAreRead();
    assert.equal(await place.left('anna'), 6);
    await place.tap('anna');
  });
}

for (const step of stepsOfShowing) {
  test(`killed at ${step}: that token is gone, and the tap is counted once with another`, async (t) => {
    const place = await Place.start(t);
    const executable = await stepsProgram('turf');
    await place.enrol('anna', '--team', 'oost');
    const tap = ['tap', '--team', 'oost', '1'];
    assert.equal((await place.turf('anna', ...tap, { executable, env: { TURF_DIE_AT: `${step}:1` } })).signal, 'SIGKILL');
    assert.equal(await place.left('anna'), 5);
    assert.equal((await place.turf('anna', ...tap, '--wait', '20')).code, 0);
    assert.equal((await place.turf('anna', 'pending')).code, 0);
  });
}
