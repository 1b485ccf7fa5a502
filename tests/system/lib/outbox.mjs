// SPDX-License-Identifier: EUPL-1.2
// A phone that keeps rule 3: an event stays in its outbox until a receipt names it, whatever dies on the way. Events
// are sent in random batches; what has no receipt in `retryMs`, or loses its connection, is sent again.
import { Client } from './client.mjs';
import { decode, newClientId, submission } from './messages.mjs';

// mulberry32: the same seed gives the same campaign.
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (z ^ (z >>> 14)) >>> 0;
  };
  return { below: (n) => next() % n, shuffled: (list) => shuffle([...list], next) };
}

function shuffle(list, next) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = next() % (i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

export class OutboxPhone {
  // events: [{ team, event }]; onResult(result) is told of each receipt's results for events still in the outbox.
  constructor(stack, events, { seed = 1, retryMs = 400, batch = 12, onResult = () => {} } = {}) {
    Object.assign(this, { stack, retryMs, batch, onResult, random: random(seed) });
    this.pending = new Map(events.map((entry) => [entry.event.id.toString('hex'), entry]));
    this.verdicts = new Map();
  }

  // Resolves when the outbox is empty.
  async drain() {
    while (this.pending.size) {
      const client = await this.#connect();
      if (!client) {
        await new Promise((wake) => setTimeout(wake, this.random.below(this.retryMs)));
        continue;
      }
      try {
        while (this.pending.size && client.mqtt.connected) await this.#exchange(client);
      } catch {
        // the connection went: the outbox still has everything
      } finally {
        await client.close();
      }
    }
  }

  async #connect() {
    try {
      const client = await Client.connect(null, this.stack.broker.url, { clientId: newClientId(), connectTimeout: 2000 });
      client.gone = new Promise((resolve) => client.mqtt.once('close', resolve));
      await client.subscribe(this.stack.topic(`receipt/${client.id}`), 0);
      return client;
    } catch {
      return null;
    }
  }

  async #exchange(client) {
    const waiting = this.random.shuffled(this.pending.values());
    const { team } = waiting[0];
    const events = waiting.filter((entry) => entry.team === team).slice(0, this.batch).map((entry) => entry.event);
    client.mqtt.publish(this.stack.topic(`registration/${team}`), submission(events, client.id), { qos: 1 }, () => {});
    const answered = () => {
      this.#take(client);
      return events.every((event) => !this.pending.has(event.id.toString('hex')));
    };
    await Promise.race([client.until(answered, 'a receipt', this.retryMs).catch(() => {}), client.gone]);
  }

  #take(client) {
    for (const message of client.messages.splice(0)) {
      for (const result of decode('Receipt', message.payload).results) {
        const id = result.id.toString('hex');
        if (!this.pending.delete(id)) continue;
        this.verdicts.set(id, result.verdict);
        this.onResult(result);
      }
    }
  }
}
