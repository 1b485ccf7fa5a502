// SPDX-License-Identifier: EUPL-1.2
// A page in any engine, by what its driver can do: run a function in it, and press where an element is. `goto`, `reload`,
// `back`, `press` and `close` are the driver's own.
import { eventually } from '../../../system/lib/processes.mjs';

// Runs in the page: resolves once an element is there that can be seen and has the text.
function whenSeen(selector, text) {
  return new Promise((resolve) => {
    const fits = (element) => element.checkVisibility() && element.textContent.includes(text);
    const look = () => {
      if (![...document.querySelectorAll(selector)].some(fits)) return;
      observer.disconnect();
      resolve();
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    look();
  });
}

// The same for one that is no longer there.
function whenGone(selector) {
  return new Promise((resolve) => {
    const look = () => {
      if ([...document.querySelectorAll(selector)].some((element) => element.checkVisibility())) return;
      observer.disconnect();
      resolve();
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, attributes: true });
    look();
  });
}

// The same: as a person scrolls to what they want to press, which nothing may cover then.
function bringIntoView(selector) {
  const element = document.querySelector(selector);
  element.scrollIntoView({ block: 'center', behavior: 'instant' });
  const { left, top, width, height } = element.getBoundingClientRect();
  const there = document.elementFromPoint(left + width / 2, top + height / 2);
  if (!element.contains(there)) throw new Error(`${selector} is covered by ${there?.outerHTML.slice(0, 200)}`);
}

export class Page {
  // `run(source)` evaluates JavaScript in the page, waits for its promise and gives its value, as JSON carries it.
  evaluate(work, ...args) {
    return this.run(`(${work})(...${JSON.stringify(args)})`);
  }

  // A page that loads anew while somebody waits for it loses the question: then it is asked again. WebKit's driver may
  // notice that only when the time for a script is over.
  async #waitFor(what, work, ...args) {
    try {
      await eventually(() => this.evaluate(work, ...args).then(() => true, () => false), what);
    } catch (error) {
      const screen = await this.evaluate(() => document.body.innerText).catch(() => 'The page does not answer.');
      throw new Error(`waited for ${what}: ${error.message}\n${screen}`);
    }
  }

  seen(selector, text = '') {
    return this.#waitFor(`${selector} ${text}`, whenSeen, selector, text);
  }

  gone(selector) {
    return this.#waitFor(`${selector} to go`, whenGone, selector);
  }

  async click(selector) {
    await this.seen(selector);
    await this.evaluate(bringIntoView, selector);
    await this.press(selector);
  }
}
