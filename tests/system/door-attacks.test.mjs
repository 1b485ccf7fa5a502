// SPDX-License-Identifier: EUPL-1.2
// Attacks on a closed door, each with somebody who may do the same. Everything is as deploy/ configures it (lib/closed-door.mjs).
// The test prints a table: what was tried and what answered. docs/door.md says how to print it alone.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';

import { AttackTable, flipped } from './lib/attack-table.mjs';
import { buying, floods, joining, requests } from './lib/attacks-on-turfdoor.mjs';
import { Broker } from './lib/broker.mjs';
import { ClosedDoor, nameOf } from './lib/closed-door.mjs';
import { Issuer } from './lib/issuer.mjs';
import { decode, newClientId, question, submission } from './lib/messages.mjs';
import { MovedClock } from './lib/moved-clock.mjs';
import { RawMqtt } from './lib/raw-mqtt.mjs';

const today = '2026-11-30';
const topic = (rest, org = 'proef') => `turf/v1/${org}/${rest}`;
const notIn = /^(CONNACK (4|5|133|134|135|140)|closed)$/;
const text = (token) => token.toString('base64url');

// ---- Logging on ----------------------------------------------------------------------------------------------------

// Shows each login on each road; all must be refused. `name`: whose next token is the control.
async function knockEverywhere(row, site, logins, name = 'oost') {
  for (const [road, options] of Object.entries(site.roads)) {
    for (const [what, login] of Object.entries(logins)) row.refused(`${what}, ${road}`, await site.knock(login, { ...options, ...login.options }));
    row.allowed('a token of the same device', await site.knock(site.pass(name), options), 'let in');
  }
}

