// SPDX-License-Identifier: EUPL-1.2
// WebKitGTK, which is Safari's engine, driven over WebDriver by Debian's WebKitWebDriver. It has no mode without a screen:
// Xvfb is one that nobody sees.
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { atEnd } from '../../../system/lib/cleanup.mjs';
import { patience, temporaryFolder } from '../../../system/lib/paths.mjs';
import { Running, eventually, freePort, portAnswers } from '../../../system/lib/processes.mjs';
import { Page } from './page.mjs';

const program = fileURLToPath(new URL('webkit-window.mjs', import.meta.url));

// Numbers the documents that were left. The number is the same for all windows: a page that comes back from the browser's
// history still has the mark that it got when it was left.
let marks = 0;

class WebKitPage extends Page {
  constructor(browser, handle) {
    super();
    Object.assign(this, { browser, handle });
  }

  #call(...args) {
    return this.browser.inWindow(this.handle, ...args);
  }

  #script(script, ...args) {
    return this.#call('POST', '/execute/sync', { script, args });
  }

  // Resolves when another document has taken the place of this one. The tests wait for it themselves, because
  // `pageLoadStrategy: none` switches off the driver's own wait. With that wait, the driver also waits before each script
  // until the page has loaded everything, for up to a minute.
  async #leave(path, body = {}) {
    const mark = ++marks;
    await this.#script('globalThis.turfMark = arguments[0]', mark);
    await this.#call('POST', path, body);
    const arrived = () => this.#script('return globalThis.turfMark !== arguments[0] && document.readyState !== "loading"', mark);
    await eventually(() => arrived().catch(() => false), `another document after ${path} ${JSON.stringify(body)}`);
  }

  goto(url) {
    return this.#leave('/url', { url });
  }

  reload() {
    return this.#leave('/refresh');
  }

  back() {
    return this.#leave('/back');
  }

  close() {
    return this.#call('DELETE', '/window');
  }

  async run(source) {
    const script = `const done = arguments[0];
      Promise.resolve().then(() => ${source}).then((value) => done({ value: value ?? null }), (error) => done({ failed: String(error) }));`;
    const { failed, value } = await this.#call('POST', '/execute/async', { script, args: [] });
    if (failed) throw new Error(failed);
    return value;
  }

  async press(selector) {
    const element = await this.#call('POST', '/element', { using: 'css selector', value: selector });
    await this.#call('POST', `/element/${Object.values(element)[0]}/click`, {});
  }
}

export class WebKit {
  static sendsWhenLeft = true; // what a page sends in its last moment arrives

  static async start(t) {
    const browser = new WebKit();
    browser.folder = temporaryFolder(t, 'turf-webkit');
    for (const name of ['home', 'runtime', 'saved']) mkdirSync(join(browser.folder, name), { mode: 0o700 });
    browser.screen = new Running('Xvfb', ['-displayfd', '1', '-screen', '0', '1600x1200x24', '-nolisten', 'tcp']);
    atEnd(t, () => browser.screen.kill('SIGTERM'));
    await eventually(() => browser.screen.stdout.endsWith('\n'), 'a screen');
    atEnd(t, () => browser.kill());
    await browser.launch();
    return browser;
  }

  // Starts the browser with what it stored before. On a busy machine about one start in a hundred never ends, so a second
  // one follows a failure.
  async launch() {
    try {
      await this.#launch();
    } catch {
      await this.kill();
      await this.#launch();
    }
  }

  async #launch() {
    const port = await freePort();
    const home = join(this.folder, 'home');
    const env = {
      DISPLAY: `:${this.screen.stdout.trim()}`, HOME: home, XDG_RUNTIME_DIR: join(this.folder, 'runtime'),
      XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home, XDG_DATA_HOME: home,
      GSETTINGS_BACKEND: 'memory', NO_AT_BRIDGE: '1', DBUS_SESSION_BUS_ADDRESS: 'disabled:', // no desktop around it
    };
    this.driver = new Running('WebKitWebDriver', [`--port=${port}`], { env, ownGroup: true });
    this.url = `http://127.0.0.1:${port}`;
    await eventually(() => portAnswers(port), 'WebKitWebDriver');
    const options = { binary: '/usr/bin/setpriv', args: ['--pdeathsig', 'KILL', '--', 'gjs', '-m', program, this.folder] };
    const capabilities = { pageLoadStrategy: 'none', 'webkitgtk:browserOptions': options };
    const { sessionId } = await this.#call('POST', '/session', { capabilities: { alwaysMatch: capabilities } });
    this.session = `/session/${sessionId}`;
    await this.#call('POST', `${this.session}/timeouts`, { script: patience });
    this.first = this.current = await this.#call('GET', `${this.session}/window`);
    this.turn = Promise.resolve();
  }

  async #call(method, path, body) {
    const answer = await fetch(this.url + path, { method, ...(body && { body: JSON.stringify(body) }), signal: AbortSignal.timeout(patience * 2) });
    const { value } = await answer.json();
    if (value?.error) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }

  // One after the other, since the driver looks at one window at a time.
  inWindow(handle, method, path, body) {
    const call = async () => {
      if (this.current !== handle) await this.#call('POST', `${this.session}/window`, { handle });
      this.current = handle;
      return this.#call(method, this.session + path, body);
    };
    const result = this.turn.then(call);
    this.turn = result.catch(() => {});
    return result;
  }

  async open(url) {
    const { handle } = await this.inWindow(this.first, 'POST', '/window/new', { type: 'window' });
    const page = new WebKitPage(this, handle);
    await page.goto(url);
    return page;
  }

  // What a click on this lets the page print, as a PDF; webkit-window.mjs says why it is asked for so.
  async printed(page, selector) {
    await page.evaluate(() => {
      globalThis.print = () => webkit.messageHandlers.print.postMessage(null);
    });
    await page.click(selector);
    return this.#file(this.folder, /^print\.pdf$/);
  }

  // The content of the one file that a click on this saves, with such a name.
  async saved(page, selector, name) {
    await page.click(selector);
    return this.#file(join(this.folder, 'saved'), name);
  }

  async #file(folder, name) {
    const found = await eventually(() => readdirSync(folder).find((one) => name.test(one)), `a file ${name}`);
    return readFileSync(join(folder, found));
  }

  // Closes the browser as a person does.
  async close() {
    await this.turn;
    await this.#call('DELETE', this.session);
    await this.driver.stop();
  }

  // Kills all its processes, also those that hang.
  async kill() {
    if (!this.driver || this.driver.status) return;
    process.kill(-this.driver.pid, 'SIGKILL');
    await this.driver.ended;
  }
}
