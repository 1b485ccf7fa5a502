// SPDX-License-Identifier: EUPL-1.2
// turfdoor as the code of a page sees it, over `fetch` (docs/door.md, "HTTP"): invitations, devices, one batch of a key for each
// device, as the test says.
import { Issuer, signBlinded } from '../../system/lib/issuer.mjs';

const WEEK_S = 7 * 86_400;
const BLINDED_BYTES = 256;

const text = (bytes) => Buffer.from(bytes).toString('base64url');

export class FakeTurfdoor {
  requests = []; // the paths that were asked for
  batches = []; // the bodies of the requests for a batch
  loses = ''; // of this path, the request arrives and the answer does not
  away = false; // nothing arrives
  silent = false; // nothing arrives, and whoever asks waits until their signal ends that
  open = false; // the server has no turfdoor

  #invitations = new Map(); // code to {scope, credential of the device that used it, ended}
  #devices = new Map(); // credential to {scope, revoked, taken: key to body}

  constructor({ org = 'proef', batch = 3 } = {}) {
    this.issuer = new Issuer(org);
    this.batch = batch;
  }

  // Keys of a scope, of `weeks` weeks from the one that began at `since` (unix seconds): each is sold for two weeks, and in force
  // for three.
  addKeys(scope, since, weeks = 1) {
    return Array.from({ length: weeks }, (_, i) => this.issuer.add(scope, { notBefore: since + i * WEEK_S, notAfter: since + (i + 3) * WEEK_S }));
  }

  // The scope gets other keys for the same weeks; the tokens of those before are void.
  rotate(scope) {
    const old = this.issuer.keys.filter((key) => key.scope === scope);
    this.issuer.keys = this.issuer.keys.filter((key) => key.scope !== scope);
    for (const { notBefore, notAfter } of old) this.issuer.add(scope, { notBefore, notAfter });
  }

  invite(scope) {
    const code = text(crypto.getRandomValues(new Uint8Array(16)));
    this.#invitations.set(code, { scope });
    return code;
  }

  endInvitation(code) {
    this.#invitations.get(code).ended = true;
  }

  revokeAll() {
    for (const device of this.#devices.values()) device.revoked = true;
  }

  get credentials() {
    return [...this.#devices.keys()];
  }

  directory() {
    return { ...this.issuer.directory(), 'turf-batch': this.batch };
  }

  // Like fetch.
  fetch = async (path, { body = new Uint8Array(), headers = {}, signal } = {}) => {
    if (this.silent) return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    if (this.away) throw new TypeError('no network');
    this.requests.push(path);
    const [status, answer] = this.answer(path, Buffer.from(body), headers.Authorization ?? '');
    if (this.loses === path) throw new TypeError('the answer was lost');
    return new Response(answer, { status });
  };

  // [status, text or bytes]
  answer(path, body, authorization) {
    if (this.open) return [404, '<html>404 Not Found</html>'];
    if (path === '/.well-known/private-token-issuer-directory') return [200, JSON.stringify(this.directory())];
    if (path === '/door/join') return this.#join(text(body.subarray(0, 16)), text(body.subarray(16)));
    return this.#sign(body, authorization.replace('Bearer ', ''));
  }

  #join(code, credential) {
    const refuse = (status, word) => [status, JSON.stringify({ error: word })];
    const invitation = this.#invitations.get(code);
    if (!invitation) return refuse(404, 'invitation-unknown');
    if (invitation.ended) return refuse(410, 'invitation-ended');
    if (invitation.credential && invitation.credential !== credential) return refuse(410, 'invitation-used');
    if (!invitation.credential && this.#devices.has(credential)) return refuse(409, 'credential-known');
    invitation.credential = credential;
    const { scope } = invitation;
    if (!this.#devices.has(credential)) this.#devices.set(credential, { scope, revoked: false, taken: new Map() });
    const [role, teams] = scope.startsWith('leader:') ? ['leader', scope.slice(7)] : ['worker', scope];
    return [200, JSON.stringify({ org: this.issuer.org, issuer: this.issuer.name, scope, role, teams: teams.split('.'), batch: this.batch })];
  }

  #sign(body, credential) {
    const refuse = (status, word) => [status, JSON.stringify({ error: word })];
    this.batches.push(text(body));
    const device = this.#devices.get(credential);
    if (!device) return refuse(401, 'credential-unknown');
    if (device.revoked) return refuse(403, 'revoked');
    const key = this.issuer.keys.find(({ id, scope }) => scope === device.scope && id.equals(body.subarray(0, 32)));
    if (!key) return refuse(404, 'key-unknown');
    if (body.length !== 32 + this.batch * BLINDED_BYTES) return refuse(400, 'wrong-length');
    if ((device.taken.get(key) ?? text(body)) !== text(body)) return refuse(409, 'batch-taken');
    device.taken.set(key, text(body));
    return [200, Buffer.concat(Array.from({ length: this.batch }, (_, i) => signBlinded(key, body.subarray(32 + i * BLINDED_BYTES, 32 + (i + 1) * BLINDED_BYTES))))];
  }
}
