// SPDX-License-Identifier: EUPL-1.2
// The dialog that opens over the page; catch-up.js, change.js, labels.js, list.js and teams.js fill it. It is the browser's own
// dialog, which handles Escape and the focus.
import { el, fill } from '../core/dom.js';
import { t } from '../core/language.js';

export class Sheet {
  #dialog = el('dialog', { class: 'sheet' });
  #returnTo = null; // what has the focus when it has closed

  constructor() {
    document.body.append(this.#dialog);
    this.#dialog.addEventListener('close', () => {
      fill(this.#dialog);
      this.refresh = null;
      this.onClose?.();
      this.onClose = null;
      this.#returnTo?.focus({ preventScroll: true });
    });
    this.#dialog.addEventListener('click', (event) => event.target === this.#dialog && this.close());
  }

  refresh = null; // shows again what is open
  onClose = null; // called once when it has closed

  get isOpen() {
    return this.#dialog.open;
  }

  show(title, ...content) {
    this.#returnTo = document.activeElement;
    const heading = el('h2', { id: 'sheet-title', tabindex: '-1', autofocus: true }, title);
    const close = el('button', { class: 'button', onclick: () => this.close() }, t('close'));
    fill(this.#dialog, el('div', { class: 'sheet__inner' }, el('div', { class: 'sheet__head' }, heading, close), content));
    this.#dialog.setAttribute('aria-labelledby', 'sheet-title');
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  close({ returnTo = this.#returnTo } = {}) {
    this.#returnTo = returnTo;
    this.#dialog.close();
  }
}
