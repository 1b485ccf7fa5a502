// SPDX-License-Identifier: EUPL-1.2
// Reloads a window after a newer build has taken over the service worker: at once where the worker asked for it, else when
// the window is hidden or nobody has touched it for some time. Until then it runs on the files of its own build.

const LOOK_MS = 5_000;

export class ReloadForBuild {
  #asked = false; // in this window, by a touch
  #due = false;
  #touched = -Infinity;
  #options;

  // {untouchedMs: after so long nobody is in the middle of something, busy: whether something is open that would be lost}
  constructor({ untouchedMs, busy = () => false }) {
    this.#options = { untouchedMs, busy };
    for (const name of ['pointerdown', 'keydown', 'scroll']) addEventListener(name, () => (this.#touched = Date.now()), { passive: true });
  }

  get unused() {
    if (document.visibilityState === 'hidden') return true;
    return Date.now() - this.#touched > this.#options.untouchedMs && !this.#options.busy();
  }

  listen() {
    let controlled = Boolean(navigator.serviceWorker.controller);
    navigator.serviceWorker.addEventListener('controllerchange', () => {
      if (controlled) this.#becomeDue();
      controlled = true;
    });
  }

  // This window loads again as soon as the newer build has taken over.
  ask(worker) {
    this.#asked = true;
    worker?.postMessage('take-over');
  }

  #becomeDue() {
    if (this.#due) return;
    this.#due = true;
    const look = () => (this.#asked || this.unused) && location.reload();
    look();
    document.addEventListener('visibilitychange', look);
    setInterval(look, LOOK_MS);
  }
}
