// SPDX-License-Identifier: EUPL-1.2
// Whatever happened before, in whatever order: once network, broker and turfd work, every outbox becomes empty within minutes, and
// turfd has counted what was tapped and not taken back. One or two tabs, a network that is cut, refuses, loses and delays, a turfd
// that does not count, starts again or answers twice, a clock that is set: the dice choose. TURF_SEED=n plays the one course n.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { long } from '../system/lib/paths.mjs';
import { DAY_MS, TODAY, clock, emptyPhone, openPhone, prefix, receiptBytes } from './lib/fake-tab.mjs';
import { decodeSubmission } from './lib/submission.mjs';
import { dice, turns } from './lib/web.mjs';

const { Verdict: V } = await import('../../broker-client/web/src/core/messages.js');

const STEPS = 80;
const KEEPALIVE_MS = 10_000;
const EMPTY_MS = 16 * 60_000; // three times the longest interval between two attempts

// The time of timers, which no setting of the clock moves.
class Timers {
  #now = 0;
  #set = new Map();
  #last = 0;

  constructor(t) {
    t.mock.method(globalThis, 'setTimeout', (run, ms = 0) => (this.#set.set(++this.#last, { run, at: this.#now + ms }), this.#last));
    t.mock.method(globalThis, 'clearTimeout', (n) => this.#set.delete(n));
  }

  // `each` is called after every timer, and at the end.
  async advance(ms, each) {
    const end = this.#now + ms;
    for (;;) {
      const [n, next] = [...this.#set].filter(([, { at }]) => at <= end).sort(([a, one], [b, other]) => one.at - other.at || a - b)[0] ?? [];
      const to = next?.at ?? end;
      clock.now += to - this.#now;
      this.#now = to;
      this.#set.delete(n);
      next?.run();
      await each();
      if (!next) return;
    }
  }
}

// Between the tabs, in an order that is the same in every run, unlike node's own.
class Channel {
  static #all = new Set();

  constructor() {
    Channel.#all.add(this);
  }

  postMessage() {
    for (const other of Channel.#all) if (other !== this) setImmediate(() => Channel.#all.has(other) && other.onmessage());
  }

  close() {
    Channel.#all.delete(this);
  }
}

globalThis.BroadcastChannel = Channel;

// The network, the broker and turfd. What is under way arrives when the dice say so, for each connection in its order.
class Servers {
  network = 'pass'; // refuse: no connection is made; lose: nothing arrives, and nobody notices
  counts = true; // whether turfd counts; else submissions are lost
  instance = 1;
  store = new Map(); // id: 'counted' or 'retracted'
  #clients = [];

  constructor(random) {
    this.random = random;
  }

  connect = (_url, { clientId }) => {
    const handlers = {};
    const client = {
      clientId, queue: [], open: true,
      on: (event, act) => (handlers[event] = act),
      emit: (event, ...values) => handlers[event]?.(...values),
      end: () => (client.open = false),
      subscribe: (_filters, _options, answer = () => {}) => this.#send(client, () => (this.#welcome(client), answer(null))),
      unsubscribe: (_filters, answer = () => {}) => this.#send(client, answer),
      publish: (_topic, bytes, _options, answer) => this.#send(client, () => this.#submitted(client, decodeSubmission(bytes), answer)),
    };
    this.#clients.push(client);
    this.#pass(client, () => (this.network === 'refuse' ? this.#cut(client) : ((client.answered = true), client.emit('connect'))));
    this.#watch(client);
    return client;
  };

  // The library ends a connection on which the broker answers nothing, neither to its CONNECT nor to a ping.
  #watch(client) {
    setTimeout(() => {
      if (!client.open) return;
      if (!client.answered) return this.#cut(client);
      client.answered = false;
      this.#send(client, () => this.#answer(client, () => (client.answered = true)));
      this.#watch(client);
    }, KEEPALIVE_MS);
  }

  // The broker handles it later, and what it answers arrives later still.
  #send(client, handle) {
    if (client.open) this.#pass(client, handle);
  }

  #answer(client, act) {
    this.#pass(client, () => (client.emit('packetreceive'), act()));
  }

  // TCP has no holes: a connection that lost a packet delivers none that is sent later.
  #pass(client, arrive) {
    client.hurt ||= this.network === 'lose';
    if (!client.hurt) client.queue.push(arrive);
  }

  #welcome(client) {
    this.#answer(client, () => this.#status(client));
  }

