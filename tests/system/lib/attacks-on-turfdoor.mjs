// SPDX-License-Identifier: EUPL-1.2
// The attacks of door-attacks.test.mjs that speak HTTP: on turfdoor, and on nginx in front of it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';

import { flipped } from './attack-table.mjs';
import { describe } from './closed-door.mjs';
import { Device, Door, request } from './door.mjs';
import { memoryOf } from './memory.mjs';
import { MovedClock } from './moved-clock.mjs';
import { eventually } from './processes.mjs';

// Sends bytes as they are, over a connection of its own. Resolves to the statuses that came until the server closed.
function exchange(port, bytes) {
  return new Promise((resolve) => {
    let got = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (part) => (got += part)).on('error', () => {});
    socket.on('close', () => resolve([...got.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => status).join(' ') || 'closed'));
  });
}

// ---- Joining and buying -------------------------------------------------------------------------------------------

export async function joining(table, t, site) {
  const joins = async (code, door = site.door, device = new Device(door)) => describe(await device.join(code));
  const refusal = /^(404 invitation-unknown|410 invitation-(used|ended)|400 wrong-length|409 credential-known)$/;

  await table.attack(t, 'guessed invitation', refusal, async (row) => {
    const code = Buffer.from(await site.door.invite('--team', 'oost'));
    for (let bit = 0; bit < 128; bit++) row.refused(`bit ${bit} flipped`, await joins(flipped(code, bit >> 3, 1 << (bit & 7))));
    for (let n = 0; n < 200; n++) row.refused('random', await joins(randomBytes(16)));
    const guesses = {
      zeros: Buffer.alloc(16), ones: Buffer.alloc(16, 0xff), 'the first half': code.subarray(0, 8), twice: Buffer.concat([code, code]), none: Buffer.alloc(0),
      'as text': Buffer.from(code.toString('base64url')), reversed: Buffer.from(code).reverse(), 'a number': Buffer.from('0000000000000001'),
    };
    for (const [what, guess] of Object.entries(guesses)) for (const door of [site.door, site.front]) row.refused(what, await joins(guess, door));
    row.allowed('who has the code', await joins(code, site.front), '200');
  });

  await table.attack(t, 'invitation used a second time', refusal, async (row) => {
    const code = await site.door.invite('--team', 'oost');
    const first = new Device(site.front);
    row.allowed('the device that used it, when the answer was lost', await joins(code, site.front, first), '200');
    for (let n = 0; n < 10; n++) row.refused('another device', await joins(code, n % 2 ? site.door : site.front));
    for (let bit = 0; bit < 256; bit += 17) {
      const other = new Device(site.door);
      other.credential = flipped(first.credential, bit >> 3, 1 << (bit & 7));
      row.refused('a credential that is nearly the same', await joins(code, site.door, other));
    }
    row.refused('a second invitation of the same device', await joins(await site.door.invite('--team', 'oost', '--role', 'leader'), site.front, first));
    row.allowed('the device that used it, when the answer was lost', await joins(code, site.front, first), '200');
    const rivals = await site.door.invite('--team', 'oost');
    const answers = await Promise.all(Array.from({ length: 20 }, () => joins(rivals)));
    assert.equal(answers.filter((answer) => answer === '200').length, 1, 'of twenty at the same moment one joins');
    for (const answer of answers.filter((one) => one !== '200')) row.refused('at the same moment', answer);
  });

  await table.attack(t, 'expired invitation', refusal, async (row) => {
    const clock = new MovedClock(site.t);
    const door = await (await Door.create(site.t)).start(); // it also makes the keys of those days, which nobody else here may see
    const made = async (seconds) => {
      clock.move(-seconds);
      const { stdout } = await door.commandWith(clock.env, 'invite', '--team', 'oost');
      return Buffer.from(stdout.trim().split('#join=')[1], 'base64url');
    };
    for (const seconds of [72 * 3600 + 1, 73 * 3600, 20 * 86_400]) row.refused(`made ${seconds} seconds ago`, await joins(await made(seconds), door));
    row.allowed('an invitation of 71 hours ago', await joins(await made(71 * 3600), door), '200');
  });
}

