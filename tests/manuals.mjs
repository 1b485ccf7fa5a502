// SPDX-License-Identifier: EUPL-1.2
// Compares the manual pages with what they describe: the help of the programs, the settings that the parser of turfd's
// configuration knows, the variables that the sources read, and turf.h. Prints what is missing on either side, and what
// mandoc warns of. tests/lint runs it; BUILD holds the programs and the pages.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = resolve(root, process.env.BUILD || 'build');
const folder = join(build, 'man');

// Variables that a program sets and restores itself, and those of the builds for the crash campaign.
const notForUsers = new Set(['TZ']);

const matches = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1]);
const unique = (list) => [...new Set(list)].sort();

// ---- What there is ---------------------------------------------------------------------------------------------

const run = (program, ...args) => execFileSync(join(build, program), args, { encoding: 'utf8' });

// In an overview each command has a line of its own, which begins with two blanks and its name. The options come after them.
const commandsOf = (overview) => matches(overview.split(/^options/im)[0], /^ {2}([a-z][a-z-]*) /gm);

function helpOf(program, overview, ofCommand) {
  const commands = commandsOf(overview).filter((command) => command !== 'help' && command !== program);
  return { program, overview, commands: Object.fromEntries(commands.map((command) => [command, ofCommand(command)])) };
}

const sources = (pathspec) => execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '--', ...pathspec], { cwd: root, encoding: 'utf8' })
  .split('\n').filter(Boolean).flatMap((path) => {
    try {
      return [readFileSync(join(root, path), 'utf8')];
    } catch {
      return []; // removed, and not committed yet
    }
  });

