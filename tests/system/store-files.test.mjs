// SPDX-License-Identifier: EUPL-1.2
// The store's files change under turfd, or are not there when it starts; the disk is full when it starts; nobody reads its
// log. docs/operating.md has a row for each.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, copyFileSync, existsSync, openSync, readSync, readdirSync, readlinkSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { atEnd } from './lib/cleanup.mjs';
import { writeConfig } from './lib/config.mjs';
import { fill, smallDisk } from './lib/disk.mjs';
import { Load } from './lib/load.mjs';
import { question } from './lib/messages.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { eventually, run } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const today = '2019-11-20';
const config = (t) => writeConfig(t, { limits: { retry_ms: 100 } });
const loaded = (t, options = {}) => Load.start(t, { config: config(t), today, ...options });

const turfctl = ({ stack }, ...args) => run(program('turfctl'), [...args, '--store', stack.store]);

// turfd says what is wrong, in its log and in its status, and sends no receipt. It does not say that nothing is lost,
// because the counts may be lost together with the file.
async function stops(load, pattern) {
  await load.says(pattern);
  assert.match(load.log, /<3>store-failing .* turfd sends no receipts until the store works again; phones keep what has no receipt\n/);
  assert.doesNotMatch(load.log, /nothing is lost/);
  await load.shows(({ store }) => store === 'failing', 'the status to say failing');
  await load.standsStill();
}

async function doesNotStart({ stack }, pattern) {
  const turfd = stack.launchTurfd();
  assert.deepEqual(await turfd.ended, { code: 1, signal: null });
  assert.match(turfd.log, pattern);
}

// ---- Files that change under turfd -----------------------------------------------------------------------

test('lock.mdb is deleted: no receipt, no tool that writes, and after a restart nothing is missing', async (t) => {
  const load = await loaded(t);
  await load.goesOn();
  rmSync(join(load.stack.store, 'lock.mdb'));
  const refused = await turfctl(load, 'confirm-date');
  assert.equal(refused.code, 3, refused.stderr);
  assert.match(refused.stderr, /has a lock\.mdb open that was deleted or replaced since/);
  await stops(load, /<3>store-failing reason=".*lock\.mdb was deleted or replaced.*; restart turfd"/);
  await load.stack.turfd.stop();
  await load.stack.startTurfd();
  await load.goesOn();
  assert.equal((await turfctl(load, 'confirm-date')).stdout, 'no date is waiting to be confirmed\n');
  await load.nothingIsLost();
});

// As its manual tells the operator: what turfd has open is still there while it runs.
function openDataFile({ stack }) {
  const folder = `/proc/${stack.turfd.pid}/fd`;
  const name = readdirSync(folder).find((fd) => readlinkSync(join(folder, fd)) === `${join(stack.store, 'data.mdb')} (deleted)`);
  return join(folder, name);
}