export async function buying(table, t, site) {
  const device = await Device.enrol(site.front, '--team', 'oost');
  const other = await Device.enrol(site.front, '--team', 'west');
  for (const one of [device, other]) await one.draw();
  const [first, ...rest] = device.pending.map(({ blinded }) => Buffer.from(blinded));
  const n = Buffer.from(device.key.modulus);
  const number = (last) => flipped(Buffer.alloc(256), 255, last);
  const plus = (by) => Buffer.from((BigInt(`0x${n.toString('hex')}`) + by).toString(16).padStart(512, '0'), 'hex');
  const ask = async (changes = {}, door = site.front) => describe(await Object.assign(Object.create(device), { door }).ask(changes));
  const credential = Buffer.from(device.credential).toString('base64url');

  await table.attack(t, 'credential that is not good', /^401 credential-unknown$/, async (row) => {
    for (let bit = 0; bit < 256; bit += 5) row.refused(`bit ${bit} flipped`, await ask({ credential: flipped(Buffer.from(device.credential), bit >> 3, 1 << (bit & 7)) }, site.door));
    for (const [what, headers] of Object.entries({
      none: {}, empty: { authorization: '' }, 'only the word': { authorization: 'Bearer ' }, 'another scheme': { authorization: `Basic ${credential}` }, 'two spaces': { authorization: `Bearer  ${credential}` },
      padding: { authorization: `Bearer ${credential}=` }, 'a cookie': { cookie: `authorization=Bearer ${credential}` }, 'another header': { 'x-authorization': `Bearer ${credential}` },
      'two credentials': { authorization: `Bearer ${credential}, Bearer ${credential}` }, '4 kB': { authorization: `Bearer ${'A'.repeat(4000)}` }, 'a header that nginx drops': { authorization_: `Bearer ${credential}` },
      'cut off': { authorization: `Bearer ${credential.slice(1)}` }, 'as a token': { authorization: `PrivateToken token="${credential}"` },
    })) row.refused(what, await ask({ headers }));
    row.refused('in the address', await ask({ path: `/door/batch?authorization=Bearer+${credential}`, headers: {} }));
    row.allowed('the credential (it hears that its batch is malformed)', await ask({ blinded: [...rest.slice(1), number(1), number(1)] }), '400 batch-malformed');
  });

  await table.attack(t, 'batch of malformed blinds', /^(400 (wrong-length|batch-malformed)|404 key-unknown|413)$/, async (row) => {
    const malformed = {
      'one less': rest, 'one more': [first, first, ...rest], 'half a message less': [first.subarray(128), ...rest], 'no message': [], 'a thousand': Array.from({ length: 1000 }, () => first),
      'zeros': device.pending.map(() => number(0)), 'ones': device.pending.map(() => Buffer.alloc(256, 0xff)), 'one that is 1, in the middle': [first, ...rest.slice(0, 49), number(1), ...rest.slice(50)],
    };
    for (const [what, blinded] of Object.entries(malformed)) for (const door of [site.front, site.door]) row.refused(what, await ask({ blinded }, door));
    for (const [what, keyId] of Object.entries({ "another scope's key": other.key.id, 'no key': Buffer.alloc(32), 'a key that is nearly this one': flipped(Buffer.from(device.key.id), 31), random: randomBytes(32) })) row.refused(what, await ask({ keyId }));
    row.allowed('a scope of its own', describe(await other.ask()), '200');
  });

  const edges = [number(2), plus(-2n), ...rest.slice(1)];
  await table.attack(t, 'a blind of 0, 1, n - 1, n, larger than n', /^400 batch-malformed$/, async (row) => {
    const wrong = { 0: number(0), 1: number(1), 'n - 1': plus(-1n), n, 'n + 1': plus(1n), 'n + 2': plus(2n), '2^2048 - 1': Buffer.alloc(256, 0xff) };
    for (const [what, blind] of Object.entries(wrong)) {
      row.refused(`${what}, first`, await ask({ blinded: [blind, ...rest] }));
      row.refused(`${what}, last`, await ask({ blinded: [...rest, blind] }, site.door));
    }
    row.allowed('2 and n - 2, numbers as any other', await ask({ blinded: edges }), '200');
  });

  await table.attack(t, 'a second batch of the same week', /^409 batch-taken$/, async (row) => {
    row.refused('other messages', await ask());
    row.refused('in another order', await ask({ blinded: [edges[1], edges[0], ...edges.slice(2)] }));
    const rival = await Device.enrol(site.door, '--team', 'oost');
    const batches = [];
    for (let i = 0; i < 4; i++) {
      await rival.draw();
      batches.push(rival.pending.map(({ blinded }) => blinded));
    }
    const answers = await Promise.all(batches.map(async (blinded) => describe(await rival.ask({ blinded }))));
    assert.equal(answers.filter((answer) => answer === '200').length, 1, 'of four at the same moment one is answered');
    for (const answer of answers.filter((one) => one !== '200')) row.refused('at the same moment', answer);
    row.allowed('the same request again', await ask({ blinded: edges }), '200');
  });

  await table.attack(t, 'revoked device', /^403 revoked$/, async (row) => {
    const lost = await Device.enrol(site.front, '--team', 'oost', '--note', 'lost');
    await lost.draw();
    row.allowed('before it was revoked', describe(await lost.ask()), '200');
    const { stdout } = await site.door.command('list');
    await site.door.command('revoke', stdout.match(/^ *(\d+) .* lost$/m)[1]);
    row.refused('its batch again', describe(await lost.ask()));
    await lost.draw(1);
    row.refused('the batch of the next week', describe(await lost.ask()));
  });
}

