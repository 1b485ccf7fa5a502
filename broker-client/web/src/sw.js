// SPDX-License-Identifier: EUPL-1.2
// The service worker: lets the pages start without a network. The files of one build are in one cache. A new build is fetched
// completely before it is used, and then waits until a page tells it to take over.
//
// Something between a phone and its server may answer instead of the server: the login of a network, a maintenance page, a single
// sign-on. Therefore it keeps only what it knows: a file of this build by its hash (`integrity`, which the browser checks), and
// `config.json` by its content. It passes other answers on, and never keeps them.
import { isConfig } from './core/config.js';

/* global FILES, PRECACHE, VERSION */

const CACHE = `turf-${VERSION}`;
// What changes without a build, kept as it was last seen.
const SEEN = 'turf-seen';
const CONFIG = 'config.json';
const TYPES = { html: 'text/html', js: 'javascript', css: 'text/css', json: 'json' };

const typeIsRight = (name, answer) => (answer.headers.get('Content-Type') ?? '').includes(TYPES[name.split('.').pop()] ?? '');

// Rejects unless the server answers with the file `name` of this build.
async function fetchFile(name, cache) {
  const answer = await fetch(new Request(name, { cache, integrity: FILES[name], redirect: 'error' }));
  if (!answer.ok || !typeIsRight(name, answer)) throw new TypeError(`${name} is not what this build has`);
  return answer;
}

// Rejects unless the server answers with the settings of a turf.
async function fetchConfig() {
  const answer = await fetch(new Request(CONFIG, { cache: 'no-cache', redirect: 'error' }));
  if (!answer.ok || !(await holdsConfig(answer))) throw new TypeError(`${CONFIG} is not turf's`);
  return answer;
}

const holdsConfig = (answer) => answer.clone().json().then(isConfig, () => false);

async function put(name, answer, cacheName) {
  await (await caches.open(cacheName)).put(name, answer);
}

// On a full disk what was fetched is shown all the same.
async function keep(name, answer, cacheName) {
  await put(name, answer.clone(), cacheName).catch(() => {});
  return answer;
}

// ---- A build comes and goes -----------------------------------------------------------------------

async function fetchAll() {
  await Promise.all(PRECACHE.map(async (name) => put(name, await fetchFile(name, 'reload'), CACHE)));
  await fetchConfig().then((answer) => keep(CONFIG, answer, SEEN), () => {}); // a page fetches it again
}

// The build before this one stays: a window in use runs on it until nobody is in the middle of something there.
async function dropOlder() {
  const builds = (await caches.keys()).filter((name) => name.startsWith('turf-') && name !== CACHE && name !== SEEN);
  for (const name of builds.slice(0, -1)) await caches.delete(name);
  await self.clients.claim();
}

self.addEventListener('install', (event) => event.waitUntil(fetchAll()));
self.addEventListener('activate', (event) => event.waitUntil(dropOlder()));
self.addEventListener('message', (event) => event.data === 'take-over' && self.skipWaiting());

// ---- Answers --------------------------------------------------------------------------------------

const pathOf = (url) => url.pathname.slice(new URL(self.registration.scope).pathname.length);

// A file of this build, whatever comes after its name in the address.
async function file(name, request) {
  const kept = await caches.match(name, { cacheName: CACHE });
  if (kept) return kept;
  return fetchFile(name, 'no-cache').then((answer) => keep(name, answer, CACHE), () => fetch(request));
}

// What the build before this one keeps for the windows that still run on it.
const olderFile = async (request) => (await caches.match(request)) ?? fetch(request);

// What was last seen, at once, while the newest is fetched for the next time.
async function config(event) {
  const kept = await caches.match(CONFIG, { cacheName: SEEN });
  const fresh = fetchConfig().then((answer) => keep(CONFIG, answer, SEEN));
  if (!kept || !(await holdsConfig(kept))) return fresh.catch(() => fetch(event.request));
  event.waitUntil(fresh.catch(() => {}));
  return kept;
}

// The page asks the server itself to see what stands between them (`no-store`), and leads a worker to a login (`?login`).
const asksServer = (request, url) => request.cache === 'no-store' || (request.mode === 'navigate' && url.searchParams.has('login'));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin || asksServer(request, url)) return;
  const name = pathOf(url) || 'tap.html';
  if (name === CONFIG) event.respondWith(config(event));
  else if (name in FILES) event.respondWith(file(name, request));
  else if (name.startsWith('assets/')) event.respondWith(olderFile(request));
});
