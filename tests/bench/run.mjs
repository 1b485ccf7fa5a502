// SPDX-License-Identifier: EUPL-1.2
// `make bench`: runs every bench, or the one in $ONLY, prints a table and writes bench.json in the build folder.
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';

import { build } from '../system/lib/paths.mjs';
import { benches } from './lib/benches.mjs';

const file = join(build, 'bench.json');
const only = process.env.ONLY;

const digits = (value) => (Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-GB') : String(Number(value.toPrecision(3))));
const cells = ({ name, value, unit, against, ratio, must_reach: must, holds }) =>
  [name, digits(value), unit, against ?? '', ratio === null ? '' : ratio.toFixed(2), must ?? '', holds === null ? '' : holds ? 'yes' : 'NO'];

function table(rows) {
  const lines = [['figure', 'value', 'unit', 'against', 'ratio', 'must reach', 'holds'], ...rows.map(cells)];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) => line.map((cell, i) => (i === 1 || i === 4 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ').trimEnd()).join('\n');
}

// One bench alone takes its rows' places in the list of the last full run.
function written() {
  try {
    return only ? JSON.parse(readFileSync(file, 'utf8')) : [];
  } catch {
    return [];
  }
}

if (only && !benches[only]) {
  console.error(`no bench is called ${only}; there are ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}
const before = written();
const rows = [];
const failures = [];
for (const name of only ? [only] : Object.keys(benches)) {
  process.stderr.write(`${name} (load ${loadavg()[0].toFixed(1)}) ...\n`);
  try {
    rows.push(...(await benches[name]()));
  } catch (error) {
    failures.push(`${name}: ${error.message}`);
  }
  const names = new Set(rows.map((row) => row.name));
  writeFileSync(file, `${JSON.stringify([...before.filter((row) => !names.has(row.name)), ...rows], null, 2)}\n`);
}
console.log(table(rows));
for (const failure of failures) console.error(failure);
process.exitCode = failures.length ? 1 : 0;
