// SPDX-License-Identifier: EUPL-1.2
// deploy/run, as an operator meets it: what it says when something is in its way, and that it leaves nothing behind.
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, chownSync, cpSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import { atEnd } from './lib/cleanup.mjs';
import { Client } from './lib/client.mjs';
import { writeConfig } from './lib/config.mjs';
import { command, deploy, nothingLeft, readReady, refused, takenPort } from './lib/deploy.mjs';
import { program, root, temporaryFolder } from './lib/paths.mjs';
import { Running, alive, eventually, freePort, portAnswers, run, succeed } from './lib/processes.mjs';

test('it serves, says so, and leaves nothing behind after SIGTERM', async (t) => {
  const stack = await deploy(t);
  const { ready, running, dir, ports } = stack;
  assert.deepEqual([ready.mqtt, ready.http, ready.ws],
    [`mqtt://127.0.0.1:${ports[0]}`, `http://127.0.0.1:${ports[1]}/`, `ws://127.0.0.1:${ports[1]}/mqtt`]);
  assert.equal(ready.dir, dir);
  assert.ok(alive(Number(ready.turfd_pid)) && alive(Number(ready.broker_pid)));
  await eventually(() => /tap --team oost financ/.test(running.stdout), 'what to type next');
  const [worker, leader] = running.stdout.match(/http:\/\/\S+/g);
  assert.equal(worker, ready.http);
  for (const page of [worker, leader]) assert.match(await (await fetch(page)).text(), /<script type="module" src="assets\//, page);
  assert.deepEqual(await (await fetch(new URL('config.json', worker))).json(), { org: ready.org });
  for (const url of [ready.mqtt, ready.ws]) {
    const screen = await Client.connect(t, url);
    await screen.subscribe(`turf/v1/${ready.org}/status/aggregator`);
    await screen.until((messages) => messages.some(({ payload }) => JSON.parse(payload).online), 'online status');
  }
  assert.deepEqual(await running.stop(), { code: 0, signal: null });
  await nothingLeft(stack);
});

test('Ctrl-C stops it, and turfd has time to say goodbye', async (t) => {
  const stack = await deploy(t);
  const screen = await Client.connect(t, stack.ready.mqtt);
  await screen.subscribe(`turf/v1/${stack.ready.org}/status/aggregator`);
  process.kill(-stack.running.pid, 'SIGINT'); // to the whole group, as a terminal does
  assert.deepEqual(await stack.running.ended, { code: 0, signal: null });
  await screen.until((messages) => messages.some(({ payload }) => JSON.parse(payload).online === false), 'the goodbye');
  await nothingLeft(stack);
});

for (const [name, what] of [['turfd', 'turfd'], ['broker', 'the broker'], ['web', 'the web server']]) {
  test(`when ${name} dies, the others are stopped and the reason is printed`, async (t) => {
    const stack = await deploy(t);
    process.kill(Number(stack.ready[`${name}_pid`]), 'SIGKILL');
    assert.deepEqual(await stack.running.ended, { code: 1, signal: null });
    assert.equal(stack.running.log, `deploy/run: ${what} ended: killed by signal 9.\n`);
    await nothingLeft(stack);
  });
}

test('--background returns when it serves, --stop ends it', async (t) => {
  const folder = temporaryFolder(t, 'turf-deploy');
  const dir = join(folder, 'run');
  const ports = [await freePort(), await freePort()];
  const readyFile = join(folder, 'ready');
  const typed = (...args) => run(command, ['--dir', dir, ...args].map(String));
  const start = () => typed('--mqtt-port', ports[0], '--http-port', ports[1], '--ready-file', readyFile, '--background');
  atEnd(t, () => typed('--stop'));
  const first = await start();
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /deploy\/run --stop ends it[^]*tap --team oost financ/);
  const ready = readReady(readyFile);
  assert.ok(alive(Number(ready.turfd_pid)) && (await portAnswers(ports[1])));
  const again = await start();
  assert.deepEqual([again.code, again.stdout], [0, `turf is running in ${dir} already.\n`]);
  assert.deepEqual((await typed('--stop')).code, 0);
  await nothingLeft({ ready, readyFile, ports });
  const { code, stderr } = await typed('--stop');
  assert.deepEqual([code, stderr], [1, `deploy/run: nothing runs in ${dir}.\n`]);
});

test('--background tells at once why it cannot start', async (t) => {
  const ports = [await takenPort(t), await freePort()];
  const dir = join(temporaryFolder(t), 'run');
  assert.match(await refused(dir, ports, ['--background']), /port \d+ is taken/);
});

