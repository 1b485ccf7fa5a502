// SPDX-License-Identifier: EUPL-1.2
// turfdoor over HTTP: a device joins and buys tokens as the page does; what must be refused is; whatever ends turfdoor, no
// batch is given twice and none is lost.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { atEnd } from './lib/cleanup.mjs';
import { memoryOf } from './lib/memory.mjs';
import { BATCH, Device, Door, request } from './lib/door.mjs';
import { root, temporaryFolder } from './lib/paths.mjs';
import { eventually, freePort, portAnswers, Running } from './lib/processes.mjs';
import { stepsProgram } from './lib/steps.mjs';

const refusal = (answer) => [answer?.status, JSON.parse(answer?.body ?? '{}').error];

// ---- What a device does ------------------------------------------------------------------------------------------

test('an invited device joins, buys a batch for this week and one for the next, and gets the same answer again', async (t) => {
  const door = await (await Door.create(t)).start();
  const device = await Device.enrol(door, '--team', 'west', '--team', 'oost', '--note', 'telefoon van Anna');
  assert.deepEqual([device.org, device.issuer, device.scope, device.role, device.teams, device.batch],
    ['steenwijkerland', 'turf.example.nl', 'oost.west', 'worker', ['oost', 'west'], BATCH]);
  for (const week of [0, 1]) {
    await device.draw(week);
    const answer = await device.ask();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.equal((await device.finish(answer)).length, BATCH);
    assert.deepEqual((await device.ask()).body, answer.body);
    await device.draw(week);
    assert.deepEqual(refusal(await device.ask()), [409, 'batch-taken']);
  }
  const { stdout } = await door.command('list');
  assert.match(stdout, /^ +1 +\d{4}-\d\d-\d\d +\d{4}-W\d\d +- +oost\.west +telefoon van Anna$/m);
  assert.equal((await door.running.stop()).code, 0);
  assert.equal(door.running.log.split('\n').filter(Boolean).length, 1, door.running.log); // nothing is logged of a request
});

test('an invitation is good once; the device whose answer was lost joins again', async (t) => {
  const door = await (await Door.create(t)).start();
  const code = await door.invite('--team', 'oost', '--role', 'leader');
  const device = new Device(door);
  const answer = await device.join(code);
  assert.equal(JSON.parse(answer.body).scope, 'leader:oost');
  assert.deepEqual((await device.join(code)).body, answer.body);
  assert.deepEqual(refusal(await new Device(door).join(code)), [410, 'invitation-used']);
  assert.deepEqual(refusal(await new Device(door).join(new Uint8Array(16))), [404, 'invitation-unknown']);
  assert.deepEqual(refusal(await device.join(await door.invite('--team', 'oost'))), [409, 'credential-known']);
});

test('the operator revokes a device and rotates a scope while turfdoor runs', async (t) => {
  const door = await (await Door.create(t)).start();
  const [anna, bert] = [await Device.enrol(door, '--team', 'oost'), await Device.enrol(door, '--team', 'oost')];
  await anna.draw();
  await bert.draw();
  assert.equal((await anna.ask()).status, 200);
  await door.command('revoke', '1');
  assert.deepEqual(refusal(await anna.ask()), [403, 'revoked']);
  assert.equal((await bert.ask()).status, 200);
  await door.command('rotate', 'oost');
  assert.deepEqual(refusal(await bert.ask()), [404, 'key-unknown']);
  await bert.draw();
  assert.equal((await bert.ask()).status, 200);
  for (const [args, code] of [[['revoke', '9'], 1], [['revoke', '1'], 1], [['revoke', 'x'], 2], [['rotate', 'west'], 1], [['invite'], 2], [['list', 'x'], 2]]) {
    assert.equal((await door.attempt(...args)).code, code, args.join(' '));
  }
});

// ---- What is refused ---------------------------------------------------------------------------------------------

