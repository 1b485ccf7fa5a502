// SPDX-License-Identifier: EUPL-1.2
// A mosquitto of the test's own, with the very files that deploy/run gives to its broker.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { atEnd } from './cleanup.mjs';
import { program, root, temporaryFolder } from './paths.mjs';
import { Running, eventually, freePort, portAnswers, succeed } from './processes.mjs';

const path = `${process.env.PATH}:/usr/sbin`;

export class Broker {
  // options: folder, websockets (a listener for those too), keys (a folder of key directories: only tokens open the door),
  // env (of mosquitto).
  static async start(t, org, options = {}) {
    const broker = new Broker();
    broker.org = org;
    broker.folder = options.folder ?? temporaryFolder(t, 'turf-broker');
    broker.env = { ...options.env, PATH: path };
    atEnd(t, () => broker.process?.kill('SIGKILL'));
    for (let tries = 0; !broker.port; tries++) {
      await broker.#tryPorts(options, tries);
    }
    return broker;
  }

  // Another program may take a port between the choice and the start: then choose again.
  async #tryPorts({ websockets, keys }, tries) {
    const port = await freePort();
    const wsPort = websockets ? await freePort() : undefined;
    const door = keys ? ['--door', program('turf_door.so'), keys] : [];
    const args = [...door, this.folder, String(port), this.org, ...(wsPort ? [String(wsPort)] : [])];
    await succeed(join(root, 'deploy/broker-config'), args, { env: { PATH: path } });
    await this.#addWatcher();
    this.process = new Running('mosquitto', ['-c', join(this.folder, 'mosquitto.conf')], { env: this.env });
    try {
      await this.#ready([port, wsPort]);
    } catch (error) {
      if (tries < 5 && /address already in use|unable to create/i.test(error.message)) return;
      throw error;
    }
    this.port = port;
    this.url = `mqtt://127.0.0.1:${port}`;
    this.wsUrl = wsPort && `ws://127.0.0.1:${wsPort}`;
    this.credentialsFile = join(this.folder, 'credentials');
    this.watcher = { username: 'watcher', password: 'watcher' };
    this.aggregator = this.#credentials();
  }

  #credentials() {
    const text = readFileSync(this.credentialsFile, 'utf8');
    const field = (name) => text.match(new RegExp(`^${name} = (.*)$`, 'm'))[1];
    return { username: field('user'), password: field('password') };
  }

  // The tests' own user, who may read everything on this broker.
  async #addWatcher() {
    await succeed('mosquitto_passwd', ['-b', join(this.folder, 'passwords'), 'watcher', 'watcher']);
    appendFileSync(join(this.folder, 'acl'), '\nuser watcher\ntopic read #\n');
  }

  #ready(ports) {
    return eventually(async () => {
      if (this.process.status) throw new Error(`the broker ended: ${this.process.log}`);
      for (const port of ports) {
        if (port && !(await portAnswers(port))) return false;
      }
      return true;
    }, 'the broker');
  }

  // kill -9; everything that it held is gone.
  kill() {
    return this.process.kill('SIGKILL');
  }

  async startAgain() {
    this.process = new Running('mosquitto', ['-c', join(this.folder, 'mosquitto.conf')], { env: this.env });
    await this.#ready([this.port, this.wsUrl && Number(new URL(this.wsUrl).port)]);
  }
}
