// SPDX-License-Identifier: EUPL-1.2
// What the object files of a build say about the sources, with nm: whether files use each other in a circle. tests/lint
// runs it after a build and prints what it finds; BUILD holds the objects.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

// Reads the objects of these folders whose source is there. Returns, for each: file (its path without ".c"), the global
// symbols that it defines, and those that it uses.
export function readObjects(build, folders, sources = root) {
  return folders.filter((folder) => existsSync(join(build, folder))).flatMap((folder) =>
    readdirSync(join(build, folder)).filter((name) => name.endsWith('.o')).map((name) => join(folder, name.slice(0, -2)))
      .filter((file) => existsSync(join(sources, `${file}.c`))).map((file) => readObject(build, file)));
}

function readObject(build, file) {
  const lines = execFileSync('nm', ['--extern-only', '--format=posix', join(build, `${file}.o`)], { encoding: 'utf8' });
  const symbols = lines.split('\n').filter(Boolean).map((line) => line.split(' '));
  return {
    file,
    defines: symbols.filter(([, type]) => type !== 'U').map(([name]) => name),
    uses: symbols.filter(([, type]) => type === 'U').map(([name]) => name),
  };
}

// Which files each file uses, and by what. Two programs may define the same name (main): then only a file of the same
// folder is meant.
function graphOf(objects) {
  const folder = (file) => file.replace(/\/[^/]*$/, '');
  return new Map(objects.map(({ file, uses }) => {
    const edges = new Map();
    for (const symbol of uses) {
      const owners = objects.filter(({ defines }) => defines.includes(symbol));
      const owner = owners.length > 1 ? owners.find((one) => folder(one.file) === folder(file)) : owners[0];
      if (owner && owner.file !== file) edges.set(owner.file, [...(edges.get(owner.file) ?? []), symbol]);
    }
    return [file, edges];
  }));
}

function reachable(graph, from) {
  const seen = new Set(), next = [from];
  while (next.length > 0) {
    for (const file of graph.get(next.pop())?.keys() ?? []) {
      if (!seen.has(file)) next.push(file);
      seen.add(file);
    }
  }
  return seen;
}

// Each use that is part of a circle.
export function circles(objects) {
  const graph = graphOf(objects);
  const reach = new Map([...graph.keys()].map((file) => [file, reachable(graph, file)]));
  return [...graph].flatMap(([file, edges]) => [...edges].filter(([other]) => reach.get(other)?.has(file))
    .map(([other, symbols]) => `${file}.c uses ${symbols.join(', ')} of ${other}.c, which uses ${file}.c in turn`));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const objects = readObjects(resolve(root, process.env.BUILD || 'build'), process.argv.slice(2));
  for (const line of circles(objects)) console.log(line);
}