  #status(client) {
    const status = { online: true, today: '2019-12-31', instance: `turfd ${this.instance}`, epoch: 'a'.repeat(32) };
    client.emit('message', `${prefix}/status/aggregator`, new TextEncoder().encode(JSON.stringify(status)));
  }

  #submitted(client, { events }, answer) {
    const receipt = this.counts && receiptBytes(events.map(({ id, act }) => ({ id, verdict: this.#verdict(id, act) })));
    const acts = [() => answer(), ...(receipt ? [() => client.emit('message', `${prefix}/receipt/${client.clientId}`, receipt)] : [])];
    for (const act of this.random() < 0.5 ? acts : acts.reverse()) this.#answer(client, act);
    if (receipt && this.random() < 0.1) this.#answer(client, acts.at(-1));
  }

  #verdict(id, act) {
    const before = this.store.get(id);
    if (act === 'retraction') {
      this.store.set(id, 'retracted');
      return before === 'retracted' ? V.VERDICT_ALREADY_RETRACTED : V.VERDICT_RETRACTED;
    }
    if (before === 'retracted') return V.VERDICT_ALREADY_RETRACTED;
    this.store.set(id, 'counted');
    return before ? V.VERDICT_ALREADY_COUNTED : V.VERDICT_COUNTED;
  }

  #cut(client) {
    if (!client.open) return;
    client.open = false;
    client.queue = [];
    client.emit('close');
  }

  cut() {
    for (const client of this.#clients) if (this.random() < 0.7) this.#cut(client);
  }

  startTurfd() {
    this.instance++;
    for (const client of this.#clients) if (client.open) this.#answer(client, () => this.#status(client));
  }

  // The next packet of one connection arrives. False: nothing is under way.
  deliver() {
    this.#clients = this.#clients.filter(({ open }) => open);
    const busy = this.#clients.filter(({ queue }) => queue.length);
    if (busy.length === 0) return false;
    busy[Math.floor(this.random() * busy.length)].queue.shift()();
    return true;
  }
}

class Course {
  tabs = []; // {phone, seen}
  changes = []; // promises of what is being released and taken back
  wanted = new Map(); // id: whether it shall count in the end

  constructor(t, seed) {
    this.random = dice(seed);
    t.mock.method(Math, 'random', dice(-seed));
    this.timers = new Timers(t);
    this.servers = new Servers(this.random);
  }

  #below(n) {
    return Math.floor(this.random() * n);
  }

  // Callbacks that are ready run; how many of them before the next thing happens is up to the dice, since a disk may be slow.
  settle() {
    return turns(this.random() < 0.3 ? this.#below(6) : 30);
  }

  async open() {
    const phone = await openPhone({ load: async () => this.servers });
    const tab = { phone, seen: true };
    this.tabs.push(tab);
    this.look(tab);
    if (phone.team === '') await phone.setTeam('oost');
  }

  // At most one tab is seen, but two windows may be beside each other.
  look(tab) {
    for (const other of this.tabs) if (other !== tab && this.random() < 0.5) this.hide(other);
    tab.seen = true;
    tab.phone.wake();
  }

  hide(tab) {
    if (tab.seen) tab.phone.leave();
    tab.seen = false;
  }

  closeAllBut(tab) {
    for (const other of this.tabs) if (other !== tab) other.phone.close();
    this.tabs = [tab];
  }

  #change(work) {
    this.changes.push(work.catch((error) => assert.match(String(error), /closed/))); // its page was closed
  }

  async tap({ phone }) {
    const ids = await phone.tap({ day: TODAY, domain: 1, outcome: 1, count: 1 + this.#below(3) });
    for (const id of ids) this.wanted.set(id, true);
    if (this.random() < 0.5) this.#change(phone.release(ids));
  }

  takeBack({ phone }) {
    const tap = phone.taps[this.#below(phone.taps.length)];
    if (!tap || tap.retracting) return;
    this.wanted.set(tap.id, false);
    this.#change(this.random() < 0.5 ? phone.takeBack([tap.id]) : phone.retract([tap.id]));
  }

  async step() {
    const tab = this.tabs[this.#below(this.tabs.length)];
    const { servers } = this;
    const choices = [
      [30, () => servers.deliver()],
      [15, () => this.timers.advance(this.#below(4_000), () => this.settle())],
      [4, () => this.timers.advance(this.#below(60_000), () => this.settle())],
      [12, () => tab.seen && this.tap(tab)],
      [5, () => tab.seen && this.takeBack(tab)],
      [6, () => this.look(tab)],
      [4, () => this.hide(tab)],
      [3, () => tab.phone.wake({ seen: tab.seen })],
      [6, () => this.tabs.length < 2 && this.open()],
      [2, () => this.closeAllBut(tab)],
      [5, () => servers.cut()],
      [4, () => (servers.network = ['refuse', 'lose', 'pass', 'pass'][this.#below(4)])],
      [6, () => (servers.counts = this.random() < 0.5)],
      [2, () => servers.startTurfd()],
      [2, () => (clock.now += (this.random() - 0.5) * DAY_MS)],
    ];
    let roll = this.random() * choices.reduce((sum, [weight]) => sum + weight, 0);
    const [, act] = choices.find(([weight]) => (roll -= weight) < 0);
    await act();
    await this.settle();
  }

  get waiting() {
    return Math.max(...this.tabs.map(({ phone }) => phone.waiting.all));
  }

  async deliverAll() {
    for (let i = 0; i < 3; i++) {
      do await turns(12);
      while (this.servers.deliver());
    }
  }

  // From now on everything works, and nobody touches a page. Resolves to how long it took until all outboxes were empty.
  async recover() {
    Object.assign(this.servers, { network: 'pass', counts: true });
    const tab = this.tabs[this.#below(this.tabs.length)];
    if (tab.seen && this.random() < 0.5) this.closeAllBut(tab); // nobody touches it: it gets the lock and the connection by itself
    else this.look(tab);
    await Promise.all(this.changes);
    await this.deliverAll();
    let took = 0;
    for (; this.waiting > 0 && took < EMPTY_MS; took += 1_000) await this.timers.advance(1_000, () => this.deliverAll());
    return took;
  }
}

async function play(t, seed) {
  const course = new Course(t, seed);
  await course.open();
  for (let i = 0; i < STEPS; i++) await course.step();
  const took = await course.recover();
  assert.equal(course.waiting, 0, `seed ${seed}: taps still wait ${took} ms after everything works again`);
  const counted = [...course.servers.store].filter(([, state]) => state === 'counted').map(([id]) => id);
  const wanted = [...course.wanted].filter(([, shall]) => shall).map(([id]) => id);
  assert.deepEqual(counted.sort(), wanted.sort(), `seed ${seed}`);
  return took;
}

const seeds = process.env.TURF_SEED ? [Number(process.env.TURF_SEED)] : Array.from({ length: long ? 5_000 : 60 }, (_, i) => i + 1);

test('once everything works, every outbox becomes empty, whatever happened before', async (t) => {
  let longest = 0;
  for (const seed of seeds) {
    await emptyPhone();
    longest = Math.max(longest, await play(t, seed));
    t.mock.restoreAll();
  }
  t.diagnostic(`the longest of ${seeds.length} courses took ${longest / 1_000} s`);
});
