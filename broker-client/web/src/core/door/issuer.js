// SPDX-License-Identifier: EUPL-1.2
// What the page asks of turfdoor over HTTP (docs/door.md, "HTTP").
import { join } from './blind-rsa.js';
import { fromText, toText } from './token.js';

const DIRECTORY = '/.well-known/private-token-issuer-directory';
const ANSWER_MS = 60_000; // after this long a request has failed: the connection waits for it, and browsers wait for minutes
const ONCE = { cache: 'no-store', redirect: 'error' };

export class Issuer {
  #fetch;

  constructor(fetcher) {
    this.#fetch = fetcher;
  }

  // Resolves to {text} of the directory, or {failed}: 'none', there is no turfdoor at this server; 'network', try again.
  async directory() {
    const answer = await this.#ask(DIRECTORY, {});
    if (answer.status === 200) return { text: new TextDecoder().decode(answer.body) };
    return { failed: answer.status === 404 ? 'none' : 'network' };
  }

  // Resolves to {device}, or {failed}: a word of turfdoor's, 'none' or 'network'.
  async join(code, credential) {
    const { status, body } = await this.#ask('/door/join', { method: 'POST', body: join(code, credential) });
    const answer = parse(body);
    if (status === 200 && isDevice(answer)) return { device: answer };
    return { failed: this.#failure(status, answer) };
  }

  // Resolves to {answers}, the blind signatures, or {failed} as above.
  async sign(requestUri, credential, keyId, blinded) {
    const headers = { Authorization: `Bearer ${toText(credential)}` };
    const { status, body } = await this.#ask(requestUri, { method: 'POST', headers, body: join(fromText(keyId), ...blinded) });
    return status === 200 ? { answers: body } : { failed: this.#failure(status, parse(body)) };
  }

  // An answer without a word is not turfdoor's.
  #failure(status, answer) {
    if (status >= 400 && status < 500 && typeof answer?.error === 'string') return answer.error;
    return status === 404 ? 'none' : 'network';
  }

  async #ask(path, options) {
    try {
      const answer = await this.#fetch(path, { ...ONCE, signal: AbortSignal.timeout(ANSWER_MS), ...options });
      return { status: answer.status, body: new Uint8Array(await answer.arrayBuffer()) };
    } catch {
      return { status: 0, body: new Uint8Array() };
    }
  }
}

function parse(body) {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return null;
  }
}

const isDevice = (answer) =>
  ['worker', 'leader'].includes(answer?.role) && ['org', 'issuer', 'scope'].every((name) => typeof answer[name] === 'string') &&
  Array.isArray(answer.teams) && answer.teams.every((team) => typeof team === 'string');
