// SPDX-License-Identifier: EUPL-1.2
// turfctl as its one part-time administrator uses it: beside a turfd that runs, on figures that move meanwhile.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { guardFormula } from '../../broker-client/web/src/leader/files/csv.js';
import { writeConfig } from './lib/config.mjs';
import { decode, newId, question, retraction, secretOf } from './lib/messages.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { eventually, run } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const today = '2019-12-31';
const referred = (day, domain) => question(day, domain, 'OUTCOME_REFERRED');

// A stack, a screen that sees everything and a phone; ctl() resolves whatever the exit status is.
async function fixture(t, changes = {}, options = {}) {
  const config = writeConfig(t, changes);
  const stack = await Stack.start(t, 'proef', { config, today, ...options });
  const ctl = (...args) => run(program('turfctl'), args, { env: { TURF_STORE: stack.store } });
  return { stack, config, ctl, watcher: await stack.watcher(), phone: await stack.phone() };
}

// Waits until the JSON twin of `which` (team/period) is as `condition` wants it.
function figure({ stack, watcher }, which, condition) {
  const topic = stack.topic(`summary-json/${which}`);
  return watcher.until(() => {
    const payload = watcher.newest(topic);
    const summary = payload?.length > 0 && JSON.parse(payload);
    return summary && condition(summary) && summary;
  }, `${which}: ${condition}`);
}

async function succeeds(result) {
  const { code, stdout, stderr } = await result;
  assert.equal(code, 0, stderr);
  return stdout;
}

async function fails(result, code, pattern) {
  const answer = await result;
  assert.equal(answer.code, code, answer.stdout + answer.stderr);
  assert.match(answer.stderr + answer.stdout, pattern);
}

// ---- show and export ----------------------------------------------------------------------------------

// Noord came in the third quarter; west went at its end. The matrix of 2013 has eleven domains.
const teams = [
  { id: 'oost', name: 'Oost' },
  { id: 'noord', name: 'Noord aan Zee', valid_from: '2019-07-01' },
  { id: 'west', name: 'West', valid_until: '2019-10-01' },
];

async function smallYear(t) {
  const all = await fixture(t, { teams, counting_since: '2019-04-01', grace_days: 800, labels: [{ code: 7, name: 'Sportfonds', kind: 'subject' }] });
  const { phone } = all;
  await phone.register('oost', [question('2019-05-01', 1), question('2019-05-02', 1), referred('2019-07-01', 8)]);
  await phone.register('oost', [question('2019-12-31', 1, 'OUTCOME_ANSWERED', [7]), referred('2019-12-31', 9)]);
  await phone.register('west', [question('2019-09-30', 4), question('2019-09-30', 1)]);
  return all;
}

test('show prints the year, a quarter and a team', async (t) => {
  const { ctl } = await smallYear(t);
  assert.equal(await succeeds(ctl('show')), `\
Proefgemeente (all), 2019
Counts of questions, not persons (vragen, geen personen). Status on 2019-12-31: open.

Quarter  Questions  Answered  Referred  Share referred  Status
2019-Q1          -
2019-Q2          2         2         0            0.0%  provisional
2019-Q3          3         2         1           33.3%  provisional
2019-Q4          2         1         1           50.0%  open
-------------------------------------------------------------------
2019             7         5         2           28.6%  open

   Top 5 domains                 Questions  Answered  Referred  Share referred
1  Financiën                             4         4         0            0.0%
2  Huiselijke relaties                   1         1         0            0.0%
3  Activiteiten Dagelijks Leven          1         0         1          100.0%
4  Sociaal netwerk                       1         0         1          100.0%

Questions per team  2019-Q1  2019-Q2  2019-Q3  2019-Q4  2019
Oost                      -        2        1        2     5
Noord aan Zee             -        -        0        0     0
West                      -        0        2        -     2
------------------------------------------------------------
Total                     -        2        3        2     7

Label       Kind     Questions
Sportfonds  subject          1

-: no figure. Not begun yet, before counting began, or the team did not exist.
`);
  assert.equal(await succeeds(ctl('show', '2019-Q3', '--team', 'west')), `\
West (west), 2019-Q3
Counts of questions, not persons (vragen, geen personen). Status on 2019-12-31: provisional.

Domain                         Questions  Answered  Referred  Share referred
Financiën                              1         1         0            0.0%
Dagbesteding                           0         0         0               -
Huisvesting                            0         0         0               -
Huiselijke relaties                    1         1         0            0.0%
Geestelijke gezondheid                 0         0         0               -
Lichamelijke gezondheid                0         0         0               -
Verslaving                             0         0         0               -
Activiteiten Dagelijks Leven           0         0         0               -
Sociaal netwerk                        0         0         0               -
Maatschappelijke participatie          0         0         0               -
Justitie                               0         0         0               -
----------------------------------------------------------------------------
Total                                  2         2         0            0.0%
`);
  const quarter = await succeeds(ctl('show', '2019-Q4'));
  assert.match(quarter, /^Team +Questions .*\nOost +2 .*\nNoord aan Zee +0 .*\n-+\nTotal +2 /m);
  assert.doesNotMatch(quarter, /West/, 'west was gone');
});

