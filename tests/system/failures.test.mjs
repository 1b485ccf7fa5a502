// SPDX-License-Identifier: EUPL-1.2
// What can go wrong on turfd's own machine, each under a load of phones that keep tapping: what the operator sees, what
// recovers by itself, and that nothing is lost. docs/operating.md has the table. A full disk is in daemon.test.mjs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Calendar } from './lib/calendar.mjs';
import { atEnd } from './lib/cleanup.mjs';
import { writeConfig } from './lib/config.mjs';
import { Load } from './lib/load.mjs';
import { memoryOf } from './lib/memory.mjs';
import { dateOf, dayOf, encode, question } from './lib/messages.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { Running, eventually, halted, run } from './lib/processes.mjs';
import { stepsProgram } from './lib/steps.mjs';

const today = '2019-11-20';

async function loaded(t, changes = {}, options = {}) {
  const { limits, ...rest } = changes;
  const config = writeConfig(t, { limits: { retry_ms: 100, ...limits }, ...rest });
  return Load.start(t, { config, today, ...options });
}

const tell = (command, ...args) => execFileSync(command, args.map(String), { stdio: 'pipe' }).toString();

// A limit on the running turfd; the hard one stays, so that it can be lifted again.
const limit = ({ stack }, what, value) => tell('prlimit', '--pid', stack.turfd.pid, `--${what}=${value}:`);

const dataFile = ({ stack }) => join(stack.store, 'data.mdb');

// ---- The map and the disk ------------------------------------------------------------------------------

// Refused as a whole, and kept in the quarantine in full: the store grows by 4 kB with each.
const bulky = () => encode('Submission', { events: Array.from({ length: 110 }, () => question(today, 1)) });

async function fillMap({ stack, status, screen }) {
  const client = await stack.client();
  const payload = bulky();
  const before = status.counters?.map_grown ?? 0;
  const grown = () => screen.status.counters?.map_grown > before || screen.status.store === 'failing' || screen.status.store === 'full';
  while (!grown()) {
    for (let n = 0; n < 199; n++) client.mqtt.publish(stack.topic('registration/oost'), payload, { qos: 1 });
    await client.publish(stack.topic('registration/oost'), payload);
  }
}

test('a full map grows by itself; without room to grow it waits, and goes on when there is some', async (t) => {
  const load = await loaded(t, { limits: { quarantine_limit: 100000 } });
  await load.goesOn();
  const { mapped, sanitized } = memoryOf(load.stack.turfd.pid);
  if (!sanitized) limit(load, 'as', (mapped + (48 << 10)) * 1024);
  await fillMap(load);
  if (!sanitized) {
    await load.says(/<3>store-f.*no receipts/);
    await load.standsStill();
    limit(load, 'as', 'unlimited');
    await load.says(/<6>store-works-again/);
  }
  await load.shows(({ store, counters }) => store === 'ok' && counters.map_grown > 0, 'a map that grew');
  await load.goesOn();
  await load.nothingIsLost();
});

