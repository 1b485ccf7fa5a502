// SPDX-License-Identifier: EUPL-1.2
// Builds both pages into $BUILD/web (default: build/web in the project's root): bundles with hashed names, and a service
// worker that knows them. A page is a folder src/NAME with NAME.html and main.js. Prints what each page loads before it
// can be used and what it loads after, in kB gzip; the first loads are bounded.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build, transform } from 'esbuild';
import { compileRaw } from 'pbf/compile';
import schema from 'resolve-protobuf-schema';

const web = dirname(fileURLToPath(import.meta.url));
const root = resolve(web, '../..');
const out = join(resolve(root, process.env.BUILD || 'build'), 'web');
const FIRST_LOAD_MAX = { tap: 40_000, leader: 40_000 };
const STATIC = join(web, 'src/static');

// ---- Code from proto/turf.proto ---------------------------------------------------------------------

function writeIfChanged(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

// What wire.js has to know of a field: 'number', 'bytes', 'packed' (numbers, packed or not), or the name of a message.
function kindOf({ type, repeated }, messages) {
  if (messages.some(({ name }) => name === type)) return type;
  if (type === 'string' || type === 'bytes') return 'bytes';
  return repeated ? 'packed' : 'number';
}

const fieldsOf = ({ messages }) => Object.fromEntries(messages.map((message) =>
  [message.name, Object.fromEntries(message.fields.map((field) => [field.tag, kindOf(field, messages)]))]));

function generate() {
  const proto = schema.sync(join(root, 'proto/turf.proto'));
  mkdirSync(join(web, 'gen'), { recursive: true });
  writeIfChanged(join(web, 'gen/turf.js'), compileRaw(proto));
  writeIfChanged(join(web, 'gen/fields.js'), `export const fields = ${JSON.stringify(fieldsOf(proto), null, 2)};\n`);
}

// ---- Bundles ----------------------------------------------------------------------------------------

const pages = () => readdirSync(join(web, 'src')).filter((name) => existsSync(join(web, 'src', name, `${name}.html`)));

const common = { absWorkingDir: web, bundle: true, minify: true, target: ['es2022', 'chrome109', 'safari16', 'firefox115'], logLevel: 'warning', legalComments: 'none' };

// The worker that makes tokens; core/door/token-maker.js starts it. Resolves to its name in the site.
async function bundleTokenWorker(into) {
  const { metafile } = await build({
    ...common,
    entryPoints: [{ in: join(web, 'src/core/door/worker.js'), out: 'token-worker' }],
    outdir: join(into, 'assets'),
    entryNames: '[name]-[hash]',
    format: 'iife',
    metafile: true,
  });
  return toSite(into, Object.keys(metafile.outputs)[0]);
}

// Each page by itself: what two pages share would be split into many small files, which compress worse.
function bundle(name, into, tokenWorker) {
  return build({
    ...common,
    entryPoints: [{ in: join(web, 'src', name, 'main.js'), out: name }],
    outdir: join(into, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    format: 'esm',
    splitting: true,
    metafile: true,
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis', TOKEN_WORKER: JSON.stringify(tokenWorker) },
  });
}

// All outputs that `entry` needs: at once, or with `later` also what it may import afterwards.
function reach(outputs, entry, later, seen = new Set()) {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  if (outputs[entry].cssBundle) seen.add(outputs[entry].cssBundle);
  for (const { path, kind, external } of outputs[entry].imports) {
    if (!external && outputs[path] && (kind === 'import-statement' || (later && kind === 'dynamic-import'))) reach(outputs, path, later, seen);
  }
  return seen;
}

// ---- Pages --------------------------------------------------------------------------------------------

const toSite = (into, path) => relative(into, join(web, path));

function writePage(name, outputs, into) {
  const entry = Object.keys(outputs).find((path) => outputs[path].entryPoint === relative(web, join(web, 'src', name, 'main.js')));
  const now = [...reach(outputs, entry, false)];
  const all = [...reach(outputs, entry, true)];
  const site = (path) => toSite(into, path);
  const scripts = now.filter((path) => path.endsWith('.js') && path !== entry);
  const head = [
    ...now.filter((path) => path.endsWith('.css')).map((path) => `<link rel="stylesheet" href="${site(path)}">`),
    ...scripts.map((path) => `<link rel="modulepreload" href="${site(path)}">`),
    `<script type="module" src="${site(entry)}"></script>`,
  ].join('\n    ');
  const html = readFileSync(join(web, 'src', name, `${name}.html`), 'utf8').replace('<!-- assets -->', head);
  writeFileSync(join(into, `${name}.html`), html);
  return { name, now: [`${name}.html`, ...now.map(site)], all: [`${name}.html`, ...all.map(site), 'startup.js'] };
}

// Scripts among them are made small, and stay readable for old browsers.
async function copyStatic(into) {
  const names = existsSync(STATIC) ? readdirSync(STATIC) : [];
  for (const name of names) {
    const content = readFileSync(join(STATIC, name));
    const small = name.endsWith('.js') && (await transform(content, { minify: true, target: 'es5', legalComments: 'none', charset: 'utf8' }));
    writeFileSync(join(into, name), small ? small.code : content);
  }
  return names;
}

// ---- Service worker -----------------------------------------------------------------------------------

// The hash of each file of the build, by which the service worker knows it: as `integrity` of a request has it.
const integrity = (into, path) => `sha256-${createHash('sha256').update(readFileSync(join(into, path))).digest('base64')}`;

// What the tap page needs is kept from the start; the other pages' files are kept once they were fetched.
async function writeWorker(into, made, files) {
  const precache = [...new Set([...(made.find(({ name }) => name === 'tap')?.all ?? []), ...files])].sort();
  const known = Object.fromEntries([...new Set(made.flatMap(({ all }) => all).concat(files))].sort().map((path) => [path, integrity(into, path)]));
  const bundled = (version, write) => build({
    ...common,
    entryPoints: [join(web, 'src/sw.js')],
    outfile: join(into, 'sw.js'),
    format: 'iife',
    write,
    define: { FILES: JSON.stringify(known), PRECACHE: JSON.stringify(precache), VERSION: JSON.stringify(version) },
  });
  const { outputFiles } = await bundled('', false);
  return bundled(createHash('sha256').update(outputFiles[0].contents).digest('hex').slice(0, 16), true);
}

// ---- Sizes --------------------------------------------------------------------------------------------

const gzipSize = (into, paths) => paths.reduce((sum, path) => sum + gzipSync(readFileSync(join(into, path)), { level: 9 }).length, 0);
const kilo = (bytes) => (bytes / 1000).toFixed(1);

// False when a page's first load is larger than it may be.
function tellSizes(into, made) {
  let fits = true;
  for (const { name, now, all } of made) {
    const first = gzipSize(into, now);
    const bound = FIRST_LOAD_MAX[name];
    const rest = gzipSize(into, all.filter((path) => !now.includes(path)));
    console.log(`${name}: first load ${kilo(first)} kB gzip${bound ? ` (at most ${kilo(bound)})` : ''}, after it ${kilo(rest)} kB`);
    if (bound && first > bound) fits = false;
  }
  return fits;
}

// ---- The whole ----------------------------------------------------------------------------------------

// Into a folder beside the old one, which takes its place at the end: a server never sees half a build.
async function main() {
  generate();
  if (process.argv.includes('--generate')) return;
  const into = `${out}.${process.pid}`;
  mkdirSync(into, { recursive: true });
  try {
    const tokenWorker = await bundleTokenWorker(into);
    const bundles = await Promise.all(pages().map((name) => bundle(name, into, tokenWorker)));
    const outputs = Object.assign({}, ...bundles.map(({ metafile }) => metafile.outputs));
    const files = [...await copyStatic(into), tokenWorker];
    const made = pages().map((name) => writePage(name, outputs, into));
    await writeWorker(into, made, files);
    if (!tellSizes(into, made)) throw new Error('the first load is too large');
    rmSync(out, { recursive: true, force: true });
    renameSync(into, out);
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
}

main().catch((error) => {
  console.error(`build.mjs: ${error.message}`);
  process.exitCode = 1;
});
