// SPDX-License-Identifier: EUPL-1.2
// What nginx answers: each file's type and headers, and who is refused at /mqtt.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import { extname, join } from 'node:path';
import test from 'node:test';

import { atEnd } from '../system/lib/cleanup.mjs';
import { eventually } from '../system/lib/processes.mjs';
import { Site, pages } from './lib/site.mjs';

const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
  '.json': 'application/json', '.webmanifest': 'application/manifest+json', '.svg': 'image/svg+xml', '.png': 'image/png',
};
const policy = {
  'default-src': "'self'", 'connect-src': "'self'", 'object-src': "'none'", 'frame-src': "'none'", 'frame-ancestors': "'none'",
  'base-uri': "'none'", 'form-action': "'none'", 'require-trusted-types-for': "'script'", 'trusted-types': 'turf',
};

// {status, headers, text, size, socket}; `upgrade`: asks for a websocket as a browser does, and ends it unless it is to `keep`.
function ask(site, path, { headers = {}, upgrade = false, method = 'GET', keep = false } = {}) {
  const asking = upgrade && {
    Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Protocol': 'mqtt',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: site.port, path, method, headers: { ...asking, ...headers }, agent: false });
    request.once('error', reject);
    request.once('upgrade', ({ statusCode, headers: got }, socket) => {
      if (!keep) socket.destroy();
      resolve({ status: statusCode, headers: got, socket });
    });
    request.once('response', (response) => {
      const got = [];
      response.on('data', (bytes) => got.push(bytes));
      response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, size: Buffer.concat(got).length, text: Buffer.concat(got).toString() }));
    });
    request.end();
  });
}

const policyOf = ({ headers }) => Object.fromEntries(headers['content-security-policy'].split(';').map((part) => part.trim().split(/ (.*)/, 2)));

function assertGuarded(answer, path) {
  assert.deepEqual(policyOf(answer), policy, path);
  const expected = {
    'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin', server: 'nginx',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(answer.headers[name], value, `${path}: ${name}`);
  assert.match(answer.headers['permissions-policy'], /camera=\(\).*geolocation=\(\)/, path);
  assert.equal(answer.headers['set-cookie'], undefined, path);
}

test('files: types, headers, and how long they may be kept', async (t) => {
  const site = await Site.start(t);
  const assets = readdirSync(join(pages, 'assets')).map((name) => `/assets/${name}`);
  const others = readdirSync(pages).filter((name) => extname(name)).map((name) => `/${name}`);
  assert.ok(assets.length > 3 && others.includes('/tap.html') && others.includes('/leader.html') && others.includes('/sw.js'));
  for (const path of [...assets, ...others, '/config.json']) {
    const answer = await ask(site, path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers['content-type'], types[extname(path)], path);
    assert.equal(answer.headers['cache-control'], assets.includes(path) ? 'public, max-age=31536000, immutable' : 'no-cache', path);
    assertGuarded(answer, path);
  }
  assert.deepEqual(JSON.parse((await ask(site, '/config.json')).text), { org: 'proef' });
});

test('no page names another origin or has a script or style in itself', async (t) => {
  const site = await Site.start(t);
  for (const path of ['/', '/tap.html', '/leader.html']) {
    const { text } = await ask(site, path);
    assert.doesNotMatch(text, /\b(?:src|href)="(?:[a-z]+:|\/\/)/i, path);
    assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=/i, path);
  }
});

test("the worker's page is at most 40 kB as nginx sends it, with all that it needs to take a tap", async (t) => {
  const site = await Site.start(t);
  const { text } = await ask(site, '/');
  const needed = ['/', '/config.json', ...[...text.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, path]) => `/${path}`)];
  assert.ok(needed.length > 4, needed.join());
  let size = 0;
  for (const path of needed) size += (await ask(site, path, { headers: { 'Accept-Encoding': 'gzip' } })).size;
  t.diagnostic(`${size} bytes`);
  assert.ok(size <= 40_000, `${size} bytes`);
});

test('what is not there is not kept, and is guarded too', async (t) => {
  const site = await Site.start(t);
  for (const path of ['/nowhere', '/assets/nowhere.js', '/assets/', '/../nginx.conf', '/%2e%2e/nginx.conf', '/nginx.conf']) {
    const answer = await ask(site, path);
    assert.ok([400, 403, 404].includes(answer.status), `${path}: ${answer.status}`);
    assert.equal(answer.headers['cache-control'], undefined, path);
    if (answer.status === 404) assertGuarded(answer, path);
  }
  assert.equal((await ask(site, '/tap.html', { method: 'POST' })).status, 405);
});

test('/mqtt: for pages of this origin, and for programs', async (t) => {
  const site = await Site.start(t);
  const knock = async (headers) => (await ask(site, '/mqtt', { headers, upgrade: true })).status;
  assert.equal(await knock({}), 101, 'a program sends no Origin');
  assert.equal(await knock({ Origin: site.origin }), 101);
  const local = `localhost:${site.port}`;
  assert.equal(await knock({ Host: local, Origin: `http://${local}` }), 101);
  for (const origin of ['http://evil.example', 'null', `https://127.0.0.1:${site.port}`, 'http://127.0.0.1', `${site.origin}.evil.example`,
    `http://127.0.0.1:${site.port + 1}`, `http://evil.example:${site.port}`]) {
    assert.equal(await knock({ Origin: origin }), 403, origin);
  }
});

test('another name that leads here finds nothing', async (t) => {
  const site = await Site.start(t);
  const Host = `evil.example:${site.port}`;
  assert.equal((await ask(site, '/', { headers: { Host } })).status, 421);
  assert.equal((await ask(site, '/mqtt', { headers: { Host, Origin: `http://${Host}` }, upgrade: true })).status, 421);
});

test('the four hundred and first websocket is turned away, the pages are still served, and a place comes free', async (t) => {
  const site = await Site.start(t);
  const open = [];
  atEnd(t, () => open.forEach(({ socket }) => socket.destroy()));
  while (open.length < 400) {
    open.push(...(await Promise.all(Array.from({ length: 50 }, () => ask(site, '/mqtt', { upgrade: true, keep: true })))));
  }
  assert.deepEqual(new Set(open.map(({ status }) => status)), new Set([101]));
  assert.equal((await ask(site, '/mqtt', { upgrade: true })).status, 503);
  assert.equal((await ask(site, '/tap.html')).status, 200);
  open.pop().socket.destroy();
  await eventually(async () => (await ask(site, '/mqtt', { upgrade: true })).status === 101, 'a free place');
});