test('a file that may not grow is a full disk', async (t) => {
  const load = await loaded(t);
  await load.goesOn();
  limit(load, 'fsize', statSync(dataFile(load)).size);
  await load.says(/<3>store-full reason=".*there is no room on the disk/);
  await load.shows(({ store }) => store === 'full', 'the status to say full');
  await load.standsStill();
  limit(load, 'fsize', 'unlimited');
  await load.says(/<6>store-works-again/);
  await load.shows(({ store }) => store === 'ok', 'the status to say ok');
  await load.nothingIsLost();
});

test('a reload that a full disk does not take is tried again', async (t) => {
  const load = await loaded(t);
  await load.goesOn();
  limit(load, 'fsize', 8192); // the roots' pages: no other can be written
  await load.says(/<3>store-full/);
  const labels = [{ code: 1, name: 'Huur', kind: 'subject' }];
  copyFileSync(writeConfig(t, { limits: { retry_ms: 100 }, labels }), load.stack.options.config);
  load.stack.turfd.child.kill('SIGHUP');
  await load.says(/<3>reload-failing reason=".*there is no room on the disk.*the old configuration stays in force; turfd tries again/);
  limit(load, 'fsize', 'unlimited');
  await load.says(/<6>reloaded catalogue_version=2/);
  await load.nothingIsLost();
});

// A file system of its own that becomes read-only when it meets an error; undefined where that is not permitted.
function ownFileSystem(t, folder) {
  const image = join(temporaryFolder(t, 'turf-image'), 'image');
  writeFileSync(image, '');
  truncateSync(image, 32 << 20);
  const mount = () => tell('mount', '-o', 'loop,errors=remount-ro', image, folder);
  try {
    tell('mkfs.ext4', '-q', '-F', image);
    mkdirSync(folder, { mode: 0o700 });
    mount();
  } catch {
    return undefined;
  }
  atEnd(t, () => tell('umount', '--lazy', folder));
  const loop = tell('findmnt', '-no', 'SOURCE', folder).trim().split('/').pop();
  const trigger = `/sys/fs/ext4/${loop}/trigger_fs_error`;
  if (!existsSync(trigger)) return undefined;
  return {
    fail: () => writeFileSync(trigger, 'test'),
    repair() {
      tell('umount', folder);
      try {
        tell('e2fsck', '-fy', image);
      } catch (error) {
        assert.equal(error.status, 1, 'e2fsck corrected the error');
      }
      mount();
    },
  };
}

test('a file system that becomes read-only: no receipts, and after its repair nothing is missing', async (t) => {
  const folder = join(temporaryFolder(null, 'turf-disk'), 'mounted'); // removed at exit, when it is unmounted
  const disk = ownFileSystem(t, folder);
  if (!disk) return t.skip('a file system of its own is not permitted here');
  const load = await loaded(t, {}, { store: join(folder, 'store') });
  await load.goesOn();
  disk.fail();
  await load.says(/<3>store-f.*(Read-only file system|Input\/output error)/);
  await load.shows(({ store }) => store !== 'ok', 'the status to say so');
  await load.standsStill();
  assert.deepEqual(await load.stack.turfd.stop(), { code: 0, signal: null });
  assert.match(load.log, /<3>stopped-with-uncounted .*\n[^]*<6>stopped\n$/);
  disk.repair();
  await load.stack.startTurfd();
  await load.goesOn();
  await load.nothingIsLost();
});

test('a read-only disk at the start: it says so and starts nothing', async (t) => {
  const folder = join(temporaryFolder(null, 'turf-disk'), 'store');
  mkdirSync(folder, { mode: 0o700 });
  try {
    tell('mount', '-t', 'tmpfs', '-o', 'ro,mode=700', 'tmpfs', folder);
  } catch {
    return t.skip('mounting is not permitted here');
  }
  atEnd(t, () => tell('umount', '--lazy', folder));
  const { code, stderr } = await run(program('turfd'), ['--config', writeConfig(t), '--store', folder, '--today', today]);
  assert.equal(code, 1);
  assert.match(stderr, /<3>ended reason="open the store: .*Read-only file system"/);
});

// ---- Descriptors and readers -----------------------------------------------------------------------------

test('no file descriptor left: counting goes on; a new connection waits until there is one', async (t) => {
  const load = await loaded(t);
  const descriptors = readdirSync(`/proc/${load.stack.turfd.pid}/fd`).map(Number);
  let lowest = 0;
  while (descriptors.includes(lowest)) lowest++;
  limit(load, 'nofile', lowest);
  await load.goesOn();
  load.stack.turfd.child.kill('SIGHUP');
  await load.says(/<3>config-refused .*Too many open files[^]*<3>reload-refused/);
  const socket = Math.min(...descriptors.filter((fd) => fd > 2));
  limit(load, 'nofile', socket); // so that the place of the old connection is none for a new one
  await load.stack.broker.kill();
  await load.stack.broker.startAgain();
  await load.says(/<4>broker-unreachable .*no file descriptor left/);
  await load.standsStill();
  limit(load, 'nofile', 1024);
  await load.goesOn();
  await load.nothingIsLost();
});

const READERS = 126; // LMDB's slots

async function heldReaders(t, turfctl, { stack }, n) {
  const readers = [];
  atEnd(t, () => Promise.all(readers.map((reader) => reader.kill('SIGKILL'))));
  while (readers.length < n) {
    const some = Array.from({ length: 9 }, () => new Running(turfctl, ['verify', '--store', stack.store], { env: { TURF_HALT_AT: 'view-open:1' } }));
    readers.push(...some);
    await eventually(() => some.every(({ pid, status }) => status || halted(pid)), 'readers that hold on');
  }
  return readers;
}

test('all places for readers are taken: counting goes on, figures wait; the places of killed ones are free at once', async (t) => {
  const turfctl = await stepsProgram('turfctl'); // before phones tap: it may have to be built
  const load = await loaded(t);
  const readers = await heldReaders(t, turfctl, load, READERS);
  await load.says(/<3>upkeep-failing reason=".*READERS_FULL.*" counting continues; figures, closing and purging wait/);
  await load.shows(({ store }) => store === 'failing', 'the status to say failing');
  await load.goesOn();
  const refused = await run(program('turfctl'), ['info', '--store', load.stack.store]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /READERS_FULL/);
  await Promise.all(readers.splice(0, 5).map((reader) => reader.kill('SIGKILL')));
  await load.says(/<6>upkeep-works-again/);
  await load.shows(({ store }) => store === 'ok', 'the status to say ok');
  readers.push(...(await heldReaders(t, turfctl, load, 9)));
  await load.says(/<6>upkeep-works-again[^]*<3>upkeep-failing/);
  await load.goesOn();
  assert.deepEqual(await load.stack.turfd.stop(), { code: 0, signal: null });
  assert.match(load.log, /<3>stopped-with-unpublished reason=".*READERS_FULL.*\n<6>stopped\n$/);
  await Promise.all(readers.map((reader) => reader.kill('SIGKILL')));
  await load.stack.startTurfd();
  await load.nothingIsLost();
});

test('a reader that was killed does not make the file grow', async (t) => {
  const turfctl = await stepsProgram('turfctl');
  const load = await loaded(t);
  const { signal } = await run(turfctl, ['verify', '--store', load.stack.store], { env: { TURF_DIE_AT: 'view-open:1' } });
  assert.equal(signal, 'SIGKILL');
  await load.goesOn(200); // until turfd has looked, at most half a second, pages are held
  const size = statSync(dataFile(load)).size;
  const batches = load.status.counters.batches;
  await load.goesOn(400);
  await load.shows(({ counters }) => counters.batches > batches + 50, 'commits');
  assert.ok(statSync(dataFile(load)).size < size + (1 << 20), `${size} bytes, and then ${statSync(dataFile(load)).size}`);
  await load.nothingIsLost();
});

// ---- The clock -------------------------------------------------------------------------------------------

async function timed(t, date, changes) {
  const calendar = new Calendar(t, date);
  const load = await loaded(t, changes, { today: `@${calendar.file}`, day: () => dayOf(calendar.date) });
  return { calendar, load };
}

async function moveTo({ calendar, load }, date) {
  calendar.write(date);
  await load.shows((status) => status.today === date, date);
  await load.goesOn();
}

test('a date that jumps a day, a month, a year, and back: counting goes on, nothing closes or is purged', async (t) => {
  const fixture = await timed(t, '2019-12-30', { accept_days: 30 });
  const { load } = fixture;
  await load.goesOn();
  for (const date of ['2019-12-31', '2019-12-30', '2020-12-30', '2019-12-30', '2019-01-05', '2019-12-30', '2020-01-30', '2019-12-31']) {
    await moveTo(fixture, date);
    const waits = Math.abs(dayOf(date) - dayOf('2019-12-30')) > 2;
    await load.shows(({ date_pending: pending }) => (pending !== null) === waits, 'a date that waits, or not');
  }
  assert.match(load.log, /<3>date-jumped .*confirm-date/);
  const { stdout } = await load.stack.turfctl(['info']);
  assert.match(stdout, /^final +up to and including 2019-Q3$/m);
  const taps = await load.settle();
  // What arrived under a wrong date may have been refused; the quarantine has it, and under the right one it counts.
  for (const { verdict } of taps) assert.match(verdict, /^VERDICT_(ALREADY_COUNTED|COUNTED(_LATE)?|REFUSED_DAY_(IN_FUTURE|TOO_OLD))$/);
  const refused = new Set(taps.map(({ verdict }) => verdict.slice(8).toLowerCase().replaceAll('_', '-')).filter((verdict) => verdict.startsWith('refused')));
  for (const reason of refused) await load.stack.turfctl(['quarantine', 'retry', reason]);
  const ofNoDay = ({ day }) => day > dayOf('2020-01-01') || day < dayOf('2019-12-01');
  const stays = taps.filter(({ verdict, event }) => verdict.includes('REFUSED') && ofNoDay(event));
  assert.equal(await load.counted(), taps.length - stays.length);
});

test('midnights, the quarter’s change and its end under load', async (t) => {
  const fixture = await timed(t, '2019-12-29', { grace_days: 3, retract_days: 3, accept_days: 10 });
  const { load } = fixture;
  for (let day = dayOf('2019-12-30'); day <= dayOf('2020-01-05'); day++) await moveTo(fixture, dateOf(day));
  const status = (period) => load.screen.tree('summary-json')[`all/${period}`]?.status;
  await load.screen.until(() => status('2019-Q4') === 'final' && status('2020-Q1') === 'open', () => `final and open: ${status('2019-Q4')}, ${status('2020-Q1')}`);
  await load.nothingIsLost();
  const counted = [...load.phones].flatMap((phone) => [...phone.taps.values()]);
  for (const [period, ofPeriod] of [['2019-Q4', (day) => day < dayOf('2020-01-01')], ['2020-Q1', (day) => day >= dayOf('2020-01-01')]]) {
    const expected = counted.filter(({ event }) => ofPeriod(event.day)).length;
    await load.screen.until(() => load.screen.tree('summary-json')[`all/${period}`].questions === expected, `${expected} questions in ${period}`);
  }
});
