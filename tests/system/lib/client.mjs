// SPDX-License-Identifier: EUPL-1.2
// A phone or a screen that nobody here wrote: mqtt.js, with every message it gets kept in order of arrival.
import mqtt from 'mqtt';

import { atEnd } from './cleanup.mjs';
import { newClientId } from './messages.mjs';
import { patience } from './paths.mjs';

export class Client {
  // options: clientId, username, password, protocolVersion (4, or 5), clean.
  static async connect(t, url, options = {}) {
    const client = new Client();
    client.id = options.clientId ?? newClientId();
    client.messages = [];
    client.waiting = new Set();
    client.mqtt = await mqtt.connectAsync(
      url,
      { clientId: client.id, reconnectPeriod: 0, connectTimeout: patience, ...options },
      false,
    );
    client.mqtt.on('message', (topic, payload, packet) => client.#arrived({ topic, payload, retained: packet.retain }));
    client.mqtt.on('error', () => {}); // a lost connection shows in what does not come
    atEnd(t, () => client.close());
    return client;
  }

  #arrived(message) {
    this.messages.push(message);
    for (const look of this.waiting) look();
  }

  subscribe(filter, qos = 1) {
    return this.mqtt.subscribeAsync(filter, { qos });
  }

  // Resolves at the broker's PUBACK with QoS 1.
  publish(topic, payload, { qos = 1, retain = false } = {}) {
    return this.mqtt.publishAsync(topic, payload, { qos, retain });
  }

  // Looks at each arrival until `condition(messages)` gives something truthy, and resolves to that.
  until(condition, what, limit = patience) {
    return new Promise((resolve, reject) => {
      const settle = (how, value) => {
        clearTimeout(timer);
        this.waiting.delete(look);
        how(value);
      };
      const look = () => {
        try {
          const value = condition(this.messages);
          if (value) settle(resolve, value);
        } catch (error) {
          settle(reject, error);
        }
      };
      const timer = setTimeout(() => settle(reject, new Error(`waited in vain for ${what}`)), limit);
      this.waiting.add(look);
      look();
    });
  }

  // The newest payload of a topic so far, or undefined.
  newest(topic) {
    return this.messages.findLast((message) => message.topic === topic)?.payload;
  }

  close() {
    return this.mqtt.endAsync(true);
  }
}
