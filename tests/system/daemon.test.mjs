// SPDX-License-Identifier: EUPL-1.2
// turfd among others: a second one on the same store, one that takes its place at the broker, a stop in the middle of the
// work, a broker that forgot everything, a disk that is full; and that nothing of a phone is written anywhere.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { atEnd } from './lib/cleanup.mjs';
import { Client } from './lib/client.mjs';
import { writeConfig } from './lib/config.mjs';
import { fill, smallDisk } from './lib/disk.mjs';
import { decode, newId, question, submission } from './lib/messages.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { Running, eventually, run } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const day = '2019-11-20';
const tap = () => question(day, 1);

async function fixture(t, changes = {}) {
  const stack = await Stack.start(t, 'proef', { config: writeConfig(t, { limits: { retry_ms: 200 }, ...changes }), today: day });
  const screen = await stack.client();
  for (const tree of ['summary/oost/2019-Q4', 'status/aggregator', 'catalogue']) await screen.subscribe(stack.topic(tree), 0);
  return { t, stack, screen };
}

const statusOf = ({ stack, screen }) => JSON.parse(screen.newest(stack.topic('status/aggregator')) ?? '{}');
const answered = ({ stack, screen }) => {
  const payload = screen.newest(stack.topic('summary/oost/2019-Q4'));
  return payload && decode('Summary', payload).answered;
};
const counted = (w, n) => w.screen.until(() => answered(w) === n, `${n} questions, and not ${answered(w)}`);

function turfdArguments(stack, store, changes = {}) {
  return ['--config', writeConfig(stack.t, changes), '--store', store, '--broker', stack.broker.url, '--credentials', stack.broker.credentialsFile, '--today', day];
}

test('a second daemon on the same store says which process holds it', async (t) => {
  const { stack } = await fixture(t);
  const { code, stderr } = await run(program('turfd'), turfdArguments(stack, stack.store));
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`\\b${stack.turfd.pid}\\b`));
  assert.ok(stderr.includes(stack.store));
});

test('another org’s store is refused', async (t) => {
  const { stack } = await fixture(t);
  await stack.turfd.stop();
  const { code, stderr } = await run(program('turfd'), turfdArguments(stack, stack.store, { org: 'ander' }));
  assert.equal(code, 1);
  assert.match(stderr, /proef.*ander|ander.*proef/);
});

test('two daemons for one org: the younger stays, the other ends with an error', async (t) => {
  const w = await fixture(t);
  const younger = new Running(program('turfd'), turfdArguments(w.stack, join(w.stack.folder, 'other-store'), { limits: { retry_ms: 200 } }));
  t.after(() => younger.kill('SIGKILL'));
  const ended = await Promise.race([w.stack.turfd, younger].map(async (turfd) => ({ status: await turfd.ended, turfd })));
  assert.deepEqual(ended.status, { code: 1, signal: null });
  assert.match(ended.turfd.log, /taken over/);
  const stays = ended.turfd === younger ? w.stack.turfd : younger;
  const phone = await w.stack.phone();
  await w.screen.until(() => statusOf(w).online, 'the one that stays');
  assert.deepEqual(await phone.register('oost', [tap()]), ['VERDICT_COUNTED']);
  assert.deepEqual(await stays.stop(), { code: 0, signal: null });
});

test('someone who keeps taking its client id ends it, instead of a fight without end', async (t) => {
  const w = await fixture(t);
  const options = { ...w.stack.broker.aggregator, clientId: w.stack.turfdClientId, clean: false, reconnectPeriod: 50 };
  const rival = await Client.connect(t, w.stack.broker.url, options);
  assert.deepEqual(await w.stack.turfd.ended, { code: 1, signal: null });
  assert.match(w.stack.turfd.log, /taken over/);
  await rival.close();
});

test('SIGTERM: what has arrived is counted and published, the status says offline, exit status 0', async (t) => {
  const w = await fixture(t);
  const phone = await w.stack.phone();
  const ids = Array.from({ length: 300 }, newId);
  const sent = ids.map((id) => phone.client.publish(phone.stack.topic('registration/oost'), submission([question(day, 1, 'OUTCOME_ANSWERED', [], id)], phone.client.id)));
  await phone.client.until((messages) => messages.length > 0, 'the first receipt');
  assert.deepEqual(await w.stack.turfd.stop(), { code: 0, signal: null });
  await Promise.all(sent);
  await w.screen.until(() => statusOf(w).online === false, 'the goodbye');
  const before = phone.results.length;
  // The broker kept the rest for the daemon, whose session is not clean.
  await w.stack.startTurfd();
  await phone.client.until(() => ids.every((id) => phone.verdict(id)), 'every receipt');
  assert.ok(before > 0);
  await counted(w, 300);
});

// More than once: a status that goes out for another reason is no answer.
async function contradicts({ stack, screen }) {
  const liar = await stack.client(stack.broker.aggregator);
  const online = () => screen.messages.filter(({ topic, payload }) => topic.endsWith('/aggregator') && JSON.parse(payload).online).length;
  for (let lie = 1; lie <= 6; lie += 1) {
    const before = online();
    await liar.publish(stack.topic('status/aggregator'), JSON.stringify({ online: false, since: 1 }), { retain: true });
    await screen.until(() => online() > before, `the answer to lie ${lie}`);
  }
}

test('called offline by its will or by someone else, it says that it is there', async (t) => contradicts(await fixture(t)));

