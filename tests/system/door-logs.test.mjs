// SPDX-License-Identifier: EUPL-1.2
// What nginx, the broker, turfdoor and turfd write down while devices join, buy tokens, connect and tap, and while others fail to:
// nothing. All of them run as deploy/run --door starts them.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { deploy } from './lib/deploy.mjs';
import { request } from './lib/door.mjs';
import { dayOf, newClientId, question, submission } from './lib/messages.mjs';
import { program } from './lib/paths.mjs';
import { eventually, run, succeed } from './lib/processes.mjs';

const LOGS = ['web.log', 'broker.log', 'turfdoor.log', 'turfd.log'];
const DIRECTORY = '/.well-known/private-token-issuer-directory';
const BATCH = 100;

// What deploy/run printed is complete once it has told the last command.
async function start(t) {
  const stack = await deploy(t, { args: ['--door'] });
  await eventually(() => /--door --background/.test(stack.running.stdout), 'the last line');
  const env = { TURF_BROKER: stack.ready.mqtt, XDG_STATE_HOME: join(stack.folder, 'state'), TURF_OUTBOX: '', TURF_ORG: '' };
  const turf = async (...args) => (await succeed(program('turf'), args, { env })).stdout.trim();
  const logs = () => Object.fromEntries(LOGS.map((name) => [name, readFileSync(join(stack.dir, name), 'utf8')]));
  return { ...stack, turf, logs, httpPort: stack.ports[1] };
}

// Joins, and asks for a batch, over nginx. Resolves to the statuses of its answers.
async function joinAndBuy({ httpPort, code, credential }) {
  const post = (path, body, headers) => request(httpPort, { method: 'POST', path, body, headers });
  const authorization = `Bearer ${credential.toString('base64url')}`;
  const joined = await post('/door/join', Buffer.concat([code, credential]));
  const { scope } = JSON.parse(joined.body);
  const keys = JSON.parse((await request(httpPort, { path: DIRECTORY })).body)['token-keys'];
  const key = Buffer.from(keys.find((one) => one['turf-scope'] === scope)['token-key'], 'base64url');
  const keyId = Buffer.from(await crypto.subtle.digest('SHA-256', key));
  const blinded = Array.from({ length: BATCH }, () => Buffer.concat([Buffer.from([0]), randomBytes(255)]));
  const asked = Buffer.concat([keyId, ...blinded]);
  return [
    joined,
    await post('/door/batch', asked, { authorization }),
    await post('/door/join', Buffer.concat([code, randomBytes(32)])),
    await post('/door/batch', asked, { authorization: `Bearer ${randomBytes(32).toString('base64url')}` }),
    await post('/door/batch', Buffer.alloc(400_000), { authorization }),
    await post('/door/join', Buffer.from('too short')),
  ].map(({ status }) => status);
}

test('no log gets a line while a device is invited, joins, buys, connects and taps, nor when it is refused; and no file has its secrets', async (t) => {
  const stack = await start(t);
  const before = stack.logs();
  const { stdout } = await succeed(program('turfdoor'), ['--database', join(stack.dir, 'door/database'), 'invite', '--team', 'oost', '--note', 'phone of Anna']);
  const text = stdout.trim().split('#join=')[1];
  const credential = randomBytes(32);
  assert.deepEqual(await joinAndBuy({ httpPort: stack.httpPort, code: Buffer.from(text, 'base64url'), credential }), [200, 200, 410, 401, 413, 400]);

  const [overTcp, overWebsocket, refused] = [await stack.turf('token'), await stack.turf('token'), await stack.turf('token')];
  const ids = [];
  for (const [url, password] of [[stack.ready.mqtt, overTcp], [stack.ready.ws, overWebsocket]]) {
    const clientId = newClientId();
    ids.push(clientId);
    const phone = await Client.connect(t, url, { username: 'pass', password, clientId });
    const receipt = `turf/v1/${stack.ready.org}/receipt/${clientId}`;
    await phone.subscribe(receipt);
    await phone.publish(`turf/v1/${stack.ready.org}/registration/oost`, submission([question(dayOf(new Date().toISOString().slice(0, 10)), 1)], clientId));
    await phone.until(() => phone.newest(receipt), 'the receipt');
    await phone.publish(`turf/v1/${stack.ready.org}/summary/oost/2026-Q4`, 'what the broker refuses');
    await phone.close();
  }
  const forged = `A${refused.slice(1, -1)}B`;
  for (const url of [stack.ready.mqtt, stack.ready.ws]) await assert.rejects(Client.connect(t, url, { username: 'pass', password: forged, clientId: newClientId() }), /[Nn]ot authorized/);
  await stack.turf('tap', '--team', 'oost', '1');

  assert.deepEqual(stack.logs(), before);
  const secrets = [text, credential.toString('base64url'), overTcp, overWebsocket, forged, ...ids];
  const grep = (...words) => run('grep', ['-rlaF', ...words.flatMap((word) => ['-e', word]), stack.dir]);
  assert.equal((await grep(...secrets)).stdout, '');
  assert.match((await grep('phone of Anna')).stdout, /door\/database\/data\.mdb\n$/); // this look can see
});