test('what it started ends when it is killed', async (t) => {
  const stack = await deploy(t);
  await stack.running.kill('SIGKILL');
  for (const pid of [stack.ready.turfd_pid, stack.ready.broker_pid, stack.ready.web_pid]) {
    await eventually(() => !alive(Number(pid)), `process ${pid} to end`);
  }
});

test('two run side by side and know nothing of each other', async (t) => {
  const [one, other] = await Promise.all([deploy(t), deploy(t)]);
  assert.notEqual(one.ready.broker_pid, other.ready.broker_pid);
  assert.deepEqual(await one.running.stop(), { code: 0, signal: null });
  assert.ok(alive(Number(other.ready.turfd_pid)) && alive(Number(other.ready.broker_pid)));
  assert.deepEqual(await other.running.stop(), { code: 0, signal: null });
  await nothingLeft(one);
  await nothingLeft(other);
});

test('a second one in the same directory is refused and harms nobody', async (t) => {
  const stack = await deploy(t);
  const said = await refused(stack.dir, [await freePort(), await freePort()], ['--fresh', '--ready-file', stack.readyFile]);
  assert.match(said, /already running in .*process \d+/);
  assert.ok(existsSync(stack.readyFile) && alive(Number(stack.ready.turfd_pid)));
});

for (const [which, i] of [['mqtt', 0], ['http', 1]]) {
  test(`a taken --${which}-port is named`, async (t) => {
    const ports = [await freePort(), await freePort()];
    ports[i] = await takenPort(t);
    const folder = temporaryFolder(t);
    assert.match(await refused(join(folder, 'run'), ports), new RegExp(`port ${ports[i]} is taken.*--${which}-port`));
    assert.equal(await portAnswers(ports[1 - i]), false);
  });
}

// A mosquitto that, before it starts, tells us on `port` which one it will take for websockets, and waits for a word.
const reportingPort = (port) => `#!/bin/bash
exec 3<> /dev/tcp/127.0.0.1/${port}
sed -n 's/^listener \\(32[0-9]*\\) .*/\\1/p' "$2" >&3
read -r <&3
PATH=\${PATH#*:}:/usr/sbin exec mosquitto "$@" 3>&-
`;

test("when another program takes the websockets' port first, another one is chosen", async (t) => {
  const folder = temporaryFolder(t);
  const others = [];
  const portReader = net.createServer((starting) => starting.once('data', (port) => {
    if (others.length) starting.end('go on\n');
    else others.push(net.createServer().listen(Number(port), '127.0.0.1', () => starting.end('taken\n')));
  }));
  await new Promise((resolve) => portReader.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => [portReader, ...others].forEach((server) => server.close()));
  writeFileSync(join(folder, 'mosquitto'), reportingPort(portReader.address().port), { mode: 0o755 });
  chmodSync(folder, 0o755); // root's deploy/run starts it as another user
  const { ready } = await deploy(t, { env: { PATH: `${folder}:${process.env.PATH}` } });
  assert.equal(others.length, 1);
  const screen = await Client.connect(t, ready.ws);
  await screen.subscribe(`turf/v1/${ready.org}/status/aggregator`);
  await screen.until((messages) => messages.some(({ payload }) => JSON.parse(payload).online), 'online status');
});

test('a store in use is refused, and the broker is stopped again', async (t) => {
  const stack = await deploy(t);
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'run'));
  const ports = [await freePort(), await freePort()];
  // The second instance is led to the first one's store.
  const dir = join(folder, 'run');
  writeFileSync(join(dir, '.made-by-deploy-run'), '');
  symlinkSync(join(stack.dir, 'store'), join(dir, 'store'));
  assert.match(await refused(dir, ports), /turfd did not start: .*store/);
  for (const port of ports) assert.equal(await portAnswers(port), false);
});

test('a directory with files of someone else is refused and left alone', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'precious'), 'mine');
  assert.match(await refused(folder, [await freePort(), await freePort()], ['--fresh']), /did not make; give another --dir/);
  assert.deepEqual(readdirSync(folder), ['precious']);
});

test('--fresh begins with an empty store and keeps what is not its own', async (t) => {
  const first = await deploy(t);
  const epoch = async ({ ready }) => {
    const screen = await Client.connect(t, ready.mqtt);
    await screen.subscribe(`turf/v1/${ready.org}/status/aggregator`);
    return screen.until((messages) => messages.length && JSON.parse(messages.at(-1).payload).epoch, 'the status');
  };
  const before = await epoch(first);
  await first.running.stop();
  writeFileSync(join(first.dir, 'notes'), 'mine');
  const again = await deploy(t, { folder: first.folder });
  assert.equal(await epoch(again), before);
  await again.running.stop();
  const fresh = await deploy(t, { folder: first.folder, args: ['--fresh'] });
  assert.notEqual(await epoch(fresh), before);
  assert.equal(readFileSync(join(first.dir, 'notes'), 'utf8'), 'mine');
});

