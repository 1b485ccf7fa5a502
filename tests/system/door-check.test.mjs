// SPDX-License-Identifier: EUPL-1.2
// turfdoor check, asked as EMQX's HTTP authenticator and as RabbitMQ's HTTP backend ask, in the forms that their documents give.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { atEnd } from './lib/cleanup.mjs';
import { request } from './lib/door.mjs';
import { Issuer } from './lib/issuer.mjs';
import { newClientId } from './lib/messages.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { eventually, run, Running } from './lib/processes.mjs';

const org = 'proef';
const topic = (rest, of = org) => `turf/v1/${of}/${rest}`;

async function start(t) {
  const folder = temporaryFolder(t, 'turf-door-check');
  const issuer = new Issuer(org);
  const keys = { worker: issuer.add('oost.west'), leader: issuer.add('leader:oost'), director: issuer.add('leader:all') };
  const check = { issuer, keys, keysFolder: join(folder, 'keys'), spent: join(folder, 'spent') };
  issuer.publish(check.keysFolder);
  check.launch = async () => {
    const running = new Running(program('turfdoor'), ['check', '--keys', check.keysFolder, '--spent', check.spent, '--listen', '127.0.0.1:0']);
    atEnd(t, () => running.stop());
    [, check.port] = await running.logged(/door-check-listening port=(\d+)/);
    check.running = running;
  };
  await check.launch();
  return check;
}

// ---- EMQX ------------------------------------------------------------------------------------------------------------

// The body template of docs/door.md, with its placeholders filled in; a name that was not given becomes an empty text.
async function emqx(check, { username = '', password = '', clientId = newClientId() }) {
  const answer = await request(check.port, {
    method: 'POST', path: '/emqx', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password, clientid: clientId }),
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'application/json');
  return { clientId, ...JSON.parse(answer.body) };
}

// As EMQX looks a topic up: the first rule that fits decides. A filter is compared word by word, as a topic.
function allows({ acl }, action, name, retain = false) {
  const fits = (pattern, words) => pattern[0] === '#' || (pattern.length === 0 && words.length === 0) ||
    (pattern.length > 0 && words.length > 0 && (pattern[0] === '+' || pattern[0] === words[0]) && fits(pattern.slice(1), words.slice(1)));
  const rule = acl.find((one) => [action, 'all'].includes(one.action) && fits(one.topic.split('/'), name.split('/')) &&
    (action !== 'publish' || one.retain === undefined || one.retain === retain));
  return rule?.permission === 'allow';
}

test('EMQX: a token lets in once, with an access list and the end of its key', async (t) => {
  const check = await start(t);
  const { issuer, keys } = check;
  const login = issuer.pass(keys.worker);
  const answer = await emqx(check, login);
  assert.equal(answer.result, 'allow');
  assert.equal(answer.is_superuser, false);
  assert.equal(answer.expire_at, keys.worker.notAfter);
  assert.deepEqual(answer.client_attrs, { org, scope: 'oost.west' });
  assert.equal((await emqx(check, login)).result, 'allow'); // the phone did not hear the answer
  assert.equal((await check.running.stop()).code, 0);
  await check.launch();
  assert.equal((await emqx(check, login)).result, 'deny');
});

test('EMQX: the access list says what the plugin says', async (t) => {
  const check = await start(t);
  const people = {};
  for (const [who, key] of Object.entries(check.keys)) people[who] = await emqx(check, check.issuer.pass(key));
  const publishes = [
    ['registration/oost', ['worker']],
    ['registration/west', ['worker']],
    ['registration/noord', []],
    ['registration/all', []],
    ['summary/oost/2026-Q4', []],
    ['catalogue', []],
    ['door/keys', []],
  ];
  for (const [rest, who] of publishes) {
    for (const [name, person] of Object.entries(people)) {
      assert.equal(allows(person, 'publish', topic(rest)), who.includes(name), `${name} publishes ${rest}`);
      assert.equal(allows(person, 'publish', topic(rest), true), false, `${name} publishes ${rest}, retained`);
    }
  }
  const subscriptions = [
    ['catalogue', ['worker', 'leader', 'director']],
    ['status/aggregator', ['worker', 'leader', 'director']],
    ['door/keys', ['worker', 'leader', 'director']],
    ['summary/oost/+', ['worker', 'leader', 'director']],
    ['summary-json/west/2026-Q4', ['worker', 'director']],
    ['weekly/noord/2026', ['director']],
    ['summary/all/2026-Q4', ['leader', 'director']],
    ['summary/+/2026-Q4', ['director']],
    [`receipt/${newClientId()}`, []],
    ['receipt/+', []],
    ['registration/oost', []],
    ['#', []],
  ];
  for (const [rest, who] of subscriptions) {
    for (const [name, person] of Object.entries(people)) {
      assert.equal(allows(person, 'subscribe', topic(rest)), who.includes(name), `${name} subscribes to ${rest}`);
      assert.equal(allows(person, 'subscribe', topic(rest, 'elders')), false);
    }
  }
  for (const person of Object.values(people)) {
    assert.ok(allows(person, 'subscribe', topic(`receipt/${person.clientId}`)));
    for (const filter of ['#', '+/#', 'turf/v1/+/catalogue', '$SYS/#']) assert.equal(allows(person, 'subscribe', filter), false, filter);
  }
});