test('requests of every wrong kind are refused, and spend nothing', async (t) => {
  const door = await (await Door.create(t)).start();
  const device = await Device.enrol(door, '--team', 'oost');
  const other = await Device.enrol(door, '--team', 'west');
  await device.draw();
  await other.draw();
  const [first, ...rest] = device.pending.map(({ blinded }) => blinded);
  const n = device.key.modulus;
  const number = (last) => Uint8Array.from({ length: 256 }, (_, i) => (i === 255 ? last : 0));
  const nMinus1 = n.slice();
  nMinus1[255] -= 1;
  const cases = [
    ['no credential', { headers: {} }, 401, 'credential-unknown'],
    ['another scheme', { headers: { authorization: 'Basic YTpi' } }, 401, 'credential-unknown'],
    ['a credential that is cut off', { credential: device.credential.subarray(1) }, 401, 'credential-unknown'],
    ['a guessed credential', { credential: new Uint8Array(32) }, 401, 'credential-unknown'],
    ['another scope\'s key', { keyId: other.key.id }, 404, 'key-unknown'],
    ['no key', { keyId: new Uint8Array(32) }, 404, 'key-unknown'],
    ['one message less', { blinded: rest }, 400, 'wrong-length'],
    ['one message more', { blinded: [first, first, ...rest] }, 400, 'wrong-length'],
    ['the message 0', { blinded: [number(0), ...rest] }, 400, 'batch-malformed'],
    ['the message 1', { blinded: [...rest, number(1)] }, 400, 'batch-malformed'],
    ['the message n - 1', { blinded: [nMinus1, ...rest] }, 400, 'batch-malformed'],
    ['the message n', { blinded: [n, ...rest] }, 400, 'batch-malformed'],
    ['a message above n', { blinded: [new Uint8Array(256).fill(0xff), ...rest] }, 400, 'batch-malformed'],
    ['an empty body', { body: '' }, 400, 'wrong-length'],
    ['GET', { method: 'GET', body: undefined }, 405, 'no-such-method'],
    ['PUT', { method: 'PUT' }, 405, 'no-such-method'],
    ['another path', { path: '/door/batch/' }, 404, 'no-such-path'],
    ['no length', { headers: { 'transfer-encoding': 'chunked' } }, 411, 'length-required'],
  ];
  for (const [what, changes, status, word] of cases) assert.deepEqual(refusal(await device.ask(changes)), [status, word], what);
  assert.deepEqual(refusal(await door.request({ method: 'POST', path: '/.well-known/private-token-issuer-directory', body: '' })), [405, 'no-such-method']);
  assert.equal((await device.ask()).status, 200);
});

// Sends bytes as they are; resolves to what comes back until the server closes.
const raw = (port, text) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
  let got = '';
  socket.on('data', (bytes) => (got += bytes)).on('error', () => {}).on('close', () => resolve(got));
});

test('a body that is too long is refused before it is read, and bytes that are no HTTP get no further', async (t) => {
  const door = await (await Door.create(t)).start();
  const head = (length) => `POST /door/join HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;
  for (const length of ['99999999999', '18446744073709551664', '49', '47', '0x30', '-1', '48, 48']) {
    assert.doesNotMatch(await raw(door.port, head(length)), /^HTTP\/1\.1 200/, length);
  }
  for (const text of ['\0\0\0\0\r\n\r\n', 'GET\r\n\r\n', `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(4000)}\r\n`]) {
    assert.doesNotMatch(await raw(door.port, text), /^HTTP\/1\.1 200/);
  }
  assert.equal((await door.directory())['turf-org'], 'steenwijkerland');
});

test('a flood of guesses takes no memory', async (t) => {
  const door = await (await Door.create(t)).start();
  const device = new Device(door);
  const guesses = (n) => Promise.all(Array.from({ length: n }, () => device.join(crypto.getRandomValues(new Uint8Array(16)))));
  for (let i = 0; i < 10; i++) await guesses(30);
  const before = memoryOf(door.running.pid);
  for (let i = 0; i < 40; i++) await guesses(30);
  const after = memoryOf(door.running.pid);
  if (before.sanitized) return t.diagnostic('a sanitized build: its memory says nothing');
  assert.ok(after.anonymous - before.anonymous < 256, `${before.anonymous} kB became ${after.anonymous} kB`);
  assert.deepEqual(refusal((await guesses(1))[0]), [404, 'invitation-unknown']);
});

// A comparison with a stored secret would take longer the nearer a guess is. There is none: the key of the record is the hash.
test('codes and credentials are found by their hashes: the database has nothing that a guess could be compared with', async (t) => {
  const door = await (await Door.create(t)).start();
  const code = await door.invite('--team', 'oost');
  const used = await door.invite('--team', 'oost');
  const device = new Device(door);
  assert.equal((await device.join(used)).status, 200);
  await door.running.stop();
  const bytes = readFileSync(join(door.folder, 'data.mdb'));
  for (const [what, secret] of Object.entries({ code, used, credential: device.credential })) {
    assert.ok(bytes.includes(createHash('sha256').update(secret).digest()), `the hash of ${what}`);
    for (const length of [secret.length, secret.length / 2]) assert.ok(!bytes.includes(secret.subarray(0, length)), `${what} itself`);
  }
});

// ---- Behind nginx ------------------------------------------------------------------------------------------------

// deploy/door.conf with what it says that must stand around it.
async function startNginx(t, door) {
  const folder = temporaryFolder(t, 'turf-door-nginx');
  const port = await freePort();
  const around = readFileSync(`${root}/deploy/door.conf`, 'utf8').split('\n').filter((line) => line.startsWith('#   ')).map((line) => line.slice(4));
  assert.equal(around.length, 2);
  mkdirSync(`${folder}/temp`);
  writeFileSync(`${folder}/nginx.conf`, `daemon off; master_process off; pid nginx.pid; error_log stderr emerg;
    events { worker_connections 200; }
    http {
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path temp/${name};`).join(' ')}
      access_log off;
      map $http_origin $foreign { default 1; '' 0; http://127.0.0.1:${port} 0; }
      ${around.join('\n').replace('8090', door.port)}
      server { listen 127.0.0.1:${port}; include ${root}/deploy/door.conf; location / { return 404; } }
    }`);
  const nginx = new Running('nginx', ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], { env: { PATH: `${process.env.PATH}:/usr/sbin` } });
  atEnd(t, () => nginx.kill('SIGKILL'));
  await eventually(async () => {
    assert.equal(nginx.status, null, nginx.log);
    return portAnswers(port);
  }, 'nginx');
  return { nginx, port };
}

