// SPDX-License-Identifier: EUPL-1.2
// The backup drill: backups under load, an older one brought back under phones that remember, backups and stores that
// are damaged. docs/operating.md has the drill for people.
import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { writeConfig } from './lib/config.mjs';
import { Load } from './lib/load.mjs';
import { memoryOf } from './lib/memory.mjs';
import { dayOf, question, retraction } from './lib/messages.mjs';
import { random } from './lib/outbox.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { Running, eventually, run, succeed } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';
import { stepsProgram } from './lib/steps.mjs';

const today = '2019-12-31';
const seed = Number(process.env.TURF_SEED ?? 20191231);
const flips = Number(process.env.TURF_FLIPS ?? 200); // docs/store-format.md has the figures of 5,000

const turfctl = (...args) => run(program('turfctl'), args);
const must = (...args) => succeed(program('turfctl'), args);

async function refused(args, pattern) {
  const { code, stdout, stderr } = await turfctl(...args);
  assert.equal(code, 1, stdout + stderr);
  assert.match(stdout + stderr, pattern);
}

async function questionsIn(store) {
  const { stdout } = await must('export', '--store', store, '--format', 'json', '--team', 'all');
  return JSON.parse(stdout).summaries.filter(({ period }) => period === '2019').map(({ questions }) => questions)[0];
}

const loaded = (t) => Load.start(t, { config: writeConfig(t, { limits: { retry_ms: 100 } }), today });

// ---- Under load ----------------------------------------------------------------------------------------

test('backups under load are whole, and each holds at least what was answered when it began', async (t) => {
  const load = await loaded(t);
  const folder = temporaryFolder(t, 'turf-backups');
  for (const name of ['first', 'second', 'third']) {
    await load.goesOn(30);
    const answered = load.answered;
    await must('backup', join(folder, name), '--store', load.stack.store);
    const made = load.made;
    const store = join(folder, `${name}-store`);
    await must('restore', join(folder, name), '--store', store);
    await must('verify', '--store', store);
    const held = await questionsIn(store);
    assert.ok(answered <= held && held <= made, `${answered} answered, ${held} in the backup, ${made} made`);
  }
  await load.nothingIsLost();
});

test('an older backup in another folder, under phones that remember: counts are right, generations rise', async (t) => {
  const load = await loaded(t);
  const folder = temporaryFolder(t, 'turf-backups');
  await load.goesOn(60);
  await must('backup', join(folder, 'backup'), '--store', load.stack.store);
  await load.goesOn(60);
  const undone = [];
  for (const phone of load.phones) {
    const [ofBackup] = phone.taps.keys();
    for (const id of [ofBackup, [...phone.taps.keys()].at(-1)]) {
      phone.undo(id);
      undone.push(phone.taps.get(id));
    }
  }
  await eventually(() => undone.every((tap) => tap.undone), 'retractions');
  const { epoch } = load.status;
  const generations = new Map(load.screen.generations);
  assert.deepEqual(await load.stack.turfd.stop(), { code: 0, signal: null });
  load.stack.store = join(folder, 'store');
  await must('restore', join(folder, 'backup'), '--store', load.stack.store);
  await must('verify', '--store', load.stack.store);
  await load.stack.startTurfd();
  assert.notEqual(load.status.epoch, epoch);
  await load.goesOn();
  const taps = await load.settle();
  for (const tap of undone) assert.match(tap.undone, /^VERDICT_(ALREADY_)?RETRACTED$/);
  assert.equal(await load.counted(), taps.length - undone.length);
  await load.screen.until(() => load.screen.tree('summary-json')['all/2019'].questions === taps.length - undone.length, 'the count on the screen');
  for (const [name, before] of generations) assert.ok(load.screen.generations.get(name) > before, `${name}: generation did not rise`);
});

