// SPDX-License-Identifier: EUPL-1.2
// What the object files of a build say about the sources, with nm: whether files use each other in a circle, whether each
// global name begins with a prefix of its file, and whether another file uses it. tests/lint runs it after a build, with
// the name of a check and the folders to look at; BUILD holds the objects.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

// Reads the objects of these folders whose source is there. Returns, for each: file (its path without ".c"), the global
// symbols that it defines, and those that it uses.
function readObjects(build, folders) {
  const files = folders.filter((folder) => existsSync(join(build, folder))).flatMap((folder) =>
    readdirSync(join(build, folder)).filter((name) => name.endsWith('.o')).map((name) => join(folder, name.slice(0, -2)))
      .filter((file) => existsSync(join(root, `${file}.c`))));
  const options = ['--extern-only', '--format=posix', '--print-file-name'];
  const text = files.length === 0 ? '' : execFileSync('nm', [...options, ...files.map((file) => join(build, `${file}.o`))], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const objects = new Map(files.map((file) => [join(build, `${file}.o`), { file, defines: [], uses: [] }]));
  for (const [, path, name, type] of text.matchAll(/^(.*): (\S+) (\S)/gm)) objects.get(path)[type === 'U' ? 'uses' : 'defines'].push(name);
  return [...objects.values()];
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
function circles(objects) {
  const graph = graphOf(objects);
  const reach = new Map([...graph.keys()].map((file) => [file, reachable(graph, file)]));
  return [...graph].flatMap(([file, edges]) => [...edges].filter(([other]) => reach.get(other)?.has(file))
    .map(([other, symbols]) => `${file}.c uses ${symbols.join(', ')} of ${other}.c, which uses ${file}.c in turn`));
}

// A file's prefixes are the first or the last words of its name, and the name of its folder where that names the functions.
const folderPrefixes = {
  store: ['store'],
  'store/admin': ['store'],
  door: ['door'],
  'broker-client/libturf': ['turf'],
  'broker-client/cli': ['cli'],
  'aggregator/config': ['config'],
  'aggregator/figures': ['figures'],
  'aggregator/ctl': ['ctl'],
};

// Files that have several nouns, or one that is not in their name.
const filePrefixes = {
  'base/bytes': ['crc32c', 'get_be16', 'get_be32', 'get_be64', 'hex', 'put_be16', 'put_be32', 'put_be64', 'random_bytes', 'room_for_one'],
  'proto/calendar': ['date', 'day_of', 'iso_week', 'iso_weeks', 'period', 'quarter', 'year_of'],
  'proto/message_summary': ['weekly'],
  'store/cells': ['cell', 'quarter'],
  'store/keys': ['key'],
  'store/meta': ['state'],
  'store/records': ['cell', 'format', 'id', 'org', 'purged_week', 'quarantine', 'quarter', 'record', 'state', 'team', 'week'],
  'store/teams': ['team'],
  'aggregator/config/clock': ['org_date'],
  'aggregator/config/values': ['setting'],
};

// What the system calls, or a broker that loads a plugin.
const entryPoints = new Set(['main', 'mosquitto_plugin_version', 'mosquitto_plugin_init', 'mosquitto_plugin_cleanup']);

// The names of this file are Paho's, and Paho uses them.
const paho = 'broker-client/mqtt/mqtt_paho';

function prefixesOf(file) {
  const [, folder, name] = file.match(/^(.*)\/([^/]*)$/);
  const words = name.split('_');
  return [...words.flatMap((_, i) => [words.slice(0, i + 1).join('_'), words.slice(i).join('_')]),
    ...(folderPrefixes[folder] ?? []), ...(filePrefixes[file] ?? [])];
}

// The global names that begin with no prefix of their file, or that another file has too.
function unprefixed(objects) {
  return objects.filter(({ file }) => file !== paho).flatMap(({ file, defines }) => {
    const prefixes = prefixesOf(file);
    const has = (symbol) => prefixes.some((prefix) => symbol === prefix || symbol.startsWith(`${prefix}_`));
    const globals = defines.filter((symbol) => !entryPoints.has(symbol));
    const elsewhere = (symbol) => objects.filter((other) => other.file !== file && other.defines.includes(symbol));
    return [
      ...globals.filter((symbol) => !has(symbol)).map((symbol) => `${file}.c: ${symbol} has none of the prefixes of its file (${[...new Set(prefixes)].join(', ')})`),
      ...globals.flatMap((symbol) => elsewhere(symbol).map((other) => `${file}.c: ${symbol} is also defined in ${other.file}.c`)),
    ];
  });
}

// The global functions and objects that no other file uses: one that its own file uses should be static, another should
// go. Tests count as users, and so do the programs that are linked with libturf, for what turf.h declares.
function unused(objects) {
  const grep = spawnSync('git', ['grep', '--untracked', '-ohwE', '[a-z][a-z0-9_]+', '--', 'tests/*.[ch]', '*/turf.h'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  const named = new Set(grep.stdout.split('\n'));
  const used = new Set(objects.flatMap(({ uses }) => uses));
  return objects.filter(({ file }) => file !== paho).flatMap(({ file, defines }) => defines.filter((symbol) => !entryPoints.has(symbol) && !used.has(symbol) && !named.has(symbol))
    .map((symbol) => `${file}.c: no other file uses ${symbol}`));
}

const [check, ...folders] = process.argv.slice(2);
for (const line of { circles, unprefixed, unused }[check](readObjects(resolve(root, process.env.BUILD || 'build'), folders))) console.log(line);
