// SPDX-License-Identifier: EUPL-1.2
// Names, arguments and addresses with characters that steer a terminal or turn the direction of text: no program shows one.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { writeConfig } from './lib/config.mjs';
import { question } from './lib/messages.mjs';
import { program, temporaryFolder } from './lib/paths.mjs';
import { run } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const evil = '\u202e\u2066\u200f\u061c'; // a name may hold these
const worse = `${evil}\u009b31m\u0085\x1b]0;x\x07`; // what a person pastes may hold these too

// All but the ends of lines.
const hostile = /[\x00-\x09\x0b-\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

async function says(command, args, expected, options) {
  const { stdout, stderr } = await run(program(command), args, options);
  const said = stdout + stderr;
  assert.match(said, expected, `${command} ${args.join(' ')}`);
  assert.doesNotMatch(said, hostile, `${command} ${args.join(' ')}: ${JSON.stringify(said)}`);
  return stdout;
}

test('an argument is quoted without what would steer the terminal', async (t) => {
  const home = temporaryFolder(t, 'turf-text');
  const env = { HOME: home, XDG_STATE_HOME: '', TURF_BROKER: 'mqtt://127.0.0.1:1', TURF_ORG: '' };
  const file = join(home, `list${worse}.csv`);
  writeFileSync(file, `day,team,domain,outcome\n2019-12-31,${worse},${worse},${worse}\n`);
  for (const [args, expected] of [
    [[worse], /no command "\?{4}\?31m\?\?\]0;x\?"/], [['help', worse], /no command/], [['tap', `--${worse}`, '1'], /has no option/],
    [['tap', '1', worse], /no place for/], [['tap', '1', '--org', worse], /--org/], [['tap', '1', '--day', worse], /--day/],
    [['tap', '1', '--wait', worse], /--wait/], [['tap', '1', '--broker', worse], /broker|mqtt/], [['tap', '1', '--credentials', `/${worse}`], /No such file/],
    [['tap', '1', '--org', 'proef', '--team', worse], /\?{4}\?31m/], [['tap', worse, '--org', 'proef', '--team', 'oost', '--wait', '0'], /no list of domains yet|code/],
    [['undo', worse, '--org', 'proef', '--wait', '0'], /no tap "/], [['watch', '--team', worse], /--team/], [['watch', '--period', worse], /--period/],
    [['replay', `/${worse}`], /No such file/], [['replay', file], /domain "\?{4}\?31m/],
  ]) await says('turf', args, expected, { env });
  for (const [args, expected] of [
    [[worse], /turfctl/], [['--store', `/${worse}`, 'info'], /no such store/], [['--store', `/${worse}`, 'verify'], /no such store/],
    [['--store', home, 'show', worse], /turfctl/], [['--store', home, 'backup', `/${worse}/x`], /turfctl/],
  ]) await says('turfctl', args, expected);
  for (const args of [[`--${worse}`], ['--check', `/${worse}`], ['--config', `/${worse}`]]) await says('turfd', args, /turfd|No such file|config/);
});

test('names of the catalogue are shown by no program as they would read themselves', async (t) => {
  const teams = [{ id: 'oost', name: `Oost ${evil}` }];
  const config = writeConfig(t, { name: `Proef ${evil}`, teams, domains: [{ code: 200, name: `Geld ${evil}` }] });
  const stack = await Stack.start(t, 'proef', { config, today: '2019-12-31' });
  const phone = await stack.phone();
  assert.deepEqual(await phone.register('oost', [question('2019-12-31', 200), question('2019-12-31', 201)]), ['VERDICT_COUNTED', 'VERDICT_REFUSED_UNKNOWN_DOMAIN']);
  const common = ['--broker', stack.broker.url, '--org', 'proef'];
  const env = { XDG_STATE_HOME: temporaryFolder(t, 'turf-text'), HOME: '' };
  const turf = (...args) => says('turf', [...args, ...common], args[0] === 'watch' ? /Geld/ : /\?/, { env });
  await turf('tap', 'geen', '--day', '2019-12-31', '--team', 'oost');
  await turf('tap', 'geld', '--day', '2019-12-31', '--team', 'oost');
  await turf('undo');
  await turf('watch', '--team', 'oost', '--once');
  const json = JSON.parse(await turf('watch', '--team', 'oost', '--once', '--json'));
  assert.equal(json.team_name, `Oost ${evil}`, 'JSON says the same in other characters');
  const turfctl = (...args) => says('turfctl', ['--store', stack.store, ...args], /Oost \?|Geld \?|org|domain/);
  for (const args of [['show', '2019'], ['show', '2019-Q4', '--team', 'oost'], ['info'], ['quarantine', 'list'],
    ['quarantine', 'show', 'unknown-domain/1'], ['export', '--period', '2019', '--format', 'csv']]) await turfctl(...args);
  const exported = JSON.parse(await turfctl('export', '--period', '2019', '--format', 'json'));
  assert.ok(JSON.stringify(exported).includes(`Oost ${evil}`));
});

test('a log line holds nothing that steers what shows it', async (t) => {
  const config = writeConfig(t, { timezone: `Europe/${evil}` });
  await says('turfd', ['--config', config, '--store', join(temporaryFolder(t), 'store')], /^<3>config .*no time zone "Europe\/\?{4}"/m);
  await says('turfd', ['--check', config], /no time zone "Europe\/\?{4}"/);
});