test('data.mdb is replaced: no receipt; the older copy is not taken for the store; the old one comes back', async (t) => {
  const load = await loaded(t);
  const data = join(load.stack.store, 'data.mdb');
  const saved = join(load.stack.folder, 'saved.mdb');
  await load.goesOn();
  await load.stack.turfctl(['backup', join(load.stack.folder, 'backup')]);
  await load.goesOn();
  renameSync(join(load.stack.folder, 'backup', 'data.mdb'), data);
  await stops(load, /<3>store-failing reason=".*the data\.mdb that is open was replaced by another file, and what was counted is lost when turfd stops; put the old one back/);
  copyFileSync(openDataFile(load), saved);
  await load.stack.turfd.stop();
  await doesNotStart(load, /<3>ended reason="open the store: .*this is an older copy of the store.*turfctl restore/);
  renameSync(saved, data);
  await load.stack.startTurfd();
  await load.goesOn();
  await load.nothingIsLost();
});

test('the store is moved away: no receipt, and the next start makes no empty one in its place', async (t) => {
  const load = await loaded(t);
  const { store } = load.stack;
  await load.goesOn();
  renameSync(store, `${store}.moved`);
  await stops(load, /<3>store-failing reason=".*data\.mdb is gone, while it is open.*if it was deleted, what was counted is lost when turfd stops/);
  renameSync(`${store}.moved`, store);
  await load.says(/<6>store-works-again/);
  await load.shows((status) => status.store === 'ok', 'the status to say ok');
  await load.goesOn();
  await load.stack.turfd.stop();
  renameSync(store, `${store}.moved`);
  await doesNotStart(load, /<3>ended reason="open the store: .*the store is gone.*move the store back/);
  assert.ok(!existsSync(store), 'where it can be moved back to');
  renameSync(`${store}.moved`, store);
  await load.stack.startTurfd();
  await load.goesOn();
  await load.nothingIsLost();
});

// ---- A full disk at the start ------------------------------------------------------------------------------

async function onSmallDisk(t) {
  const folder = join(temporaryFolder(null, 'turf-disk'), 'mounted'); // removed at exit, when it is unmounted
  if (!smallDisk(t, folder, '1m')) return t.skip('mounting a small file system is not permitted here');
  const load = await loaded(t, { store: join(folder, 'store') });
  await load.goesOn();
  await load.stack.turfd.stop();
  return { load, filler: join(folder, 'filler') };
}

async function startsWhenThereIsRoom({ load, filler }) {
  const starting = load.stack.startTurfd();
  await load.says(/<3>store-full reason=".*(there is no room on the disk|No space left on device).*" turfd starts as soon as there is room/);
  rmSync(filler);
  await starting;
  assert.match(load.log, /<6>store-works-again/);
  assert.doesNotMatch(load.log, /damaged|crashed|ended/);
  await load.goesOn();
}

test('a full disk at the start is not called damage: turfd waits, and counts as soon as there is room', async (t) => {
  const fixture = await onSmallDisk(t);
  if (!fixture) return;
  const { load, filler } = fixture;
  rmSync(join(load.stack.store, 'lock.mdb')); // LMDB makes a new one, for which there is no room
  fill(filler);
  const { code, stderr } = await turfctl(load, 'verify');
  assert.equal(code, 1);
  assert.match(stderr, /there is no room on the disk|No space left on device/);
  assert.doesNotMatch(stderr, /damaged|backup/);
  await startsWhenThereIsRoom(fixture);
  await load.nothingIsLost();
});

test('a full disk at the first start: a store is made as soon as there is room', async (t) => {
  const fixture = await onSmallDisk(t);
  if (!fixture) return;
  const { load, filler } = fixture;
  load.stack.removeStore();
  fill(filler);
  await startsWhenThereIsRoom(fixture);
  await load.stack.turfctl(['verify']);
});

test('turfd that waits for room stops when it is asked to', async (t) => {
  const fixture = await onSmallDisk(t);
  if (!fixture) return;
  const { load, filler } = fixture;
  rmSync(join(load.stack.store, 'lock.mdb'));
  fill(filler);
  load.stack.launchTurfd();
  await load.says(/<3>store-full/);
  assert.deepEqual(await load.stack.turfd.stop(), { code: 0, signal: null });
  assert.match(load.log, /<6>stopped\n$/);
});

// ---- A log that nobody reads ----------------------------------------------------------------------------------

// A pipe that takes no byte more, until somebody reads it.
function fullPipe(t, folder) {
  const path = join(folder, 'log');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  atEnd(t, () => closeSync(fd));
  const again = (act) => {
    try {
      for (;;) act();
    } catch (error) {
      assert.equal(error.code, 'EAGAIN');
    }
  };
  again(() => writeSync(fd, 'x'.repeat(4096)));
  const bytes = Buffer.alloc(4096);
  let text = '';
  const read = () => {
    again(() => (text += bytes.toString('utf8', 0, readSync(fd, bytes))));
    return text.replace(/^x+/, '');
  };
  return { path, read };
}

test('a log that nobody reads: turfd counts all the same, and says later how many lines were lost', async (t) => {
  const stack = await Stack.start(t, 'proef', { config: config(t), today });
  await stack.turfd.stop();
  const { path, read } = fullPipe(t, stack.folder);
  const script = join(stack.folder, 'turfd');
  writeFileSync(script, `#!/bin/sh\nexec '${program('turfd')}' "$@" 2>'${path}'\n`, { mode: 0o700 });
  await stack.startTurfd({ turfd: script });
  const phone = await stack.phone();
  assert.deepEqual(await phone.register('oost', [question(today, 1)]), ['VERDICT_COUNTED']);
  assert.equal(read(), '');
  await eventually(() => read().includes('\n'), 'a line');
  assert.match(read(), /^<4>log-lines-lost lines=2 /); // started, connected
  assert.deepEqual(await stack.turfd.stop(), { code: 0, signal: null });
  assert.match(read(), /<6>stopped\n$/);
});
