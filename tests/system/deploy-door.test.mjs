// SPDX-License-Identifier: EUPL-1.2
// deploy/run --door, from the invitations on the terminal to taps that count; and who stays outside.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import { Phone, chooseTeam, drained, hide, tap, wake } from '../web/lib/browser.mjs';
import { certificates } from './lib/certificates.mjs';
import { atEnd } from './lib/cleanup.mjs';
import { Client } from './lib/client.mjs';
import { writeConfig } from './lib/config.mjs';
import { command, deploy, nothingLeft } from './lib/deploy.mjs';
import { Device, Door } from './lib/door.mjs';
import { dayOf, newClientId, question, submission } from './lib/messages.mjs';
import { program, root, temporaryFolder } from './lib/paths.mjs';
import { Running, eventually, freePort, portAnswers, run, succeed } from './lib/processes.mjs';

const asRoot = { skip: process.getuid() !== 0 && 'only root can be another user' };
const says = (page, text) => page.getByText(text).first().waitFor();

async function deployDoor(t, options = {}) {
  const stack = await deploy(t, { ...options, args: ['--door', ...(options.args ?? [])] });
  stack.state = join(stack.folder, 'state');
  // `turf`, of whoever started deploy/run unless `state` is another device's folder.
  stack.turf = (args, { state = stack.state } = {}) =>
    run(program('turf'), args, { env: { TURF_BROKER: stack.ready.mqtt, XDG_STATE_HOME: state, TURF_OUTBOX: '', TURF_ORG: '' } });
  stack.figures = async (name = 'oost') => JSON.parse((await stack.turf(['watch', '--team', name, '--once', '--json'])).stdout);
  return stack;
}