test('a retained registration counts once and is cleared, also when it comes while turfd is connected', async (t) => {
  const w = await fixture(t);
  const watcher = await w.stack.watcher();
  const phone = await w.stack.phone();
  const one = tap();
  await phone.send('oost', [one], { retain: true });
  assert.deepEqual(await phone.verdicts([one.id]), ['VERDICT_COUNTED']);
  const topic = w.stack.topic('registration/oost');
  await watcher.until((messages) => messages.some((message) => message.topic === topic && message.payload.length === 0), 'the clearing');
  await counted(w, 1);
  const late = await w.stack.watcher();
  await late.until(() => late.newest(w.stack.topic('status/aggregator')), 'what is retained');
  assert.equal(late.newest(topic), undefined);
});

test('the will has the same since', async (t) => {
  const w = await fixture(t);
  const { since, epoch } = w.stack.status;
  await w.stack.turfd.kill('SIGKILL');
  await w.screen.until(() => statusOf(w).online === false, 'the will');
  assert.deepEqual([statusOf(w).since, statusOf(w).epoch], [since, epoch]);
  const late = await w.stack.client(); // a client that comes later receives it as well
  await late.subscribe(w.stack.topic('status/aggregator'), 0);
  await late.until(() => statusOf({ ...w, screen: late }).online === false, 'the will, retained');
});

test('a broker that forgot everything has it again, and counting goes on', async (t) => {
  const w = await fixture(t);
  await (await w.stack.phone()).register('oost', [tap()]);
  await counted(w, 1);
  await w.stack.broker.kill();
  await w.stack.broker.startAgain();
  const screen = await w.stack.client();
  for (const tree of ['summary/+/+', 'summary-json/+/+', 'weekly/+/+', 'catalogue', 'status/aggregator']) await screen.subscribe(w.stack.topic(tree), 0);
  await screen.until(() => ['summary/oost/2019-Q4', 'summary-json/all/2019', 'weekly/oost/2019', 'catalogue', 'status/aggregator']
    .every((tree) => screen.newest(w.stack.topic(tree))), 'everything retained');
  assert.equal(decode('Summary', screen.newest(w.stack.topic('summary/oost/2019-Q4'))).answered, 1);
  assert.deepEqual(await (await w.stack.phone()).register('oost', [tap()]), ['VERDICT_COUNTED']);
  await contradicts({ ...w, screen }); // it forgot who subscribes to the status too
});

test('a new store has another epoch, and generations that begin at the clock', async (t) => {
  const w = await fixture(t);
  const before = w.stack.status;
  await w.stack.turfd.stop();
  w.stack.removeStore();
  const after = await w.stack.startTurfd();
  assert.match(after.epoch, /^[0-9a-f]{32}$/);
  assert.notEqual(after.epoch, before.epoch);
  assert.ok(after.generation >= after.since * 2 ** 20 && after.generation < 2 ** 53);
});

// ---- A full disk -------------------------------------------------------------------------------------

test('a full disk: no receipt, the status says so, nothing is lost, and it goes on when there is room', async (t) => {
  const folder = join(temporaryFolder(null, 'turf-disk'), 'store'); // removed at exit, when it is unmounted
  if (!smallDisk(t, folder, '1m')) return t.skip('mounting a small file system is not permitted here');
  const w = await fixture(t);
  await w.stack.turfd.stop();
  w.stack.store = folder;
  await w.stack.startTurfd();
  const phone = await w.stack.phone();
  const filler = join(folder, 'filler');
  fill(filler);
  const taps = Array.from({ length: 200 }, tap);
  for (const one of taps) await phone.send('oost', [one]);
  await w.screen.until(() => statusOf(w).store === 'full', 'the status to say full');
  const unanswered = taps.filter(({ id }) => !phone.verdict(id)).length;
  assert.ok(unanswered > 0, 'no receipt for what is not on disk');
  rmSync(filler);
  assert.deepEqual(await phone.verdicts(taps.map(({ id }) => id)), taps.map(() => 'VERDICT_COUNTED'));
  await counted(w, 200);
  await w.screen.until(() => statusOf(w).store === 'ok', 'the status to say ok');
  assert.match(w.stack.turfd.log, /<3>store-full .*; nothing is lost\n[^]*<6>store-works-again/);
  await w.stack.turfctl(['verify']);
});

// ---- Privacy -----------------------------------------------------------------------------------------

test('nothing of a phone is written: not its client id, not its address, in store, log or status', async (t) => {
  const w = await fixture(t);
  const phone = await w.stack.phone();
  await phone.register('oost', [tap(), question(day, 200), { ...tap(), id: newId().subarray(1) }]);
  await phone.client.publish(w.stack.topic('registration/oost'), Buffer.concat([submission([tap()], phone.client.id), Buffer.from([0xff])]));
  await phone.client.publish(w.stack.topic('registration/oost'), submission(Array.from({ length: 65 }, tap), phone.client.id));
  await w.screen.until(() => statusOf(w).counters?.submissions_malformed === 2, 'the malformed ones');
  const written = [w.stack.turfd.log, w.stack.broker.process.log, JSON.stringify(statusOf(w))];
  for (const folder of [w.stack.store, w.stack.broker.folder]) {
    for (const file of readdirSync(folder)) written.push(readFileSync(join(folder, file), 'latin1'));
  }
  await eventually(() => written.length > 5, 'files to look at');
  for (const text of written) assert.ok(!text.includes(phone.client.id), 'the phone’s client id is written somewhere');
  const port = phone.client.mqtt.stream.localPort;
  for (const text of written.slice(0, 3)) assert.ok(!text.includes(`:${port}`), 'the phone’s address is written somewhere');
});
