// SPDX-License-Identifier: EUPL-1.2
// A fake MQTT library: a test sees what a page asked of it, and decides when it answers.
import { EventEmitter } from 'node:events';

class Client extends EventEmitter {
  subscribed = [];
  left = [];
  published = [];
  answers = [];
  ended = false;
  silent = false; // the broker answers no unsubscribe and no publish

  constructor(options) {
    super();
    this.options = options;
  }

  subscribe(filters, _options, answer = () => {}) {
    this.subscribed.push(...filters);
    this.answers.push(answer);
  }

  unsubscribe(filters, answer = () => {}) {
    this.left.push(...[filters].flat());
    if (!this.silent) answer();
  }

  publish(topic, bytes, _options, answer = () => {}) {
    this.published.push({ topic, bytes });
    if (!this.silent) answer();
  }

  end() {
    this.ended = true;
  }
}

export class Library {
  clients = [];

  connect = (_url, options) => {
    this.clients.push(new Client(options));
    return this.clients.at(-1);
  };

  get open() {
    return this.clients.filter(({ ended }) => !ended);
  }
}
