// SPDX-License-Identifier: EUPL-1.2
// What documents name is there: words on the screen, names in the code, files.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import door from '../../broker-client/web/src/core/door/texts.nl.js';
import leader from '../../broker-client/web/src/leader/texts.nl.js';
import tap from '../../broker-client/web/src/tap/texts.nl.js';
import { root } from './lib/paths.mjs';

const read = (path) => readFileSync(join(root, path), 'utf8');
const among = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1]);

const rows = read('docs/glossary.md').split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| term |'))
  .map((line) => line.slice(1, -1).split('|').map((cell) => cell.trim()));
const onScreen = [...Object.values(tap), ...Object.values(leader), ...Object.values(door)].join('\n').toLowerCase();
const sources = execFileSync('git', ['ls-files', '--', '*.c', '*.h', '*.js', '*.proto', ':!tests'], { cwd: root, encoding: 'utf8' }).split('\n')
  .filter((path) => path && existsSync(join(root, path))).map((path) => `${path}\n${read(path)}`).join('\n');

test('the glossary has each term once, with a meaning of one plain sentence or a few', () => {
  const terms = rows.map(([term]) => term);
  assert.ok(terms.length > 60);
  assert.deepEqual(terms.filter((term, i) => terms.indexOf(term) !== i), []);
  assert.deepEqual(rows.filter((row) => row.length !== 4 || !/^[A-Z0-9`].*\.$|^turfd/.test(row[1])).map(([term]) => term), []);
});

test('each word of the glossary that is on a screen is on one', () => {
  const words = rows.flatMap(([, , words]) => among(words, /\*([^*]+)\*/g));
  assert.ok(words.length > 30);
  assert.deepEqual(words.filter((word) => !onScreen.includes(word)), []);
});

test('each name of the glossary is in the code', () => {
  const names = rows.flatMap(([, , , names]) => among(names, /`([^`]+)`/g));
  assert.ok(names.length > 80);
  const ends = /[\w]$/;
  assert.deepEqual(names.filter((name) => !new RegExp(`(?<!\\w)${name.replace(/\{.*\}/, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}${ends.test(name) ? '(?!\\w)' : ''}`).test(sources)), []);
});

test('each file, folder and name of CONTRIBUTING.md is there', () => {
  const text = read('CONTRIBUTING.md');
  const paths = [...among(text, /`((?:[\w.-]+\/)+[\w.*-]*|[\w-]+\.md|Makefile)`/g), ...among(text, /\]\(([^)#]+)\)/g)]
    .filter((path) => !/^build\/|\/NAME\.c$/.test(path));
  assert.ok(paths.length > 60);
  const known = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).split('\n');
  const is = (path) => path === 'texts.en.js' || known.some((file) => file.startsWith(path) || (path.includes('*') && new RegExp(`^${path.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(file)));
  assert.deepEqual([...new Set(paths)].filter((path) => !is(path)), []);
  const names = among(text, /`((?:struct |enum )?[a-z]+(?:_[a-z]+)+|(?:struct|enum) \w+|defaults|specs|commands|overview|helps)`/g).filter((name) => name !== 'ctl_NAME' && name !== 'cli_NAME');
  assert.ok(names.length > 15);
  assert.deepEqual([...new Set(names)].filter((name) => !new RegExp(`\\b${name}\\b`).test(sources)), []);
});

// Whether the file defines this function, table, class, method or number.
function defines(file, name) {
  const of = name.replace(/[#$]/g, '\\$&');
  const number = `^\\t(?:enum \\{ )?${of} = |^enum \\{.* ${of} = |^(?:export )?const ${of} = `;
  const definition = /^[A-Z]+(?:_[A-Z]+)*$/.test(name) ? number : {
    c: `^(?!return |else )[a-z][^;=\\n]*[ *]${of}\\(|^(?:static )?const [^;=\\n]*[ *]${of}(?:\\[\\])? = |^\\} ${of}\\[\\] = `,
    js: `^(?:export )?(?:default )?(?:async )?(?:function|const|class) ${of}\\b|^ {2}(?:static )?(?:async )?${of}\\(`,
  }[file.split('.').pop()] ?? `^${of}=`;
  return existsSync(join(root, file)) && new RegExp(definition, 'm').test(read(file));
}

test("each function of a tap's way in architecture.md is defined in its file", () => {
  const steps = [...read('docs/architecture.md').matchAll(/^\|[^|]*\| `([^`]+\.(?:c|js))` \| ((?:`[^`]+`(?:, )?)+) \|$/gm)];
  assert.ok(steps.length > 25);
  assert.deepEqual(steps.flatMap(([, file, names]) => among(names, /`([^`]+)`/g).filter((name) => !defines(file, name)).map((name) => `${file}: ${name}`)), []);
});

test('each file that where-to-find.md names is there, and defines the functions that stand behind it', () => {
  const questions = read('docs/where-to-find.md').split('\n').filter((line) => /^\| [A-Z].*\? \| /.test(line)).map((line) => line.slice(2, -2).split(' | '));
  assert.ok(questions.length >= 50);
  assert.deepEqual(questions.filter((cells) => cells.length !== 4 || !cells[1].includes('`') || !/[`\]]/.test(cells[2])).map(([question]) => question), []);
  const wrong = questions.flatMap(([, code, document, proof]) => [
    ...code.split('; ').flatMap((part) => {
      const [file, ...names] = among(part, /`([^`]+)`/g);
      return [...(existsSync(join(root, file)) ? [] : [file]), ...names.filter((name) => !defines(file, name)).map((name) => `${file}: ${name}`)];
    }),
    ...among(`${document} ${proof ?? ''}`, /`([\w./-]+\/[\w.-]+)`/g).filter((file) => !existsSync(join(root, file))),
  ]);
  assert.deepEqual(wrong, []);
});

test('each cell of "who learns what" in privacy.md names tests of its list, and each test is there', () => {
  const [, section] = read('docs/privacy.md').match(/^## Who learns what\n([^]*?)^## /m);
  const listed = [...section.matchAll(/^\| ([A-Z]\d) \| `([\w./-]+)`: (.+) \|$/gm)].map(([, mark, file, name]) => ({ mark, file, name }));
  assert.ok(listed.length > 15);
  const cells = section.split('\n').filter((line) => /^\| [a-z]/.test(line)).slice(1);
  assert.ok(cells.length >= 12);
  assert.deepEqual(cells.filter((line) => line.split('|').length !== 9), []);
  const cited = new Set(among(cells.join('\n'), /\[([A-Z]\d)\]/g));
  assert.deepEqual([...cited].sort(), listed.map(({ mark }) => mark).sort());
  assert.deepEqual(listed.filter(({ file, name }) => !existsSync(join(root, file)) || !read(file).includes(name)).map(({ mark }) => mark), []);
});

const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.md', ':!CHANGELOG.md'], { cwd: root, encoding: 'utf8' }).split('\n')
  .filter((path) => path && existsSync(join(root, path)));
const headings = (path) => among(read(path).replace(/^```[^]*?^```/gm, ''), /^#+ (.*)$/gm).map((heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));

test('each link between documents leads to a file and a heading', () => {
  const links = documents.flatMap((path) => among(read(path), /\]\(([^)\s]+)\)/g).filter((to) => !/^https?:/.test(to)).map((to) => ({ path, to })));
  assert.ok(links.length > 80);
  const isThere = ({ path, to }) => {
    const [file, heading] = to.split('#');
    const target = file ? join(path, '..', file) : path;
    return existsSync(join(root, target)) && (heading === undefined || headings(target).includes(heading));
  };
  assert.deepEqual(links.filter((link) => !isThere(link)).map(({ path, to }) => `${path}: ${to}`), []);
});

test('each counting rule that a source cites is one of docs/wire-format.md, and the source names that document', () => {
  const rules = among(read('docs/wire-format.md'), /^### Rule (\d+): /gm);
  assert.deepEqual(rules, Array.from({ length: 15 }, (_, i) => String(i + 1)));
  const cited = execFileSync('git', ['ls-files', '--', '*.c', '*.h', '*.js', '*.mjs'], { cwd: root, encoding: 'utf8' }).split('\n').filter((path) => path && existsSync(join(root, path)))
    .map((path) => ({ path, text: read(path), numbers: among(read(path), /\b[Rr]ules? ((?:(?:, | and | to )?\d+)+)/g).flatMap((list) => list.match(/\d+/g)) })).filter(({ numbers }) => numbers.length > 0);
  assert.ok(cited.length > 20);
  assert.deepEqual(cited.flatMap(({ path, numbers }) => numbers.filter((number) => !rules.includes(number)).map((number) => `${path}: rule ${number}`)), []);
  assert.deepEqual(cited.filter(({ text }) => !text.includes('docs/wire-format.md')).map(({ path }) => path), []);
});

test('each source that the fuzz campaign names for a target is there', () => {
  const [, table] = /^targets='\n([^']+)'/m.exec(read('tests/long/fuzz'));
  const patterns = table.split('\n').flatMap((line) => line.trim().split(/ +/).slice(2));
  assert.ok(patterns.length > 20);
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
  const matches = (pattern) => files.some((file) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`).test(file));
  assert.deepEqual(patterns.filter((pattern) => !matches(pattern)), []);
});