async function loggingOn(table, t, site) {
  const good = site.token('oost');
  const pass = (password, username = 'pass', options = {}) => ({ username, password, options });

  await table.attack(t, 'no token', notIn, async (row) => {
    await knockEverywhere(row, site, {
      'no user name': {},
      'no password': { username: 'pass' },
      'an empty password': pass(''),
      'a word': pass('welkom123'),
      'zeros': pass(Buffer.alloc(354)),
      'the bytes of a token': pass(good),
      '65,535 bytes': pass(Buffer.alloc(65_535, 'A')),
      "turfd's account, and a guess": pass('welkom123', 'aggregator'),
      "turfd's account, and a token": pass(text(good), 'aggregator'),
      "the watcher's account, and a token": pass(text(good), 'watcher'),
      'the name of a scope, and a token': pass(text(good), 'oost'),
      'an empty user name, and a token': pass(text(good), ''),
      ...Object.fromEntries(['PASS', 'Pass', 'pass ', ' pass', 'pass\u200b', 'paѕs', 'pass/', 'p+', '#'].map((name) => [`the user name "${name}", and a token`, pass(text(good), name)])),
    });
  });

  await table.attack(t, 'truncated or badly written token', notIn, async (row) => {
    const whole = text(good);
    for (let length = 0; length < whole.length; length++) row.refused(`${length} characters`, await site.knock(pass(whole.slice(0, length))));
    const last = whole.at(-1);
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    await knockEverywhere(row, site, {
      'one character more': pass(`${whole}A`),
      'padding': pass(`${whole}=`),
      'a line feed': pass(`${whole}\n`),
      'a space before it': pass(` ${whole}`),
      'twice': pass(whole + whole),
      'plain base64': pass(good.toString('base64').replace(/[a-z]/, '+')),
      'hexadecimal': pass(good.toString('hex')),
      'capitals': pass(whole.toUpperCase()),
      'a letter that only looks like one': pass(`А${whole.slice(1)}`),
      'bits after the last byte': pass(whole.slice(0, -1) + digits[digits.indexOf(last) ^ 1]),
      'a zero byte in it': pass(Buffer.concat([Buffer.from(whole.slice(0, 200)), Buffer.from([0]), Buffer.from(whole.slice(201))])),
    });
  });

  await table.attack(t, 'forged token', notIn, async (row) => {
    for (let at = 0; at < good.length; at++) row.refused(`another byte ${at}`, await site.knock(pass(text(flipped(good, at)))));
    const own = new Issuer('proef', 'turf.example.nl');
    const ours = own.add('oost');
    const withOurId = { ...ours, id: good.subarray(66, 98) };
    const leader = site.token('leader');
    const ends = (signature) => text(Buffer.concat([good.subarray(0, 98), signature]));
    const modulus = Buffer.from(site.device.key.modulus);
    await knockEverywhere(row, site, {
      'a key of our own': own.pass(ours),
      "a key of our own under the door's id": own.pass(withOurId),
      "a worker's token with the id of the leaders' key": pass(text(Buffer.concat([good.subarray(0, 66), leader.subarray(66, 98), good.subarray(98)]))),
      "a worker's nonce under a leader's signature": pass(text(Buffer.concat([good.subarray(0, 66), leader.subarray(66)]))),
      'the signature 0': pass(ends(Buffer.alloc(256))),
      'the signature 1': pass(ends(flipped(Buffer.alloc(256), 255))),
      'the signature n - 1': pass(ends(flipped(modulus, 255))),
      'the signature n': pass(ends(modulus)),
      'the signature of ones only': pass(ends(Buffer.alloc(256, 0xff))),
      'a random signature': pass(ends(randomBytes(256))),
    });
    row.allowed('the token that was changed', await site.knock(pass(text(good))), 'let in'); // none of the attempts has spent it
  });

  await table.attack(t, "another organisation's token", /^(CONNACK (4|5|134|135)|denied|not delivered)$/, async (row) => {
    const elsewhere = new Issuer('elders', 'turf.example.nl');
    await knockEverywhere(row, site, {
      'of an organisation that is not at this broker': new Issuer('verweg').pass(new Issuer('verweg').add('oost')),
      "with the challenge of another organisation, signed by nobody's key": elsewhere.pass(elsewhere.add('oost')),
      'bought at another door, with our challenge': pass(text(Buffer.concat([site.token('stranger').subarray(0, 34), good.subarray(34, 66), site.token('stranger').subarray(66)]))),
    });
    for (const version of [4, 5]) {
      const stranger = await site.enter('stranger', { version });
      row.refused('a question', await publish(site, stranger, topic('registration/oost')));
      for (const rest of ['catalogue', 'status/aggregator', 'door/keys', 'summary/oost/+', 'summary/+/+', `receipt/${stranger.id}`]) row.refused(rest, await subscribe(stranger, topic(rest)));
      row.allowed('its own organisation', await publish(site, stranger, topic('registration/oost', 'elders')), 'delivered');
    }
  });

  await table.attack(t, "client ids that are not a phone's", notIn, async (row) => {
    const names = ['', '+', '#', 'phone', '+'.repeat(22), '#'.repeat(22), 'a'.repeat(21), 'a'.repeat(23), 'a'.repeat(65_535), '/'.repeat(22), '.'.repeat(22), 'é'.repeat(11), 'а'.repeat(22),
      `${'a'.repeat(21)} `, `${'a'.repeat(21)}\u0001`, '../../../../../../../..', '$SYS/aaaaaaaaaaaaaaaaa', 'turf-aggregator-proef', site.stack.turfdClientId];
    for (const [road, options] of Object.entries(site.roads)) {
      for (const clientId of names.filter((name) => options.url === site.mqtt || !name.includes('\u0001'))) row.refused(`${JSON.stringify(clientId.slice(0, 30))}, ${road}`, await site.knock(pass(text(site.token('oost'))), { ...options, clientId }));
    }
    row.allowed('22 characters of base64url', await site.knock(site.pass('oost')), 'let in');
  });

  await table.attack(t, 'other ways to log on', notIn, async (row) => {
    const login = pass(text(site.token('oost')));
    row.refused('a token as data of an enhanced authentication', await site.knock({}, { version: 5, properties: { authenticationMethod: 'token', authenticationData: Buffer.from(login.password) } }));
    row.refused('an enhanced authentication beside a token', await site.knock(login, { version: 5, properties: { authenticationMethod: 'SCRAM-SHA-1' } }));
    const late = await RawMqtt.connect(site.t, site.mqtt, login, { version: 5 });
    late.send(Buffer.from([0xf0, 2, 0x19, 0])); // AUTH: authenticate again
    row.refused('authenticating again', (await late.next('auth')) ? 'let in' : 'closed');
    const twice = await site.enter('oost');
    twice.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: newClientId(), keepalive: 60, ...site.stack.broker.watcher });
    row.refused('a second CONNECT', nameOf(await twice.next('connack')));
    const early = await RawMqtt.open(site.t, site.mqtt);
    early.send({ cmd: 'publish', topic: topic('registration/oost'), payload: 'early', qos: 1, messageId: 1 });
    row.refused('a question before CONNECT', (await early.next('puback')) ? 'let in' : 'closed');
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x10\x00', '\x10\xff\xff\xff\xff\x7f', '\x10\x0c\x00\x04MQTT\x7f\x02\x00\x3c\x00\x00']) {
      const raw = await RawMqtt.open(site.t, site.mqtt);
      raw.send(Buffer.from(bytes, 'latin1'));
      const connack = await raw.next('connack');
      row.refused(JSON.stringify(bytes), connack && connack.returnCode === 1 ? 'closed' : nameOf(connack)); // 1: this version is unknown
    }
    row.allowed('a token', await site.knock(site.pass('oost'), { version: 5 }), 'let in');
  });

  await table.attack(t, "turfd's client id", notIn, async (row) => {
    const { broker, turfdClientId } = site.stack;
    for (const [road, options] of Object.entries(site.roads)) {
      for (const clientId of [turfdClientId, 'turf-aggregator-proef', 'turf-aggregator-elders', `${turfdClientId}x`]) {
        row.refused(`a worker, ${clientId}, ${road}`, await site.knock(site.pass('oost'), { ...options, clientId }));
        row.refused(`the worker of a team that is called aggregator, ${road}`, await site.knock(site.pass('namesake'), { ...options, clientId }));
        row.refused(`another account, ${road}`, await site.knock(broker.watcher, { ...options, clientId }));
        row.refused(`nobody, ${road}`, await site.knock({}, { ...options, clientId }));
      }
    }
    row.allowed("turfd's account", await site.knock(broker.aggregator, { clientId: 'turf-aggregator-proef' }), 'let in');
    assert.equal(site.stack.turfd.status, null, 'turfd runs on');
  });
}

