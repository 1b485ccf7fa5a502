// SPDX-License-Identifier: EUPL-1.2
// Debian's Firefox ESR, driven over WebDriver BiDi, which it speaks itself.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import WebSocket from 'ws';

import { atEnd } from '../../../system/lib/cleanup.mjs';
import { patience, temporaryFolder } from '../../../system/lib/paths.mjs';
import { Running, eventually } from '../../../system/lib/processes.mjs';
import { Page } from './page.mjs';

const preferences = (folder) => ({
  'intl.accept_languages': 'nl',
  'intl.locale.requested': 'nl',
  'browser.download.folderList': 2,
  'browser.download.dir': join(folder, 'saved'),
  'browser.download.useDownloadDir': true,
  'browser.download.alwaysOpenPanel': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'browser.sessionstore.resume_from_crash': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'print.always_print_silent': true,
  print_printer: 'Mozilla Save to PDF',
  'print.printer_Mozilla_Save_to_PDF.print_to_file': true,
  'print.printer_Mozilla_Save_to_PDF.print_to_filename': join(folder, 'print.pdf'),
});

class FirefoxPage extends Page {
  constructor(browser, context) {
    super();
    Object.assign(this, { browser, context });
  }

  #call(method, more) {
    return this.browser.call(method, { context: this.context, ...more });
  }

  goto(url) {
    return this.#call('browsingContext.navigate', { url, wait: 'complete' });
  }

  reload() {
    return this.#call('browsingContext.reload', { wait: 'complete' });
  }

  back() {
    return this.#call('browsingContext.traverseHistory', { delta: -1 });
  }

  close() {
    return this.#call('browsingContext.close');
  }

  async run(source) {
    const expression = `Promise.resolve().then(() => ${source}).then((value) => JSON.stringify(value ?? null))`;
    const target = { context: this.context };
    const answer = await this.browser.call('script.evaluate', { expression, target, awaitPromise: true });
    if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.text);
    return JSON.parse(answer.result.value);
  }

  // First makes this tab visible, because a hidden tab takes no press.
  async press(selector) {
    await this.#call('browsingContext.activate');
    const { nodes: [{ sharedId }] } = await this.#call('browsingContext.locateNodes', { locator: { type: 'css', value: selector } });
    const origin = { type: 'element', element: { sharedId } };
    const actions = [{ type: 'pointerMove', x: 0, y: 0, origin }, { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 }];
    await this.#call('input.performActions', { actions: [{ type: 'pointer', id: 'mouse', actions }] });
  }
}

export class Firefox {
  static sendsWhenLeft = false; // a page's connections are closed before its pagehide event

  static async start(t) {
    const browser = new Firefox();
    browser.folder = temporaryFolder(t, 'turf-firefox');
    browser.profile = join(browser.folder, 'profile');
    for (const name of ['profile', 'home', 'saved']) mkdirSync(join(browser.folder, name));
    const lines = Object.entries(preferences(browser.folder)).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
    writeFileSync(join(browser.profile, 'user.js'), lines.join(''));
    atEnd(t, () => browser.kill());
    await browser.launch();
    return browser;
  }

  // Starts the browser with what it stored before.
  async launch() {
    const env = { HOME: join(this.folder, 'home'), MOZ_CRASHREPORTER_DISABLE: '1' };
    const args = ['--headless', '--no-remote', '--width', '360', '--height', '740', '--remote-debugging-port', '0', '--profile', this.profile];
    this.program = new Running('firefox-esr', args, { env, ownGroup: true });
    const [, url] = await eventually(() => {
      if (this.program.status) throw new Error(`Firefox ended: ${this.program.log}`);
      return this.program.log.match(/WebDriver BiDi listening on (ws:\S+)/);
    }, 'Firefox');
    this.#listen(new WebSocket(`${url}/session`, { perMessageDeflate: false }));
    await new Promise((resolve, reject) => this.socket.once('open', resolve).once('error', reject));
    await this.call('session.new', { capabilities: {} });
    await this.call('session.subscribe', { events: ['browsingContext.downloadEnd'] });
  }

  #listen(socket) {
    Object.assign(this, { socket, last: 0, calls: new Map(), downloads: [] });
    socket.on('message', (text) => {
      const { id, type, result, error, message, method, params } = JSON.parse(text);
      if (type === 'event') {
        if (method === 'browsingContext.downloadEnd') this.downloads.shift()?.(params);
        return;
      }
      const { resolve, reject } = this.calls.get(id);
      this.calls.delete(id);
      if (type === 'success') resolve(result);
      else reject(new Error(`${error}: ${message}`));
    });
    socket.on('error', () => {}); // shows as a close
    socket.on('close', () => this.calls.forEach(({ reject }) => reject(new Error('Firefox ended'))));
  }

  call(method, params = {}) {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), patience);
      const answered = (settle) => (value) => (clearTimeout(timer), settle(value));
      this.calls.set(id, { resolve: answered(resolve), reject: answered(reject) });
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }

  async open(url) {
    const { context } = await this.call('browsingContext.create', { type: 'tab' });
    const page = new FirefoxPage(this, context);
    await page.goto(url);
    return page;
  }

  // What a click on this lets the page print, as a PDF.
  async printed(page, selector) {
    await page.click(selector);
    const path = join(this.folder, 'print.pdf');
    return eventually(() => {
      try {
        const pdf = readFileSync(path);
        return pdf.includes('%%EOF') && pdf;
      } catch {
        return false;
      }
    }, 'what was printed');
  }

  // The content of the one file that a click on this saves, with such a name.
  async saved(page, selector, name) {
    const end = new Promise((resolve) => this.downloads.push(resolve));
    await page.click(selector);
    const { status, filepath } = await end;
    if (status !== 'complete' || !name.test(filepath)) throw new Error(`${status}: ${filepath}, and not ${name}`);
    return readFileSync(filepath);
  }

  // Closes the browser as a person does.
  async close() {
    await this.call('browser.close');
    await this.program.ended;
  }

  async kill() {
    if (!this.program || this.program.status) return;
    process.kill(-this.program.pid, 'SIGKILL');
    await this.program.ended;
  }
}
