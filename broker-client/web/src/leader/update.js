// SPDX-License-Identifier: EUPL-1.2
// A newer build of the page: taken over when nobody looks or touches, since all open pages then load anew. A screen on a
// wall is never closed and must get it too.
import { registerWorker } from '../core/trusted.js';

const LOOK_MS = 3_600_000;
const UNTOUCHED_MS = 600_000;

export async function keepUpToDate() {
  const registration = await registerWorker();
  if (!registration) return;
  let touched = Date.now();
  for (const name of ['pointerdown', 'keydown', 'scroll']) addEventListener(name, () => (touched = Date.now()), { passive: true });
  const untouched = () => document.visibilityState === 'hidden' || Date.now() - touched > UNTOUCHED_MS;
  setInterval(() => untouched() && registration.waiting?.postMessage('take-over'), UNTOUCHED_MS);
  setInterval(() => registration.update().catch(() => {}), LOOK_MS);
  let controlled = Boolean(navigator.serviceWorker.controller);
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (controlled) location.reload();
    controlled = true;
  });
}
