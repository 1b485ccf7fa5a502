// SPDX-License-Identifier: EUPL-1.2
// Finds exports of JavaScript modules that no other module uses, and npm packages that no module names. tests/lint runs it
// with the paths of all modules and package.json files.
import { readFileSync } from 'node:fs';
import { basename, dirname, normalize } from 'node:path';

const matches = (text, pattern) => [...text.matchAll(pattern)];
const names = (list) => list.split(',').map((one) => one.trim()).filter(Boolean);

function exportsOf(text) {
  const declared = matches(text, /^export (?:async )?(?:function\*?|class|const|let) +([\w$]+)/gm).map((match) => match[1]);
  const listed = matches(text, /^export \{([^}]*)\}(?! from)/gm).flatMap((match) => names(match[1]).map((one) => one.split(' as ').at(-1)));
  return [...declared, ...listed];
}

// What a module takes from others: the other's path, and the names or "*" for all. Of a path that is put together only the
// last part is known.
function importsOf(path, text) {
  const from = (other) => (other.includes('${') ? other.replace(/^.*\//, '') : normalize(`${dirname(path)}/${other}`));
  return [
    ...matches(text, /(?:import|export)\s*(?:[\w$]+\s*,\s*)?\{([^}]*)\}\s*from\s*['"](\.[^'"]*)['"]/g)
      .map(([, list, other]) => ({ other: from(other), names: names(list).map((one) => one.split(' as ')[0].trim()) })),
    ...matches(text, /import\s*\*\s*as\s+[\w$]+\s+from\s*['"](\.[^'"]*)['"]|\bimport\(\s*['"`]((?:\.|\$)[^'"`]*)['"`]\s*\)/g)
      .map(([, all, late]) => ({ other: from(all ?? late), names: ['*'] })),
  ];
}

// A module that is imported whole, or when it is needed, counts as used.
function unusedExports(modules) {
  const imports = modules.flatMap(([path, text]) => importsOf(path, text));
  const used = (path, name) => imports.some(({ other, names: taken }) =>
    (other === path || other === basename(path)) && (taken.includes(name) || taken.includes('*')));
  return modules.flatMap(([path, text]) => exportsOf(text).filter((name) => !used(path, name)).map((name) => `${path}: nothing uses the export ${name}`));
}

function unusedPackages(modules, [path, text]) {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(text);
  return Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !modules.some(([, module]) => module.includes(name)))
    .map((name) => `${path}: no module names the package ${name}`);
}

const files = readFileSync(0, 'utf8').split('\n').filter(Boolean).map((path) => [path, readFileSync(path, 'utf8')]);
const modules = files.filter(([path]) => /\.m?js$/.test(path));
const packages = files.filter(([path]) => basename(path) === 'package.json');
for (const line of [...unusedExports(modules), ...packages.flatMap((one) => unusedPackages(modules, one))]) console.log(line);
