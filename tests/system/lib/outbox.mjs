// SPDX-License-Identifier: EUPL-1.2
// A phone that keeps rules 3, 4 and 13 (docs/wire-format.md), whatever dies meanwhile. An event stays in its outbox
// until a receipt names it. A tap can be taken back. After a new epoch, the phone sends everything again that it
// remembers. It sends events in random batches, and sends an event again when no receipt came in `retryMs` or the
// connection was lost. What a real phone has on disk (`taps`, `pending`, `epoch`) survives die(); the connection does
// not.
import { Client } from './client.mjs';
import { decode, newClientId, retraction, submission } from './messages.mjs';

// mulberry32: the same seed gives the same campaign.
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (z ^ (z >>> 14)) >>> 0;
  };
  const below = (n) => next() % n;
  return { below, shuffled: (list) => shuffle([...list], next), oneOf: (list) => list[below(list.length)] };
}

function shuffle(list, next) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = next() % (i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

const REST_MS = 2000; // an idle phone looks around so often
const keyOf = (event) => event.id.toString('hex');
const ofRetractionsOnly = ['VERDICT_RETRACTED', 'VERDICT_REFUSED_RETRACTION_TOO_LATE'];
const ofRetractions = [...ofRetractionsOnly, 'VERDICT_ALREADY_RETRACTED', 'VERDICT_REFUSED_DAY_IN_FUTURE'];

export class OutboxPhone {
  // events: [{ team, event }]; onResult(result) is called with each receipt's results for events still in the outbox.
  // url: where the broker is for this phone.
  constructor(stack, events, { seed = 1, retryMs = 400, batch = 12, url, onResult = () => {} } = {}) {
    Object.assign(this, { stack, retryMs, batch, url, onResult, random: random(seed) });
    this.taps = new Map(); // id -> { team, event, verdict, undone: the verdict on its retraction }
    this.pending = new Map(); // id -> { team, event }: the outbox
    this.lives = 0;
    for (const { team, event } of events) this.tap(team, event);
  }

  get verdicts() {
    return new Map([...this.taps].filter(([, tap]) => tap.verdict).map(([id, tap]) => [id, tap.verdict]));
  }

  tap(team, event) {
    this.taps.set(keyOf(event), { team, event });
    this.pending.set(keyOf(event), { team, event });
    this.wake?.();
  }

  // Takes a tap back, sent or not: from now on its retraction is what the phone has to tell.
  undo(id) {
    const { team, event } = this.taps.get(id);
    this.pending.set(id, { team, event: retraction(event.id, event.day) });
    this.wake?.();
  }

  // Resolves when the outbox is empty, or when the phone dies.
  drain() {
    return this.#live(() => this.pending.size > 0);
  }

  // Resolves when the phone dies.
  run() {
    return this.#live(() => true);
  }

  // As when its battery is taken out; drain() or run() begin its next life.
  die() {
    this.lives += 1;
    this.client?.mqtt.stream?.destroy();
    this.wake?.();
  }

  async #live(goesOn) {
    const life = ++this.lives;
    const lives = () => life === this.lives && goesOn();
    while (lives()) {
      const client = await this.#connect();
      if (!client) {
        await new Promise((wake) => setTimeout(wake, this.random.below(this.retryMs)));
        continue;
      }
      while (lives() && !client.over) await (this.pending.size ? this.#exchange(client) : this.#listen(client, () => this.pending.size > 0 || !lives(), REST_MS));
      await client.close();
    }
  }

  async #connect() {
    let client;
    try {
      const options = { clientId: newClientId(), connectTimeout: 5 * this.retryMs };
      client = await Client.connect(null, this.url ?? this.stack.broker.url, options);
      const gone = new Promise((resolve) => client.mqtt.once('close', () => resolve((client.over = true))));
      this.client = client;
      this.wake = () => client.waiting.forEach((look) => look());
      const subscribed = Promise.all(['status/aggregator', `receipt/${client.id}`].map((topic) => client.subscribe(this.stack.topic(topic), 0)));
      gone.then(() => this.wake());
      await Promise.race([subscribed, gone]);
      return client;
    } catch {
      await client?.close();
      return null;
    }
  }

  async #exchange(client) {
    const waiting = this.random.shuffled(this.pending.values());
    const { team } = waiting[0];
    const size = 1 + this.random.below(this.batch);
    const sent = waiting.filter((entry) => entry.team === team).slice(0, size);
    const events = sent.map((entry) => entry.event);
    client.mqtt.publish(this.stack.topic(`registration/${team}`), submission(events, client.id), { qos: 1 }, () => {});
    await this.#listen(client, () => sent.every((entry) => this.pending.get(keyOf(entry.event)) !== entry), this.retryMs);
  }

  // Takes what arrives until `done()`, or for so long, or until the connection is gone.
  #listen(client, done, limit) {
    const look = () => {
      this.#take(client);
      return client.over || done();
    };
    return client.until(look, 'the broker', limit).catch(() => {});
  }

  // What has arrived since: receipts, and the status.
  #take(client) {
    for (const { topic, payload } of client.messages.splice(0)) {
      if (topic.includes('/status/')) this.#receiveStatus(payload);
      else for (const result of decode('Receipt', payload).results) this.#settle(result);
    }
  }

  #receiveStatus(payload) {
    const { epoch } = JSON.parse(payload);
    if (this.epoch && epoch !== this.epoch) this.#offerAgain();
    this.epoch = epoch ?? this.epoch;
  }

  #offerAgain() {
    for (const [id, { team, event, undone }] of this.taps) {
      const taken = undone && !undone.includes('REFUSED');
      if (!this.pending.has(id)) this.pending.set(id, { team, event: taken ? retraction(event.id, event.day) : event });
    }
  }

  #settle(result) {
    const id = result.id.toString('hex');
    const entry = this.pending.get(id);
    if (!entry) return;
    const tap = this.taps.get(id);
    const undoing = Boolean(entry.event.retraction);
    if (!undoing && ofRetractionsOnly.includes(result.verdict)) return; // the second answer to a retraction of before
    const about = undoing && ofRetractions.includes(result.verdict) ? 'undone' : 'verdict';
    tap[about] = result.verdict;
    if (!undoing || about === 'undone') this.pending.delete(id);
    // It cannot be taken back, so the tap stands; the retraction may have taken its place before it was sent.
    if (about === 'undone' && result.verdict.includes('REFUSED') && !tap.verdict) this.pending.set(id, { team: tap.team, event: tap.event });
    this.onResult(result);
  }
}