// ---- Requests that are not as they should be ------------------------------------------------------------------------

const head = (line, ...headers) => [line, ...headers, '', ''].join('\r\n');
const directoryPath = '/.well-known/private-token-issuer-directory';
const close = 'Connection: close';

export async function requests(table, t, site) {
  const host = `Host: 127.0.0.1:${site.port}`;
  const both = [site.port, site.door.port];
  const firstOf = async (port, bytes) => (await exchange(port, bytes)).split(' ')[0];
  const control = async (row) => row.allowed('who asks for the directory of keys', await site.request({ path: directoryPath }), '200');

  await table.attack(t, 'wrong methods', /^(400|403|404|405|411|501)$/, async (row) => {
    for (const path of ['/door/join', '/door/batch', directoryPath]) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'LOCK', 'get', 'GETT']) {
        if (method === (path === directoryPath ? 'GET' : 'POST')) continue;
        for (const port of both) row.refused(`${method} ${path}`, await firstOf(port, head(`${method} ${path} HTTP/1.1`, host, close, 'Content-Length: 0')));
      }
    }
    row.refused('CONNECT', await firstOf(site.port, head('CONNECT 127.0.0.1:22 HTTP/1.1', host, close)));
    await control(row);
  });

  await table.attack(t, 'oversized bodies and headers', /^(400|411|413|414|431|closed)$/, async (row) => {
    for (const path of ['/door/join', '/door/batch']) {
      for (const length of ['400000', '99999999999', '18446744073709551664', '9'.repeat(40), '-1', '0x30', '48, 48', '+48', '4 8', '']) {
        for (const port of both) row.refused(`${length} bytes to ${path}`, await firstOf(port, head(`POST ${path} HTTP/1.1`, host, close, `Content-Length: ${length}`)));
      }
    }
    for (const header of [`X: ${'y'.repeat(40_000)}`, 'X: y\r\n'.repeat(8000).trimEnd(), `Authorization: Bearer ${'A'.repeat(40_000)}`]) {
      for (const port of both) row.refused('40 kB of headers', await firstOf(port, head(`GET ${directoryPath} HTTP/1.1`, host, close, header)));
    }
    for (const port of both) row.refused('an address of 40 kB', await firstOf(port, head(`GET ${directoryPath}?${'x'.repeat(40_000)} HTTP/1.1`, host, close)));
    await control(row);
  });

  await table.attack(t, 'Host and Origin games', /^(400|403|404|421)$/, async (row) => {
    const own = `127.0.0.1:${site.port}`;
    for (const origin of ['https://example.com', 'null', `http://${own}.example.com`, `http://${own}/`, `https://${own}`, 'http://127.0.0.1', `http://${own} x`, `http://x@${own}`, `${site.origin}, https://example.com`, 'file://', '*', `http://localhost:${site.port}.`]) {
      for (const path of ['/door/join', '/door/batch', directoryPath]) {
        row.refused(`Origin ${origin}, ${path}`, await site.request(path === directoryPath ? { path, headers: { origin } } : { method: 'POST', path, headers: { origin }, body: Buffer.alloc(48) }));
      }
      row.refused(`Origin ${origin}, /mqtt`, (await site.knock(site.pass('oost'), { url: site.ws, headers: { origin } })).replace('HTTP ', ''));
    }
    const get = (...headers) => firstOf(site.port, head(`GET ${directoryPath} HTTP/1.1`, ...headers, close));
    for (const name of ['example.com', `127.0.0.1.example.com:${site.port}`, 'turf.example.nl', '[::1]', '127.1', '0', '']) row.refused(`Host ${name}`, await get(`Host: ${name}`));
    row.refused('no Host', await get());
    row.refused('two Hosts', await get(host, 'Host: example.com'));
    row.refused('two Origins, the first another', await get(host, 'Origin: https://example.com', `Origin: ${site.origin}`));
    row.refused('our host in X-Forwarded-Host', await get('Host: example.com', `X-Forwarded-Host: ${own}`));
    row.refused('another host in the first line', await firstOf(site.port, head(`GET http://example.com${directoryPath} HTTP/1.1`, host, close)));
    row.refused('HTTP/1.0 without Host', await firstOf(site.port, head(`GET ${directoryPath} HTTP/1.0`)));
    row.allowed('a page of the same origin', await site.request({ path: directoryPath, headers: { origin: site.origin } }), '200');
  });

  await table.attack(t, 'paths that lead elsewhere', /^(400|401|404|405|411|421)$/, async (row) => {
    for (const path of ['/door', '/door/', '/door/list', '/door/batch/', '/door/batch/x', '/door//batch/..', '/door/../door/list', '/door/%2e%2e/list', '/door/batch%00', '/door/batch%2f', '/door/batch;x', '/DOOR/batch', '/door/Batch',
      '//door/batch', '/./door/batch', '/door/./batch', '/x/../door/batch', '/%2e/door/batch', '/door%2fbatch', '/door\\batch', '/door/../../../../etc/passwd', '/..%2f..%2fetc/passwd', '/.well-known/', `${directoryPath}/`,
      '/.well-known/../nginx.conf', '/nginx.conf', '/private/', '/site.conf', '/door/batch\u00a0', '/emqx', '/rabbitmq/user', '*', 'door/batch']) {
      for (const method of ['GET', 'POST']) row.refused(`${method} ${path}`, await firstOf(site.port, head(`${method} ${path} HTTP/1.1`, host, close, 'Content-Length: 0')));
    }
    await control(row);
  });

  await table.attack(t, 'smuggled and pipelined requests', /^((100|400|401|404|405|411|413|417|421|501|505)( |$))+$|^closed$/, async (row) => {
    const second = head('GET /door/list HTTP/1.1', host, close);
    const inner = `0\r\n\r\n${second}`;
    const post = (...headers) => head('POST /door/batch HTTP/1.1', host, ...headers);
    const chunked = (...headers) => post('Transfer-Encoding: chunked', ...headers, close);
    for (const [what, bytes] of Object.entries({
      'a length and chunks': post(`Content-Length: ${inner.length}`, 'Transfer-Encoding: chunked') + inner,
      'chunks and a length': post('Transfer-Encoding: chunked', 'Content-Length: 4') + inner,
      'two lengths': post('Content-Length: 0', `Content-Length: ${second.length}`, close) + second,
      'a length with a space before the colon': post(`Content-Length : ${second.length}`, close) + second,
      'a folded header': post('X: y', ` Content-Length: ${second.length}`, close) + second,
      'an encoding that only looks like chunked': post('Transfer-Encoding: xchunked', close) + inner,
      'an encoding behind a tab': post('Transfer-Encoding:\tchunked', close) + inner,
      'two encodings': post('Transfer-Encoding: identity, chunked', close) + inner,
      'a chunk whose size is no number': `${chunked()}zz\r\n\r\n0\r\n\r\n`,
      'a chunk with a size of 16 digits': `${chunked()}ffffffffffffffff\r\n\r\n0\r\n\r\n`,
      'bare line feeds': `POST /door/batch HTTP/1.1\n${host}\nContent-Length: 0\n${close}\n\n`,
      'a line feed in a header': post(`Authorization: Bearer x\nContent-Length: ${second.length}`, close) + second,
      'a zero byte in a header': post('X: a\0b', 'Content-Length: 0', close),
      'a request in the body of a GET': head('GET /door/list HTTP/1.1', host, `Content-Length: ${second.length}`, close) + second,
      'a body that nobody asked for': head(`GET ${directoryPath} HTTP/1.1`, host, `Content-Length: ${second.length}`, close) + second,
      'chunks that are too short': `${chunked()}5\r\nhello\r\n0\r\n\r\n`,
      'a hundred requests at once': head('GET /door/list HTTP/1.1', host).repeat(99) + second,
      'HTTP/1.0 with chunks': head('POST /door/batch HTTP/1.0', host, 'Transfer-Encoding: chunked') + inner,
      'HTTP/0.9': 'GET /door/batch\r\n',
      'HTTP/2 without TLS': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'HTTP/9.9': head('GET /door/batch HTTP/9.9', host, close),
      'an upgrade': head('GET /door/list HTTP/1.1', host, 'Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings, close', 'HTTP2-Settings: AAMAAABkAAQAAP__'),
      'Expect: 100-continue with a length that is too long': post('Expect: 100-continue', 'Content-Length: 999999', close),
      'Expect: something else': post('Expect: 200-ok', 'Content-Length: 0', close),
    })) row.refused(what, await exchange(site.port, Buffer.from(bytes, 'latin1')));
    const inChunks = Buffer.concat([Buffer.from(`${head('POST /door/join HTTP/1.1', host, 'Transfer-Encoding: chunked', close)}30\r\n`), Buffer.alloc(48), Buffer.from('\r\n0\r\n\r\n')]);
    row.allowed('a request in chunks is read whole', await exchange(site.port, inChunks), '404');
    row.allowed('two honest requests in one connection', await exchange(site.port, head(`GET ${directoryPath} HTTP/1.1`, host) + head(`GET ${directoryPath} HTTP/1.1`, host, close)), '200 200');
  });
}