test('turfctl says that a period or a team has no figures', async (t) => {
  const { ctl } = await fixture(t, { teams, counting_since: '2019-04-01' });
  await fails(ctl('show', '2018'), 1, /counting began on 2019-04-01/);
  await fails(ctl('show', '2020-Q1'), 1, /no figures for 2020-Q1: today is 2019-12-31/);
  await fails(ctl('show', '2019-Q4', '--team', 'west'), 1, /team west did not exist then/);
  await fails(ctl('show', '--team', 'zuid'), 1, /no team is called "zuid"; there are oost, noord, west, all/);
  await fails(ctl('export', '--period', '2019-Q4', '--team', 'west'), 1, /no figures/);
  const { stdout } = await ctl('show', '2020-Q1', '--today', '2020-01-01');
  assert.match(stdout, /Status on 2020-01-01: open/);
});

test('the CSV has a row for each total and each domain', async (t) => {
  const { ctl } = await smallYear(t);
  const csv = await succeeds(ctl('export', '--period', '2019-Q4', '--team', 'oost'));
  const rows = csv.split('\r\n');
  assert.equal(rows[0], 'org,team,team_name,period,status,revision,generation,domain,domain_name,answered,referred,questions');
  assert.match(rows[1], /^proef,oost,Oost,2019-Q4,open,0,\d{13,16},,total,1,1,2$/);
  assert.match(rows[2], /^proef,oost,Oost,2019-Q4,open,0,\d{13,16},1,Financiën,1,0,1$/);
  assert.equal(rows.length, 1 + 1 + 11 + 1, 'header, total, domains, and nothing after the last line');
  assert.equal(rows.at(-1), '');

  const file = join(temporaryFolder(t), 'figures.csv');
  assert.equal(await succeeds(ctl('export', '--separator', ';', '--output', file)), '');
  const excel = readFileSync(file, 'utf8');
  assert.ok(excel.startsWith('\ufefforg;team;'), 'a byte order mark for Excel');
  const totals = excel.split('\r\n').map((row) => row.split(';')).filter((row) => row[7] === '' && row[8] === 'total');
  assert.deepEqual(totals.map((row) => [row[1], row[3], Number(row[11])]), [
    ['oost', '2019-Q2', 2], ['oost', '2019-Q3', 1], ['oost', '2019-Q4', 2], ['oost', '2019', 5],
    ['noord', '2019-Q3', 0], ['noord', '2019-Q4', 0], ['noord', '2019', 0],
    ['west', '2019-Q2', 0], ['west', '2019-Q3', 2], ['west', '2019', 2],
    ['all', '2019-Q2', 2], ['all', '2019-Q3', 3], ['all', '2019-Q4', 2], ['all', '2019', 7],
  ]);
  await fails(ctl('export', '--output', '/dev/full'), 1, /\/dev\/full is incomplete: No space left on device/);
  await fails(ctl('export', '--output', join(file, 'below')), 1, /cannot write .*: Not a directory/);
});

