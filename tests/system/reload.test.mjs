// SPDX-License-Identifier: EUPL-1.2
// The configuration: every mistake in one run, exit codes, and a reload that may not alter what was counted.
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { writeConfig } from './lib/config.mjs';
import { decode, question } from './lib/messages.mjs';
import { program, root, temporaryFolder } from './lib/paths.mjs';
import { eventually, run, succeed } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const check = (file) => run(program('turfd'), ['--check', file]);

test('--check: a right file', async (t) => {
  const { code, stdout, stderr } = await check(writeConfig(t));
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^configuration OK\norg: proef\n$/);
});

test('--check: every mistake at once, each with file, line and what was expected', async (t) => {
  const file = join(temporaryFolder(t), 'wrong.conf');
  writeFileSync(file, `org = "Groot";
name = "Proef";
store = "store";
broker = { address = "http://127.0.0.1:1883"; };
retract_days = 40;
grace_days = 20;
counting_since = "2019-02-29";
cells = "weekly";
teems = ( );
teams = (
  { id = "oost"; name = "Oost"; },
  { id = "oost"; name = "Nog eens Oost"; },
  { id = "all"; name = "Alle"; },
  { id = "west"; name = "West"; valid_from = "2019-07-01"; valid_until = "2019-01-01"; }
);
labels = ( { code = 1; name = "Sportfonds"; kind = "topic"; }, { code = 2; name = "Huur"; kind = "subject"; domain = 99; } );
`);
  const { code, stderr } = await check(file);
  assert.equal(code, 1);
  const lines = stderr.trim().split('\n');
  const about = { org: 1, address: 4, retract_days: 5, counting_since: 7, cells: 8, teems: 9, oost: 12, all: 13, begins: 14, kind: 16, 99: 16 };
  for (const [what, line] of Object.entries(about)) {
    const found = lines.filter((text) => text.startsWith(`${file}:${line}: `) && text.includes(what));
    assert.ok(found.length >= 1, `line ${line} about ${what} in:\n${stderr}`);
  }
  assert.match(lines.at(-1), /^\d+ mistakes in /);
});

test('--check: the last day that counts, since "until" is the first day outside', async (t) => {
  const file = writeConfig(t, {
    teams: [{ id: 'oost', name: 'Oost', valid_until: 'open' }, { id: 'west', name: 'West', valid_until: '2026-12-31' }],
    labels: [{ code: 1, name: 'Voorjaarsactie', kind: 'subject', valid_until: '2019-06-01' }],
    domains: [{ code: 3, valid_until: '2027-01-01' }],
    zrm: [{ edition: '2013', until: '2020-03-01' }],
  });
  const { code, stdout } = await check(file);
  assert.equal(code, 0);
  const line = (name) => readFileSync(file, 'utf8').split('\n').findIndex((text) => text.startsWith(`${name} =`)) + 1;
  const notes = [['teams', '"West" counts up to and including 2026-12-30'], ['zrm', '"2013" counts up to and including 2020-02-29'],
    ['labels', '"Voorjaarsactie" counts up to and including 2019-05-31'], ['domains', 'code 3 counts up to and including 2026-12-31']]
    .map(([name, text]) => [line(name), `${file}:${line(name)}: ${text}`]).sort(([a], [b]) => a - b).map(([, text]) => text);
  assert.deepEqual(stdout.trim().split('\n'), ['configuration OK', 'org: proef', ...notes]);
});

// A configuration with a credentials file of this mode, for a broker at this address.
async function checkWith(t, address, mode) {
  const file = join(temporaryFolder(t), 'credentials');
  writeFileSync(file, 'user = aggregator\npassword = secret\n');
  chmodSync(file, mode);
  return check(writeConfig(t, { broker: { address, credentials: file } }));
}

test('--check warns of a password that goes through the network unencrypted, and of one that everybody can read', async (t) => {
  const unencrypted = /^warning: the password goes to the broker at \S+ unencrypted/m;
  const readable = /^warning: everybody on this machine can read the password in \S+credentials; run chmod o= /m;
  const cases = [['mqtt://broker.example.nl', 0o600, [unencrypted]], ['mqtt://192.168.1.7:1884', 0o640, [unencrypted]],
    ['mqtts://broker.example.nl', 0o600, []], ['mqtt://localhost', 0o640, []], ['mqtt://127.0.0.1', 0o600, []],
    ['mqtt://[::1]:1884', 0o600, []], ['mqtts://broker.example.nl', 0o644, [readable]], ['mqtt://10.0.0.1', 0o604, [unencrypted, readable]]];
  for (const [address, mode, expected] of cases) {
    const { code, stderr } = await checkWith(t, address, mode);
    assert.equal(code, 0, address);
    assert.equal(stderr.split('\n').length - 1, expected.length, `${address}\n${stderr}`);
    for (const pattern of expected) assert.match(stderr, pattern);
  }
  assert.equal((await check(writeConfig(t, { broker: { address: 'mqtt://broker.example.nl' } }))).stderr, '', 'no password to lose');
});