test('libturf’s phones heal it too: turf replay through the return of an older backup', async (t) => {
  const stack = await Stack.start(t, 'proef', { config: writeConfig(t, { limits: { retry_ms: 100 } }), today });
  const folder = temporaryFolder(t, 'turf-backups');
  const file = join(folder, 'questions.csv');
  const rows = 400;
  writeFileSync(file, ['day,team,domain,outcome', ...Array.from({ length: rows }, (_, i) => `${today},oost,${1 + (i % 11)},answered`), ''].join('\n'));
  const args = ['replay', file, '--clients', '4', '--rate', '150', '--outbox', join(folder, 'phones'), '--retry-ms', '300', '--org', 'proef'];
  const replay = stack.turf(args);
  const counted = (n) => eventually(async () => (await questionsIn(stack.store)) >= n, `${n} questions`);
  await counted(60);
  await must('backup', join(folder, 'backup'), '--store', stack.store);
  const inBackup = await questionsIn(join(folder, 'backup'));
  await counted(inBackup + 30);
  assert.deepEqual(await stack.turfd.stop(), { code: 0, signal: null });
  await must('restore', join(folder, 'backup'), '--store', stack.store, '--replace');
  assert.equal(await questionsIn(stack.store), inBackup);
  await stack.startTurfd();
  const { code, stdout, stderr } = await replay;
  assert.equal(code, 0, stdout + stderr);
  await counted(rows);
  assert.equal(await questionsIn(stack.store), rows);
  await must('verify', '--store', stack.store);
});

// ---- Deaths in between -----------------------------------------------------------------------------------

// A store with some of everything, and no turfd on it.
async function finished(t) {
  const labels = [{ code: 1, name: 'Sportfonds', kind: 'subject' }];
  const stack = await Stack.start(t, 'proef', { config: writeConfig(t, { labels }), today });
  const phone = await stack.phone();
  for (let n = 0; n < 25; n++) {
    const some = Array.from({ length: 40 }, (_, i) => question(dayOf(today) - ((7 * n + i) % 200), 1 + ((n + i) % 11), 1 + (i % 2), i % 5 ? [] : [1]));
    await phone.register(n % 2 ? 'oost' : 'west', some);
    await phone.register('oost', some.slice(0, 3).map(({ id, day }) => retraction(id, day)));
    await phone.register('nergens', [question(today, 1)]);
    phone.client.messages.length = 0;
  }
  assert.deepEqual(await stack.turfd.stop(), { code: 0, signal: null });
  return stack;
}

test('a backup that was cut short is none; a restore that was cut short leaves a store that is whole', async (t) => {
  const { store } = await finished(t);
  const folder = temporaryFolder(t, 'turf-backups');
  const ctl = await stepsProgram('turfctl');
  const cut = await run(ctl, ['backup', join(folder, 'cut'), '--store', store], { env: { TURF_DIE_AT: 'before-manifest:1' } });
  assert.equal(cut.signal, 'SIGKILL');
  await refused(['restore', join(folder, 'cut'), '--store', store, '--replace'], /MANIFEST/);
  await must('backup', join(folder, 'backup'), '--store', store);
  const { stdout: before } = await must('export', '--store', store, '--format', 'csv');
  const figures = (csv) => csv.replace(/,\d{13,16},/g, ',');
  for (const step of ['before-swap', 'between-swap', 'after-swap']) {
    const { signal } = await run(ctl, ['restore', join(folder, 'backup'), '--store', store, '--replace'], { env: { TURF_DIE_AT: `${step}:1` } });
    assert.equal(signal, 'SIGKILL', step);
    await must('verify', '--store', store);
    assert.equal(figures((await must('export', '--store', store, '--format', 'csv')).stdout), figures(before), step);
  }
  await must('restore', join(folder, 'backup'), '--store', store, '--replace');
  await must('verify', '--store', store);
});

