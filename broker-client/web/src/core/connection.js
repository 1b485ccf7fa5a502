// SPDX-License-Identifier: EUPL-1.2
// The connection to the broker, MQTT over WebSocket: connects, reconnects with a new client id each time, and decodes what the
// aggregator publishes. It loads the MQTT library when it is first needed, so that no tap waits for that.
import { whoAnswers } from './config.js';
import { decodeCatalogue, decodeReceipt, decodeStatus, decodeSummary, decodeWeekly } from './messages.js';
import { newClientId, parseTopic, topics } from './topics.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const UNSURE_MS = 3_000; // a packet that must be answered was not, and nothing else was heard: the connection may be dead
const DEAD_MS = 8_000; // the same, for so long: it is ended
const KEEPALIVE_S = 10; // the library notices a dead connection on which nothing is sent after 1.5 times this

const decoders = { receipt: decodeReceipt, summary: decodeSummary, weekly: decodeWeekly, catalogue: decodeCatalogue, status: decodeStatus };

// The broker behind the page's own origin.
export const ownBroker = (location) => `${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/mqtt`;

export class Connection {
  #options;
  #client = null;
  #wanted = new Set();
  #asked = new Set(); // of what is wanted, on this connection
  #askAll = false; // all of it is asked for once more
  #attempt = 0;
  #timer = 0;
  #waitMs = FIRST_WAIT_MS;
  #running = false;
  #unanswered = 0; // packets that the broker must answer
  #asks = 0; // subscriptions of which what the broker retains has not all come
  #silence = 0; // timer: nothing heard since the first of these, or since the last packet

  sure = true; // false: the broker does not answer, so the connection may be dead
  blocked = false; // something else answers instead of the server, such as a login
  state = 'offline'; // offline, connecting, online
  clientId = '';

  // {org, url, receipts: whether to listen for receipts, load: gives the mqtt library,
  // ask: who answers at the server's address, handlers}. Handlers:
  //   online(clientId), offline(), unsure(), sure(), blocked(), receipt(results), summary(summary), weekly(weekly), catalogue(catalogue), status(status),
  //   cleared({kind, team, period, year}): a retained topic was deleted; answered(): all that the broker retains of what is
  //   listened to has come.
  constructor({ receipts = false, load = () => import('mqtt'), ask = whoAnswers, ...options }) {
    this.#options = { receipts, load, ask, ...options };
    this.#wanted.add(topics.catalogue(options.org)).add(topics.status(options.org));
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
    if (this.state === 'online') this.check();
    else if (this.state === 'offline') this.#connect();
  }

