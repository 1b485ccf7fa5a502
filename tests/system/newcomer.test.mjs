// SPDX-License-Identifier: EUPL-1.2
// The README's session, pasted by a newcomer: its very lines, on a machine where nothing was ever tapped. And what the
// manual installs for a service that stays.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { atEnd } from './lib/cleanup.mjs';
import { Client } from './lib/client.mjs';
import { build, root, temporaryFolder } from './lib/paths.mjs';
import { Running, eventually, freePort, portAnswers, run, succeed } from './lib/processes.mjs';

// What a newcomer types after deploy/run, without the remarks.
function session() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  assert.match(readme, /^ *deploy\/run\b/m, 'the README says how to start');
  const lines = readme.split('\n').map((line) => line.replace(/\s+#.*$/, '').trim());
  const typed = lines.filter((line) => /^(deploy\/run --|build\/turf )/.test(line));
  assert.deepEqual(typed.map((line) => line.match(/\b(background|tap|watch|undo|replay)\b/)?.[1]),
    ['background', 'tap', 'watch', 'undo', 'replay']);
  const [, show] = readme.match(/^`(build\/turfctl .* show)`/m);
  return [...typed, show];
}

// A leader of the whole organisation joins with the invitation that deploy/run printed: what its screen shows to the broker.
async function leaderLogin(t, printed) {
  const [, link] = printed.match(/http\S+#join=\S+/g);
  const env = { XDG_STATE_HOME: temporaryFolder(t, 'turf-leader'), TURF_OUTBOX: '', TURF_ORG: '' };
  await succeed(join(build, 'turf'), ['join', link], { env });
  return { username: 'pass', password: (await succeed(join(build, 'turf'), ['token'], { env })).stdout.trim() };
}

for (const option of ['', '--door']) test(`the README's session works as printed${option && `, and with ${option}`}`, async (t) => {
  const [start, tap, watch, undo, replay, show] = session();
  const folder = temporaryFolder(t, 'turf-newcomer');
  const [mqtt, http] = [await freePort(), await freePort()];
  const place = ['--dir', join(folder, 'run'), '--mqtt-port', mqtt, '--http-port', http, option].join(' ');
  atEnd(t, () => run(join(root, 'deploy/run'), ['--stop', '--dir', join(folder, 'run')]));

  // The README speaks of the ordinary places; the programs under test and this instance may be elsewhere.
  const paste = async (line) => {
    const env = { TURF_BROKER: `mqtt://127.0.0.1:${mqtt}`, HOME: folder, XDG_STATE_HOME: '', XDG_DATA_HOME: '' };
    const there = line.replace(/^deploy\/run/, `$& ${place}`).replaceAll('build/run/', `'${folder}/run/'`).replace(/^build\/turf/, `'${build}'/turf`);
    const result = await run('bash', ['-c', there], { env });
    assert.equal(result.code, 0, `${line}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const printed = await paste(start);
  assert.match(printed, /turf counts for steenwijkerland/);
  assert.match(await paste(start), /already/);
  const screen = await Client.connect(t, `mqtt://127.0.0.1:${mqtt}`, option ? await leaderLogin(t, printed) : {});
  await screen.subscribe('turf/v1/+/summary-json/+/+');
  // The newest figures of each team and period: { 'oost/2026-Q4': {…} }.
  const figures = () => Object.fromEntries(screen.messages.map(({ payload }) => JSON.parse(payload)).map((json) => [`${json.team}/${json.period}`, json]));
  const questions = (team, pattern) => Object.values(figures())
    .filter((json) => json.team === team && pattern.test(json.period))
    .reduce((sum, json) => sum + json.questions, 0);

  assert.match(await paste(tap), /Financi/);
  await screen.until(() => questions('oost', /Q/) === 1, 'the tap in the figures');
  assert.match(await paste(watch), /Financi.*\b1\b/);
  await paste(undo);
  await screen.until(() => questions('oost', /Q/) === 0, 'the undo in the figures');
  assert.match(await paste(replay), /\b1886\b/);

  // Both shifted years count: nothing is refused or late, and the whole file is in the figures.
  await screen.until(() => questions('all', /^\d{4}$/) === 1886, 'all of the replay in the figures');
  assert.match(await paste(show), /Financiën/);
  await screen.close();
  assert.equal((await run(join(root, 'deploy/run'), ['--stop', '--dir', join(folder, 'run')])).code, 0);
  assert.equal(await portAnswers(mqtt), false);
});

// `make -n` goes through every line that the build would run, so that every question to pkg-config is asked.
test('the programs and the pages are built without a question about a library that they do not need', async (t) => {
  const folder = temporaryFolder(t, 'turf-pkg-config');
  const asked = join(folder, 'asked');
  const pkgConfig = join(folder, 'pkg-config');
  writeFileSync(pkgConfig, `#!/bin/sh\necho "$2" >> '${asked}'\necho -l"$2"\n`, { mode: 0o755 });
  const questions = async (...targets) => {
    writeFileSync(asked, '');
    const { stderr } = await succeed('make', ['-n', '-s', `PKG_CONFIG=${pkgConfig}`, `BUILD=${folder}/build`, ...targets]);
    assert.equal(stderr, '', targets.join(' '));
    return [...new Set(readFileSync(asked, 'utf8').split('\n'))].filter(Boolean).sort();
  };
  const programs = ['turfd', 'turfctl', 'turf', 'turfdoor'].map((name) => `${folder}/build/${name}`);
  assert.deepEqual(await questions(...programs, 'web'), ['jansson', 'libconfig', 'libcrypto', 'libcurl', 'libmicrohttpd', 'libprotobuf-c', 'libutf8proc', 'lmdb']);
  assert.deepEqual(await questions('help'), []);
  assert.ok((await questions('unit')).includes('cmocka'), 'the tests still ask for theirs');
});

// The service's user is nobody in particular: files of root are for it to read only when they are for everybody.
const makeInstall = (target, ...knobs) => ['-s', '-o', 'all', '-o', 'web', target, `BUILD=${build.replace(`${root}/`, '')}`, ...knobs];

test('what the manual installs is there for the service, and to be read by it', async (t) => {
  const folder = temporaryFolder(t, 'turf-install');
  const service = readFileSync(join(root, 'deploy/turfd.service'), 'utf8');
  const [line] = readFileSync(join(root, 'docs/operating.md'), 'utf8').match(/^ *install .*turfd\.conf/m);
  await succeed('make', makeInstall('install', `DESTDIR=${folder}`));
  await succeed('bash', ['-c', line.replace('/etc/', `${folder}/etc/`)]);
  const named = new Set(service.match(/\/(usr\/local|etc)\/[\w./-]+/g));
  named.delete('/etc/turf/credentials'); // a group of the service's own reads it
  assert.equal(named.size, 3, [...named].join(' '));
  for (const file of named) {
    assert.ok(existsSync(folder + file), `${file} is installed`);
    assert.ok(statSync(folder + file).mode & 0o004, `${file} is for everybody to read`);
  }
});

for (const umask of ['000', '022', '077']) {
  test(`programs, documents and pages are installed for everybody to read and for nobody else to write, under umask ${umask}`, async (t) => {
    const folder = temporaryFolder(t, 'turf-umask');
    const typed = (target) => ['-c', `umask ${umask} && exec make "$@"`, 'bash', ...makeInstall(target, `DESTDIR=${folder}`)];
    for (const target of ['install', 'install-web']) await succeed('bash', typed(target));
    const found = readdirSync(folder, { recursive: true, withFileTypes: true });
    const wrong = found.filter((one) => !one.isSymbolicLink()).map((one) => [join(one.parentPath ?? one.path, one.name), one])
      .map(([path, one]) => [path, statSync(path).mode & 0o777, one.isDirectory() || /\/bin\/|\.so(\.|$)/.test(path) ? 0o755 : 0o644])
      .filter(([, mode, wanted]) => mode !== wanted).map(([path, mode]) => `${path} ${mode.toString(8)}`);
    assert.deepEqual(wrong, []);
    const pages = join(folder, 'usr/local/share/turf/web');
    for (const name of readdirSync(join(build, 'web'), { recursive: true })) assert.ok(existsSync(join(pages, name)), name);
    const manual = join(folder, 'usr/local/share/man');
    for (const name of ['turf.1', 'libturf.3', 'turf_open.3', 'turfd.conf.5', 'turfd.8', 'turfctl.8']) {
      assert.match(readFileSync(join(manual, `man${name.at(-1)}`, name), 'utf8'), /^\.Sh NAME$/m, name);
    }
  });
}

test("the linker's cache is brought up to date on this machine, and left alone when a package is made", { skip: process.getuid() !== 0 && 'only root may write the cache' }, async (t) => {
  const folder = temporaryFolder(t, 'turf-ldconfig');
  const called = join(folder, 'called');
  writeFileSync(join(folder, 'ldconfig'), `#!/bin/sh\ntest -e '${folder}/prefix/lib/libturf.so.0' && : > '${called}'\n`, { mode: 0o755 });
  const install = (...knobs) => succeed('make', makeInstall('install', `LDCONFIG=${folder}/ldconfig`, ...knobs));
  await install(`DESTDIR=${folder}/package`);
  assert.ok(!existsSync(called));
  await install(`PREFIX=${folder}/prefix`);
  assert.ok(existsSync(called));
});

test('who looks for an installed libturf is sent to where it was installed', async (t) => {
  const folder = temporaryFolder(t, 'turf-prefix');
  await succeed('make', makeInstall('install', `PREFIX=${folder}`, 'LDCONFIG=true'));
  const env = { PKG_CONFIG_PATH: join(folder, 'lib/pkgconfig') };
  const { stdout } = await succeed('pkg-config', ['--variable=libdir', 'turf'], { env });
  assert.ok(existsSync(join(stdout.trim(), 'libturf.so')), stdout);
});

// A program may have an error_set of its own. What begins with __ is the sanitizers'.
for (const [library, flag] of [['libturf.a', '-g'], ['libturf.so', '-D']]) {
  test(`of ${library} only what turf.h names can be seen`, async () => {
    const { stdout } = await succeed('nm', [flag, '--defined-only', '--format=just-symbols', join(build, library)]);
    const names = stdout.match(/^\w+$/gm).filter((name) => !name.startsWith('__'));
    const named = readFileSync(join(root, 'broker-client/libturf/turf.h'), 'utf8').match(/\bturf_\w+(?=\()/g);
    assert.deepEqual(names.sort(), [...new Set(named)].sort());
  });
}

// This machine's would not know what it wrote.
test('a compiler for another machine brings its own tools to libturf.a', async (t) => {
  const folder = temporaryFolder(t, 'turf-cross');
  const cc = join(folder, 'cross-cc');
  writeFileSync(cc, '#!/bin/sh\n[ "$1" != -print-prog-name=objcopy ] || echo cross-objcopy\n');
  chmodSync(cc, 0o700);
  const { stdout } = await succeed('make', ['-n', `CC=${cc}`, `BUILD=${join(folder, 'build')}`, join(folder, 'build/libturf.o')]);
  const lines = stdout.split('\n').filter((line) => line.includes('libturf.o'));
  assert.deepEqual(lines.map((line) => line.split(' ')[0]), [cc, 'cross-objcopy']);
});

// Debian's own file, whose logs and persistence are other ones, reads what the manual puts beside it.
test("the manual's broker runs as Debian's service does, and lets turfd in", { skip: process.getuid() !== 0 && 'only root can install it' }, async (t) => {
  const folder = temporaryFolder(t, 'turf-mosquitto');
  const [port, wsPort] = [await freePort(), await freePort()];
  const place = (text) => text.replaceAll('/etc/', `${folder}/etc/`);
  const [steps] = readFileSync(join(root, 'docs/operating.md'), 'utf8').match(/^ *deploy\/broker-config \/etc[^]*?(?=^ *systemctl restart mosquitto)/m) ?? [];
  assert.ok(steps, 'the manual tells the steps');
  mkdirSync(join(folder, 'etc/mosquitto/conf.d'), { recursive: true });
  chmodSync(folder, 0o777); // the service's user writes here
  await succeed('bash', ['-ec', place(steps).replace('-g turf-broker', '').replace('1883 ORG 8081', `${port} dekop ${wsPort}`)]);
  writeFileSync(join(folder, 'mosquitto.conf'), `persistence true\npersistence_location ${folder}/\nlog_dest file ${folder}/log\ninclude_dir ${folder}/etc/mosquitto/conf.d\n`);
  const broker = new Running('mosquitto', ['-c', join(folder, 'mosquitto.conf')], { env: { PATH: `${process.env.PATH}:/usr/sbin` } });
  atEnd(t, () => broker.kill('SIGKILL'));
  await eventually(async () => {
    assert.equal(broker.status, null, broker.log);
    return (await portAnswers(port)) && portAnswers(wsPort);
  }, 'the broker');
  const { stdout } = await succeed('ps', ['-o', 'user=', '-p', String(broker.pid)]);
  assert.equal(stdout.trim(), 'mosquitto');

  const [, user, password] = readFileSync(join(folder, 'etc/turf/credentials'), 'utf8').match(/^user = (.*)\npassword = (.*)\n$/);
  const to = ['-h', '127.0.0.1', '-p', String(port), '-t', 'turf/v1/dekop/catalogue'];
  await succeed('mosquitto_pub', [...to, '-u', user, '-P', password, '-r', '-m', 'of turfd']);
  assert.equal((await succeed('mosquitto_sub', [...to, '-C', '1', '-W', '60'])).stdout, 'of turfd\n');
  await broker.kill('SIGTERM');
  assert.equal(readFileSync(join(folder, 'log'), 'utf8'), '');
  assert.ok(!existsSync(join(folder, 'mosquitto.db')), 'nothing is kept on disk');
});

// make stands in for one that fails: neither what the tests need nor a program is there.
test('tests/run that cannot begin says why, and nothing of suites that it did not come to', async (t) => {
  const folder = temporaryFolder(t, 'turf-tests');
  writeFileSync(join(folder, 'make'), '#!/bin/sh\necho no network >&2\nexit 2\n', { mode: 0o755 });
  const { code, stdout } = await run(join(root, 'tests/run'), ['--only', 'unit'], { env: { PATH: `${folder}:${process.env.PATH}` } });
  assert.deepEqual([code, stdout], [1, 'no network\nnpm ci failed.\n0 passed, 1 failed\n']);
});
