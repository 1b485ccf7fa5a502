// SPDX-License-Identifier: EUPL-1.2
// Takes over a newer build of the page when nobody looks at it or touches it. So a screen on a wall, which is never closed, gets it
// too.
import { registerWorker, ReloadForBuild } from '../core/new-build.js';

const LOOK_MS = 3_600_000;
const UNTOUCHED_MS = 600_000;

export async function keepUpToDate() {
  const registration = await registerWorker();
  if (!registration) return;
  const reload = new ReloadForBuild({ untouchedMs: UNTOUCHED_MS });
  setInterval(() => reload.isIdle && registration.waiting?.postMessage('take-over'), UNTOUCHED_MS);
  setInterval(() => registration.update().catch(() => {}), LOOK_MS);
  await letWorkerKeepPage();
}

// On a first visit the files of this page came without the service worker. Fetches them once more through it, so that it keeps them
// for a visit without a network.
async function letWorkerKeepPage() {
  const { serviceWorker } = navigator;
  if (!serviceWorker.controller) await new Promise((resolve) => serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
  const files = performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => new URL(name).pathname.includes('/assets/'));
  for (const file of new Set([location.pathname, ...files])) await fetch(file).catch(() => {});
}
