// SPDX-License-Identifier: EUPL-1.2
// The connection to the broker, MQTT over WebSocket: connects, reconnects with a new client id each time, and decodes what the
// aggregator publishes. It loads the MQTT library when it is first needed, so that no tap waits for that.
import { whoAnswers } from './config.js';
import { decodeCatalogue, decodeReceipt, decodeStatus, decodeSummary, decodeWeekly } from './messages.js';
import { newClientId, parseTopic, topics } from './topics.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const UNSURE_MS = 3_000; // after this long without an answer or any other packet, the connection may be dead
const DEAD_MS = 8_000; // after this long the page ends it
const REFUSALS = [4, 5]; // CONNACK: bad user name or password, not authorized
const KEEPALIVE_S = 10; // the library notices a dead connection on which nothing is sent after 1.5 times this

const decoders = { receipt: decodeReceipt, summary: decodeSummary, weekly: decodeWeekly, catalogue: decodeCatalogue, status: decodeStatus, door: (bytes) => ({ bytes }) };

// The broker behind the page's own origin.
export const ownBroker = (location) => `${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/mqtt`;

export class Connection {
  #options;
  #client = null;
  #filters = new Set(); // the topics that are wanted
  #subscribed = new Set(); // those that this connection has subscribed to
  #subscribeAll = false; // subscribe to all of them once more
  #attempt = 0;
  #timer = 0;
  #waitMs = FIRST_WAIT_MS;
  #notLoaded = 0; // how often in a row the library could not be loaded
  #running = false;
  #unanswered = 0; // packets that the broker must answer
  #retainedToCome = 0; // subscriptions of which the retained messages have not all come
  #silenceTimer = 0; // runs while an answer is missing, from the first packet that needs one or the last packet that came

  sure = true; // false: the broker does not answer, so the connection may be dead
  blocked = false; // something else answers instead of the server, such as a login
  state = 'offline'; // offline, connecting, online
  clientId = '';

  // {org, url, receipts: whether to subscribe to receipts, load: gives the mqtt library,
  // ask: who answers at the server's address, login: resolves to {username, password}, {} for a client without a name, or null
  // when it must not connect now,
  // startAgain: called when the server answers and the library does not load once more, since Firefox never asks for a module again
  // that it once could not load; it may load the page again, handlers}. Handlers:
  //   accepted(), refused(): the broker has answered the login
  //   link(link): the getter below; blocked(): `blocked` has changed
  //   receipt(results), summary(summary), weekly(weekly), catalogue(catalogue), status(status), door({bytes}): the keys
  //   cleared({kind, team, period, year}): a retained message was deleted
  //   retained(): the broker has sent all retained messages of the wanted topics
  constructor({ receipts = false, load = () => import('mqtt'), ask = whoAnswers, login = () => ({}), ...options }) {
    this.#options = { receipts, load, ask, login, ...options };
    this.#filters.add(topics.catalogue(options.org)).add(topics.status(options.org));
  }

  // offline, connecting, online, or unsure: online, but the broker does not answer.
  get link() {
    return this.state === 'online' && !this.sure ? 'unsure' : this.state;
  }

  get running() {
    return this.#running;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#connect();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#drop();
  }