const linksIn = (stdout) => stdout.match(/http\S+#join=\S+/g);
const doorCommand = (stack, ...args) => succeed(program('turfdoor'), ['--database', join(stack.dir, 'door/database'), ...args]);

test('without options it is open, and says in one line that everybody on this machine can tap', async (t) => {
  const { ready, running, dir } = await deploy(t);
  assert.deepEqual([ready.door, ready.turfdoor_pid], ['open', undefined]);
  await eventually(() => /turfctl.* show/.test(running.stdout), 'what to type next');
  const lines = running.stdout.split('\n').filter((line) => /can tap/.test(line));
  assert.deepEqual(lines, ['Everybody on this machine can tap and watch; with --door only who is invited can.']);
  assert.doesNotMatch(running.stdout, /join=|turfdoor|XDG_STATE_HOME/);
  assert.ok(!existsSync(join(dir, 'door')));
  const { status } = await fetch(new URL('.well-known/private-token-issuer-directory', ready.http));
  assert.equal(status, 404);
});

test('--door: the printed invitation lets a phone in and its tap is counted; the link is good once', async (t) => {
  const stack = await deployDoor(t, { args: ['--config', writeConfig(t)] });
  const { ready, running } = stack;
  await eventually(() => /--door --background/.test(running.stdout), 'the last line');
  const [worker, leader] = linksIn(running.stdout);
  assert.ok(worker.startsWith(`${ready.http}#join=`) && leader.startsWith(`${ready.http}#join=`));
  assert.doesNotMatch(running.stdout, /Everybody on this machine/);

  const site = { url: ready.http, origin: new URL(ready.http).origin };
  const phone = await Phone.start(t, site);
  const page = await phone.open(worker);
  await says(page, 'Dit toestel is aangemeld voor');
  assert.equal(page.url(), ready.http, 'the address has lost the code');
  await page.locator('[data-key="door"]').click();
  await chooseTeam(page);
  await tap(page, 1);
  await hide(page);
  await wake(page);
  await drained(page);
  assert.equal((await stack.figures()).questions, 1);

  const late = await (await Phone.start(t, site)).open(worker);
  await says(late, 'Deze uitnodiging is al gebruikt');
  const screen = await Phone.start(t, site, { viewport: { width: 1200, height: 900 } });
  const watching = await screen.open(`${ready.http}leader.html${new URL(leader).hash}`);
  await says(watching, 'Dit toestel is aangemeld voor alle teams');
  await watching.locator('.fresh--live').waitFor();
  assert.equal((await doorCommand(stack, 'list')).stdout.trim().split('\n').length, 4, 'a title, turf, the phone, the leader');
});

test('--door: the command turf works as without; whoever shows no token stays outside', async (t) => {
  const stack = await deployDoor(t);
  const { ready } = stack;
  const typed = async (...args) => {
    const { code, stdout, stderr } = await stack.turf(args);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };
  assert.match(await typed('tap', '--team', 'oost', 'financ'), /^geteld/);
  assert.match(await typed('watch', '--team', 'oost', '--once'), /Financi.*\b1\b/);
  assert.match(await typed('undo'), /^ongedaan/);
  assert.match(await typed('replay', join(root, 'tests/data/steenwijkerland.csv'), '--clients', '20', '--shift-to-today'), /\b1886\b/);
  assert.match((await succeed(program('turfctl'), ['--store', join(stack.dir, 'store'), 'show'])).stdout, /Financiën/);

  const before = (await stack.figures()).questions;
  const stranger = await stack.turf(['tap', '--org', ready.org, '--team', 'oost', '1', '--wait', '2'], { state: temporaryFolder(t, 'turf-stranger') });
  assert.deepEqual([stranger.code, /the broker does not let this client in/.test(stranger.stdout)], [3, true], stranger.stdout);
  for (const url of [ready.mqtt, ready.ws]) {
    await assert.rejects(Client.connect(t, url), /[Nn]ot authorized/);
    await assert.rejects(Client.connect(t, url, { username: 'pass', password: 'x' }), /[Nn]ot authorized/);
  }
  const credentials = readFileSync(join(stack.dir, 'broker/credentials'), 'utf8');
  assert.doesNotMatch((await run('ps', ['-eo', 'args'])).stdout, new RegExp(credentials.match(/password = (\w+)/)[1]));

  const id = newClientId();
  const file = join(stack.folder, 'submission');
  writeFileSync(file, submission([question(dayOf(new Date().toISOString().slice(0, 10)), 1)], id));
  const token = (await typed('token')).trim();
  const publish = () => run('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(stack.ports[0]), '-i', id, '-u', 'pass', '-P', token, '-q', '1',
    '-t', `turf/v1/${ready.org}/registration/oost`, '-f', file]);
  assert.equal((await publish()).code, 0);
  await eventually(async () => (await stack.figures()).questions === before + 1, 'the question of the independent client');
});

test('--door: a second command prints invitations for the next device, and --fresh forgets all of them', async (t) => {
  const stack = await deployDoor(t);
  await eventually(() => /--door --background/.test(stack.running.stdout), 'the last line');
  const first = linksIn(stack.running.stdout);
  const again = await run(command, ['--dir', stack.dir, '--door', '--background'], { env: { XDG_STATE_HOME: stack.state } });
  assert.equal(again.code, 0, again.stderr);
  const second = linksIn(again.stdout);
  assert.ok(!existsSync(join(stack.dir, 'run.log')), 'no invitation is in a file');
  assert.deepEqual([first.length, second.length, new Set([...first, ...second]).size], [2, 2, 4]);
  const device = temporaryFolder(t, 'turf-device');
  assert.equal((await stack.turf(['join', second[0]], { state: device })).code, 0);
  assert.match((await stack.turf(['tap', '--team', 'west', '1'], { state: device })).stdout, /^geteld/);
  await stack.running.stop();

  const kept = await deployDoor(t, { folder: stack.folder, ports: stack.ports });
  assert.match((await stack.turf(['tap', '--team', 'west', '1'], { state: device })).stdout, /^geteld/);
  await kept.running.stop();
  const fresh = await deployDoor(t, { folder: stack.folder, ports: stack.ports, args: ['--fresh'] });
  assert.equal((await doorCommand(fresh, 'list')).stdout.trim().split('\n').length, 2, 'a title and turf');
  assert.match((await fresh.turf(['tap', '--team', 'oost', '1'])).stdout, /^geteld/);
});

