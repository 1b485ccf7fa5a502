// SPDX-License-Identifier: EUPL-1.2
// Joins with an invitation, https://HOST/#join=CODE. The page draws the credential and stores it before it is sent, so that it
// sends the same again after a lost answer. As soon as it is stored, the address no longer has the code.
import { fromText } from './token.js';

const MARK = '#join=';
const CODE_BYTES = 16;
const CREDENTIAL_BYTES = 32;

const same = (a, b) => a?.length === b.length && a.every((byte, i) => byte === b[i]);
const drawCredential = () => crypto.getRandomValues(new Uint8Array(CREDENTIAL_BYTES));

export class Enrolment {
  #options;
  #joining = null; // the promise of the attempt that is under way

  // What there is to say of the last invitation: 'joining', 'joined', 'joined-already', 'later' (not answered yet),
  // 'not-stored', 'none' (this server invites nobody), or turfdoor's word. '': nothing.
  outcome = '';
  device = null; // that has joined with it

  // {store, issuer, org, address: the window's location and history, onChange}
  constructor(options) {
    this.#options = options;
  }

  // Takes the invitation of the address, if there is one.
  async takeInvitation() {
    const { location, history } = this.#options.address;
    if (!location.hash.startsWith(MARK)) return;
    const code = fromText(location.hash.slice(MARK.length));
    try {
      if (code?.length !== CODE_BYTES) this.#say('invitation-unknown');
      else await this.#note(code);
    } catch {
      return this.#say('not-stored'); // without its credential on the disk, the device would use up the invitation
    }
    history.replaceState(history.state, '', location.pathname + location.search);
    return undefined;
  }

  // Stores the invitation, unless this device has joined with it or has stored it before.
  async #note(code) {
    const { store } = this.#options;
    for (const role of ['worker', 'leader']) {
      const device = await store.get(['device', role]);
      if (same(device?.code, code)) return this.#say('joined-already', device);
    }
    const before = await store.get('invitation');
    if (!same(before?.code, code)) await store.put('invitation', { code, credential: drawCredential() });
    return undefined;
  }

  // Joins with the invitation that is stored, if there is one. Resolves to the device, or null.
  join() {
    this.#joining ??= this.#join().finally(() => (this.#joining = null));
    return this.#joining;
  }

  async #join() {
    const { store, issuer, org } = this.#options;
    const invitation = await store.get('invitation');
    if (!invitation) return null;
    this.#say('joining');
    const { code, credential } = invitation;
    const { device, failed } = await issuer.join(code, credential);
    if (failed === 'network') return this.#say('later');
    if (failed === 'credential-known') {
      await store.put('invitation', { code, credential: drawCredential() });
      return this.#join();
    }
    if (failed || device.org !== org) {
      await store.write((table) => table.delete('invitation'));
      return this.#say(failed ?? 'invitation-unknown');
    }
    const { role, scope, teams, issuer: name } = device;
    const enrolled = { role, scope, teams, issuer: name, code, credential, refusal: '' };
    await store.enrol(enrolled);
    this.#say('joined', enrolled);
    return enrolled;
  }

  dismiss() {
    this.#say('');
  }

  #say(outcome, device = null) {
    Object.assign(this, { outcome, device });
    this.#options.onChange();
    return null;
  }
}