// ---- Times ---------------------------------------------------------------------------------------------------------

// A broker of its own with the same keys, whose clock the test moves.
async function times(table, t, site) {
  const clock = new MovedClock(site.t);
  const broker = await Broker.start(site.t, 'proef', { keys: site.keys, env: clock.env });
  const knock = (login) => site.knock(login, { url: broker.url });
  const DAY_S = 86_400;

  await table.attack(t, 'replayed after two minutes', notIn, async (row) => {
    const login = site.pass('oost');
    row.allowed('the same token within two minutes, and another one after them', await knock(login), 'let in');
    for (const [seconds, expected] of [[100, 'let in'], [123, null], [125, null], [3600, null]]) {
      clock.move(seconds);
      const answer = await knock(login);
      if (expected) row.allowed('the same token within two minutes, and another one after them', answer, expected);
      else row.refused(`after ${seconds} seconds`, answer);
    }
    row.allowed('the same token within two minutes, and another one after them', await knock(site.pass('oost')), 'let in');
  });

  await table.attack(t, 'spent token', notIn, async (row) => {
    const login = site.pass('oost');
    await knock(login);
    await broker.process.stop();
    await broker.startAgain();
    row.refused('after the broker has started again', await knock(login));
    clock.move(0);
    row.refused('the clock went back an hour', await knock(login));
    row.allowed('a token that nobody has shown', await knock(site.pass('oost')), 'let in');
  });

  await table.attack(t, 'expired token, and one before its time', notIn, async (row) => {
    const next = await site.nextWeek();
    row.refused('of next week', await knock(next));
    row.allowed('each within its three weeks', await knock(site.pass('oost')), 'let in');
    clock.move(7 * DAY_S);
    row.allowed('each within its three weeks', await knock(site.pass('oost')), 'let in');
    row.allowed('each within its three weeks', await knock(next), 'let in');
    const connected = await RawMqtt.connect(site.t, broker.url, site.pass('oost'));
    clock.move(21 * DAY_S);
    row.refused('connected when its key expires', (await connected.next('pingresp')) ? 'let in' : 'closed');
    for (const days of [21, 28, 60, 3650]) {
      clock.move(days * DAY_S);
      row.refused(`${days} days later`, await knock(site.pass('oost')));
    }
    clock.move(-8 * DAY_S);
    row.refused('the clock of the broker is a week behind', await knock(site.pass('oost')));
    clock.move(0);
  });
  await broker.process.stop();
}