  // The phone woke up, or the network is back: connect now, and make sure that an open connection is alive.
  wake() {
    this.#waitMs = FIRST_WAIT_MS;
    if (!this.#running) return;
    if (this.state === 'online' && this.#unanswered === 0) this.#ping();
    else if (this.state === 'offline') this.#connect();
  }

  // Subscribes to these topics besides catalogue and status, also after every reconnect, and unsubscribes from others.
  subscribe(filters) {
    const { org } = this.#options;
    this.#filters = new Set([topics.catalogue(org), topics.status(org), ...filters]);
    if (this.state === 'online') this.#updateSubscriptions();
  }

  // Asks the broker for all retained messages of these topics again.
  subscribeAgain() {
    this.#subscribeAll = true;
    if (this.state === 'online') this.#updateSubscriptions();
  }

  // Whether the broker has sent all retained messages of the wanted topics.
  get hasRetained() {
    return this.state === 'online' && this.#retainedToCome === 0;
  }

  // Publishes a submission. Only a receipt says that it was counted; the broker does not.
  publish(topic, bytes) {
    if (this.state !== 'online') return false;
    this.#client.publish(topic, bytes, { qos: 1 }, this.#expectAnswer());
    this.#client.stream?.uncork(); // the library sends a moment later, which a page that is being left does not live to see
    return true;
  }

  async #connect() {
    clearTimeout(this.#timer);
    if (!this.#running || this.state === 'connecting') return;
    this.#become({ state: 'connecting' });
    const attempt = ++this.#attempt;
    const library = await this.#options.load().catch(() => null);
    const login = library && (await this.#options.login());
    if (!this.#running || attempt !== this.#attempt) return;
    this.#notLoaded = library ? 0 : this.#notLoaded + 1;
    if (login) this.#open(library, login);
    else this.#reconnectLater(!library);
  }

  #open(library, login) {
    this.clientId = newClientId();
    const connect = library.connect ?? library.default.connect;
    const client = connect(this.#options.url, {
      clientId: this.clientId, protocolVersion: 4, clean: true, reconnectPeriod: 0, connectTimeout: 10_000,
      keepalive: KEEPALIVE_S, timerVariant: 'native', queueQoSZero: false, resubscribe: false, ...login,
    });
    this.#client = client;
    const on = (event, act) => client.on(event, (...values) => client === this.#client && act(...values));
    on('connect', () => this.#connected(client));
    on('message', (topic, bytes) => this.#messageArrived(topic, bytes));
    on('packetreceive', () => this.#packetArrived());
    on('error', ({ code }) => (REFUSALS.includes(code) && this.#notify('refused'), this.#reconnectLater()));
    on('close', () => this.#reconnectLater());
  }

  #connected(client) {
    const { org, receipts } = this.#options;
    this.#notify('accepted');
    this.#subscribed = this.#filters;
    this.#subscribeAll = false;
    const filters = [...this.#filters];
    if (receipts) filters.unshift(topics.receipt(org, this.clientId));
    client.subscribe(filters, { qos: 0 }, (error, _asked, answer) => {
      if (client !== this.#client) return;
      if (error && !this.#isUsable(answer)) return this.#reconnectLater();
      this.#waitMs = FIRST_WAIT_MS;
      this.#awaitRetained();
      this.#updateSubscriptions(); // the first messages, which come before the answer, may have changed the wanted topics
      this.#become({ state: 'online' });
    });
  }

  // A broker may refuse one topic and grant the others. A phone needs its receipts, which it asked for first.
  #isUsable(answer) {
    const codes = answer?.granted ?? []; // none: the connection broke off
    return codes.slice(0, this.#options.receipts ? 1 : codes.length).some((code) => code < 0x80);
  }

  #updateSubscriptions() {
    const fresh = [...this.#filters].filter((filter) => this.#subscribeAll || !this.#subscribed.has(filter));
    const left = [...this.#subscribed].filter((filter) => !this.#filters.has(filter));
    this.#subscribed = this.#filters;
    this.#subscribeAll = false;
    if (left.length) this.#client.unsubscribe(left);
    if (fresh.length === 0) return;
    this.#client.subscribe(fresh, { qos: 0 });
    this.#awaitRetained();
  }

  // The broker sends the retained messages of a subscription before it answers the next packet.
  #awaitRetained() {
    if (!this.#options.handlers?.retained) return;
    const client = this.#client;
    this.#retainedToCome++;
    this.#ping(() => client === this.#client && --this.#retainedToCome === 0 && this.#notify('retained'));
  }

  // Unsubscribes from a topic without a subscription. The broker must answer that too.
  #ping(done = () => {}) {
    const answered = this.#expectAnswer();
    this.#client.unsubscribe(topics.receipt(this.#options.org, 'A'.repeat(22)), () => (answered(), done()));
  }

  #messageArrived(topic, bytes) {
    const parsed = parseTopic(topic, this.#options.org);
    if (!parsed || (parsed.kind === 'receipt' && parsed.clientId !== this.clientId)) return;
    if (bytes.length === 0) return this.#notify('cleared', parsed);
    const message = decoders[parsed.kind](Uint8Array.from(bytes));
    if (message && (!message.org || message.org === this.#options.org)) this.#notify(parsed.kind, message);
  }

  // `ask`: look who answers, when it did not come online.
  #reconnectLater(ask = true) {
    const failed = this.state === 'connecting';
    this.#drop();
    if (!this.#running) return;
    if (failed && ask) this.#checkWhoAnswers();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), this.#waitMs * (0.75 + Math.random() / 2));
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }

  // No connection: is there a server, or does something before it want a login?
  async #checkWhoAnswers() {
    const who = await this.#options.ask();
    if (who === 'server' && this.#notLoaded > 1) this.#options.startAgain?.();
    const blocked = who === 'other';
    if (this.state === 'online' || this.blocked === blocked) return;
    this.blocked = blocked;
    this.#notify('blocked');
  }

  #drop() {
    const client = this.#client;
    this.#client = null;
    this.clientId = '';
    this.#unanswered = 0;
    this.#retainedToCome = 0;
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = 0;
    client?.end(true);
    this.#become({ state: 'offline', sure: true });
  }

  // Call it when a packet is sent. Returns the function to call when the broker has answered that packet.
  #expectAnswer() {
    const client = this.#client;
    this.#unanswered++;
    if (!this.#silenceTimer) this.#watchSilence();
    return () => {
      if (client !== this.#client) return;
      this.#unanswered--;
      this.#packetArrived();
    };
  }

  // If nothing comes, the connection is first called unsure, and then ended.
  #watchSilence() {
    this.#silenceTimer = setTimeout(() => {
      this.#become({ sure: false });
      this.#silenceTimer = setTimeout(() => this.#reconnectLater(), DEAD_MS - UNSURE_MS);
    }, UNSURE_MS);
  }

  // For answers that are still missing, the wait begins again.
  #packetArrived() {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = 0;
    if (this.#unanswered > 0) this.#watchSilence();
    this.#become({ sure: true });
  }

  // `change`: of `state` and `sure`.
  #become(change) {
    const before = this.link;
    Object.assign(this, change);
    if (this.state === 'online') this.blocked = false;
    if (this.link !== before) this.#notify('link', this.link);
  }

  #notify(name, value) {
    this.#options.handlers?.[name]?.(value);
  }
}

// Calls `wake` when the phone, the tab or the network comes back, and when the network goes.
export function onReturn(wake) {
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && wake());
  for (const name of ['pageshow', 'online', 'offline']) addEventListener(name, wake);
}
