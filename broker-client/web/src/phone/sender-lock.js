// SPDX-License-Identifier: EUPL-1.2
// A lock that lets one tab send at a time: the visible tab takes it, the others wait for it. Without Web Locks every tab sends,
// which does no harm.

export class SenderLock {
  #name;
  #changed;
  #end = () => {};
  #waiting = null;
  #turn = 0; // of the newest request: callbacks of older requests are ignored, since this tab may have taken their lock

  mine = false;

  constructor(name, changed) {
    this.#name = name;
    this.#changed = changed;
  }

  // Takes the lock from the tab that holds it.
  take() {
    if (this.mine) return;
    this.#stopWaiting();
    this.#request({ steal: true });
  }

  // Waits until no tab has it.
  wait() {
    if (!this.mine && !this.#waiting) this.#queue();
  }

  release() {
    this.#turn++;
    this.#stopWaiting();
    this.#end();
    this.#become(false);
  }

  #stopWaiting() {
    this.#waiting?.abort();
    this.#waiting = null;
  }

  #request(options) {
    if (!navigator.locks) return this.#become(true);
    const turn = ++this.#turn;
    const held = () => {
      if (turn !== this.#turn) return undefined;
      this.#become(true);
      return new Promise((resolve) => {
        this.#end = resolve;
      });
    };
    return navigator.locks.request(this.#name, options, held).catch(() => turn === this.#turn && this.#lost());
  }

  // Taken by another tab: in line for it again. A place in line that is refused, as WebKit does to a page that is being
  // left, would be refused as often as it is asked for: the next take() or wait() asks again.
  #lost() {
    const refused = this.#waiting !== null && !this.mine;
    this.#waiting = null;
    this.#become(false);
    if (!refused) this.#queue();
  }

  #queue() {
    this.#waiting = new AbortController();
    this.#request({ signal: this.#waiting.signal });
  }

  #become(mine) {
    if (this.mine === mine) return;
    this.mine = mine;
    this.#changed(mine);
  }
}