test('a store that is made while turfd dies is made at the next start', async (t) => {
  const turfd = await stepsProgram('turfd');
  const config = writeConfig(t);
  for (const step of ['before-swap', 'between-swap', 'after-swap']) {
    const store = join(temporaryFolder(t), 'store');
    const args = ['--config', config, '--store', store, '--today', today];
    const { signal } = await run(turfd, args, { env: { TURF_DIE_AT: `${step}:1` } });
    assert.equal(signal, 'SIGKILL', step);
    const second = new Running(turfd, args);
    t.after(() => second.kill('SIGKILL'));
    await eventually(() => second.status || /<6>started/.test(second.log), `the start after a death at ${step}: ${second.log}`);
    assert.deepEqual(await second.stop(), { code: 0, signal: null });
    await must('verify', '--store', store);
  }
});

// ---- Damage ------------------------------------------------------------------------------------------------

function flip(bytes, chance) {
  const flipped = Buffer.from(bytes);
  flipped[chance.below(flipped.length)] ^= 1 << chance.below(8);
  return flipped;
}

test(`a damaged backup is refused, and the store stays as it is (seed ${seed})`, async (t) => {
  const { store } = await finished(t);
  const folder = join(temporaryFolder(t, 'turf-backups'), 'backup');
  await must('backup', folder, '--store', store);
  const good = readFileSync(join(store, 'data.mdb'));
  const chance = random(seed);
  const attempt = (pattern) => refused(['restore', folder, '--store', store, '--replace'], pattern);
  const data = readFileSync(join(folder, 'data.mdb'));
  for (let n = 0; n < 25; n++) {
    writeFileSync(join(folder, 'data.mdb'), flip(data, chance));
    await attempt(/its SHA-256 is not the manifest's: the backup is damaged/);
  }
  for (const length of [0, 1, 4096, data.length - 1]) {
    writeFileSync(join(folder, 'data.mdb'), data.subarray(0, length));
    await attempt(/its SHA-256 is not the manifest's/);
  }
  writeFileSync(join(folder, 'data.mdb'), data);
  const manifest = readFileSync(join(folder, 'MANIFEST'));
  for (let n = 0; n < 25; n++) {
    const flipped = flip(manifest, chance);
    if (String(flipped).toLowerCase() === String(manifest).toLowerCase()) continue; // a hexadecimal digit means the same
    writeFileSync(join(folder, 'MANIFEST'), flipped);
    await attempt(/MANIFEST|SHA-256|manifest/);
  }
  rmSync(join(folder, 'MANIFEST'));
  await attempt(/MANIFEST/);
  assert.ok(readFileSync(join(store, 'data.mdb')).equals(good), 'the store is as it was');
  assert.ok(!existsSync(join(store, 'data.mdb.before-restore')));
  writeFileSync(join(folder, 'MANIFEST'), manifest);
  await must('restore', folder, '--store', store, '--replace');
});

// LMDB has no checksums. What verify finds, and what it need not find because it changes nothing, is told as measured.
test(`bits that flip in a store: no figure changes without verify finding it (seed ${seed})`, async (t) => {
  const stack = await finished(t);
  const original = readFileSync(join(stack.store, 'data.mdb'));
  const { stdout: figures } = await must('export', '--store', stack.store);
  const chance = random(seed);
  const copy = join(temporaryFolder(t, 'turf-flips'), 'store');
  mkdirSync(copy, { mode: 0o700 });
  const seen = { found: 0, 'of no consequence': 0 };
  for (let n = 0; n < flips; n++) {
    const damaged = flip(original, chance);
    writeFileSync(join(copy, 'data.mdb'), damaged, { mode: 0o600 });
    rmSync(join(copy, 'lock.mdb'), { force: true });
    const verified = await turfctl('verify', '--store', copy);
    const exported = await turfctl('export', '--store', copy);
    for (const { code, stderr } of [verified, exported]) assert.ok(code === 0 || code === 1, `flip ${n}: ${stderr}`);
    assert.ok(readFileSync(join(copy, 'data.mdb')).equals(damaged), `flip ${n}: something was repaired`);
    if (verified.code === 0) assert.equal(exported.stdout, figures, `flip ${n}: other figures, and verify found nothing`);
    seen[verified.code ? 'found' : 'of no consequence'] += 1;
  }
  t.diagnostic(`${flips} flips in ${original.length} bytes: ${JSON.stringify(seen)}`);
  assert.ok(seen.found > 0);
});

test('a damaged record stops what needs it, is not repaired, and the rest goes on', async (t) => {
  const stack = await finished(t);
  const file = join(stack.store, 'data.mdb');
  const { stdout: info } = await must('info', '--store', stack.store);
  const spoil = (bytes) => {
    let hits = 0;
    for (let at = bytes.indexOf('nergens'); at >= 0; at = bytes.indexOf('nergens', at + 1), hits++) bytes[at] ^= 1;
    assert.ok(hits > 0, info);
    return bytes;
  };
  writeFileSync(file, spoil(readFileSync(file)));
  await refused(['verify', '--store', stack.store], /^wrong: database quarantine: the record with key/m);
  await refused(['quarantine', 'list', '--store', stack.store], /damaged/);
  await stack.startTurfd();
  const phone = await stack.phone();
  assert.deepEqual(await phone.register('oost', [question(today, 1)]), ['VERDICT_COUNTED']);
  assert.deepEqual(await stack.turfd.stop(), { code: 0, signal: null });
  await refused(['verify', '--store', stack.store], /^wrong: database quarantine: the record with key/m);
});

// A bit of a byte in use (most that are zero are not): turfd goes on, or ends with a sentence, never without a word. LMDB
// trusts its pages, and a damaged one can send it outside of the file.
async function flipUnder(stack, taps, chance) {
  const { turfd } = stack;
  const file = join(stack.store, 'data.mdb');
  const phone = await stack.phone();
  await phone.register('oost', taps.slice(0, 10));
  const bytes = readFileSync(file);
  let at;
  do at = chance.below(bytes.length);
  while (bytes[at] === 0);
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.from([bytes[at] ^ (1 << chance.below(8))]), 0, 1, at);
  closeSync(handle);
  const rest = taps.slice(10);
  await phone.send('oost', rest);
  let over = false;
  const verdicts = phone.client.until(() => over || rest.every(({ id }) => phone.verdict(id)), 'receipts');
  const refusal = eventually(() => turfd.status ?? /<3>store-failing/.test(turfd.log), 'a refusal').then(() => {
    over = true;
    for (const look of phone.client.waiting) look();
  });
  refusal.catch(() => {}); // there is none, nor a receipt
  const what = await verdicts.then(() => (over ? 'it refuses' : 'it counts'), () => 'it sends no receipt');
  await phone.client.close();
  const status = turfd.status ?? (await turfd.stop());
  assert.ok(status.code === 0 || /<3>/.test(turfd.log), `${JSON.stringify(status)} ${turfd.log}`);
  return status.code === 0 ? what : 'it ends with a sentence';
}

test(`bits that flip under a turfd that counts: it counts on, or says what is wrong (seed ${seed})`, async (t) => {
  const stack = await finished(t);
  const original = readFileSync(join(stack.store, 'data.mdb'));
  await stack.startTurfd();
  if (memoryOf(stack.turfd.pid).sanitized) return t.skip('where LMDB follows a damaged page, a sanitizer has the last word');
  await stack.turfd.stop();
  const chance = random(seed + 1);
  const seen = {};
  for (let n = 0; n < flips / 10; n++) {
    rmSync(join(stack.store, 'lock.mdb'), { force: true });
    rmSync(stack.lastSeen, { recursive: true, force: true }); // it would refuse the older file
    writeFileSync(join(stack.store, 'data.mdb'), original, { mode: 0o600 });
    await stack.startTurfd();
    const what = await flipUnder(stack, Array.from({ length: 40 }, () => question(today, 1 + chance.below(11))), chance);
    const { code, stdout, stderr } = await turfctl('verify', '--store', stack.store);
    assert.ok(code === 0 || code === 1, `flip ${n}: ${stdout}${stderr}`);
    const name = `${what}, verify ${code ? 'finds it' : 'finds nothing'}`;
    seen[name] = (seen[name] ?? 0) + 1;
  }
  t.diagnostic(`${flips / 10} flips under turfd: ${JSON.stringify(seen)}`);
});