test('--config and --today', async (t) => {
  const stack = await deploy(t, { args: ['--config', writeConfig(t), '--today', '2019-12-31'] });
  assert.equal(stack.ready.org, 'proef');
  const screen = await Client.connect(t, stack.ready.mqtt);
  await screen.subscribe('turf/v1/proef/status/aggregator');
  const status = await screen.until((messages) => messages.length && JSON.parse(messages[0].payload), 'the status');
  assert.deepEqual([status.today, status.today_pinned], ['2019-12-31', true]);
});

test('a configuration that could not be written is not taken for one the next time', async (t) => {
  const folder = temporaryFolder(t, 'turf-deploy');
  const ports = [await freePort(), await freePort()];
  const args = ['--dir', join(folder, 'run'), '--mqtt-port', ports[0], '--http-port', ports[1]].map(String);
  assert.match((await run(command, [...args, '--today', 'x'])).stderr, /'x' is not a date/); // all is built now
  const full = await run('bash', ['-c', 'trap "" XFSZ; ulimit -f 1; exec "$0" "$@"', command, ...args]); // files of 1024 bytes
  assert.equal(full.code, 1, full.stderr);
  assert.match(full.stderr, /deploy\/run: the demo's configuration could not be written to .*turf\.conf\.\n$/);
  const { running } = await deploy(t, { folder, ports });
  assert.deepEqual(await running.stop(), { code: 0, signal: null });
});

test('a date that is none, or close to the first there is, leaves nothing in the way of the next run', async (t) => {
  const folder = temporaryFolder(t, 'turf-deploy');
  const ports = [await freePort(), await freePort()];
  const dir = join(folder, 'run');
  for (const today of ['9926-13-01', '2025-02-29']) assert.match(await refused(dir, ports, ['--today', today]), new RegExp(`'${today}' is not a date`));
  assert.match(await refused(dir, ports, ['--today', '0002-01-01']), /turfd did not start: .*0002-01-01/);
  const { running } = await deploy(t, { folder, ports, args: ['--today', '1971-02-03'] });
  assert.deepEqual(await running.stop(), { code: 0, signal: null });
});

test('it finds its own files when cd looks in other folders too', async (t) => {
  const dir = join(temporaryFolder(t), 'run');
  const { code, stderr } = await run('deploy/run', ['--stop', '--dir', dir], { env: { CDPATH: `.:${root}/tests` } });
  assert.deepEqual({ code, stderr }, { code: 1, stderr: `deploy/run: nothing runs in ${dir}.\n` });
});

test("another user's is not stopped, and that is said", { skip: process.getuid() !== 0 && 'only root can be another user' }, async (t) => {
  const stack = await deploy(t);
  const theirs = join(stack.folder, 'deploy'); // where they may read it
  cpSync(join(root, 'deploy'), theirs, { recursive: true });
  for (const folder of [stack.folder, stack.dir]) chmodSync(folder, 0o755);
  const { code, stderr } = await run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', join(theirs, 'run'), '--stop', '--dir', stack.dir]);
  assert.deepEqual([code, stderr], [1, `deploy/run: process ${stack.running.pid} in ${stack.dir} is another user's; stop it as that user or as root.\n`]);
  assert.equal(stack.running.status, null);
});

test("a directory that is another user's ends in one sentence", { skip: process.getuid() !== 0 && 'only root can be another user' }, async (t) => {
  const folder = temporaryFolder(t, 'turf-deploy');
  cpSync(join(root, 'deploy'), join(folder, 'deploy'), { recursive: true });
  const dir = join(folder, 'run');
  mkdirSync(dir);
  for (const one of [folder, dir]) chmodSync(one, 0o755);
  const said = async () => {
    const { code, stderr } = await run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', join(folder, 'deploy/run'), '--dir', dir]);
    assert.equal(code, 1, stderr);
    return stderr;
  };
  assert.equal(await said(), `deploy/run: ${dir} cannot be written to.\n`); // an empty one
  for (const name of ['.made-by-deploy-run', 'lock']) writeFileSync(join(dir, name), '');
  assert.equal(await said(), `deploy/run: ${dir} cannot be written to.\n`); // one that served before
  chmodSync(dir, 0o700);
  assert.equal(await said(), `deploy/run: ${dir} cannot be read.\n`);
});

test("the broker's files may be changed, and stay in force: the pages find its ports", async (t) => {
  const first = await deploy(t);
  await first.running.stop();
  const conf = join(first.dir, 'broker/mosquitto.conf');
  appendFileSync(conf, 'max_connections 100\n');
  const changed = readFileSync(conf, 'utf8');
  const again = await deploy(t, { folder: first.folder, ports: first.ports });
  assert.match(again.running.log, /mosquitto\.conf was changed by somebody else and is left as it is/);
  for (const url of [again.ready.mqtt, again.ready.ws]) {
    const screen = await Client.connect(t, url);
    await screen.subscribe(`turf/v1/${again.ready.org}/status/aggregator`);
    await screen.until((messages) => messages.some(({ payload }) => JSON.parse(payload).online), 'online status');
  }
  assert.deepEqual([readFileSync(conf, 'utf8'), await again.running.stop()], [changed, { code: 0, signal: null }]);
  const ports = [await freePort(), first.ports[1]];
  const args = ['--dir', first.dir, '--mqtt-port', ports[0], '--http-port', ports[1]].map(String);
  const { code, stderr } = await run(command, args);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`mosquitto\\.conf has no listener at port ${ports[0]}; give the --mqtt-port that it has, or take over .*\\.new\\.\n$`));
});

