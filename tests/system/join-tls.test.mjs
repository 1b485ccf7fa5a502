// SPDX-License-Identifier: EUPL-1.2
// turfdoor behind TLS, as an organisation has it: whom `turf join` trusts, and what it makes of answers that are not turfdoor's.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import test from 'node:test';

import { certificates } from './lib/certificates.mjs';
import { atEnd } from './lib/cleanup.mjs';
import { Door } from './lib/door.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { run } from './lib/processes.mjs';

// A server with a certificate in front of turfdoor. `answer(request, response)` may answer in its place: then it returns true.
async function front(t, door, { key, cert }, answer = () => false) {
  const requests = [];
  const server = https.createServer({ key, cert }, (request, response) => {
    requests.push(request);
    if (answer(request, response)) return;
    const { method, url: path, headers } = request;
    const onward = http.request({ host: '127.0.0.1', port: door.port, method, path, headers }, (from) => {
      response.writeHead(from.statusCode, from.headers);
      from.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('tlsClientError', () => {}); // whoever does not trust us
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return { port: server.address().port, requests };
}

async function place(t, name, answer) {
  const door = await (await Door.create(t)).start();
  const made = await certificates(t, name);
  const { port, requests } = await front(t, door, made, answer);
  const home = temporaryFolder(t, 'turf-join');
  const { stdout } = await door.command('invite', '--team', 'oost');
  const link = `https://127.0.0.1:${port}/${stdout.trim().slice(stdout.indexOf('#'))}`;
  const turf = (...args) => run(program('turf'), args, { env: { HOME: home, XDG_STATE_HOME: home } });
  return { door, made, requests, home, link, turf };
}

test('turf joins and buys over TLS, from whom the authority vouches for', async (t) => {
  const { link, turf, made, requests } = await place(t, 'IP:127.0.0.1');
  const joined = await turf('join', link, '--ca', made.authority);
  assert.equal(joined.code, 0, joined.stderr);
  assert.match(joined.stdout, /tokens now: 3\n/);
  for (const { url, headers } of requests) {
    assert.doesNotMatch(url, /join=/);
    assert.deepEqual(Object.keys(headers).filter((name) => !['host', 'accept', 'content-type', 'content-length', 'authorization'].includes(name)), []);
    assert.equal('authorization' in headers, url === '/door/batch');
  }
});

test('a certificate that nobody vouches for, or of another name, gets nothing', async (t) => {
  const unknown = await place(t, 'IP:127.0.0.1');
  const untrusted = await unknown.turf('join', unknown.link);
  assert.equal(untrusted.code, 4);
  assert.match(untrusted.stderr, /certificate/i);
  assert.equal(unknown.requests.length, 0);
  const other = await place(t, 'DNS:example.org');
  const misnamed = await other.turf('join', other.link, '--ca', other.made.authority);
  assert.equal(misnamed.code, 4);
  assert.equal(other.requests.length, 0);
});

const lies = {
  'a redirection': (response, port) => response.writeHead(302, { location: `http://127.0.0.1:${port}/.well-known/private-token-issuer-directory` }).end(),
  'a page': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>welkom</html>'),
  'a fault of nginx': (response) => response.writeHead(502).end('bad gateway'),
  'an answer without end': (response) => {
    response.writeHead(200);
    const more = () => {
      while (response.writable && response.write(Buffer.alloc(65536, 32)));
    };
    response.on('drain', more);
    more();
  },
  'no bytes at all': (response) => response.writeHead(200).end(),
  'the keys of another org': (response) => response.writeHead(200).end('{"turf-org":"../elders","turf-issuer":"x","issuer-request-uri":"/door/batch","turf-batch":1,"token-keys":[]}'),
};

for (const [what, lie] of Object.entries(lies)) {
  test(`${what} in place of the keys: turf says so, and the invitation is not lost`, async (t) => {
    let lying = true;
    const { link, turf, made, door, requests } = await place(t, 'IP:127.0.0.1', (_request, response) => {
      if (lying) lie(response, door.port);
      return lying;
    });
    const outcome = await turf('join', link, '--ca', made.authority);
    assert.equal(outcome.code, 4, outcome.stderr);
    assert.match(outcome.stderr, /^turf: .*https:\/\/127\.0\.0\.1/);
    assert.equal(requests.filter(({ url }) => url === '/door/join').length, 0);
    lying = false;
    assert.equal((await turf('join', link, '--ca', made.authority)).code, 0);
  });
}