test('no name in the CSV is a formula to a spreadsheet, by the rule of the page', async (t) => {
  const names = ['=1+1', '+31 521', '-1', '@SUM(A1)', '|x', ' =1', '\uff1d1+1', 'Werk, =1', 'Oost'];
  const { ctl } = await fixture(t, { teams: names.map((name, i) => ({ id: `t${i}`, name })) });
  const lines = (await succeeds(ctl('export', '--separator', 'tab', '--period', '2019'))).slice(1).split('\r\n').map((line) => line.split('\t'));
  const exported = new Map(lines.filter((line) => line[8] === 'total').map((line) => [line[1], line[2].replaceAll('"', '')]));
  assert.deepEqual(names.map((_, i) => exported.get(`t${i}`)), names.map(guardFormula));
  assert.equal(exported.get('t0'), "'=1+1");
});

test('the JSON is what turfd publishes', async (t) => {
  const all = await smallYear(t);
  const { ctl, watcher, stack } = all;
  await figure(all, 'all/2019', (summary) => summary.questions === 7);
  const { summaries } = JSON.parse(await succeeds(ctl('export', '--format', 'json')));
  const known = ({ as_of, generation, ...figures }) => figures;
  const exported = Object.fromEntries(summaries.map((one) => [`${one.team}/${one.period}`, known(one)]));
  const published = (messages) => {
    const newest = {};
    for (const { topic, payload } of messages) {
      const [, which] = topic.match(/\/summary-json\/(.*)$/) ?? [];
      if (which) newest[which] = known(JSON.parse(payload));
    }
    return newest;
  };
  assert.equal(Object.keys(exported).length, 4 + 3 + 3 + 4);
  await watcher.until((messages) => isDeepStrictEqual(published(messages), exported), 'the figures that turfctl exported');
});

test('held cells are shown as undistributed', async (t) => {
  const { ctl, phone } = await fixture(t, { cells: 5 });
  await phone.register('oost', [question(today, 1), question(today, 1), referred(today, 11)]);
  const shown = await succeeds(ctl('show', '2019-Q4'));
  assert.match(shown, /^Financiën +0 .*$/m);
  assert.match(shown, /^\(not shown per domain yet\) +3 +2 +1 /m);
  assert.match(shown, /held cells\): 3\./);
  assert.match(await succeeds(ctl('export', '--period', '2019-Q4')), /,undistributed,"?in the total, not shown per domain yet"?,2,1,3\r\n/);
  assert.match(await succeeds(ctl('info')), /^domain figures +move when 5 new questions are in$/m);
});

// ---- quarantine ---------------------------------------------------------------------------------------

test('what was refused is looked at, tried again after the catalogue was mended, and counts once', async (t) => {
  const all = await fixture(t);
  const { stack, config, ctl, phone, watcher } = all;
  const taps = [question(today, 1), referred(today, 3)];
  await phone.register('noord', taps);
  await phone.register('oost', [question(today, 99), question('2020-02-01', 1), question(4e9, 1), retraction(newId(), '2019-01-01')]);
  await phone.client.publish(stack.topic('registration/oost'), 'not a submission');
  await phone.register('oost', [question(today, 1)]); // what came before is dealt with

  const list = await succeeds(ctl('quarantine', 'list'));
  assert.match(list, /^refused-unknown-team\/\d+ +2019-12-31 +noord +a question of 2019-12-31$/m);
  assert.match(list, /^refused-day-in-future\/\d+ .* a question of 2020-02-01$/m);
  assert.match(list, /^refused-retraction-too-late\/\d+ .* a retraction of 2019-01-01$/m);
  assert.match(list, /^refused-day-in-future\/\d+ .* a question of day number 4000000000$/m);
  assert.match(list, /^7 entries/m);
  const [, entry] = list.match(/^refused-(unknown-domain\/\d+)/m);
  assert.match(await succeeds(ctl('quarantine', 'show', entry)), /question +domain 99 \(not in the catalogue\), answered/);
  assert.match(await succeeds(ctl('quarantine', 'retry')), /^7 tried again: 0 left the quarantine, 7 kept$/m);

  copyFileSync(writeConfig(t, { teams: ['oost', 'west', 'noord'].map((id) => ({ id, name: id })) }), config);
  process.kill(stack.turfd.pid, 'SIGHUP');
  const names = () => watcher.newest(stack.topic('catalogue')) && decode('Catalogue', watcher.newest(stack.topic('catalogue'))).teams;
  await watcher.until(() => names()?.some(({ id }) => id === 'noord'), 'the catalogue with noord');
  const retried = await succeeds(ctl('quarantine', 'retry', 'unknown-team'));
  assert.equal(retried.match(/^refused-unknown-team\/\d+: counted$/gm)?.length, 2, retried);
  const { answered, referred: sentOn } = await figure(all, 'noord/2019-Q4', (summary) => summary.questions === 2);
  assert.deepEqual([answered, sentOn], [1, 1], 'turfd publishes what turfctl changed');
  assert.deepEqual(await phone.register('noord', taps), ['VERDICT_ALREADY_COUNTED', 'VERDICT_ALREADY_COUNTED']);
  await fails(ctl('quarantine', 'retry', 'unknown-team'), 1, /nothing in quarantine is called unknown-team/);

  assert.equal(await succeeds(ctl('quarantine', 'drop', entry)), '1 dropped\n');
  await fails(ctl('quarantine', 'drop', entry), 1, /nothing in quarantine is called/);
  for (const reason of ['malformed', 'day-in-future', 'refused-retraction-too-late']) await succeeds(ctl('quarantine', 'drop', reason));
  assert.equal(await succeeds(ctl('quarantine', 'list')), 'nothing in quarantine\n');
  assert.match(await succeeds(ctl('verify')), /^verified: 3 ids, .*: OK$/m);
});