// ---- Topics --------------------------------------------------------------------------------------------------------

let sent = 0;

// Publishes with QoS 1; resolves to whether others get it.
async function publish(site, raw, name, { payload = `attack ${(sent += 1)}`, ...options } = {}) {
  raw.send({ cmd: 'publish', topic: name, payload, qos: 1, messageId: 1 + (sent % 60_000), dup: false, retain: false, ...options });
  const ack = await raw.next('puback');
  if (await site.passed(payload)) return 'delivered';
  return ack ? 'not delivered' : 'closed';
}

async function subscribe(raw, filter) {
  raw.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic: filter, qos: 1 }] });
  const suback = await raw.next('suback');
  if (!suback) return 'closed';
  return suback.granted[0] >= 128 ? 'denied' : 'granted';
}

const refusedTopic = /^(not delivered|closed|denied)$/;

// Publishes to each of these topics, plainly and retained, in both versions. A connection that the broker ends is opened again.
async function publishAll(row, site, name, topics, retained = [false, true]) {
  for (const version of [4, 5]) {
    let raw = await site.enter(name, { version });
    for (const where of topics) {
      for (const retain of retained) {
        row.refused(`${name} to ${where}`, await publish(site, raw, where, { retain }));
        if (raw.closed) raw = await site.enter(name, { version });
      }
    }
  }
}

async function subscribeAll(row, site, name, filters) {
  for (const version of [4, 5]) {
    let raw = await site.enter(name, { version });
    for (const filter of filters) {
      row.refused(`${name} reads ${filter}`, await subscribe(raw, filter));
      if (raw.closed) raw = await site.enter(name, { version });
    }
  }
}

const shared = (filters) => filters.flatMap((filter) => [filter, `$share/groep/${filter}`]);