const asRoot = { skip: process.getuid() !== 0 && 'only root can be another user' };

// Whom a process runs as: real, effective, saved and file system user, and then its groups.
const idsOfProcess = (pid) => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return ['Uid', 'Gid', 'Groups'].flatMap((name) => status.match(new RegExp(`^${name}:(.*)$`, 'm'))[1].trim().split(/\s+/).filter(Boolean)).map(Number);
};

// The folder above it is closed to others, as /root is.
test('what root starts serves as nobody, who may change the store and the broker\'s files and nothing else', asRoot, async (t) => {
  const stack = await deploy(t, { args: ['--config', writeConfig(t)] });
  const nobody = statSync(join(stack.dir, 'store')).uid;
  assert.notEqual(nobody, 0);
  for (const pid of [stack.ready.turfd_pid, stack.ready.broker_pid, stack.ready.web_pid]) {
    const ids = idsOfProcess(pid);
    assert.deepEqual([ids.slice(0, 4), ids.includes(0)], [Array(4).fill(nobody), false], `process ${pid}`);
  }
  const { stdout } = await run('find', [stack.dir, '-user', String(nobody), '-o', '-perm', '/022', '!', '-type', 'l']);
  const theirs = stdout.trim().split('\n').map((path) => path.slice(stack.dir.length + 1));
  assert.deepEqual(theirs.filter((path) => !/^(store(\.last-seen)?|broker|web\/private)(\/|$)/.test(path)), []);
  assert.deepEqual(await stack.running.stop(), { code: 0, signal: null });
  await succeed(program('turfctl'), ['--store', join(stack.dir, 'store'), 'verify']);
});

test('a store that root served before is handed over, with what is counted in it; a name of another file is not', asRoot, async (t) => {
  const first = await deploy(t);
  const tap = await run(program('turf'), ['tap', '--team', 'oost', 'financ', '--broker', first.ready.mqtt], { env: { XDG_STATE_HOME: first.folder, TURF_ORG: '' } });
  assert.equal(tap.code, 0, tap.stdout + tap.stderr);
  await first.running.stop();
  await succeed('chown', ['-R', '0:0', first.dir]);
  writeFileSync(join(first.folder, 'secret'), '', { mode: 0o600 });
  linkSync(join(first.folder, 'secret'), join(first.dir, 'store/other'));
  const again = await deploy(t, { folder: first.folder });
  assert.match((await succeed(program('turfctl'), ['--store', join(first.dir, 'store'), 'show'])).stdout, /Financiën +1\b/);
  assert.equal(statSync(join(first.folder, 'secret')).uid, 0);
  assert.deepEqual(await again.running.stop(), { code: 0, signal: null });
});