test('a retraction in quarantine: no proof is kept; one that had its proof is judged again, one that had none is not', async (t) => {
  const file = join(temporaryFolder(t), 'today');
  writeFileSync(file, today);
  const { stack, ctl, phone, config, watcher } = await fixture(t, {}, { today: `@${file}` });
  const [stolen, old, early] = [question(today, 1), question('2019-12-10', 1), question('2020-01-02', 1)];
  assert.deepEqual(await phone.register('oost', [stolen, old]), Array(2).fill('VERDICT_COUNTED'));
  const sent = [early, old].map(({ id, day }) => retraction(id, day)).concat([null, Buffer.alloc(16, 1)].map((proof) => retraction(stolen.id, today, proof)));
  assert.deepEqual(await phone.register('oost', sent),
    ['DAY_IN_FUTURE', 'RETRACTION_TOO_LATE', 'MALFORMED', 'MALFORMED'].map((reason) => `VERDICT_REFUSED_${reason}`));

  const list = await succeeds(ctl('quarantine', 'list'));
  assert.equal(list.match(/ a retraction of /g).length, 4, list);
  const secrets = [early, old, stolen].map(({ id }) => secretOf(id));
  const proofs = [...secrets, Buffer.alloc(16, 1)];
  for (const [entry] of list.matchAll(/^refused-\S+/gm)) {
    const shown = await succeeds(ctl('quarantine', 'show', entry));
    assert.match(shown, /^ {2}retraction \(its proof is never kept\)$/m);
    for (const proof of proofs) assert.ok(!shown.includes(proof.toString('hex')), shown);
  }
  const kept = readFileSync(join(stack.store, 'data.mdb'));
  assert.ok(kept.includes(stolen.id));
  for (const secret of proofs) assert.ok(!kept.includes(secret));

  writeFileSync(file, '2020-01-01');
  await watcher.until(() => JSON.parse(watcher.newest(stack.topic('status/aggregator')) ?? '{}').today === '2020-01-01', 'the next day');
  copyFileSync(writeConfig(t, { retraction_proof: 'optional' }), config);
  process.kill(stack.turfd.pid, 'SIGHUP');
  await eventually(() => stack.turfd.log.includes('reloaded '), 'the reload');
  const retried = await succeeds(ctl('quarantine', 'retry'));
  assert.match(retried, /^refused-day-in-future\/\d+: retracted$/m);
  assert.equal(retried.match(/^refused-malformed\/\d+: refused-malformed \(kept\)$/gm)?.length, 2, retried);
  assert.match(retried, /^4 tried again: 1 left the quarantine, 3 kept$/m);
  assert.deepEqual(await phone.register('oost', [early, stolen, old]),
    ['VERDICT_ALREADY_RETRACTED', 'VERDICT_ALREADY_COUNTED', 'VERDICT_ALREADY_COUNTED']);
});