async function topics(table, t, site) {
  const aggregator = await RawMqtt.connect(site.t, site.mqtt, site.stack.broker.aggregator);
  const worker = await site.enter('oost', { version: 5 });
  const others = [...new Set(['west', 'all', 'aggregator', 'oos', 'oostt', 'OOST', 'Oost', 'oost.west', 'oost/west', 'oost/', '/oost', '', 'oоst', 'oost ', 'oost\u0001', '+', '#', '%u'])];

  await table.attack(t, "registration for another team, and another scope's token", refusedTopic, async (row) => {
    await publishAll(row, site, 'oost', others.map((team) => topic(`registration/${team}`)));
    await publishAll(row, site, 'oost', [`/${topic('registration/oost')}`, `x/${topic('registration/oost')}`, 'turf/v2/proef/registration/oost', 'turf/v1//registration/oost', 'TURF/v1/proef/registration/oost',
      `$share/g/${topic('registration/oost')}`, topic('registration/oost', 'elders'), topic('registration/oost', 'Proef'), `${topic('registration/oost')}/../west`]);
    for (const name of ['west', 'leader', 'director', 'namesake']) await publishAll(row, site, name, [topic('registration/oost')]);
    row.allowed('its own team', await publish(site, worker, topic('registration/oost')), 'delivered');
  });

  await table.attack(t, 'topic aliases of MQTT 5', refusedTopic, async (row) => {
    const raw = await site.enter('oost', { version: 5 });
    row.allowed('its own team, by an alias', await publish(site, raw, topic('registration/oost'), { properties: { topicAlias: 1 } }), 'delivered');
    row.allowed('its own team, by an alias', await publish(site, raw, '', { properties: { topicAlias: 1 } }), 'delivered');
    row.refused('an alias for another team', await publish(site, raw, topic('registration/west'), { properties: { topicAlias: 1 } }));
    row.refused('the alias of a topic that was refused', await publish(site, raw, '', { properties: { topicAlias: 1 } }));
    for (const topicAlias of [2, 65_535]) {
      const other = await site.enter('oost', { version: 5 });
      row.refused(`an alias that nobody set, ${topicAlias}`, await publish(site, other, '', { properties: { topicAlias } }));
    }
  });

  await table.attack(t, 'writing summary, catalogue, status, door/keys, receipts', refusedTopic, async (row) => {
    const ours = ['summary/oost/2026-Q4', 'summary/all/2026-Q4', 'summary-json/oost/2026-Q4', 'weekly/oost/2026', 'catalogue', 'status/aggregator', 'door/keys', `receipt/${worker.id}`,
      `receipt/${newClientId()}`, 'door', 'door/keys/', 'summary/oost/2026-Q4/x'].map((rest) => topic(rest));
    for (const name of ['oost', 'leader', 'director', 'namesake']) await publishAll(row, site, name, ours);
    row.allowed("turfd's account", await publish(site, aggregator, topic('summary/oost/2026-Q4')), 'delivered');
  });

  await table.attack(t, 'retained registration', refusedTopic, async (row) => {
    await publishAll(row, site, 'oost', [topic('registration/oost')], [true]);
    const raw = await site.enter('oost', { version: 5 });
    row.refused('with QoS 2', await publishTwice(site, raw, topic('registration/oost'), true));
    row.allowed('not retained', await publishTwice(site, raw, topic('registration/oost'), false), 'delivered');
  });

  await table.attack(t, 'wills', /^not delivered$/, async (row) => {
    const wills = ['summary/oost/2026-Q4', 'catalogue', 'status/aggregator', 'door/keys', 'registration/west', 'registration/oost', `receipt/${worker.id}`];
    for (const name of ['oost', 'west', 'leader', 'director', 'namesake']) {
      for (const version of [4, 5]) {
        for (const rest of wills) {
          if (rest === 'registration/oost' && name === 'oost') continue;
          const payload = `will ${(sent += 1)}`;
          const raw = await site.enter(name, { version, will: { topic: topic(rest), payload, qos: 1, retain: true } });
          raw.cut();
          row.refused(`${name}, ${rest}`, (await delivered(site, payload)) ? 'delivered' : 'not delivered');
        }
      }
      for (const rest of ['summary/oost/2026-Q4', 'catalogue']) {
        const [payload, clientId] = [`will ${(sent += 1)}`, newClientId()];
        await site.enter(name, { version: 5, clientId, will: { topic: topic(rest), payload, qos: 1, retain: true } });
        await site.enter(name, { version: 5, clientId });
        row.refused(`${name}, when its client id comes again, ${rest}`, (await site.passed(payload)) ? 'delivered' : 'not delivered');
      }
    }
    const [properties, session, late] = [{ willDelayInterval: 1 }, { sessionExpiryInterval: 60 }, {}];
    for (const name of ['oost', 'west', 'leader', 'director', 'namesake']) {
      for (const rest of ['summary/oost/2026-Q4', 'catalogue', 'registration/west']) {
        const payload = `will ${(sent += 1)}`;
        const raw = await site.enter(name, { version: 5, properties: session, will: { topic: topic(rest), payload, qos: 1, retain: true, properties } });
        raw.cut();
        if (name !== 'west' || rest !== 'registration/west') late[payload] = `${name}, later, ${rest}`;
      }
    }
    await delivered(site, null, properties);
    for (const [payload, what] of Object.entries(late)) row.refused(what, (await site.passed(payload)) ? 'delivered' : 'not delivered');
    row.allowed("turfd's account", (await delivered(site, null)) && 'delivered', 'delivered');
  });

  await table.attack(t, "reading another team's summaries", refusedTopic, async (row) => {
    const figures = ['summary', 'summary-json', 'weekly'];
    const filters = figures.flatMap((kind) => ['west', 'all', 'OOST', 'oost/#', '#'].map((rest) => topic(rest === '#' ? `${kind}/#` : `${kind}/${rest}${rest.includes('#') ? '' : '/+'}`)));
    await subscribeAll(row, site, 'oost', shared([...filters, topic('+/+/+'), topic('+/west/+'), topic('#'), 'turf/#', 'turf/v1/+/#', '#', '+/+/+/+/+/+', '+/#', '/#']));
    for (const filter of [topic('summary/+/+'), topic('summary/oost/+')]) row.refused(`shared, ${filter}`, await subscribe(worker, `$share/groep/${filter}`));
    await subscribeAll(row, site, 'leader', [topic('summary/west/+'), topic('#')]);
    const readers = { oost: await site.enter('oost'), west: await site.enter('west'), leader: await site.enter('leader') };
    for (const [name, reader] of Object.entries(readers)) {
      assert.equal(await subscribe(reader, 'turf/v1/+/summary/+/+'), 'granted', `${name}: each message is looked at`);
      await answers(reader);
    }
    for (const team of ['oost', 'west', 'all']) await publish(site, aggregator, topic(`summary/${team}/2026-Q3`), { retain: true });
    for (const [name, reader] of Object.entries(readers)) {
      await answers(reader);
      const got = reader.packets.filter(({ cmd }) => cmd === 'publish').map((packet) => packet.topic.split('/')[4]);
      const may = { oost: ['oost'], west: ['west'], leader: ['oost', 'all'] }[name];
      for (const team of ['oost', 'west', 'all'].filter((one) => !may.includes(one))) row.refused(`${name} gets ${team}`, got.includes(team) ? 'delivered' : 'denied');
      for (const team of may) row.allowed('its own team', got.includes(team) && 'delivered', 'delivered');
    }
    for (const team of ['oost', 'west', 'all']) await publish(site, aggregator, topic(`summary/${team}/2026-Q3`), { retain: true, payload: '' });
  });

  await table.attack(t, "another phone's receipts", refusedTopic, async (row) => {
    const victim = await site.enter('oost');
    const receipts = topic(`receipt/${victim.id}`);
    assert.equal(await subscribe(victim, receipts), 'granted');
    for (const name of ['oost', 'west', 'leader', 'director', 'namesake']) {
      await subscribeAll(row, site, name, shared([receipts, topic('receipt/+'), topic('receipt/#'), `turf/v1/+/receipt/${victim.id}`, 'turf/v1/+/receipt/+', `+/v1/proef/receipt/${victim.id}`, topic(`+/${victim.id}`), topic('registration/oost'), topic('registration/+')]));
    }
    // A session of a leader is taken over by a worker: the subscriptions stay, and each message is looked at for the worker.
    const clientId = newClientId();
    const properties = { sessionExpiryInterval: 60 };
    const leader = await site.enter('leader', { version: 5, clientId, properties });
    assert.equal(await subscribe(leader, topic('summary/all/+')), 'granted');
    const heir = await site.enter('oost', { version: 5, clientId, clean: false, properties });
    await publish(site, aggregator, topic('summary/all/2026-Q3'));
    await answers(heir);
    row.refused("the leader's figures in a session that was taken over", heir.packets.some(({ cmd }) => cmd === 'publish') ? 'delivered' : 'denied');

    const event = question(today, 4);
    await publish(site, victim, topic('registration/oost'), { payload: submission([event], victim.id) });
    const receipt = await victim.next('publish');
    row.allowed('the phone itself', receipt.topic === receipts && decode('Receipt', receipt.payload).results[0].verdict, 'VERDICT_COUNTED');
  });

  await table.attack(t, '$SYS and the other topics of the broker itself', refusedTopic, async (row) => {
    for (const name of ['oost', 'director']) {
      await subscribeAll(row, site, name, shared(['$SYS/#', '$SYS/broker/version', '$SYS/broker/clients/+', '$CONTROL/#', '$CONTROL/dynamic-security/v1/response', '$share/g/#', '$share//x', '$share', '$']));
      await publishAll(row, site, name, ['$SYS/broker/version', '$CONTROL/dynamic-security/v1', '$CONTROL/x', '$x']);
    }
    row.allowed('a topic of the contract', await subscribe(worker, topic('catalogue')), 'granted');
  });

  await table.attack(t, 'the same when the broker reads its files again (SIGHUP)', /^(CONNACK 5|denied|not delivered|closed)$/, async (row) => {
    const session = { version: 5, clientId: newClientId(), properties: { sessionExpiryInterval: 60 } };
    const away = await site.enter('namesake', session);
    assert.equal(await subscribe(away, 'turf/v1/+/summary/+/+'), 'granted');
    away.cut();
    const connected = await site.enter('oost');
    site.stack.broker.process.child.kill('SIGHUP');
    // The broker asks about everybody again, and ends the connections of tokens: their user name is that of a scope now.
    row.refused('a connection from before', (await connected.next('pingresp')) ? 'let in' : 'closed');
    const raw = await site.enter('oost');
    for (const filter of [topic('summary/all/+'), topic('registration/+'), '#', '$SYS/#']) row.refused(filter, await subscribe(raw, filter));
    for (const rest of ['summary/oost/2026-Q4', 'catalogue', 'registration/west']) row.refused(rest, await publish(site, raw, topic(rest), { retain: true }));
    row.refused('nobody', await site.knock({}));
    const back = await site.enter('namesake', { ...session, clean: false });
    await publish(site, aggregator, topic('summary/all/2026-Q3'));
    await answers(back);
    row.refused('a session from before', back.packets.some(({ cmd }) => cmd === 'publish') ? 'delivered' : 'denied');
    row.allowed('its own team', await publish(site, raw, topic('registration/oost')), 'delivered');
  });

  const late = await RawMqtt.connect(site.t, site.mqtt, site.stack.broker.watcher);
  await subscribe(late, '#');
  await answers(late);
  const left = late.packets.filter(({ cmd, payload }) => cmd === 'publish' && /^(attack|will)/.test(String(payload)));
  assert.deepEqual(left.map((packet) => packet.topic), [], 'nothing of the attackers is retained');
}