test('behind nginx a device joins and buys, and another origin and a body that is too long are refused', async (t) => {
  const door = await (await Door.create(t, { batch: 1000 })).start();
  const { nginx, port } = await startNginx(t, door);
  const [directPort, code] = [door.port, await door.invite('--team', 'oost')];
  door.port = port; // from now on every request goes through nginx
  const device = new Device(door);
  Object.assign(device, JSON.parse((await device.join(code)).body));
  const keys = (await door.directory())['token-keys'];
  const keyId = new Uint8Array(await crypto.subtle.digest('SHA-256', Buffer.from(keys[0]['token-key'], 'base64url')));
  const blinded = Array.from({ length: 1000 }, (_, i) => Uint8Array.from({ length: 256 }, (_byte, at) => (at === 0 ? 0 : (i + at) & 0xff)));
  for (const [origin, status] of [['https://example.com', 403], ['null', 403], [`http://127.0.0.1:${port}`, 200], [undefined, 200]]) {
    const headers = { authorization: `Bearer ${Buffer.from(device.credential).toString('base64url')}`, cookie: 'a=b', ...(origin && { origin }) };
    const answer = await device.ask({ keyId, blinded, headers });
    assert.equal(answer.status, status, origin);
    if (status === 200) assert.equal(answer.body.length, 256 * 1000);
  }
  assert.deepEqual(refusal(await device.ask({ keyId, blinded: blinded.slice(1) })), [400, 'wrong-length']);
  assert.equal((await device.ask({ keyId, blinded: [...blinded, ...blinded] })).status, 413);
  assert.equal((await door.request({ path: '/door/list' })).status, 404);
  assert.equal((await request(directPort, { path: '/door/list' })).status, 404);
  assert.equal(nginx.log, '');
});

// ---- Death at each step ------------------------------------------------------------------------------------------

const batchSteps = ['batch-noted', 'batch-committed', 'batch-signed'];

for (const step of batchSteps) {
  test(`killed at ${step}: the same request gets its batch afterwards, another gets none`, async (t) => {
    const door = await Door.create(t, { executable: await stepsProgram('turfdoor') });
    await door.start();
    const device = await Device.enrol(door, '--team', 'oost');
    await device.draw();
    await door.running.stop();
    await door.start({ TURF_DIE_AT: `${step}:1` });
    assert.equal(await device.ask(), null);
    assert.equal((await door.running.ended).signal, 'SIGKILL');
    await door.start();
    const answer = await device.ask();
    assert.equal(answer.status, 200);
    await device.finish(answer);
    await device.draw();
    assert.deepEqual(refusal(await device.ask()), [409, 'batch-taken']);
  });
}

for (const step of ['join-noted', 'joined']) test(`killed at ${step}: the device joins afterwards, once`, async (t) => {
  const door = await Door.create(t, { executable: await stepsProgram('turfdoor') });
  const code = await door.invite('--team', 'oost');
  const device = new Device(door);
  await door.start({ TURF_DIE_AT: `${step}:1` });
  assert.equal(await device.join(code), null);
  await door.running.ended;
  await door.start();
  assert.equal((await device.join(code)).status, 200);
  assert.equal((await door.command('list')).stdout.trim().split('\n').length, 2);
});

test('turfdoor refuses to listen where the network could reach it', async (t) => {
  const door = await Door.create(t);
  for (const address of ['0.0.0.0:0', '[::]:0', 'localhost:0', '127.0.0.1', '127.0.0.1:65536', '127.0.0.1:x']) {
    const { code, stderr } = await door.attempt('serve', '--listen', address);
    assert.equal(code, 1, address);
    assert.match(stderr, /expected 127\.0\.0\.1:PORT/);
  }
  assert.equal(await request(1, { path: '/' }), null);
});