// ---- Time: confirm-date and revise --------------------------------------------------------------------

test('a date that jumped is confirmed; a final quarter is revised', async (t) => {
  const file = join(temporaryFolder(t), 'today');
  writeFileSync(file, today);
  const all = await fixture(t, {}, { today: `@${file}` });
  const { ctl, phone, watcher, stack } = all;
  await phone.register('oost', [question(today, 1), question(today, 2)]);
  await fails(ctl('confirm-date'), 1, /no date is waiting/);
  await fails(ctl('revise', '2019-Q4'), 1, /2019-Q4 is not final yet/);

  writeFileSync(file, '2020-03-01');
  const pending = () => JSON.parse(watcher.newest(stack.topic('status/aggregator')) ?? '{}').date_pending;
  await watcher.until(() => pending() === '2020-03-01', 'a pending date');
  assert.match(await succeeds(ctl('info')), /^DATE WAITING +2020-03-01: .*confirm-date$/m);
  // turfd counts by it all the same, and so what is shown and tried again goes by it.
  assert.deepEqual(await phone.register('oost', [question('2020-03-03', 1)]), ['VERDICT_REFUSED_DAY_IN_FUTURE']);
  writeFileSync(file, '2020-03-10');
  await watcher.until(() => pending() === '2020-03-10', 'another date');
  assert.match(await succeeds(ctl('show')), /, 2020\n.* Status on 2020-03-10: open\./);
  assert.match(await succeeds(ctl('quarantine', 'retry', 'day-in-future')), /^refused-day-in-future\/1: counted$/m);
  writeFileSync(file, '2020-03-01');
  await watcher.until(() => pending() === '2020-03-01', 'the first date again');
  assert.match(await succeeds(ctl('confirm-date')), /^2020-03-01 is confirmed/);
  const final = await figure(all, 'oost/2019-Q4', (summary) => summary.status === 'final');
  assert.deepEqual([final.revision, final.questions], [1, 2]);

  assert.deepEqual(await phone.register('oost', [referred('2019-12-30', 1)]), ['VERDICT_COUNTED_LATE']);
  assert.match(await succeeds(ctl('show', '2019-Q4', '--today', '2020-03-01')), /Status on 2020-03-01: final\.[^]*Late .*: 1\./);
  assert.match(await succeeds(ctl('show', '2019', '--today', '2020-03-01')), /^2019-Q4 .* final, 1 late$/m);
  assert.match(await succeeds(ctl('export', '--period', '2019-Q4', '--team', 'oost')), /,late,"late, not in the total",,,1\r\n/);
  assert.equal(await succeeds(ctl('revise', '2019-Q4')), '2019-Q4: late questions taken in: 1; its figures are final, now revision 2\n');
  const revised = await figure(all, 'oost/2019-Q4', (summary) => summary.revision === 2);
  assert.deepEqual([revised.questions, revised.referred, revised.late], [3, 1, 0]);
  assert.match(await succeeds(ctl('show', '2019')), /^2019-Q4 +3 .*final, revision 2$/m);
  await fails(ctl('revise', '2019-Q4'), 1, /no late questions/);
  assert.match(await succeeds(ctl('verify')), /OK$/m);
});

// ---- verify, backup, restore --------------------------------------------------------------------------

test('a backup made while turfd counts comes back, and phones heal what it missed', async (t) => {
  const all = await fixture(t);
  const { stack, ctl, phone } = all;
  const copy = join(temporaryFolder(t), 'backup');
  await phone.register('oost', [1, 2, 3, 4, 5].map((domain) => question(today, domain)));
  await succeeds(ctl('backup', copy));
  await fails(ctl('backup', copy), 1, /new or empty/);
  const missed = [question(today, 6), question(today, 7)];
  await phone.register('oost', missed);
  await fails(ctl('restore', copy, '--replace'), 3, /held by process \d+/);
  const { epoch } = stack.status;

  assert.deepEqual(await stack.turfd.stop(), { code: 0, signal: null });
  await fails(ctl('restore', copy), 1, /--replace/);
  await succeeds(ctl('restore', copy, '--replace'));
  assert.ok(existsSync(join(stack.store, 'data.mdb.before-restore')), 'the old data is kept');
  assert.match(await succeeds(ctl('verify')), /^verified: 5 ids, .*: OK$/m);
  assert.notEqual((await stack.startTurfd()).epoch, epoch);
  assert.deepEqual(await phone.register('oost', missed), ['VERDICT_COUNTED', 'VERDICT_COUNTED']);
  assert.match(await succeeds(ctl('show', '2019-Q4')), /^Total +7 /m);
});