export function readAll() {
  return {
    pages: Object.fromEntries(readdirSync(folder).filter((name) => /\.[1-8]$/.test(name)).map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
    helps: [
      helpOf('turf', run('turf', 'help'), (command) => run('turf', 'help', command)),
      helpOf('turfctl', run('turfctl', '--help'), (command) => run('turfctl', command, '--help')),
      helpOf('turfd', run('turfd', '--help'), () => ''),
      helpOf('turfdoor', run('turfdoor', '--help'), (command) => run('turfdoor', command, '--help')),
    ],
    parser: sources(['aggregator/config/*.c']).join('\n'),
    sources: sources(['aggregator', 'broker-client/*.c', 'base', 'door', 'store']).join('\n'),
    header: sources(['broker-client/libturf/turf.h']).join('\n'),
  };
}

// ---- Comparing -------------------------------------------------------------------------------------------------

// Names that are on one side only; a name that is there several times must be so on both.
function difference(there, described, whatIsMissing, whatIsTooMuch) {
  const count = (list, name) => list.filter((one) => one === name).length;
  return unique([...there, ...described]).flatMap((name) => {
    const wanted = count(there, name), found = count(described, name);
    if (found < wanted) return [whatIsMissing(name)];
    return found > wanted ? [whatIsTooMuch(name)] : [];
  });
}

const items = (page, pattern) => matches(page, /^\.It (.*)$/gm).flatMap((line) => matches(line, pattern));
const section = (page, name) => page.match(new RegExp(`^\\.Sh ${name}\\n([^]*?)(?=^\\.Sh |(?![^]))`, 'm'))?.[1] ?? '';
const sentence = (name, text) => (one) => `${name}: ${text.replace('%', one)}`;

function program({ program: name, overview, commands }, pages) {
  const [file, page] = Object.entries(pages).find(([path]) => path.startsWith(`${name}.`) && /\.[18]$/.test(path)) ?? [name, ''];
  const help = [overview, ...Object.values(commands)].join('\n');
  const compare = (there, described, what) => difference(unique(there), unique(described),
    sentence(file, `${what} % of --help is not described`), sentence(file, `${what} % is not in --help`));
  const verbs = Object.entries(commands).flatMap(([command, text]) => matches(text, /^([a-z]+) {4,}\S/gm).map((verb) => `${command} ${verb}`));
  const described = items(page, /^Cm ([a-z-]+(?: [a-z]+)?)/g).filter((command) => command !== 'help');
  const withVerbs = unique(verbs.map((verb) => verb.split(' ')[0]));
  return [
    ...compare([...Object.keys(commands).filter((command) => !withVerbs.includes(command)), ...verbs], described, 'the command'),
    ...compare([...matches(help, /(?<![\w-])(--[a-z][a-z-]*)/g)], items(page, /Fl \\-([a-z-]+)/g).map((option) => `--${option}`), 'the option'),
    ...compare(matches(help.replace(/\s+/g, ' ').match(/exit status:.*?(?=exit status:|$)/i)?.[0] ?? '', /[:;,] (\d) /g), items(section(page, 'EXIT STATUS'), /^(\d)$/g), 'the exit status'),
  ];
}

function settings({ parser, pages }) {
  const page = (pages['turfd.conf.5'] ?? '').replace(/\\(?:%|f[BIR])/g, '');
  const known = matches(parser, /names\[\] = \{([^}]*)\}/g).flatMap((list) => matches(list, /"(\w+)"/g));
  const groups = unique(matches(parser, /setting_(?:group|list)\([^;]*?"(\w+)"/g));
  if (known.length === 0 || groups.length === 0) return ['no settings were found in the parser; tests/manuals.mjs must look elsewhere'];
  return [
    ...difference(known.filter((name) => !groups.includes(name)), items(page, /^Ic (?:\w+\.)?(\w+)$/g),
      sentence('turfd.conf.5', 'the setting % is not described, or not in each of its groups (docs/configuration.md)'),
      sentence('turfd.conf.5', 'the parser does not know the setting %, or not in each of its groups (docs/configuration.md)')),
    ...groups.filter((group) => !new RegExp(`\\b${group}(?: = [({]|\\.)`).test(page)).map(sentence('turfd.conf.5', 'the group % is not described (docs/configuration.md)')),
  ];
}

function library({ header, pages }) {
  const page = pages['libturf.3'] ?? '';
  const functions = matches(header, /TURF_API\s[^;{]*?\b(turf_\w+)\(/g);
  if (functions.length === 0) return ['no functions were found in turf.h; tests/manuals.mjs must look elsewhere'];
  const words = unique(matches(header, /\b(TURF_[A-Z_]+)\b/g)).filter((word) => !['TURF_API', 'TURF_H'].includes(word));
  const uses = (one) => new RegExp(`^\\.(?:It|Dv|Pq) .*\\b${one}\\b`, 'm').test(page);
  return [
    ...difference(functions, matches(section(page, 'SYNOPSIS'), /^\.F[no] (turf_\w+)/gm), sentence('libturf.3', 'the function % is not in SYNOPSIS'), sentence('libturf.3', 'turf.h has no function %')),
    ...functions.filter((name) => !new RegExp(`^\\.Fn ${name}\\b`, 'm').test(page.replace(section(page, 'SYNOPSIS'), ''))).map(sentence('libturf.3', 'the function % is not described')),
    ...difference(functions, matches(section(page, 'NAME'), /^\.Nm (turf_\w+)/gm), sentence('libturf.3', 'the function % is not in NAME'), () => undefined).filter(Boolean),
    ...words.filter((word) => !uses(word)).map(sentence('libturf.3', '% of turf.h is not described')),
    ...unique(matches(page, /\b(TURF_[A-Z_]+)\b/g)).filter((word) => !words.includes(word)).map(sentence('libturf.3', 'turf.h has no %')),
  ];
}

function variables({ sources: text, pages }) {
  const read = unique(matches(text, /\b(?:getenv|variable)\("([A-Z_]+)"\)/g)).filter((name) => !notForUsers.has(name));
  const described = unique(Object.values(pages).flatMap((page) => items(page, /^Ev (.*)$/g).flatMap((names) => names.split(' , '))));
  return difference(read, described, (name) => `no page describes the variable ${name}`, (name) => `nothing reads the variable ${name}, which a page describes`);
}

export function missing(all) {
  return [...all.helps.flatMap((help) => program(help, all.pages)), ...settings(all), ...library(all), ...variables(all)];
}

export function warnings(pages) {
  const { stdout, stderr, error } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', ...pages], { encoding: 'utf8' });
  return error ? [`mandoc: ${error.message}`] : (stdout + stderr).split('\n').filter(Boolean);
}

export const pagesIn = (place = folder) => readdirSync(place).filter((name) => /\.[1-8]$/.test(name)).map((name) => join(place, name));

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const line of [...warnings(pagesIn()), ...missing(readAll())]) console.log(line);
