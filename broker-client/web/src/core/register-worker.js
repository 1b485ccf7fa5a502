// SPDX-License-Identifier: EUPL-1.2
// Registers the service worker. It holds the only Trusted Types policy of the pages, called `turf`: the service worker is the
// only script that a page may name by its URL.

const WORKER = 'sw.js';

const policy = globalThis.trustedTypes?.createPolicy('turf', {
  createScriptURL: (url) => {
    if (url !== WORKER) throw new TypeError('not our service worker');
    return url;
  },
});

export async function registerWorker() {
  if (!('serviceWorker' in navigator)) return null;
  try {
    return await navigator.serviceWorker.register(policy ? policy.createScriptURL(WORKER) : WORKER);
  } catch {
    return null; // no secure context, or forbidden: the page works, but not from a cold start without network
  }
}