test('--door: turfdoor ends with the others, and the others with it', async (t) => {
  const keys = () => readdirSync('/tmp').filter((name) => name.startsWith('turf-keys-'));
  const first = await deployDoor(t, { args: ['--config', writeConfig(t)] });
  const folder = join(first.dir, 'door-keys');
  assert.ok(existsSync(join(folder, 'proef.json')));
  const target = process.getuid() === 0 && keys().find((name) => statSync(join('/tmp', name)).ino === statSync(folder).ino);
  assert.deepEqual(await first.running.stop(), { code: 0, signal: null });
  await nothingLeft(first);
  if (target) assert.ok(!keys().includes(target), 'the public keys in /tmp are gone');
  const again = await deployDoor(t, { folder: first.folder, args: ['--config', writeConfig(t)] });
  process.kill(Number(again.ready.turfdoor_pid), 'SIGKILL');
  assert.deepEqual(await again.running.ended, { code: 1, signal: null });
  assert.equal(again.running.log, 'deploy/run: turfdoor ended: killed by signal 9.\n');
  await nothingLeft(again);
});

test('open, then with --door, then open again: each lets in whom it says; turf that has joined gets another outbox', async (t) => {
  const first = await deploy(t);
  await first.running.stop();
  const closed = await deployDoor(t, { folder: first.folder, ports: first.ports });
  await assert.rejects(Client.connect(t, closed.ready.mqtt), /[Nn]ot authorized/);
  await closed.running.stop();
  const open = await deploy(t, { folder: first.folder, ports: first.ports });
  await Client.connect(t, open.ready.mqtt);
  await eventually(() => /turfctl.* show/.test(open.running.stdout), 'what to type next');
  assert.match(open.running.stdout, /turf of this account has joined http\S+, and shows its tokens here too\. This broker is open and refuses\n {2}# them: type the next line first/);
  const refused = await closed.turf(['tap', '--team', 'oost', '1', '--wait', '5']);
  assert.deepEqual([refused.code, /the broker does not let this client in/.test(refused.stdout)], [3, true], refused.stdout);
  const [, state] = open.running.stdout.match(/export XDG_STATE_HOME=(\S+) +# turf has joined http/);
  assert.match((await closed.turf(['tap', '--team', 'oost', '1'], { state })).stdout, /^geteld/);
});

test('in the background too nobody else can read an invitation', async (t) => {
  const dir = join(temporaryFolder(t, 'turf-deploy'), 'run');
  const args = ['--dir', dir, '--mqtt-port', await freePort(), '--http-port', await freePort(), '--door', '--background'].map(String);
  atEnd(t, () => run(command, ['--dir', dir, '--stop']));
  const { stdout } = await succeed('bash', ['-c', 'umask 000 && exec "$0" "$@"', command, ...args], { env: { XDG_STATE_HOME: `${dir}.state`, TURF_OUTBOX: '' } });
  const links = linksIn(stdout);
  assert.equal(links.length, 2);
  const { stdout: readable } = await run('grep', ['-rlF', '-e', links[0].split('#')[1], '-e', links[1].split('#')[1], dir]);
  for (const file of readable.trim().split('\n')) assert.equal(statSync(file).mode & 0o077, 0, file);
});

test('as root turfdoor serves as nobody, whose only folders are those of the servers', asRoot, async (t) => {
  const { ready, dir } = await deployDoor(t, { args: ['--config', writeConfig(t)] });
  const nobody = statSync(join(dir, 'store')).uid;
  const ids = readFileSync(`/proc/${ready.turfdoor_pid}/status`, 'utf8').match(/^Uid:(.*)$/m)[1].trim().split(/\s+/).map(Number);
  assert.deepEqual(ids, Array(4).fill(nobody));
  assert.deepEqual([statSync(join(dir, 'door')).mode & 0o777, statSync(join(dir, 'door')).uid], [0o700, nobody]);
  const { stdout } = await run('find', [dir, '-user', String(nobody), '-o', '-perm', '/022', '!', '-type', 'l']);
  const theirs = stdout.trim().split('\n').map((path) => path.slice(dir.length + 1));
  assert.deepEqual(theirs.filter((path) => !/^(store(\.last-seen)?|broker|door|web\/private)(\/|$)/.test(path)), []);
});

test('a broker file that somebody changed and that lets everybody in is not taken for a closed door', async (t) => {
  const first = await deploy(t);
  await first.running.stop();
  const conf = join(first.dir, 'broker/mosquitto.conf');
  writeFileSync(conf, `${readFileSync(conf, 'utf8')}max_keepalive 60\n`);
  const args = ['--dir', first.dir, '--mqtt-port', first.ports[0], '--http-port', first.ports[1], '--door'].map(String);
  const { code, stderr } = await run(command, args, { env: { XDG_STATE_HOME: first.folder } });
  assert.equal(code, 1);
  assert.match(stderr, /deploy\/run: .*mosquitto\.conf lets in everybody; take over .*\.new, or remove it\.\n$/);
});

// freePort's are held at another address of this machine.
async function freeEverywhere() {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    const free = await new Promise((resolve) => {
      const server = net.createServer().once('error', () => resolve(false));
      server.listen(port, () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

test('deploy/broker-config --tls: a program elsewhere logs on with a token over TLS; the other listeners are for this machine', async (t) => {
  const made = await certificates(t, 'IP:127.0.0.1');
  const folder = temporaryFolder(t, 'turf-broker');
  const [keys, crt, key] = ['keys', 'broker.crt', 'broker.key'].map((name) => join(folder, name));
  writeFileSync(crt, made.cert);
  writeFileSync(key, made.key);
  const door = await (await Door.create(t, { org: 'proef', keys })).start();
  const [login] = await (await Device.enrol(door, '--team', 'oost')).buy();

  const [port, wsPort, tlsPort] = [await freePort(), await freePort(), await freeEverywhere()];
  const env = { PATH: `${process.env.PATH}:/usr/sbin` };
  const configure = (...options) => run(join(root, 'deploy/broker-config'), [...options, join(folder, 'broker'), String(port), 'proef', String(wsPort)], { env });
  const open = await configure('--tls', crt, key);
  assert.deepEqual([open.code, existsSync(join(folder, 'broker'))], [2, false]);
  assert.match(open.stderr, /--tls is for --door only/);
  assert.equal((await configure('--door', program('turf_door.so'), keys, '--tls', crt, key, '--tls-port', String(tlsPort))).code, 0);
  const conf = readFileSync(join(folder, 'broker/mosquitto.conf'), 'utf8');
  const limits = [...conf.matchAll(/^max_connections (\d+)$/gm)].map(([, limit]) => Number(limit));
  assert.equal(limits.length, 3, 'each listener has a limit');
  assert.ok(limits.reduce((sum, limit) => sum + limit) <= 1000, 'all of them fit in the 1024 files of a process');

  const broker = new Running('mosquitto', ['-c', join(folder, 'broker/mosquitto.conf')], { env });
  atEnd(t, () => broker.kill('SIGKILL'));
  await eventually(async () => {
    assert.equal(broker.status, null, broker.log);
    return (await portAnswers(port)) && (await portAnswers(wsPort)) && portAnswers(tlsPort);
  }, 'the broker');
  assert.deepEqual(await Promise.all([port, wsPort, tlsPort].map((one) => portAnswers(one, '127.0.0.2'))), [false, false, true]);
  const url = `mqtts://127.0.0.1:${tlsPort}`;
  const ca = readFileSync(made.authority);
  await assert.rejects(Client.connect(t, url, { ca }), /[Nn]ot authorized/);
  const phone = await Client.connect(t, url, { ca, ...login });
  await phone.publish('turf/v1/proef/registration/oost', 'anything');
});
