// SPDX-License-Identifier: EUPL-1.2
// libturf as somebody else's program finds it after `make install`: the examples of libturf(3) are compiled as they stand
// there, and so is a program that reads everything that turf.h gives.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { atEnd } from './lib/cleanup.mjs';
import { build, data, root, temporaryFolder } from './lib/paths.mjs';
import { Running, run, succeed } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

// A program can use a library with sanitizers only if it has the same sanitizers. These programs have none.
const skip = /__[at]san_init/.test(readFileSync(join(build, 'libturf.so'), 'latin1')) && 'the library is built with sanitizers';

// libturf, installed in a folder of its own. compile() gives a program and what it needs to find the library.
async function installed(t) {
  const folder = temporaryFolder(t, 'turf-customer');
  await succeed('make', ['-s', '-o', 'all', 'install', `BUILD=${build.replace(`${root}/`, '')}`, `PREFIX=${folder}`, 'LDCONFIG=true']);
  const env = { PKG_CONFIG_PATH: join(folder, 'lib/pkgconfig'), LD_LIBRARY_PATH: join(folder, 'lib') };
  const compile = async (name, source, ...more) => {
    writeFileSync(join(folder, `${name}.c`), source);
    const flags = (await succeed('pkg-config', ['--cflags', '--libs', 'turf'], { env })).stdout.trim().split(/\s+/);
    await succeed('cc', ['-std=c11', '-pedantic', '-Wall', '-Wextra', '-Werror', ...more, '-o', join(folder, name), join(folder, `${name}.c`), ...flags]);
    return join(folder, name);
  };
  return { folder, env, compile };
}

// The programs that libturf(3) prints.
const examples = () => [...readFileSync(join(build, 'man/libturf.3'), 'utf8').matchAll(/^\.Bd -literal\n(#include[^]*?)^\.Ed$/gm)]
  .map(([, text]) => text.replaceAll('\\e', '\\'));

test('the examples of libturf(3) register a question and show the figures', { skip }, async (t) => {
  const { folder, env, compile } = await installed(t);
  const stack = await Stack.start(t, 'steenwijkerland', { config: data('steenwijkerland.conf') });
  const programs = [];
  for (const [i, text] of examples().entries()) {
    const source = text.replace('mqtt://127.0.0.1:18830', stack.broker.url).replace('"outbox"', `"${folder}/outbox"`);
    programs.push(await compile(`example${i}`, source));
  }
  assert.equal(programs.length, 2);
  const [tap, watch] = programs;
  const year = stack.status.today.slice(0, 4);
  const screen = new Running(watch, [year], { env });
  atEnd(t, () => screen.kill('SIGKILL'));
  const shows = async (text) => {
    while (!text.test(screen.stdout)) await Promise.race([once(screen.child.stdout, 'data'), screen.ended.then(() => assert.fail(screen.log))]);
  };
  assert.equal((await succeed(tap, [], { env })).stdout, 'counted, or refused\n');
  await shows(new RegExp(`, ${year}: 1 answered, 0 referred\n  Financiën: 1\n`));
  assert.equal((await succeed(tap, [], { env })).stdout, 'counted, or refused\n');
  await shows(/: 2 answered, 0 referred\n/);
});

test('a program reads the organisations, the date, the catalogue and the weekly course', { skip }, async (t) => {
  const { folder, env, compile } = await installed(t);
  const stack = await Stack.start(t, 'steenwijkerland', { config: data('steenwijkerland.conf'), today: '2019-12-31' });
  const reader = await compile('reader', readFileSync(join(root, 'tests/system/lib/reader.c')));
  assert.equal((await stack.turf(['tap', '--team', 'oost', '--day', '2019-12-31', 'financ'])).code, 0);
  const { code, stdout, stderr } = await run(reader, [stack.broker.url, join(folder, 'outbox'), '2020'], { env });
  assert.deepEqual([code, stderr], [0, ''], stdout);
  const catalogue = 'catalogue steenwijkerland: 4 teams, 11 domains\ndomain 1 Financiën\n';
  assert.ok(stdout.startsWith(`organisation steenwijkerland, Sociaal Werk De Kop, Europe/Amsterdam\ntoday 18261\n${catalogue}`), stdout);
  assert.ok(stdout.includes('status 1, today 18261\n'), stdout);
  assert.ok(stdout.includes(`watched ${catalogue}`), stdout);
  assert.ok(stdout.endsWith('week 1 of oost: 1\n'), stdout);
});
