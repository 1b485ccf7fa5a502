// SPDX-License-Identifier: EUPL-1.2
// A week's batch in real browsers: the worker draws it, turfdoor signs it, the worker finishes it. The site has the headers
// of a real one, so that nothing in the worker needs what they forbid.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';

import { atEnd } from '../system/lib/cleanup.mjs';
import { Device, Door } from '../system/lib/door.mjs';
import { root } from '../system/lib/paths.mjs';
import { Phone } from './lib/browser.mjs';
import { Firefox } from './lib/engines/firefox.mjs';
import { WebKit } from './lib/engines/webkit.mjs';

const { openKey, verifyToken } = await import('../../broker-client/web/src/core/door/token.js');

const BATCH = 100;
const SOURCES = join(root, 'broker-client/web/src/core/door');
const policy = readFileSync(join(root, 'deploy/site.conf'), 'utf8').match(/Content-Security-Policy "([^"]*)"/)[1].replace(/; require-trusted-types-for.*$/, '');

// The modules as they are, and turfdoor behind the same origin, as nginx has it.
async function serveSite(t, door) {
  const server = http.createServer((asked, answer) => {
    if (asked.url.startsWith('/door/') || asked.url.startsWith('/.well-known/')) {
      asked.pipe(http.request({ host: '127.0.0.1', port: door.port, method: asked.method, path: asked.url, headers: asked.headers }, (got) => {
        answer.writeHead(got.statusCode, got.headers);
        got.pipe(answer);
      }));
      return;
    }
    answer.setHeader('Content-Security-Policy', policy);
    const file = asked.url.match(/^\/([a-z-]+\.js)$/)?.[1];
    answer.setHeader('Content-Type', file ? 'text/javascript' : 'text/html');
    answer.end(file ? readFileSync(join(SOURCES, file)) : '<!doctype html><title>door</title>');
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  atEnd(t, () => new Promise((closed) => {
    server.closeAllConnections();
    server.close(closed);
  }));
  return `http://127.0.0.1:${server.address().port}/`;
}

// Runs in the page. `turns`: how often the page's own thread came to its turn while the worker was at work.
async function buy({ key, challenge, credential, batch }) {
  const worker = new Worker('/worker.js', { type: 'module' });
  const ask = (message) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message || 'the worker failed'));
    worker.postMessage({ id: 1, ...message });
  });
  let turns = 0;
  const counting = setInterval(() => turns++, 1);
  const bytes = (list) => Uint8Array.from(list);
  const { drawn } = await ask({ draw: { key: bytes(key), challenge: bytes(challenge), count: batch } });
  const send = (list) => fetch('/door/batch', { method: 'POST', headers: { Authorization: `Bearer ${credential}` }, body: new Blob([bytes(list), ...drawn.map(({ blinded }) => blinded)]) });
  const { status: refused } = await send([]);
  const id = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes(key)));
  const sold = await send([...id]);
  const answers = new Uint8Array(await sold.arrayBuffer());
  const { finished } = await ask({ finish: { key: bytes(key), pending: drawn, answers } });
  const { finished: short } = await ask({ finish: { key: bytes(key), pending: drawn, answers: answers.subarray(1) } });
  answers[0] ^= 1;
  const { finished: flipped } = await ask({ finish: { key: bytes(key), pending: drawn, answers } });
  const { drawn: none } = await ask({ draw: { key: bytes(key.slice(1)), challenge: bytes(challenge), count: 1 } });
  clearInterval(counting);
  worker.terminate();
  return { refused, status: sold.status, turns, short, none, flipped: flipped.map((token) => token !== null), tokens: finished.map((token) => Array.from(token)) };
}

async function check(evaluate, door) {
  const device = await Device.enrol(door, '--team', 'oost');
  const spki = Buffer.from((await door.directory())['token-keys'].find((key) => key['turf-scope'] === device.scope)['token-key'], 'base64url');
  const bought = await evaluate(buy, { key: [...spki], challenge: Array(32).fill(7), credential: Buffer.from(device.credential).toString('base64url'), batch: BATCH });
  assert.deepEqual([bought.refused, bought.status, bought.short, bought.none], [400, 200, null, null]);
  assert.deepEqual(bought.flipped, [false, ...Array(BATCH - 1).fill(true)]);
  assert.ok(bought.turns > 0);
  const key = await openKey(new Uint8Array(spki));
  assert.equal(new Set(bought.tokens.map((token) => token.slice(2, 34).join())).size, BATCH);
  for (const token of bought.tokens) assert.ok(await verifyToken(key, Uint8Array.from(token)));
}

test(`a worker in Chromium buys ${BATCH} tokens`, async (t) => {
  const door = await (await Door.create(t, { batch: BATCH })).start();
  const phone = await Phone.start(t, { url: await serveSite(t, door) });
  const page = await phone.open();
  await check((work, argument) => page.evaluate(work, argument), door);
  assert.deepEqual(phone.complaints, []);
});

for (const engine of [Firefox, WebKit]) {
  test(`a worker in ${engine.name} buys ${BATCH} tokens`, async (t) => {
    const door = await (await Door.create(t, { batch: BATCH })).start();
    const browser = await engine.start(t);
    const page = await browser.open(await serveSite(t, door));
    await check((work, argument) => page.evaluate(work, argument), door);
  });
}
