// SPDX-License-Identifier: EUPL-1.2
// A page in any engine, by what its driver can do: run a function in it, and press where an element is. `goto`, `reload`,
// `back`, `press` and `close` are the driver's own.
import { eventually } from '../../../system/lib/processes.mjs';

// Runs in the page: whether an element is there that can be seen and has the text.
const isSeen = (selector, text) =>
  [...document.querySelectorAll(selector)].some((element) => element.checkVisibility() && element.textContent.includes(text));

// Runs in the page: as a person scrolls to what they want to press, which nothing may cover then.
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

  // Asks again and again, because an answer is lost when the page reloads.
  async #until(what, condition) {
    let lastError = 'none';
    const asked = () => condition().catch((error) => {
      lastError = error.message;
      return false;
    });
    try {
      await eventually(asked, what);
    } catch (error) {
      const screen = await this.evaluate(() => [document.URL, document.readyState, document.body.innerText].join('\n')).catch(String);
      throw new Error(`${error.message}; the page's last error: ${lastError}\n${screen}`);
    }
  }

  seen(selector, text = '') {
    return this.#until(`${selector} ${text}`, () => this.evaluate(isSeen, selector, text));
  }

  gone(selector) {
    return this.#until(`${selector} to go`, async () => !(await this.evaluate(isSeen, selector, '')));
  }

  async click(selector) {
    await this.seen(selector);
    await this.evaluate(bringIntoView, selector);
    await this.press(selector);
  }
}
