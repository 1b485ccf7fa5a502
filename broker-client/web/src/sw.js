// SPDX-License-Identifier: EUPL-1.2
// Lets the pages start without a network. The files of one build are one cache; a new build is fetched as a whole before
// it is used, and waits until the page says so, so that no page ever runs on files of two builds.
/* global PRECACHE, VERSION */

const CACHE = `turf-${VERSION}`;
// What changes without a build, kept as it was last seen.
const SEEN = 'turf-seen';

const config = () => new Request('config.json', { cache: 'no-cache' });

async function put(request, answer, cacheName) {
  if (answer.ok && answer.type === 'basic') await (await caches.open(cacheName)).put(request, answer);
}

async function fetchAll() {
  const cache = await caches.open(CACHE);
  await cache.addAll(PRECACHE.map((path) => new Request(path, { cache: 'reload' })));
  await put(config(), await fetch(config()), SEEN);
}

async function dropOthers() {
  for (const name of await caches.keys()) if (name.startsWith('turf-') && name !== CACHE && name !== SEEN) await caches.delete(name);
  await self.clients.claim();
}

self.addEventListener('install', (event) => event.waitUntil(fetchAll()));
self.addEventListener('activate', (event) => event.waitUntil(dropOthers()));
self.addEventListener('message', (event) => event.data === 'take-over' && self.skipWaiting());

const path = (url) => new URL(url).pathname.slice(new URL(self.registration.scope).pathname.length);

// A page of this build, whatever address it was opened at.
async function page(request) {
  const name = path(request.url);
  const known = await caches.match(name === '' ? 'tap.html' : name, { cacheName: CACHE, ignoreSearch: true });
  return known ?? keep(request, CACHE);
}

// From the network, and kept for later where there is room: on a full disk it is shown all the same.
async function keep(request, cacheName) {
  const answer = await fetch(request);
  await put(request, answer.clone(), cacheName).catch(() => {});
  return answer;
}

async function file(request) {
  return (await caches.match(request, { cacheName: CACHE, ignoreSearch: true })) ?? keep(request, CACHE);
}

// What was last seen, at once, while the newest is fetched for the next time.
async function seen(event) {
  const known = await caches.match('config.json', { cacheName: SEEN });
  const fresh = keep(config(), SEEN);
  if (!known) return fresh;
  event.waitUntil(fresh.catch(() => {}));
  return known;
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  if (path(request.url) === 'config.json') event.respondWith(seen(event));
  else if (request.mode === 'navigate') event.respondWith(page(request));
  else event.respondWith(file(request));
});