test('damage is found: in a backup, and in the store', async (t) => {
  const { stack, ctl, phone } = await fixture(t);
  const copy = join(temporaryFolder(t), 'backup');
  await phone.register('oost', [question(today, 1)]);
  await succeeds(ctl('backup', copy));
  assert.deepEqual(await stack.turfd.stop(), { code: 0, signal: null });
  const damage = (file) => {
    const bytes = readFileSync(file);
    let hits = 0;
    for (let at = bytes.indexOf('Financi'); at >= 0; at = bytes.indexOf('Financi', at + 1), hits++) bytes[at] ^= 1;
    assert.ok(hits > 0, 'the catalogue is in there');
    writeFileSync(file, bytes);
  };
  damage(join(copy, 'data.mdb'));
  await fails(ctl('restore', copy, '--replace'), 1, /MANIFEST|SHA-256|differs/);
  damage(join(stack.store, 'data.mdb'));
  await fails(ctl('verify'), 1, /^wrong: .*catalogue[^]*^NOT OK: \d found wrong/m);
  await fails(ctl('show'), 1, /catalogue in the store is damaged; restore a backup/);
});

// ---- The command line ---------------------------------------------------------------------------------

const mistakes = [
  [[], /say what to do/],
  [['frob'], /no command "frob"/],
  [['--frob'], /no option --frob/],
  [['show', '--team'], /--team needs a value/],
  [['show', '2019', '2018'], /too many arguments/],
  [['show', '2019-Q5'], /not "2019-Q5"/],
  [['show', '--today', '2019-02-30'], /--today takes a date/],
  [['show', '--replace'], /show does not take/],
  [['export', '--format', 'xml'], /csv or json/],
  [['export', '--separator', '|'], /one of , ; tab/],
  [['export', '--format', 'json', '--separator', ';'], /goes with --format csv/],
  [['export', '--period', 'now'], /not "now"/],
  [['backup'], /too few arguments/],
  [['quarantine'], /too few arguments/],
  [['quarantine', 'eat'], /not "eat"/],
  [['quarantine', 'drop'], /give an entry/],
  [['quarantine', 'show', 'malformed'], /malformed\/SEQ/],
  [['quarantine', 'retry', 'counted'], /refused-unknown-team/],
  [['quarantine', 'retry', 'malformed/1x'], /no entry is called/],
  [['revise', '2019'], /a quarter/],
];

test('a wrong command line is refused with the reason, and nothing is done', async (t) => {
  const store = join(temporaryFolder(t), 'none');
  for (const [args, pattern] of mistakes) {
    const { code, stdout, stderr } = await run(program('turfctl'), args, { env: { TURF_STORE: store } });
    assert.equal(code, 2, `turfctl ${args.join(' ')}: ${stdout}${stderr}`);
    assert.match(stderr, pattern);
    assert.equal(stdout, '');
  }
  await fails(run(program('turfctl'), ['show'], { env: { TURF_STORE: '' } }), 2, /say which store/);
  await fails(run(program('turfctl'), ['show', '--store', store]), 1, /no such store/);
  assert.ok(!existsSync(store), 'no store was made');
});

test('help and version need no store', async () => {
  const ctl = (...args) => run(program('turfctl'), args, { env: { TURF_STORE: '' } });
  const help = await succeeds(ctl('--help'));
  const commands = help.match(/^ {2}[a-z-]+(?= {2,}[a-z])/gm).map((name) => name.trim());
  assert.deepEqual(commands, ['show', 'export', 'info', 'verify', 'backup', 'restore', 'quarantine', 'revise', 'confirm-date']);
  for (const command of commands) assert.match(await succeeds(ctl(command, '--help')), new RegExp(`^Usage: .* ${command}`));
  assert.match(await succeeds(ctl('--version')), /^turfctl \d+\.\d+\.\d+\n$/);
});