  // Makes sure that an open connection is alive: an unsubscribe from nothing must be answered.
  check() {
    if (this.state !== 'online' || this.#unanswered > 0) return;
    this.#client.unsubscribe(topics.receipt(this.#options.org, 'A'.repeat(22)), this.#mustBeAnswered());
  }

  // Subscribes to these topics besides catalogue and status, also after every reconnect, and unsubscribes from others.
  listen(filters) {
    const { org } = this.#options;
    this.#wanted = new Set([topics.catalogue(org), topics.status(org), ...filters]);
    if (this.state === 'online') this.#ask();
  }

  // Asks the broker for all retained messages of these topics again.
  askAgain() {
    this.#askAll = true;
    if (this.state === 'online') this.#ask();
  }

  // Whether all that the broker retains of what is listened to has come.
  get answered() {
    return this.state === 'online' && this.#asks === 0;
  }

  // Publishes a submission. Only a receipt says that it was counted; the broker does not.
  publish(topic, bytes) {
    if (this.state !== 'online') return false;
    this.#client.publish(topic, bytes, { qos: 1 }, this.#mustBeAnswered());
    this.#client.stream?.uncork(); // the library sends a moment later, which a page that is being left does not live to see
    return true;
  }

  async #connect() {
    clearTimeout(this.#timer);
    if (!this.#running || this.state === 'connecting') return;
    this.#become('connecting');
    const attempt = ++this.#attempt;
    const library = await this.#options.load().catch(() => null);
    if (!this.#running || attempt !== this.#attempt) return;
    if (library) this.#open(library);
    else this.#again();
  }

  #open(library) {
    this.clientId = newClientId();
    const connect = library.connect ?? library.default.connect;
    const client = connect(this.#options.url, {
      clientId: this.clientId, protocolVersion: 4, clean: true, reconnectPeriod: 0, connectTimeout: 10_000,
      keepalive: KEEPALIVE_S, timerVariant: 'native', queueQoSZero: false, resubscribe: false,
    });
    this.#client = client;
    client.on('connect', () => this.#opened(client));
    client.on('message', (topic, bytes) => client === this.#client && this.#take(topic, bytes));
    client.on('packetreceive', () => client === this.#client && this.#heard());
    client.on('error', () => client === this.#client && this.#again());
    client.on('close', () => client === this.#client && this.#again());
  }

  #opened(client) {
    if (client !== this.#client) return;
    const { org, receipts } = this.#options;
    this.#asked = this.#wanted;
    this.#askAll = false;
    const filters = [...this.#wanted];
    if (receipts) filters.unshift(topics.receipt(org, this.clientId));
    client.subscribe(filters, { qos: 0 }, (error, _asked, answer) => {
      if (client !== this.#client) return;
      if (error && !this.#isOfUse(answer)) {
        this.#again();
        return;
      }
      this.#waitMs = FIRST_WAIT_MS;
      this.#awaitRetained();
      this.#ask(); // what the first messages, which come before the answer, made us want
      this.#become('online');
    });
  }

  // A broker may refuse one topic and grant the others. A phone needs its receipts, which it asked for first.
  #isOfUse(answer) {
    const codes = answer?.granted ?? []; // none: the connection broke off
    return codes.slice(0, this.#options.receipts ? 1 : codes.length).some((code) => code < 0x80);
  }

  #ask() {
    const fresh = [...this.#wanted].filter((filter) => this.#askAll || !this.#asked.has(filter));
    const left = [...this.#asked].filter((filter) => !this.#wanted.has(filter));
    this.#asked = this.#wanted;
    this.#askAll = false;
    if (left.length) this.#client.unsubscribe(left);
    if (fresh.length === 0) return;
    this.#client.subscribe(fresh, { qos: 0 });
    this.#awaitRetained();
  }

  // The broker sends what it retains of a subscription before it answers the packet after it.
  #awaitRetained() {
    if (!this.#options.handlers?.answered) return;
    const client = this.#client;
    const heard = this.#mustBeAnswered();
    this.#asks++;
    client.unsubscribe(topics.receipt(this.#options.org, 'A'.repeat(22)), () => {
      heard();
      if (client === this.#client && --this.#asks === 0) this.#tell('answered');
    });
  }

  #take(topic, bytes) {
    const parsed = parseTopic(topic, this.#options.org);
    if (!parsed || (parsed.kind === 'receipt' && parsed.clientId !== this.clientId)) return;
    if (bytes.length === 0) {
      this.#tell('cleared', parsed);
      return;
    }
    const message = decoders[parsed.kind](Uint8Array.from(bytes));
    if (message && (!message.org || message.org === this.#options.org)) this.#tell(parsed.kind, message);
  }

  #again() {
    const failed = this.state === 'connecting';
    this.#drop();
    if (!this.#running) return;
    if (failed) this.#askWho();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), this.#waitMs * (0.75 + Math.random() / 2));
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }

  // No connection: is there a server, or does something before it want a login?
  async #askWho() {
    const blocked = (await this.#options.ask()) === 'other';
    if (this.state === 'online' || this.blocked === blocked) return;
    this.blocked = blocked;
    this.#tell('blocked');
  }

  #drop() {
    const client = this.#client;
    this.#client = null;
    this.clientId = '';
    this.#unanswered = 0;
    this.#asks = 0;
    clearTimeout(this.#silence);
    this.#silence = 0;
    this.sure = true;
    client?.end(true);
    this.#become('offline');
  }

  // The answer to a packet that is sent now.
  #mustBeAnswered() {
    const client = this.#client;
    this.#unanswered++;
    if (!this.#silence) this.#listenForSilence();
    return () => {
      if (client !== this.#client) return;
      this.#unanswered--;
      this.#heard();
    };
  }

  #listenForSilence() {
    this.#silence = setTimeout(() => {
      this.#beSure(false);
      this.#silence = setTimeout(() => this.#again(), DEAD_MS - UNSURE_MS);
    }, UNSURE_MS);
  }

  // The broker said something: what it has not answered yet may take as long again.
  #heard() {
    clearTimeout(this.#silence);
    this.#silence = 0;
    if (this.#unanswered > 0) this.#listenForSilence();
    this.#beSure(true);
  }

  #beSure(sure) {
    if (this.sure === sure) return;
    this.sure = sure;
    this.#tell(sure ? 'sure' : 'unsure');
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    if (state === 'online') this.blocked = false;
    this.#tell(state, this.clientId);
  }

  #tell(name, value) {
    this.#options.handlers?.[name]?.(value);
  }
}

// Calls `wake` when the phone, the tab or the network comes back, and when the network goes. Returns how to stop that.
export function onReturn(wake) {
  const visible = () => document.visibilityState === 'visible' && wake();
  document.addEventListener('visibilitychange', visible);
  addEventListener('pageshow', wake);
  addEventListener('online', wake);
  addEventListener('offline', wake);
  return () => {
    document.removeEventListener('visibilitychange', visible);
    removeEventListener('pageshow', wake);
    removeEventListener('online', wake);
    removeEventListener('offline', wake);
  };
}