test('--check looks at the files that the command line names', async (t) => {
  const args = ['--check', '--config', writeConfig(t), '--credentials', join(temporaryFolder(t), 'credentials')];
  const { code, stderr } = await run(program('turfd'), args);
  assert.equal(code, 1);
  assert.match(stderr, /credentials: No such file/);
  assert.match((await run(program('turfd'), ['--check', '--config', writeConfig(t), '--broker', 'localhost'])).stderr, /expected mqtt:/);
});

test('--check: a file that is not there, or no configuration at all', async (t) => {
  assert.match((await check('/nowhere/turf.conf')).stderr, /\/nowhere\/turf\.conf/);
  const file = join(temporaryFolder(t), 'broken.conf');
  writeFileSync(file, 'org = "proef";\nname = = 3;\n');
  const { code, stderr } = await check(file);
  assert.equal(code, 1);
  assert.match(stderr, /broken\.conf:2: /);
});

test('wrong usage has exit status 2', async () => {
  for (const args of [[], ['--nonsense'], ['--check'], ['--config', 'a', 'b']]) {
    assert.equal((await run(program('turfd'), args)).code, 2, args.join(' '));
  }
});

test('turfd does not start on a wrong file, and says every mistake', async (t) => {
  const { code, stderr } = await run(program('turfd'), ['--config', writeConfig(t, { accept_days: 0, grace_days: -1 })]);
  assert.equal(code, 1);
  assert.match(stderr, /accept_days[^]*grace_days[^]*nothing was started/);
});

// ---- Reload ----------------------------------------------------------------------------------------

const teams = [{ id: 'oost', name: 'Oost' }, { id: 'west', name: 'West' }];
const labels = [{ code: 1, name: 'Sportfonds', kind: 'subject' }, { code: 2, name: 'Inloop', kind: 'origin' }];

// Two questions are counted in 2019-Q4, so that there is something that must not be altered.
async function running(t) {
  const config = writeConfig(t, { teams, labels });
  const stack = await Stack.start(t, 'proef', { config, today: '2019-11-20' });
  const screen = await stack.client();
  for (const tree of ['summary-json/+/+', 'catalogue', 'status/aggregator']) await screen.subscribe(stack.topic(tree), 0);
  const phone = await stack.phone();
  await phone.register('oost', [question('2019-11-20', 1, 'OUTCOME_ANSWERED', [1]), question('2019-10-02', 3)]);
  const fixture = { t, stack, screen, phone, config };
  await fixture.screen.until(() => twin(fixture, 'oost', '2019-Q4')?.answered === 2, 'the two questions');
  return fixture;
}

const twin = ({ stack, screen }, team, period) => {
  const payload = screen.newest(stack.topic(`summary-json/${team}/${period}`));
  return payload?.length ? JSON.parse(payload) : undefined;
};
const catalogue = ({ stack, screen }) => decode('Catalogue', screen.newest(stack.topic('catalogue')));

function reload({ t, stack, config }, changes) {
  copyFileSync(writeConfig(t, { teams, labels, ...changes }), config);
  process.kill(stack.turfd.pid, 'SIGHUP');
}

// The reload is refused for this reason, and the catalogue of before stays in force.
async function refused(fixture, changes, reason) {
  const { log } = fixture.stack.turfd;
  reload(fixture, changes);
  await eventually(() => fixture.stack.turfd.log.slice(log.length).includes('reload-refused'), 'the refusal');
  assert.match(fixture.stack.turfd.log.slice(log.length), reason);
  assert.equal(catalogue(fixture).version, 1);
}