test('EMQX: who shows no token is left to the next authenticator, and who shows a bad one is refused', async (t) => {
  const check = await start(t);
  const { issuer, keys } = check;
  const good = issuer.pass(keys.worker).password;
  const result = async (login) => (await emqx(check, login)).result;
  assert.equal(await result({}), 'ignore');
  assert.equal(await result({ username: 'watcher', password: 'x' }), 'ignore');
  assert.equal(await result({ username: 'aggregator', password: 'x', clientId: `turf-aggregator-${org}` }), 'ignore');
  for (const [what, login] of Object.entries({
    "turfd's client id, by another account": { username: 'watcher', password: 'x', clientId: `turf-aggregator-${org}` },
    "turfd's client id, by nobody": { clientId: `turf-aggregator-${org}_x` },
    "turfd's client id, with a token": { username: 'pass', password: good, clientId: `turf-aggregator-${org}` },
    "the client id of another org's turfd, as long as a phone's": { username: 'pass', password: good, clientId: 'turf-aggregator-elders' },
    'no password': { username: 'pass' },
    'no token': { username: 'pass', password: 'welkom123' },
    'a token that is cut off': { username: 'pass', password: good.slice(1) },
    "another org's token": new Issuer('elders').pass(keys.worker),
    'a token of a key that is not ours': issuer.pass(new Issuer(org).add('oost')),
    'a short client id': { username: 'pass', password: good, clientId: 'phone' },
  })) assert.equal(await result(login), 'deny', what);
  assert.equal(await result({ username: 'pass', password: good }), 'allow'); // none of the attempts has spent it
});

test('EMQX: a key that is withdrawn lets nobody in', async (t) => {
  const check = await start(t);
  const { issuer, keys } = check;
  const withdrawn = issuer.pass(keys.worker);
  issuer.keys = [keys.leader];
  const next = issuer.add('oost.west');
  issuer.publish(check.keysFolder);
  await eventually(async () => (await emqx(check, issuer.pass(next))).result === 'allow', 'the new key');
  assert.equal((await emqx(check, withdrawn)).result, 'deny');
});

// ---- RabbitMQ --------------------------------------------------------------------------------------------------------

async function rabbitmq(check, question, members) {
  const answer = await request(check.port, {
    method: 'POST', path: `/rabbitmq/${question}`, headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(new URLSearchParams(members)),
  });
  assert.equal(answer.status, 200);
  return String(answer.body);
}

// A client that logs on through the MQTT plugin, and what RabbitMQ asks about it from then on.
async function connect(check, login) {
  const clientId = newClientId();
  const answer = await rabbitmq(check, 'user', { ...login, client_id: clientId, vhost: '/' });
  const tags = answer.replace(/^allow ?/, '');
  const about = { username: login.username, vhost: '/', tags };
  const is = async (question, members) => (await rabbitmq(check, question, { ...about, ...members })) === 'allow';
  return {
    clientId, answer, tags,
    entersVhost: () => is('vhost', { ip: '127.0.0.1' }),
    uses: (resource, name, permission) => is('resource', { resource, name, permission, client_id: clientId }),
    may: (permission, name) => is('topic', {
      resource: 'topic', name: 'amq.topic', permission, routing_key: name.replaceAll('/', '.').replaceAll('+', '*'), 'variable_map.client_id': clientId, 'variable_map.username': login.username,
    }),
  };
}