// Resolves when the broker has answered all that was sent, and all that it had sent before has come.
async function answers(raw) {
  raw.send({ cmd: 'pingreq' });
  await raw.next('pingresp');
}

// With QoS 2.
async function publishTwice(site, raw, name, retain) {
  const payload = `attack ${(sent += 1)}`;
  raw.send({ cmd: 'publish', topic: name, payload, qos: 2, messageId: 7, dup: false, retain });
  await raw.next('pubrec');
  raw.send({ cmd: 'pubrel', messageId: 7 });
  await answers(raw);
  return (await site.passed(payload)) ? 'delivered' : 'not delivered';
}

// Whether a will with this payload has been published, once that of somebody who was cut off later has come.
async function delivered(site, payload, properties) {
  const end = `end ${(sent += 1)}`;
  const other = await RawMqtt.connect(site.t, site.mqtt, site.stack.broker.aggregator,
    { version: 5, properties: { sessionExpiryInterval: 60 }, will: { topic: topic('registration/end'), payload: end, qos: 0, retain: false, properties } });
  other.cut();
  await site.watcher.until((messages) => messages.some((message) => String(message.payload) === end), 'the will of another client');
  return payload === null || site.watcher.messages.some((message) => String(message.payload) === payload);
}

// ---- The whole -----------------------------------------------------------------------------------------------------

test('attacks on a closed door', async (t) => {
  const site = await ClosedDoor.start(t);
  const table = new AttackTable();
  await loggingOn(table, t, site);
  await times(table, t, site);
  await topics(table, t, site);
  await joining(table, t, site);
  await buying(table, t, site);
  await requests(table, t, site);
  await floods(table, t, site);
  assert.equal(site.stack.turfd.status, null, 'turfd runs');
  for (const line of table.print()) t.diagnostic(line);
});