test('a reload that would alter history is refused with the reason', async (t) => {
  const fixture = await running(t);
  await refused(fixture, { labels: [{ ...labels[0], name: 'Voedselbank' }, labels[1]] }, /label.* 1\b.*Sportfonds/);
  await refused(fixture, { labels: [{ ...labels[0], kind: 'origin' }, labels[1]] }, /label.* 1\b/);
  await refused(fixture, { domains: [{ code: 3, name: 'Heel iets anders' }] }, /domain.* 3\b/);
  await refused(fixture, { teams: [{ ...teams[0], valid_until: '2019-11-01' }, teams[1]] }, /oost.*2019-Q4/);
  await refused(fixture, { teams: [{ ...teams[0], valid_from: '2019-10-15' }, teams[1]] }, /oost.*2019-Q4/);
  await refused(fixture, { counting_since: '2020-01-01' }, /counting_since/);
  await refused(fixture, { org: 'ander' }, /org/);
  await refused(fixture, { accept_days: 0 }, /turf\.conf:\d+: .*accept_days/);
  assert.deepEqual(await fixture.phone.register('oost', [question('2019-11-20', 1)]), ['VERDICT_COUNTED']);
});

test('a reload that may be: names, new teams, ends to come, labels left out', async (t) => {
  const fixture = await running(t);
  reload(fixture, {
    teams: [{ id: 'oost', name: 'Gebiedsteam Oost', valid_until: '2020-01-01' }, teams[1], { id: 'zuid', name: 'Zuid' }],
    labels: [{ ...labels[0], name: 'Jeugdfonds', renamed_from: 'Sportfonds' }],
  });
  await fixture.screen.until(() => twin(fixture, 'zuid', '2019-Q4'), 'the new team');
  await fixture.screen.until(() => twin(fixture, 'oost', '2019-Q4').team_name === 'Gebiedsteam Oost', 'the new name');
  assert.equal(twin(fixture, 'oost', '2019-Q4').labels[0].name, 'Jeugdfonds');
  assert.equal(catalogue(fixture).version, 2);
  const left = catalogue(fixture).labels.find(({ code }) => code === 2);
  assert.ok(left.valid_until > 0, 'what the config leaves out has ended, and keeps its name');
  assert.deepEqual(await fixture.phone.register('zuid', [question('2019-11-20', 1)]), ['VERDICT_COUNTED']);
});

test('what has no figures any more is taken from the broker', async (t) => {
  const fixture = await running(t);
  reload(fixture, { teams: [...teams, { id: 'zuid', name: 'Zuid' }] });
  await fixture.screen.until(() => twin(fixture, 'zuid', '2018-Q1'), 'figures of the new team since 2018');
  reload(fixture, { teams: [...teams, { id: 'zuid', name: 'Zuid', valid_from: '2019-10-01' }] });
  await fixture.screen.until(() => twin(fixture, 'zuid', '2018-Q1') === undefined, 'the zeros to be withdrawn');
  assert.equal(twin(fixture, 'zuid', '2019-Q4').answered, 0);
});

// ---- systemctl reload ------------------------------------------------------------------------------

// What systemd does: the unit's commands one after another, until one fails. There, "%S" is where states are.
async function systemctlReload({ stack, config }, changes) {
  copyFileSync(writeConfig(stack.t, { teams, labels, ...changes }), config);
  const unit = readFileSync(join(root, 'deploy/turfd.service'), 'utf8');
  const places = { '/usr/local/bin/turfd': program('turfd'), '/etc/turf/turfd.conf': config, '%S/turf': stack.store,
    '/etc/turf/credentials': stack.broker.credentialsFile, $MAINPID: String(stack.turfd.pid) };
  const commands = [...unit.matchAll(/^ExecReload=(.*)$/gm)].map(([, command]) => command.split(' ').map((word) => places[word] ?? word));
  for (const [command, ...args] of commands) {
    const result = await run(command, args);
    if (result.code !== 0) return result;
  }
  return { code: 0, stderr: '' };
}

test('systemctl reload fails with the reasons on whatever turfd would refuse, and turfd hears nothing of it', async (t) => {
  const fixture = await running(t);
  const { log } = fixture.stack.turfd;
  const fails = async (changes, reason) => {
    const { code, stderr } = await systemctlReload(fixture, changes);
    assert.equal(code, 1, stderr);
    assert.match(stderr, reason);
    assert.match(stderr, /^\d mistakes? in /m);
  };
  await fails({ accept_days: 0 }, /turf\.conf:\d+: .*accept_days/);
  await fails({ labels: [{ ...labels[0], name: 'Voedselbank' }, labels[1]] }, /label.* 1\b.*Sportfonds/);
  await fails({ teams: [{ ...teams[0], valid_from: '2019-10-15' }, teams[1]] }, /oost.*2019-Q4/);
  await fails({ org: 'ander' }, /org/);
  const { credentialsFile } = fixture.stack.broker;
  const right = readFileSync(credentialsFile);
  writeFileSync(credentialsFile, 'user = aggregator\n');
  await fails({}, /credentials: .*is missing/);
  writeFileSync(credentialsFile, right);
  assert.equal(fixture.stack.turfd.log, log);
  assert.equal(catalogue(fixture).version, 1);
});

