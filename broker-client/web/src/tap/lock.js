// SPDX-License-Identifier: EUPL-1.2
// One sender among the tabs: the one that is looked at takes the lock, the others wait for it. A double send would do no
// harm; without Web Locks every tab sends.

export class SenderLock {
  #name;
  #changed;
  #end = () => {};
  #waiting = null;
  #wanted = false;

  mine = false;

  constructor(name, changed) {
    this.#name = name;
    this.#changed = changed;
  }

  // From whoever holds it.
  take() {
    this.#wanted = true;
    if (this.mine) return;
    if (!navigator.locks) {
      this.#become(true);
      return;
    }
    this.#waiting?.abort();
    this.#waiting = null;
    this.#request({ steal: true });
  }

  release() {
    this.#wanted = false;
    this.#waiting?.abort();
    this.#waiting = null;
    this.#end();
    this.#become(false);
  }

  #request(options) {
    const held = () => {
      if (!this.#wanted) return undefined;
      this.#become(true);
      return new Promise((resolve) => {
        this.#end = resolve;
      });
    };
    navigator.locks.request(this.#name, options, held).catch(() => this.#lost(options));
  }

  // Taken by another tab: in line for it again. An aborted wait ends here too, and wants nothing.
  #lost(options) {
    if (options.signal?.aborted || !this.#wanted) return;
    this.#become(false);
    this.#waiting = new AbortController();
    this.#request({ signal: this.#waiting.signal });
  }

  #become(mine) {
    if (this.mine === mine) return;
    this.mine = mine;
    this.#changed(mine);
  }
}
