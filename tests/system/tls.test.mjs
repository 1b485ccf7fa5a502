// SPDX-License-Identifier: EUPL-1.2
// mqtts://, as deploy/turfd.conf has it: whom turfd and turf trust, and counting through it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import tls from 'node:tls';

import Aedes from 'aedes';

import { certificates } from './lib/certificates.mjs';
import { Client } from './lib/client.mjs';
import { writeConfig } from './lib/config.mjs';
import { decode, newClientId, question, submission } from './lib/messages.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { Running, eventually, run } from './lib/processes.mjs';

const today = '2019-11-20';

async function brokerWith(t, { key, cert }) {
  const broker = new Aedes();
  const sockets = new Set();
  const server = tls.createServer({ key, cert }, (socket) => broker.handle(socket));
  server.on('connection', (socket) => sockets.add(socket));
  server.on('tlsClientError', () => {}); // whoever does not trust us
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    broker.close();
  });
  return { broker, url: `mqtts://127.0.0.1:${server.address().port}` };
}

function startTurfd(t, url, authority) {
  const config = writeConfig(t, { broker: { address: url, ...(authority && { ca_file: authority }) }, limits: { retry_ms: 20 } });
  const turfd = new Running(program('turfd'), ['--config', config, '--store', join(temporaryFolder(t), 'store'), '--today', today]);
  t.after(() => turfd.kill('SIGKILL'));
  return turfd;
}

test('a broker with a certificate: many submissions at once, and turf, through it', async (t) => {
  const made = await certificates(t, 'IP:127.0.0.1');
  const { url } = await brokerWith(t, made);
  const turfd = startTurfd(t, url, made.authority);
  const phone = await Client.connect(t, url, { clientId: newClientId(), ca: readFileSync(made.authority) });
  await phone.subscribe('turf/v1/proef/status/aggregator');
  await phone.until((messages) => messages.some(({ payload }) => JSON.parse(payload).online), `turfd: ${turfd.log}`);
  await phone.subscribe(`turf/v1/proef/receipt/${phone.id}`);
  const taps = Array.from({ length: 100 }, () => Array.from({ length: 64 }, () => question(today, 1)));
  await Promise.all(taps.map((some) => phone.publish('turf/v1/proef/registration/oost', submission(some, phone.id))));
  const results = () => phone.messages.filter(({ topic }) => topic.includes('/receipt/')).flatMap(({ payload }) => decode('Receipt', payload).results);
  await phone.until(() => results().length === 6400, `all receipts: ${turfd.log}`);
  assert.ok(results().every(({ verdict }) => verdict === 'VERDICT_COUNTED'));

  const folder = temporaryFolder(t);
  const file = join(folder, 'questions.csv');
  writeFileSync(file, `day,team,domain,outcome\n${today},oost,1,answered\n`);
  const env = { HOME: folder, XDG_STATE_HOME: folder, TURF_BROKER: url, TURF_ORG: 'proef', TURF_OUTBOX: '' };
  const { code, stdout, stderr } = await run(program('turf'), ['replay', file, '--ca', made.authority, '--wait', '20'], { env });
  assert.equal(code, 0, stdout + stderr);
  assert.deepEqual(await turfd.stop(), { code: 0, signal: null });
});

test('a broker that is known by its name, and whose certificate is for that name', async (t) => {
  const made = await certificates(t, 'DNS:localhost');
  const { url } = await brokerWith(t, made);
  const turfd = startTurfd(t, url.replace('127.0.0.1', 'localhost'), made.authority);
  await eventually(() => turfd.log.includes('<6>connected broker=mqtts://localhost:'), 'the connection');
  assert.deepEqual(await turfd.stop(), { code: 0, signal: null });
});

for (const [what, name, vouched] of [
  ['an authority that nobody vouches for', 'IP:127.0.0.1', false],
  ['a certificate with another name', 'DNS:elsewhere.example', true],
]) {
  test(`${what}: turfd tells that broker nothing`, async (t) => {
    const made = await certificates(t, name);
    const { broker, url } = await brokerWith(t, made);
    let spoken = 0;
    broker.preConnect = (_client, _packet, answer) => {
      spoken++;
      answer(null, false);
    };
    const turfd = startTurfd(t, url, vouched && made.authority);
    await eventually(() => /<4>broker-unreachable .*reason="no connection"/.test(turfd.log), `the reason: ${turfd.log}`);
    assert.deepEqual(await turfd.stop(), { code: 0, signal: null });
    assert.equal(spoken, 0);
  });
}
