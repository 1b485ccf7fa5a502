// SPDX-License-Identifier: EUPL-1.2
// Registers the service worker, and reloads a window after a newer build has taken over the service worker: at once if
// the worker asked for it, otherwise when the window is hidden or nobody has touched it for some time. Until then the
// window runs on the files of its own build.
import { scriptUrl } from './script-url.js';

const SERVICE_WORKER = 'sw.js';
const LOOK_MS = 5_000;

export class ReloadForBuild {
  #asked = false; // in this window, by a touch
  #due = false;
  #touched = -Infinity;
  #options;

  // {untouchedMs: after this long nobody is in the middle of something, busy: whether something is open that would be lost}
  constructor({ untouchedMs, busy = () => false }) {
    this.#options = { untouchedMs, busy };
    let controlled = Boolean(navigator.serviceWorker.controller);
    navigator.serviceWorker.addEventListener('controllerchange', () => {
      if (controlled) this.#becomeDue();
      controlled = true;
    });
    for (const name of ['pointerdown', 'keydown', 'scroll']) addEventListener(name, () => (this.#touched = Date.now()), { passive: true });
  }

  get isIdle() {
    if (document.visibilityState === 'hidden') return true;
    return Date.now() - this.#touched > this.#options.untouchedMs && !this.#options.busy();
  }

  // This window loads again as soon as the newer build has taken over.
  ask(worker) {
    this.#asked = true;
    worker?.postMessage('take-over');
  }

  #becomeDue() {
    if (this.#due) return;
    this.#due = true;
    const look = () => (this.#asked || this.isIdle) && location.reload();
    look();
    document.addEventListener('visibilitychange', look);
    setInterval(look, LOOK_MS);
  }
}

export async function registerWorker() {
  if (!('serviceWorker' in navigator)) return null;
  try {
    return await navigator.serviceWorker.register(scriptUrl(SERVICE_WORKER));
  } catch {
    return null; // no secure context, or forbidden: the page works, but not from a cold start without network
  }
}