// ---- Floods --------------------------------------------------------------------------------------------------------

// A connection on which nothing more comes; `ended` resolves when the server closes it.
function hold(port, bytes) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      resolve({ socket, ended });
    });
    const ended = new Promise((end) => socket.on('close', () => end('closed')));
    socket.on('error', () => resolve({ socket, ended })).resume();
  });
}

// turfdoor has 64 connections. Each may have 8 KiB of headers, the largest request, and its answer.
const LARGEST = 32 + 256 * 100;
const FLOOD_KB = (64 * ((8 << 10) + 2 * LARGEST)) >> 10;
const AGAIN_KB = 1024; // five more floods may leave this much more than one: the allocator does not give back everything

export async function floods(table, t, site) {
  const begin = (path) => `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\n`;
  const slow = [
    '', 'POST /door/jo', `${begin('/door/join')}X: `, `${begin('/door/join')}Content-Length: 48\r\n\r\nabc`,
    `${begin('/door/batch')}Content-Length: ${LARGEST}\r\n\r\n${'x'.repeat(12_000)}`,
  ];
  const joinsNow = async (door) => describe(await new Device(door).join(await site.door.invite('--team', 'oost')));

  await table.attack(t, 'slow requests', /^closed$/, async (row) => {
    const held = [];
    for (const bytes of slow) for (let n = 0; n < 60; n++) held.push(await hold(site.port, bytes));
    row.allowed('another device, which joins meanwhile', await joinsNow(site.front), '200');
    for (const bytes of slow) for (let n = 0; n < 12; n++) held.push(await hold(site.door.port, bytes));
    for (const { ended } of held) row.refused('no more bytes come', await ended);
    row.allowed('another device, which joins meanwhile', await joinsNow(site.door), '200');
  });

  await table.attack(t, 'turfdoor flooded', /^(closed|404 invitation-unknown|400 wrong-length|401 credential-unknown|404 no-such-path|503)$/, async (row) => {
    const { pid } = site.door.running;
    const ask = (options) => request(site.door.port, options);
    const drop = async (bytes) => (await hold(site.door.port, bytes)).socket.destroy() && null;
    const kinds = [
      () => ask({ method: 'POST', path: '/door/join', body: randomBytes(48) }),
      () => ask({ method: 'POST', path: '/door/batch', headers: { authorization: `Bearer ${randomBytes(32).toString('base64url')}` }, body: Buffer.alloc(LARGEST) }),
      () => ask({ method: 'POST', path: '/door/batch', body: Buffer.alloc(LARGEST - 1) }),
      () => ask({ path: `/${'x'.repeat(2000)}` }),
      () => drop(slow[4]),
      () => drop(slow[0]),
    ];
    const flood = async (rounds) => {
      for (let n = 0; n < rounds; n++) {
        for (const answer of await Promise.all(Array.from({ length: 60 }, (_, i) => kinds[i % kinds.length]()))) row.refused('a flood', describe(answer));
      }
    };
    const before = memoryOf(pid);
    await flood(5);
    const once = memoryOf(pid);
    await flood(25);
    const after = memoryOf(pid);
    t.diagnostic(`turfdoor's anonymous memory (RssAnon): ${before.anonymous} kB, after a flood ${once.anonymous} kB, after five more ${after.anonymous} kB`);
    if (!before.sanitized) {
      assert.ok(once.anonymous - before.anonymous < FLOOD_KB, `a flood takes ${once.anonymous - before.anonymous} kB`);
      assert.ok(after.anonymous - once.anonymous < AGAIN_KB, `five more take ${after.anonymous - once.anonymous} kB`);
    }
    const guesses = Array.from({ length: 400 }, () => site.request({ method: 'POST', path: '/door/join', body: randomBytes(48) }));
    for (const answer of await Promise.all(guesses)) row.refused('a flood through nginx', answer);
    await eventually(async () => (await joinsNow(site.front)) === '200', 'nginx to pass on requests again');
    row.allowed('another device, which joins afterwards', await joinsNow(site.front), '200');
  });
}
