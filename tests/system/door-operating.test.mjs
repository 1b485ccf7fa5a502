// SPDX-License-Identifier: EUPL-1.2
// The operator's day: types what docs/operating.md says under "The door, day by day", and sees that it does what stands there.
// turfdoor, the broker with turf_door.so and turfd are real.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import en from '../../broker-client/web/src/core/door/texts.en.js';
import nl from '../../broker-client/web/src/core/door/texts.nl.js';
import { Client } from './lib/client.mjs';
import { writeConfig } from './lib/config.mjs';
import { Device, Door } from './lib/door.mjs';
import { question } from './lib/messages.mjs';
import { program, root, temporaryFolder } from './lib/paths.mjs';
import { eventually, run } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const { fromText } = await import('../../broker-client/web/src/core/door/token.js');
const { fingerprint, readDirectory } = await import('../../broker-client/web/src/core/door/directory.js');

const org = 'proef';
const today = '2026-11-30';

const manual = readFileSync(join(root, 'docs/operating.md'), 'utf8');
const [, days] = manual.match(/^## The door, day by day\n([^]*?)^## /m);
const sections = new Map(days.split(/^### /m).slice(1).map((text) => [text.split('\n', 1)[0], text]));
const commands = (heading) => sections.get(heading).split('\n').filter((line) => line.startsWith('    ')).map((line) => line.trim());
const typedSections = new Set();

// The operator's terminal. The manual's places are those of this test, and its services are the processes of this test.
class Operator {
  static async start(t, options = {}) {
    const operator = new Operator();
    const folder = temporaryFolder(t, 'turf-operator');
    Object.assign(operator, { t, backups: join(folder, 'backups'), keys: join(folder, 'keys') });
    mkdirSync(operator.backups);
    operator.door = await (await Door.create(t, { org, keys: operator.keys })).start();
    operator.stack = await Stack.start(t, org, { config: writeConfig(t), today, keys: operator.keys, ...options });
    return operator;
  }

  // Types the commands of a section; `words` stand for those in capitals. Resolves to what each printed.
  async type(heading, words = {}) {
    typedSections.add(heading);
    const printed = [];
    for (const line of commands(heading)) printed.push(await this.#typeLine(line, words));
    return printed;
  }

  async #typeLine(line, words) {
    const service = line.match(/^systemctl (\w+) (\w+)$/);
    if (service) return this.#service(...service.slice(1));
    let there = line;
    for (const [word, value] of Object.entries(words)) there = there.replace(new RegExp(`\\b${word}\\b`, 'g'), value);
    there = there.replaceAll('/var/lib/turfdoor-keys', this.keys).replaceAll('/var/lib/turfdoor', this.door.folder).replaceAll('/var/backups/turfdoor', this.backups);
    there = there.replace('runuser -u turfdoor -- ', '').replace(' -o turfdoor -g turfdoor', '');
    const { code, stdout, stderr } = await run('bash', ['-c', `door() { '${program('turfdoor')}' --database '${this.door.folder}' "$@"; }\n${there}`]);
    assert.equal(code, 0, `${line}: ${stderr}`);
    return stdout;
  }

  async #service(what, name) {
    if (name === 'turfdoor') await (what === 'stop' ? this.door.running.stop() : this.door.start());
    else if (what === 'reload') process.kill(this.stack.broker.process.pid, 'SIGHUP');
    return '';
  }

  // The number of the device with this note, as the list shows it.
  static number = (list, note) => list.split('\n').find((line) => line.includes(note)).trim().split(' ')[0];

  list = async () => (await this.door.command('list')).stdout;

  // A device that opens the printed link.
  async join(link) {
    const device = new Device(this.door);
    const { status, body } = await device.join(fromText(link.trim().split('#join=')[1]));
    assert.equal(status, 200, String(body));
    return Object.assign(device, JSON.parse(body));
  }

  enter = (login) => Client.connect(this.t, this.stack.broker.url, login);

  // The broker reads new keys once a second. `login`: of a fresh batch.
  enterSoon = (login) => eventually(() => this.enter(login).catch(() => false), 'the broker to know the key');

  async counts(login, team) {
    const phone = await eventually(() => this.stack.phone(login).catch(() => false), 'the broker to know the key');
    assert.deepEqual(await phone.register(team, [question(today, 4)]), ['VERDICT_COUNTED']);
    await phone.client.close();
  }
}

const { number } = Operator;
const notIn = (promise) => assert.rejects(promise, /Not authorized/);
const lastLine = (printed) => printed.at(-1);

test('a worker is invited, taps, gets a new phone, and the old one gets no further tokens', async (t) => {
  const operator = await Operator.start(t);
  const old = await operator.join(lastLine(await operator.type('Invite a worker')));
  await operator.counts((await old.buy())[0], 'oost');

  const NUMBER = number(await operator.list(), 'phone of Anna');
  const [list, link] = await operator.type('A new phone', { NUMBER });
  assert.match(list, /phone of Anna/);
  const phone = await operator.join(link);
  await operator.counts((await phone.buy())[0], 'oost');
  await old.draw(1);
  assert.deepEqual((await old.ask()).status, 403);
});

test('a lost phone is outside at once, and its colleagues fetch new tokens by themselves', async (t) => {
  const operator = await Operator.start(t);
  const [lost, colleague] = [await operator.join(lastLine(await operator.type('Invite a worker'))), await Device.enrol(operator.door, '--team', 'oost')];
  const [tokens, others] = [await lost.buy(), await colleague.buy()];
  const connected = await operator.enterSoon(tokens[0]);
  const ended = new Promise((resolve) => { connected.mqtt.once('close', resolve); });
  await operator.type('A lost phone', { NUMBER: number(await operator.list(), 'phone of Anna'), SCOPE: 'oost' });
  await ended;
  for (const token of [tokens[1], others[0]]) await notIn(operator.enter(token));
  await lost.draw();
  assert.equal((await lost.ask()).status, 403);
  await operator.counts((await colleague.buy())[0], 'oost');
});

test('who leaves keeps the tokens of the device for a while, and gets no further ones', async (t) => {
  const operator = await Operator.start(t);
  const device = await operator.join(lastLine(await operator.type('Invite a worker')));
  const tokens = await device.buy();
  await operator.type('Somebody leaves', { NUMBER: number(await operator.list(), 'phone of Anna') });
  await operator.counts(tokens[0], 'oost');
  await device.draw(1);
  assert.equal((await device.ask()).status, 403);
  assert.match(await operator.list(), /phone of Anna/);
});

test('a new leader reads the figures of the team, and of no other', async (t) => {
  const operator = await Operator.start(t);
  const leader = await operator.join(lastLine(await operator.type('A new leader')));
  assert.deepEqual([leader.role, leader.teams], ['leader', ['oost']]);
  const screen = await operator.enterSoon((await leader.buy())[0]);
  await screen.subscribe(operator.stack.topic('summary/oost/+'));
  await assert.rejects(screen.subscribe(operator.stack.topic('summary/west/+')));
});

test('teams that merge: the device of the new scope taps for the new team, and for the old one', async (t) => {
  const operator = await Operator.start(t, { config: writeConfig(t, { teams: ['noord', 'oost'].map((id) => ({ id, name: id })) }) });
  const before = await operator.join(lastLine(await operator.type('Invite a worker')));
  const NUMBER = number(await operator.list(), 'phone of Anna');
  const [link] = await operator.type('Teams that merge', { NUMBER });
  const after = await operator.join(link);
  const tokens = await after.buy();
  await operator.counts(tokens[0], 'noord');
  await operator.counts(tokens[1], 'oost');
  await before.draw();
  assert.equal((await before.ask()).status, 403);
});

test("the fingerprint that turfdoor prints is the page's, before and after a rotation", async (t) => {
  const operator = await Operator.start(t);
  for (const teams of [['oost'], ['oost', 'west'], ['west']]) await Device.enrol(operator.door, ...teams.flatMap((team) => ['--team', team]));
  await Device.enrol(operator.door, '--team', 'all', '--role', 'leader');
  const compare = async () => {
    const [printed] = await operator.type('Compare fingerprints');
    const directory = await readDirectory(await operator.door.directoryText(), org);
    assert.equal(directory.keys.length, 8);
    assert.equal(printed, `${await fingerprint(directory, Date.now() / 1000)}\n`);
    return printed;
  };
  const before = await compare();
  await operator.type('Rotate keys', { SCOPE: 'leader:all' });
  assert.notEqual(await compare(), before);
});

// ---- Copies ----------------------------------------------------------------------------------------------------------

// A backup was made; after that a phone was lost and kept out, and an invitation used.
async function backedUp(t) {
  const operator = await Operator.start(t);
  const lost = await operator.join(lastLine(await operator.type('Invite a worker')));
  const colleague = await Device.enrol(operator.door, '--team', 'oost', '--note', 'phone of Bert');
  const [stolen, others] = [await lost.buy(), await colleague.buy()];
  await (await operator.enterSoon(stolen[0])).close();
  const used = await operator.door.invite('--team', 'oost');
  await operator.type('Back up');
  const [DAY] = (await run('date', ['+%F'])).stdout.trim().split('\n');
  assert.ok(existsSync(join(operator.backups, DAY, 'data.mdb')));
  await new Device(operator.door).join(used);
  await operator.type('A lost phone', { NUMBER: number(await operator.list(), 'phone of Anna'), SCOPE: 'oost' });
  await eventually(() => operator.enter(others[0]).then((client) => client.close().then(() => false), () => true), 'the broker to know of the rotation');
  await eventually(() => operator.enter(stolen[1]).then((client) => client.close().then(() => false), () => true), 'the broker to know of the rotation');
  return { operator, DAY, lost, stolen, colleague, used };
}

test('a restored backup brings back no key that was rotated and no invitation that was used', async (t) => {
  const { operator, DAY, lost, stolen, colleague, used } = await backedUp(t);
  const list = lastLine(await operator.type('Restore', { DAY }));
  assert.match(list, /phone of Anna/); // it must be revoked again
  await operator.counts((await colleague.buy())[0], 'oost');
  for (const token of stolen) await notIn(operator.enter(token));
  assert.equal((await new Device(operator.door).join(used)).status, 410);
  await operator.door.command('revoke', number(list, 'phone of Anna'));
  await lost.draw();
  assert.equal((await lost.ask()).status, 403);
});

test('without renew a restored backup would let the lost phone in again', async (t) => {
  const { operator, DAY, lost, stolen, used } = await backedUp(t);
  const all = sections.get('Restore');
  sections.set('Restore', all.replace('    door renew\n', ''));
  try {
    await operator.type('Restore', { DAY });
  } finally {
    sections.set('Restore', all);
  }
  await operator.enterSoon(stolen[2]);
  await operator.enter(stolen[0]); // spent before the keys were rotated
  assert.equal((await lost.ask()).status, 200, 'its batch would be given once more');
  assert.equal((await new Device(operator.door).join(used)).status, 200);
});

test('when private keys were stolen, renew voids all tokens, and nobody needs a new invitation', async (t) => {
  const operator = await Operator.start(t);
  const worker = await operator.join(lastLine(await operator.type('Invite a worker')));
  const leader = await Device.enrol(operator.door, '--team', 'all', '--role', 'leader');
  const [workers, leaders] = [await worker.buy(), await leader.buy()];
  await operator.enterSoon(leaders[0]);
  const screen = await operator.enter(leaders[1]);
  const ended = new Promise((resolve) => { screen.mqtt.once('close', resolve); });
  await operator.type('The database was stolen, or private keys leaked');
  await ended;
  for (const token of [workers[0], leaders[2]]) await notIn(operator.enter(token));
  await operator.counts((await worker.buy())[0], 'oost');
  await operator.enterSoon((await leader.buy())[0]);
});

test('a reload of mosquitto ends the connections of devices, which come back with the next token; turfd stays', async (t) => {
  const operator = await Operator.start(t);
  const device = await operator.join(lastLine(await operator.type('Invite a worker')));
  const tokens = await device.buy();
  const phone = await operator.enterSoon(tokens[0]);
  const ended = new Promise((resolve) => { phone.mqtt.once('close', resolve); });
  await operator.type('Upgrade, and reload mosquitto');
  await ended;
  await operator.counts(tokens[1], 'oost');
  assert.doesNotMatch(operator.stack.turfd.log, /broker-lost|taken over/);
});

// ---- The manual itself -------------------------------------------------------------------------------------------------

test('each command of the section was typed by a test above', () => {
  const withCommands = [...sections.keys()].filter((heading) => commands(heading).length > 0);
  assert.deepEqual(withCommands.filter((heading) => !typedSections.has(heading)), []);
});

test('the table of what a worker sees has each sentence of the door that is no good news, in both languages', () => {
  const rows = [...sections.get('What a worker sees').matchAll(/^\| \*(.+?)\* \| (.+?) \| .+ \|$/gm)].map(([, dutch, english]) => ({ dutch, english }));
  const bad = ['later', 'not-stored', 'invitation-unknown', 'invitation-used', 'invitation-ended', 'outside', 'revoked', 'unknown', 'mismatch', 'refused', 'used-up', 'unreachable', 'away'];
  const rowOf = (name) => rows.find(({ dutch }) => nl[`door_${name}`].startsWith(dutch));
  assert.deepEqual(bad.filter((name) => !rowOf(name) || !en[`door_${name}`].startsWith(rowOf(name).english)), []);
  assert.equal(rows.length, bad.length);
});
