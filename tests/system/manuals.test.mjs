// SPDX-License-Identifier: EUPL-1.2
// The manual pages and the check that tests/lint makes of them: each kind of gap is planted once, and is found.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { missing, pagesIn, readAll, warnings } from '../manuals.mjs';
import { root, temporaryFolder } from './lib/paths.mjs';

const all = readAll();

// What is found when one text is changed; the change must be one.
function foundAfter(change) {
  const changed = structuredClone(all);
  change(changed);
  assert.notDeepEqual(changed, all, 'something was planted');
  return missing(changed);
}

function inPage(name, from, to = '') {
  return foundAfter(({ pages }) => { pages[name] = pages[name].replaceAll(from, to); });
}

function inHelp(name, from, to) {
  return foundAfter(({ helps }) => {
    const help = helps.find((one) => one.program === name);
    help.overview = help.overview.replace(from, to);
  });
}

test('the pages describe all that there is and nothing else, and mandoc warns of nothing', () => {
  assert.deepEqual([...missing(all), ...warnings(pagesIn())], []);
  assert.deepEqual(Object.keys(all.pages).sort(), ['libturf.3', 'turf.1', 'turfctl.8', 'turfd.8', 'turfd.conf.5', 'turfdoor.8']);
});

test('a command that is in the help and in no page is found, and one that is in a page only', () => {
  assert.deepEqual(inPage('turf.1', '.It Cm undo Op Ar ID\n'), ['turf.1: the command undo of --help is not described']);
  assert.deepEqual(inPage('turfctl.8', '.It Cm quarantine retry', '.It Cm quarantine again'),
    ['turfctl.8: the command quarantine again is not in --help', 'turfctl.8: the command quarantine retry of --help is not described']);
  assert.deepEqual(foundAfter(({ helps }) => { helps[1].commands.prune = 'Usage: turfctl --store DIR prune\n'; }),
    ['turfctl.8: the command prune of --help is not described']);
});

test('an option that is in the help and in no page is found, and one that is in a page only', () => {
  assert.deepEqual(inPage('turf.1', '.It Fl \\-referred\n'), ['turf.1: the option --referred of --help is not described']);
  assert.deepEqual(inPage('turfd.8', '.It Fl \\-check-reload Op Ar FILE\n'), ['turfd.8: the option --check-reload of --help is not described']);
  assert.deepEqual(inHelp('turfctl', '--today DATE ', '--todai DATE '), ['turfctl.8: the option --todai of --help is not described']);
  assert.deepEqual(inPage('turfctl.8', '.It Fl \\-replace\n', '.It Fl \\-force\n'),
    ['turfctl.8: the option --force is not in --help', 'turfctl.8: the option --replace of --help is not described']);
});

test('the pages describe each option in the words of the help', () => {
  const optionsOf = (help) => [...help.split(/^options.*:$/im).pop().matchAll(/^  (--[a-z-]+)(?: \S+)?  +(\S.*(?:\n {10,}\S.*)*)$/gm)]
    .map(([, option, text]) => ({ option, words: text.replace(/\s+/g, ' ').slice(1) }));
  const missed = all.helps.flatMap(({ program, overview, commands }) => {
    const page = Object.entries(all.pages).find(([name]) => name.startsWith(`${program}.`))[1].replace(/\\-/g, '-').replace(/\s+/g, ' ');
    const options = [overview, ...Object.values(commands)].flatMap(optionsOf);
    assert.ok(options.length > 5);
    return options.filter(({ words }) => !page.includes(words)).map(({ option }) => `${program}: ${option}`);
  });
  assert.deepEqual(missed, []);
});

test('an exit status, a variable that is read and a file of the page that is missing are found', () => {
  assert.deepEqual(inPage('turfctl.8', '.It 3\n'), ['turfctl.8: the exit status 3 of --help is not described']);
  assert.deepEqual(inPage('turf.1', '.It Ev TMPDIR\n'), ['no page describes the variable TMPDIR']);
  assert.deepEqual(foundAfter((changed) => { changed.sources += 'getenv("TURF_NEW")'; }), ['no page describes the variable TURF_NEW']);
  assert.ok(foundAfter(({ pages }) => { delete pages['turfd.8']; }).includes('turfd: the option --config of --help is not described'));
});

test('a setting that the parser knows and turfd.conf(5) does not is found, in each group, and the other way round', () => {
  const text = (name) => `turfd.conf.5: the setting ${name} is not described, or not in each of its groups (docs/configuration.md)`;
  assert.deepEqual(inPage('turfd.conf.5', '.It Ic grace_days\n'), [text('grace_days')]);
  assert.deepEqual(foundAfter(({ pages }) => { pages['turfd.conf.5'] = pages['turfd.conf.5'].replace('.It Ic valid_from\n', ''); }), [text('valid_from')]);
  assert.deepEqual(foundAfter((changed) => { changed.parser = changed.parser.replace('"keepalive_s"', '"keepalive_s", "will_delay_s"'); }), [text('will_delay_s')]);
  assert.deepEqual(inPage('turfd.conf.5', '.It Ic cells\n', '.It Ic sells\n').length, 2);
  assert.deepEqual(inPage('turfd.conf.5', /zrm/g, 'matrix'), ['turfd.conf.5: the group zrm is not described (docs/configuration.md)']);
});

test('the page of the settings has each setting of docs/configuration.md', () => {
  const names = [...readFileSync(join(root, 'docs/configuration.md'), 'utf8').matchAll(/^\| `([\w.]+)` \|/gm)].map((match) => match[1]);
  assert.deepEqual([...all.pages['turfd.conf.5'].matchAll(/^\.It Ic (.*)$/gm)].map((match) => match[1]), names);
  assert.ok(names.length > 30);
});

test('a function and a word of turf.h that libturf(3) does not describe are found, and those that turf.h does not have', () => {
  assert.deepEqual(inPage('libturf.3', '.Fn turf_reconnect_now "struct turf *turf"\n'), ['libturf.3: the function turf_reconnect_now is not in SYNOPSIS']);
  assert.deepEqual(inPage('libturf.3', '.Fn turf_reconnect_now\n'), ['libturf.3: the function turf_reconnect_now is not described']);
  assert.deepEqual(foundAfter((changed) => { changed.header += 'TURF_API int turf_flush(struct turf *turf);'; }),
    ['libturf.3: the function turf_flush is not in SYNOPSIS', 'libturf.3: the function turf_flush is not described', 'libturf.3: the function turf_flush is not in NAME']);
  assert.deepEqual(inPage('libturf.3', '.It Dv TURF_FULL\n'), ['libturf.3: TURF_FULL of turf.h is not described']);
  assert.deepEqual(foundAfter((changed) => { changed.header = changed.header.replace('TURF_STORE = -4,', ''); }), ['libturf.3: turf.h has no TURF_STORE']);
});

test('a page that mandoc warns of is found', (t) => {
  const folder = temporaryFolder(t, 'turf-man');
  writeFileSync(join(folder, 'turf.1'), all.pages['turf.1'].replace('.Sh FILES', '.Sh'));
  assert.match(warnings(pagesIn(folder)).join('\n'), /turf\.1:\d+:\d+: .*empty/);
});