test('systemctl reload succeeds on what turfd takes', async (t) => {
  const fixture = await running(t);
  const { code, stderr } = await systemctlReload(fixture, { teams: [...teams, { id: 'zuid', name: 'Zuid' }] });
  assert.deepEqual([code, stderr], [0, '']);
  await fixture.screen.until(() => twin(fixture, 'zuid', '2019-Q4'), 'the new team');
});

// ---- Credentials -----------------------------------------------------------------------------------

// turfd with a credentials file that the test rewrites.
async function withCredentials(t) {
  const config = writeConfig(t, { teams, labels, limits: { retry_ms: 50 } });
  const stack = await Stack.start(t, 'proef', { config, today: '2019-11-20' });
  const file = join(temporaryFolder(t), 'credentials');
  const write = ({ username, password }) => writeFileSync(file, `user = ${username}\npassword = ${password}\n`, { mode: 0o600 });
  const says = (pattern) => eventually(() => pattern.test(stack.turfd.log), `${pattern} in the log`);
  await stack.turfd.stop();
  const launch = () => stack.launchTurfd({ arguments: ['--credentials', file] });
  return { stack, config, file, write, says, launch };
}

const counts = async ({ stack }) =>
  assert.deepEqual(await (await stack.phone()).register('oost', [question('2019-11-20', 1)]), ['VERDICT_COUNTED']);

// The manual's order: turfd runs before the broker has its password.
test('a broker that refuses turfd lets it in once the credentials file is right, without a restart', async (t) => {
  const w = await withCredentials(t);
  w.write({ username: 'aggregator', password: 'of-before-the-broker' });
  w.launch();
  await w.says(/broker-unreachable .*does not let this client in/);
  w.write(w.stack.broker.aggregator);
  await w.says(/<6>connected/);
  await counts(w);
});

test('a credentials file that cannot be read when the connection is lost: turfd uses those that it read last, and says it once', async (t) => {
  const w = await withCredentials(t);
  w.write(w.stack.broker.aggregator);
  w.launch();
  await w.says(/<6>connected/);
  writeFileSync(w.file, 'password of the aggregator: see the safe\n');
  await w.stack.broker.kill();
  await w.says(/broker-unreachable/);
  await w.stack.broker.startAgain();
  await w.says(/<6>connected[^]*<6>connected/);
  await counts(w);
  assert.equal(w.stack.turfd.log.match(/<4>credentials-unreadable reason="[^"]*credentials:1: .*" turfd uses the ones that it read last/g)?.length, 1);
});

test('a reload takes changed credentials, and connects with them', async (t) => {
  const w = await withCredentials(t);
  const { broker } = w.stack;
  await succeed('mosquitto_passwd', ['-b', join(broker.folder, 'passwords'), 'successor', 'new']);
  const acl = readFileSync(join(broker.folder, 'acl'), 'utf8');
  appendFileSync(join(broker.folder, 'acl'), acl.match(/^user aggregator\n(topic .*\n)+/m)[0].replace('aggregator', 'successor'));
  await broker.kill();
  await broker.startAgain();
  w.write(broker.aggregator);
  w.launch();
  await w.says(/<6>connected/);
  w.write({ username: 'successor', password: 'new' });
  process.kill(w.stack.turfd.pid, 'SIGHUP');
  await w.says(/<6>credentials-changed[^]*<6>connected/);
  await counts(w);
});

test('a reload with a credentials file that is none is refused, and the connection stays', async (t) => {
  const w = await withCredentials(t);
  w.write(w.stack.broker.aggregator);
  w.launch();
  await w.says(/<6>connected/);
  writeFileSync(w.file, 'user = aggregator\n');
  process.kill(w.stack.turfd.pid, 'SIGHUP');
  await w.says(/<3>config-refused reason=".*credentials: .* is missing/);
  await w.says(/<3>reload-refused/);
  await counts(w);
  assert.equal(w.stack.turfd.log.match(/<6>connected/g).length, 1);
});

test('a config that contradicts the store does not start', async (t) => {
  const fixture = await running(t);
  await fixture.stack.turfd.stop();
  const config = writeConfig(t, { teams, labels: [{ ...labels[0], name: 'Iets anders' }] });
  const args = ['--config', config, '--store', fixture.stack.store, '--broker', fixture.stack.broker.url];
  const { code, stderr } = await run(program('turfd'), [...args, '--today', '2019-11-20']);
  assert.equal(code, 1);
  assert.match(stderr, /label.* 1\b[^]*nothing was started/);
});