test('RabbitMQ: a token lets in, its tag says the scope, and each later question is answered by the tag', async (t) => {
  const check = await start(t);
  const { issuer, keys } = check;
  const worker = await connect(check, issuer.pass(keys.worker));
  assert.equal(worker.answer, 'allow turf/proef/oost.west');
  const leader = await connect(check, issuer.pass(keys.leader));
  assert.equal(leader.answer, 'allow turf/proef/leader:oost');

  assert.ok(await worker.entersVhost());
  assert.ok(await worker.uses('exchange', 'amq.topic', 'write'));
  assert.ok(await worker.uses('exchange', 'amq.topic', 'read'));
  assert.ok(!(await worker.uses('exchange', 'amq.topic', 'configure')));
  assert.ok(!(await worker.uses('exchange', 'amq.direct', 'write')));
  for (const permission of ['configure', 'write', 'read']) {
    assert.ok(await worker.uses('queue', `mqtt-subscription-${worker.clientId}qos1`, permission));
    assert.ok(!(await worker.uses('queue', `mqtt-subscription-${leader.clientId}qos1`, permission)));
  }

  assert.ok(await worker.may('write', topic('registration/oost')));
  assert.ok(await worker.may('write', topic('registration/west')));
  for (const rest of ['registration/noord', 'registration/all', 'summary/oost/2026-Q4', 'catalogue']) assert.ok(!(await worker.may('write', topic(rest))), rest);
  assert.ok(!(await worker.may('write', topic('registration/oost', 'elders'))));
  assert.ok(!(await leader.may('write', topic('registration/oost'))));

  for (const rest of ['catalogue', 'status/aggregator', 'door/keys', 'summary/oost/+', `receipt/${worker.clientId}`]) assert.ok(await worker.may('read', topic(rest)), rest);
  for (const rest of ['summary/all/+', 'summary/noord/+', 'summary/+/+', 'receipt/+', `receipt/${leader.clientId}`, 'registration/oost', '#']) assert.ok(!(await worker.may('read', topic(rest))), rest);
  assert.ok(!(await worker.may('read', '#')));
  assert.ok(!(await worker.may('read', topic('catalogue', '+'))));
  assert.ok(await leader.may('read', topic('summary/all/2026-Q4')));
  assert.ok(await leader.may('read', topic('weekly/oost/2026')));
});

test('RabbitMQ: a bad token, another user and a user without our tag get nothing', async (t) => {
  const check = await start(t);
  const { issuer, keys } = check;
  const spent = issuer.pass(keys.worker);
  assert.match((await connect(check, spent)).answer, /^allow/);
  await check.running.stop();
  await check.launch();
  for (const login of [spent, { username: 'pass', password: '' }, { username: 'guest', password: 'guest' }, issuer.pass(new Issuer(org).add('oost'))]) {
    const client = await connect(check, login);
    assert.equal(client.answer, 'deny');
  }
  const about = { username: 'pass', vhost: '/', tags: '' };
  for (const tags of ['', 'administrator', 'turf', 'turf/proef', 'turf/proef/', 'turf/Proef/oost', 'turf/proef/west.oost']) {
    assert.equal(await rabbitmq(check, 'vhost', { ...about, tags }), 'deny', tags);
  }
  assert.equal(await rabbitmq(check, 'vhost', { ...about, username: 'guest', tags: 'turf/proef/oost' }), 'deny');
  assert.equal(await rabbitmq(check, 'vhost', { ...about, tags: 'management turf/proef/oost' }), 'allow');
});

// ---- What is no question -----------------------------------------------------------------------------------------------

test('what is no question of a broker is refused, and the command line says what is missing', async (t) => {
  const check = await start(t);
  const status = async (options) => (await request(check.port, { method: 'POST', ...options })).status;
  assert.equal(await status({ path: '/' }), 404);
  assert.equal(await status({ path: '/rabbitmq/users' }), 404);
  assert.equal(await status({ path: '/emqx', method: 'GET' }), 405);
  assert.equal(await status({ path: '/emqx', body: '[]' }), 400);
  assert.equal(await status({ path: '/emqx', body: '{' }), 400);
  assert.equal(await status({ path: '/emqx', body: 'x'.repeat(8193) }), 400);
  assert.equal(await status({ path: '/rabbitmq/user', body: 'username=%0' }), 400);
  assert.equal(await status({ path: '/rabbitmq/user', body: 'username=a%00b' }), 400);
  assert.equal(await status({ path: '/rabbitmq/user', body: 'username=pass&username=pass' }), 400);
  assert.equal(await status({ path: '/rabbitmq/user', body: '' }), 200);
  for (const args of [['check'], ['check', '--keys', 'x'], ['check', '--database', 'x', '--keys', 'x', '--spent', 'y']]) {
    assert.equal((await run(program('turfdoor'), args)).code, 2, args.join(' '));
  }
});