test("a directory in another's folder, or where everybody can put another one, is refused and left as it is", asRoot, async (t) => {
  const folder = temporaryFolder(t, 'turf-deploy');
  const ports = [await freePort(), await freePort()];
  const theirs = join(folder, 'theirs');
  mkdirSync(theirs);
  chownSync(theirs, 65534, 65534);
  assert.match(await refused(theirs, ports), /theirs belongs to nobody; start it as that user, or give another --dir\.$/m);
  assert.match(await refused(join(theirs, 'run'), ports), /theirs\/run lies in .*theirs, which belongs to nobody; give another --dir\.$/m);
  const open = join(folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  assert.match(await refused(join(open, 'run'), ports), /open\/run lies in .*open, where everybody can put another folder in its place/);
  symlinkSync(theirs, join(folder, 'link'));
  assert.match(await refused(join(folder, 'link/run'), ports), /which belongs to nobody/);
  for (const one of [theirs, open]) for (const name of readdirSync(one)) assert.deepEqual(readdirSync(join(one, name)), []);
  chmodSync(open, 0o1777); // as /tmp
  const { running } = await deploy(t, { folder: open, ports });
  assert.deepEqual(await running.stop(), { code: 0, signal: null });
});

test('--stop ends no process of another user, whatever the pid file says', asRoot, async (t) => {
  const folder = temporaryFolder(t, 'turf-deploy');
  chmodSync(folder, 0o755);
  const dir = join(folder, 'run');
  mkdirSync(dir);
  const victim = new Running('sleep', ['infinity']);
  atEnd(t, () => victim.kill('SIGKILL'));
  writeFileSync(join(dir, 'pid'), `${victim.pid}\n`);
  for (const path of [dir, join(dir, 'pid')]) chownSync(path, 65534, 65534);
  const holder = new Running('flock', [join(dir, 'lock'), 'sleep', 'infinity'], { ownGroup: true });
  atEnd(t, () => process.kill(-holder.pid, 'SIGKILL'));
  await eventually(async () => existsSync(join(dir, 'lock')) && (await run('flock', ['--nonblock', join(dir, 'lock'), 'true'])).code !== 0, 'the lock');
  const { code, stderr } = await run(command, ['--stop', '--dir', dir]);
  assert.deepEqual([code, stderr], [1, `deploy/run: process ${victim.pid}, which ${dir}/pid names, is not of ${dir}'s owner.\n`]);
  assert.ok(alive(victim.pid));
});

// apt-get stands in for Debian's: it says that it is there, and waits for a word.
test('who is stopped while packages are being installed leaves that to its end, and no service is started', async (t) => {
  const folder = temporaryFolder(t, 'turf-packages');
  const policy = join(folder, 'policy-rc.d');
  const script = readFileSync(join(root, 'deploy/install-packages'), 'utf8').replaceAll('/usr/sbin/policy-rc.d', policy);
  const programs = { 'install-packages': script, 'dpkg-query': '#!/bin/sh\nexit 1\n',
    'apt-get': `#!/bin/bash\n[[ " $* " != *" install "* ]] && exit 0\necho $$ > '${folder}/begun'\nread -r word < '${folder}/word'\ntest -e '${policy}' && echo none > '${folder}/started'\n` };
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text, { mode: 0o755 });
  writeFileSync(join(folder, 'packages'), 'run turf-no-such-package\n');
  await succeed('mkfifo', [join(folder, 'word')]);
  const running = new Running(join(folder, 'install-packages'), ['run'], { env: { PATH: `${folder}:${process.env.PATH}`, TMPDIR: folder } });
  atEnd(t, () => running.kill('SIGKILL'));
  await eventually(() => existsSync(join(folder, 'begun')) && existsSync(policy), 'apt-get');
  process.kill(running.pid, 'SIGTERM');
  assert.equal((await running.ended).code, 130, running.log);
  assert.match(running.log, /are being installed still; .* tells of it\.\n$/);
  assert.ok(existsSync(policy), 'no service is started yet');
  writeFileSync(join(folder, 'word'), 'go\n');
  await eventually(() => existsSync(join(folder, 'started')) && !existsSync(policy), 'the end of apt-get, and of what kept services from being started');
});

test('a wrong configuration: every mistake, then one sentence', async (t) => {
  const config = writeConfig(t, { org: 'No Slug', accept_days: 0 });
  const ports = [await freePort(), await freePort()];
  const args = ['--dir', join(temporaryFolder(t), 'run'), '--mqtt-port', ports[0], '--http-port', ports[1], '--config', config];
  const { code, stderr } = await run(command, args.map(String));
  assert.equal(code, 1);
  assert.match(stderr, /:1: .*\n.*:\d+: [^]*deploy\/run: the configuration .* is not right\.\n$/);
});

test('wrong usage has exit status 2', async () => {
  for (const args of [['--nonsense'], ['--dir'], ['--mqtt-port', '0'], ['--mqtt-port', '70000'], ['--http-port', 'x'],
    ['--mqtt-port', '4000', '--http-port', '4000'], ['--config', '/nowhere/turf.conf']]) {
    const { code, stderr } = await run(command, args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, /^deploy\/run: .*\n$/);
  }
});
