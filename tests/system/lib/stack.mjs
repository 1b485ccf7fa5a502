// SPDX-License-Identifier: EUPL-1.2
// A broker and a turfd on it, each in a folder of its own: the whole path without the phones.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { Broker } from './broker.mjs';
import { atEnd } from './cleanup.mjs';
import { Client } from './client.mjs';
import { decode, submission } from './messages.mjs';
import { program, temporaryFolder } from './paths.mjs';
import { Running, run, succeed } from './processes.mjs';

export class Stack {
  // options: config (a file), today, store (a folder), websockets, keys (of Broker.start), arguments (more of turfd's).
  static async start(t, org, options) {
    const stack = new Stack();
    stack.org = org;
    stack.options = options;
    stack.folder = temporaryFolder(t, `turf-${org}`);
    stack.store = options.store ?? join(stack.folder, 'store');
    mkdirSync(join(stack.folder, 'phone'));
    stack.broker = await Broker.start(t, org, { websockets: options.websockets, keys: options.keys });
    stack.t = t;
    atEnd(t, () => stack.#endTurfd());
    await stack.startTurfd();
    return stack;
  }

  // What turfd notes of the store, beside it.
  get lastSeen() {
    return `${this.store}.last-seen`;
  }

  // turfd's client id at the broker.
  get turfdClientId() {
    return `turf-aggregator-${this.org}_${readFileSync(join(this.lastSeen, 'client-id'), 'utf8').trim()}`;
  }

  // As before the first start: turfd is not running.
  removeStore() {
    for (const folder of [this.store, this.lastSeen]) rmSync(folder, { recursive: true });
  }

  topic(rest) {
    return `turf/v1/${this.org}/${rest}`;
  }

  // options: those of start(), and url (where turfd finds the broker), turfd (the program), env.
  launchTurfd(options = {}) {
    const { config, today, url, turfd, env, arguments: more = [] } = { ...this.options, ...options };
    const args = ['--config', config, '--store', this.store, '--broker', url ?? this.broker.url];
    args.push('--credentials', this.broker.credentialsFile, ...(today ? ['--today', today] : []), ...more);
    this.turfd = new Running(turfd ?? program('turfd'), args, { env });
    return this.turfd;
  }

  // Resolves when turfd serves: its status says so, and it is this process's status and not an older one's.
  async startTurfd(options) {
    const screen = await Client.connect(null, this.broker.url, this.options.keys ? this.broker.watcher : {});
    const turfd = this.launchTurfd(options);
    const died = turfd.ended.then(() => Promise.reject(new Error(`turfd ended: ${turfd.log}`)));
    died.catch(() => {});
    try {
      await screen.subscribe(this.topic('status/aggregator'));
      this.status = await Promise.race([died, screen.until(() => this.#serving(screen), 'turfd to serve')]);
      this.instance = this.status.instance;
    } catch (error) {
      throw new Error(`${error.message}\n${turfd.log}`);
    } finally {
      await screen.close();
    }
    return this.status;
  }

  // A turfd that still runs must stop as it should, and sanitizers have their say.
  async #endTurfd() {
    const { turfd } = this;
    if (!turfd) return;
    const status = turfd.status ?? (await turfd.stop());
    const crashed = (status.signal && !turfd.killed) || /Sanitizer|runtime error:/.test(turfd.log);
    if (crashed || (status.code !== 0 && turfd.asked)) throw new Error(`turfd ended with ${JSON.stringify(status)}\n${turfd.log}`);
  }

  #serving(screen) {
    const status = JSON.parse(screen.newest(this.topic('status/aggregator')) ?? '{}');
    return status.online && status.instance !== this.instance && status;
  }

  client(options) {
    return Client.connect(this.t, this.broker.url, options);
  }

  // One who may read everything, and does.
  async watcher() {
    const client = await this.client(this.broker.watcher);
    await client.subscribe('#');
    return client;
  }

  // A phone with its receipt topic subscribed; phone.results has every result that came.
  async phone(options) {
    const client = await Client.connect(this.t, options?.url ?? this.broker.url, options);
    await client.subscribe(this.topic(`receipt/${client.id}`));
    return new Phone(this, client);
  }

  #environment(phone) {
    return { TURF_BROKER: this.broker.url, HOME: phone, XDG_STATE_HOME: phone, XDG_DATA_HOME: phone };
  }

  // The command line client, with a home of its own.
  turf(args, options = {}) {
    const env = { ...this.#environment(join(this.folder, 'phone')), ...options.env };
    return run(program('turf'), args, { ...options, env });
  }

  turfctl(args, options = {}) {
    return succeed(program('turfctl'), [...args, '--store', this.store], options);
  }
}

class Phone {
  constructor(stack, client) {
    this.stack = stack;
    this.client = client;
    this.topic = stack.topic(`receipt/${client.id}`);
  }

  get results() {
    return this.client.messages
      .filter((message) => message.topic === this.topic)
      .flatMap((message) => decode('Receipt', message.payload).results);
  }

  send(team, events, { receiptTo = this.client.id, ...options } = {}) {
    return this.client.publish(this.stack.topic(`registration/${team}`), submission(events, receiptTo), options);
  }

  // The verdicts on these ids, in their order, once receipts named each of them; results before the `from`-th are old.
  async verdicts(ids, from = 0) {
    const complete = () => {
      const results = this.results.slice(from);
      const found = ids.map((id) => results.findLast((result) => result.id.equals(id))?.verdict);
      return found.every(Boolean) && found;
    };
    return this.client.until(complete, `receipts for ${ids.length} events`);
  }

  // The newest verdict on an id, or undefined.
  verdict(id) {
    return this.results.findLast((result) => result.id.equals(id))?.verdict;
  }

  async register(team, events, options) {
    const from = this.results.length;
    await this.send(team, events, options);
    return this.verdicts(events.map((event) => event.id), from);
  }
}
