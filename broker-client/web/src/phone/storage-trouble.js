// SPDX-License-Identifier: EUPL-1.2
// What is wrong with the phone's storage: full, not answering, or something else. Tries to write every few seconds until that
// succeeds.

const SILENT_MS = 5_000; // a write that takes longer may never be answered
const AGAIN_MS = 5_000; // how often a storage that failed is tried again

export class StorageTrouble {
  #onChange;
  #tryWriting;
  #timer = 0;
  #trying = false;
  #closed = false;

  // 'full', 'newer' (another window upgraded it), 'silent' (it does not answer), 'storage' (anything else), or ''.
  name = '';

  // `tryWriting`: rejects while nothing can be stored.
  constructor({ onChange, tryWriting }) {
    this.#onChange = onChange;
    this.#tryWriting = tryWriting;
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  clear() {
    if (this.name) this.#become('');
  }

  fail(error) {
    this.#become({ QuotaExceededError: 'full', VersionError: 'newer' }[error?.name] ?? 'storage');
  }

  // Runs `write`. If it fails, or is not answered in time, `name` says so.
  async guard(write) {
    const silence = setTimeout(() => this.#become('silent'), SILENT_MS);
    try {
      return await write();
    } catch (error) {
      this.fail(error);
      throw error;
    } finally {
      clearTimeout(silence);
      if (this.name === 'silent') this.clear();
    }
  }

  // The browser closed the database, or the database failed. It may work when it is opened again.
  async tryAgain() {
    if (this.#trying) return;
    this.#trying = true;
    try {
      await this.guard(this.#tryWriting);
      this.clear();
    } catch {
      // `name` says why; the next call tries again
    } finally {
      this.#trying = false;
    }
  }

  #become(name) {
    if (this.#closed) return;
    this.name = name;
    clearTimeout(this.#timer);
    if (name) this.#timer = setTimeout(() => this.tryAgain(), AGAIN_MS);
    this.#onChange();
  }
}
