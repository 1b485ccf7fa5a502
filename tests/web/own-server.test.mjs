// SPDX-License-Identifier: EUPL-1.2
// The web server of docs/operating.md, as it stands there, in front of a real broker: only places and ports are changed.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import test from 'node:test';

import { atEnd } from '../system/lib/cleanup.mjs';
import { root, temporaryFolder } from '../system/lib/paths.mjs';
import { Running, eventually, freePort, portAnswers, succeed } from '../system/lib/processes.mjs';
import { Site, pages } from './lib/site.mjs';

const name = 'turf.example.nl';

// What the page says, around it what Debian's nginx.conf has, on ports of this machine's loopback.
function written(folder, wsPort, ports) {
  const [, shown] = readFileSync(join(root, 'docs/operating.md'), 'utf8').match(/```nginx\n([^]*?)```/);
  const changes = [['listen 80;', `listen 127.0.0.1:${ports.http};`], ['listen 443 ssl;', `listen 127.0.0.1:${ports.https} ssl;`],
    ['127.0.0.1:8081', `127.0.0.1:${wsPort}`], ['/usr/local/share/turf/web', join(folder, 'web')], ['/var/log/nginx', folder],
    ['/etc/ssl/turf/fullchain.pem', 'site.crt'], ['/etc/ssl/turf/privkey.pem', 'site.key']];
  const site = changes.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), from);
    return text.replaceAll(from, to);
  }, shown);
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path temp/${one};`).join('\n');
  return `daemon off; master_process off; pid nginx.pid; error_log stderr crit; events { }\nhttp {\n${temp}\naccess_log access.log;\n${site}}\n`;
}

async function serve(t) {
  const site = await Site.start(t);
  const folder = temporaryFolder(t, 'turf-own-server');
  for (const one of ['temp', 'web']) mkdirSync(join(folder, one));
  cpSync(pages, join(folder, 'web'), { recursive: true });
  writeFileSync(join(folder, 'web/config.json'), '{"org": "proef"}\n');
  cpSync(join(root, 'deploy/site.conf'), join(folder, 'turf-site.conf'));
  const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  await succeed('openssl', ['req', ...made, '-keyout', 'site.key', '-out', 'site.crt'], { cwd: folder });
  const ports = { http: await freePort(), https: await freePort() };
  writeFileSync(join(folder, 'nginx.conf'), written(folder, new URL(site.stack.broker.wsUrl).port, ports));
  const nginx = new Running('nginx', ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], { env: { PATH: `${process.env.PATH}:/usr/sbin` } });
  atEnd(t, () => nginx.kill('SIGKILL'));
  await eventually(async () => {
    if (nginx.status) throw new Error(`nginx ended: ${nginx.log}`);
    return portAnswers(ports.https);
  }, 'nginx');
  return { site, ports, folder, ca: readFileSync(join(folder, 'site.crt')) };
}

function ask(library, options) {
  return new Promise((resolve, reject) => {
    const request = library.request({ host: '127.0.0.1', agent: false, ...options, headers: { Host: name, ...options.headers } });
    request.once('error', reject);
    request.once('upgrade', ({ statusCode }, socket) => resolve({ status: statusCode }) || socket.destroy());
    request.once('response', (response) => {
      let text = '';
      response.on('data', (bytes) => (text += bytes));
      response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    request.end();
  });
}

test("the manual's web server serves the pages with every header, and its own pages only reach the broker", async (t) => {
  const { site, ports, folder, ca } = await serve(t);
  const get = (path, headers) => ask(https, { port: ports.https, servername: name, ca, path, headers });
  const ours = (path) => ask(http, { port: site.port, path, headers: { Host: `127.0.0.1:${site.port}` } });
  for (const path of ['/', '/leader.html', '/sw.js', '/tap.webmanifest', '/config.json', '/nowhere']) {
    const [answer, known] = await Promise.all([get(path), ours(path)]);
    assert.deepEqual([answer.status, answer.text], [known.status, known.text], path);
    const { 'strict-transport-security': strict, date, etag, 'last-modified': modified, connection, ...headers } = answer.headers;
    assert.equal(strict, 'max-age=31536000', path);
    for (const [header, value] of Object.entries(headers)) assert.equal(value, known.headers[header], `${path}: ${header}`);
    for (const header of ['content-security-policy', 'referrer-policy', 'x-content-type-options']) assert.ok(headers[header], `${path}: ${header}`);
  }
  const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Protocol': 'mqtt', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };
  for (const [Origin, status] of [[`https://${name}`, 101], [`http://${name}`, 403], ['https://evil.example', 403], ['null', 403]]) {
    assert.equal((await get('/mqtt', { ...upgrade, Origin })).status, status, Origin);
  }
  const plain = await ask(http, { port: ports.http, path: '/leader.html' });
  assert.deepEqual([plain.status, plain.headers.location], [301, `https://${name}/leader.html`]);
  assert.equal(readFileSync(join(folder, 'access.log'), 'utf8'), '', 'nobody is written down');
});
