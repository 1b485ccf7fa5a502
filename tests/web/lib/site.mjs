// SPDX-License-Identifier: EUPL-1.2
// The whole site: real nginx with the built pages, real mosquitto, real turfd. Between nginx and the broker is a proxy that can make
// the network bad.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { atEnd } from '../../system/lib/cleanup.mjs';
import { writeConfig } from '../../system/lib/config.mjs';
import { build, root, temporaryFolder } from '../../system/lib/paths.mjs';
import { Running, eventually, freePort, portAnswers, succeed } from '../../system/lib/processes.mjs';
import { Proxy } from '../../system/lib/proxy.mjs';
import { Stack } from '../../system/lib/stack.mjs';

const path = `${process.env.PATH}:/usr/sbin`;
export const pages = join(build, 'web');

// The pages are made once in each test file. Files that run side by side make them one after the other, as deploy/run does.
let made;
const makePages = () => (made ??= succeed('flock', [join(build, '.making'), 'make', '-s', `BUILD=${process.env.BUILD || 'build'}`, 'web']));

export class Site {
  static running = new Set(); // those of tests that have not ended

  // site.url is the worker's page; settings: changes of turfd's configuration; options: more of Stack's.
  static async start(t, settings = {}, options = {}) {
    const site = new Site();
    await makePages();
    Site.running.add(site);
    atEnd(t, () => Site.running.delete(site));
    site.stack = await Stack.start(t, 'proef', { config: writeConfig(t, settings), websockets: true, ...options });
    site.net = await Proxy.start(t, Number(new URL(site.stack.broker.wsUrl).port));
    site.folder = temporaryFolder(t, 'turf-site');
    atEnd(t, () => site.nginx?.kill('SIGKILL'));
    site.port = await freePort();
    site.origin = `http://127.0.0.1:${site.port}`;
    site.url = `${site.origin}/`;
    site.leaderUrl = (hash = '#oost/nu') => `${site.origin}/leader.html${hash}`;
    const netPort = site.net.server.address().port;
    await succeed(join(root, 'deploy/web-config'), [site.folder, site.port, 'proef', netPort, pages].map(String));
    await site.serve();
    return site;
  }

  async serve() {
    this.nginx = new Running('nginx', ['-e', 'stderr', '-p', this.folder, '-c', 'nginx.conf'], { env: { PATH: path } });
    await eventually(async () => {
      if (this.nginx.status) throw new Error(`nginx ended: ${this.nginx.log}`);
      return portAnswers(this.port);
    }, 'nginx');
  }

  // Stops nginx, so that a phone reaches nothing.
  async vanish() {
    await this.nginx.kill('SIGTERM');
  }

  // A later build of the pages takes the place of the one that is served. Its tap page says data-build="later", or `name`;
  // not `intact`: it is another than the service worker was built with.
  update(name = 'later', { intact = true } = {}) {
    const later = join(this.folder, name);
    cpSync(pages, later, { recursive: true });
    const change = (file, from, to) => {
      const text = readFileSync(join(later, file), 'utf8');
      assert.match(text, from, file);
      writeFileSync(join(later, file), text.replace(from, to));
    };
    change('tap.html', /<body>/, `<body data-build="${name}">`);
    change('sw.js', /\b[0-9a-f]{16}\b/, name.padEnd(16, '0'));
    const hash = createHash('sha256').update(readFileSync(join(later, 'tap.html'))).digest('base64');
    if (intact) change('sw.js', /"tap\.html":"sha256-[^"]+"/, `"tap.html":"sha256-${hash}"`);
    this.#servePages(later);
  }

  // From now on the server does not have the MQTT library, which a page loads last. Returns the function that puts it back.
  withholdLibrary() {
    const folder = join(this.folder, 'without-library');
    cpSync(pages, folder, { recursive: true });
    for (const name of readdirSync(join(folder, 'assets'))) if (name.startsWith('mqtt')) rmSync(join(folder, 'assets', name));
    this.#servePages(folder);
    return () => this.#servePages(pages);
  }

  #servePages(folder) {
    symlinkSync(folder, join(this.folder, 'pages.new'));
    renameSync(join(this.folder, 'pages.new'), join(this.folder, 'pages'));
  }

  // What the store counts, of all teams and all time: {questions, 'oost/1/answered': n, …}, zeros left out.
  async counted() {
    const { stdout } = await this.stack.turfctl(['export', '--format', 'json']);
    const figures = { questions: 0 };
    for (const { team, period, domains } of JSON.parse(stdout).summaries) {
      if (team === 'all' || !period.includes('Q')) continue;
      for (const { domain, ...cell } of domains) {
        for (const outcome of ['answered', 'referred']) {
          if (!cell[outcome]) continue;
          const key = `${team}/${domain}/${outcome}`;
          figures[key] = (figures[key] ?? 0) + cell[outcome];
          figures.questions += cell[outcome];
        }
      }
    }
    return figures;
  }
}
