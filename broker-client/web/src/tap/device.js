// SPDX-License-Identifier: EUPL-1.2
// What the page knows of its phone: whether it is on the home screen, whether its storage was emptied, whether a newer build waits.
// What it stores for that says only that turf was used here, never by whom or when.
import { remember, remembered } from '../core/local-storage.js';

// Each is '1' in local storage where it is true; ASKED is the last moment at which a browser asked the worker to keep the storage.
const USED = 'turf-used';
const NOT_NOW = 'turf-install-not-now';
const OFTEN = 'turf-often';
const ASKED = 'turf-asked';
const UNTOUCHED_MS = 60_000;

// Firefox asks the worker whether a storage may stay; other browsers decide by themselves and show nothing.
const asksWorker = () => navigator.userAgent.includes('Firefox');
// iPads say they are Macs, with fingers.
const isIos = () => /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.userAgent.includes('Macintosh') && navigator.maxTouchPoints > 1);

export class Device {
  #onChange;
  #prompt = null;
  #waiting = null;
  #used = false;
  #reload = null;
  #busy;

  emptied = false;
  update = false;

  // `busy`: whether something is open that a page that loads again would lose.
  constructor(onChange, busy) {
    this.#onChange = onChange;
    this.#busy = busy;
    addEventListener('beforeinstallprompt', (event) => {
      event.preventDefault();
      this.#prompt = event;
      onChange();
    });
    addEventListener('appinstalled', () => {
      this.refuseInstall();
      this.#askToKeep('installed');
    });
  }

  get standalone() {
    return matchMedia('(display-mode: standalone)').matches || navigator.standalone === true;
  }

  // An outbox that was never used on a phone that remembers turf, or on a page that was open before: it was emptied.
  checkEmptied(outboxUsed) {
    this.#used = Boolean(outboxUsed);
    this.emptied = !outboxUsed && (remembered(USED) === '1' || history.state?.used === true);
  }

  // With the first tap: the marks above, and a request to keep the storage.
  async noteFirstTap() {
    if (this.#used) return;
    this.#used = true;
    remember(USED, '1');
    history.replaceState({ ...history.state, used: true }, '');
    this.#onChange();
    await this.#askToKeep('used');
  }

  // A browser rarely promises to keep the storage of a page that it does not know yet. So the page asks at the first tap, after
  // installation, and at each later visit. A browser that asks the worker is asked only once in each of these cases.
  async #askToKeep(moment) {
    try {
      if (asksWorker() && remembered(ASKED) === moment) return;
      if (await navigator.storage.persisted()) return;
      if (asksWorker()) remember(ASKED, moment);
      await navigator.storage.persist();
    } catch {
      // it does not keep any
    }
  }

  // Whether the worker wants the most used domains above the others.
  get often() {
    return remembered(OFTEN) === '1';
  }

  toggleOften() {
    remember(OFTEN, this.often ? '0' : '1');
    this.#onChange();
  }

  dismissEmptied() {
    this.emptied = false;
    this.#onChange();
  }

  // '' or the text that asks for a place on the home screen; only after turf has been used here.
  get installText() {
    if (!this.#used || this.standalone || remembered(NOT_NOW) === '1') return '';
    if (this.#prompt) return 'install';
    return isIos() ? 'installIos' : '';
  }

  async install() {
    const prompt = this.#prompt;
    this.#prompt = null;
    await prompt?.prompt();
    this.#onChange();
  }

  refuseInstall() {
    remember(NOT_NOW, '1');
    this.#onChange();
  }

  // Registers the service worker, and notes when a newer one waits. The newer one takes over when the worker says so, or when the
  // page is hidden. Then every window loads again; one that is in use waits until nobody is in the middle of something there.
  async startServiceWorker() {
    if (this.#used) this.#askToKeep(this.standalone ? 'installed' : 'used');
    const { registerWorker, ReloadForBuild } = await import('../core/new-build.js');
    const registration = await registerWorker();
    if (!registration) return;
    this.#reload = new ReloadForBuild({ untouchedMs: UNTOUCHED_MS, busy: this.#busy });
    const waits = () => {
      if (!registration.waiting || !navigator.serviceWorker.controller) return;
      this.#waiting = registration.waiting;
      this.update = true;
      this.#onChange();
    };
    waits();
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', waits));
  }

  takeUpdate() {
    this.#reload?.ask(this.#waiting);
  }

  // Nobody looks at this window: another one may be in use.
  takeUpdateUnseen() {
    this.#waiting?.postMessage('take-over');
  }
}
