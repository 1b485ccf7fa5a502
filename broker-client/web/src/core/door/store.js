// SPDX-License-Identifier: EUPL-1.2
// What a browser keeps for the door, in the database turf-door-ORG of its own. One table, from a key to a value:
//   'invitation'          {code, credential}: an invitation that was not answered yet
//   ['device', ROLE]      {role, scope, teams, issuer, code, credential, refusal, lastKeyEnds}: this browser as a device.
//                         `refusal`: why it fetches nothing any more: '' (it does), 'revoked', 'unknown', 'mismatch'.
//                         `lastKeyEnds`: when the newest key is out of force of which it has had a batch
//   ['batch', ROLE, ID]   {id, scope, notBefore, notAfter, key, pending, tokens, usableFrom, refused, rounds}: the batch of the
//                         key with this id. `pending`: what was asked for, until the answer is there; then `tokens`, those
//                         that are left. `refused`: those that the broker has refused, which are shown again when no others
//                         are left, at most ROUNDS_MAX times
//   ['hand', ROLE]        {token, id, notAfter}: the token that is shown next, or was shown and has no answer yet
//   'portion'             when the next portion may go, in unix seconds; 0: nothing goes later (portion-plan.js)
//   ['next', ROLE]        {weekBegan, at}: when the batch of the week after the one that began then is fetched
// `at` and `usableFrom` are in milliseconds; notBefore, notAfter and what comes of them in seconds, as the directory has them.
import { Database } from '../database.js';

const SAFE = { durability: 'strict' };
const ROUNDS_MAX = 3;

export class DoorStore {
  #database;

  constructor(org) {
    const upgrade = (db) => db.createObjectStore('door');
    this.#database = new Database({ name: `turf-door-${org}`, version: 1, upgrade, onGone: () => {}, onReturn: () => {} });
  }

  close() {
    this.#database.close();
  }

  // One transaction; `body(table)` may await only what belongs to it.
  write(body) {
    return this.#database.transact('door', 'readwrite', SAFE, ({ store }) => body(store));
  }

  #read(body) {
    return this.#database.transact('door', 'readonly', {}, ({ store }) => body(store));
  }

  get(key) {
    return this.#read((table) => table.get(key));
  }

  put(key, value) {
    return this.write((table) => table.put(value, key));
  }

  // The newest key's first.
  async batches(role) {
    const all = await this.#read((table) => table.getAll(batchesOf(role)));
    return all.sort((a, b) => b.notBefore - a.notBefore);
  }

  // Stores the batch of a new key. Resolves to the one that another tab has stored for that key before, if there is one.
  addBatch(role, batch) {
    return this.write(async (table) => {
      const before = await table.get(['batch', role, batch.id]);
      if (!before) await table.put(batch, ['batch', role, batch.id]);
      return before ?? batch;
    });
  }

  // Takes a device in the place of the one of this role, whose tokens are of no use any more.
  enrol(device) {
    return this.write(async (table) => {
      await forgetTokens(table, device.role);
      await table.put(device, ['device', device.role]);
      await table.delete('invitation');
    });
  }

  // Forgets batches, and the token in hand when it is of one of them.
  dropBatches(role, ids) {
    return this.write(async (table) => {
      for (const id of ids) await table.delete(['batch', role, id]);
      const hand = await table.get(['hand', role]);
      if (ids.includes(hand?.id)) await table.delete(['hand', role]);
    });
  }

  // The token to show: the one in hand, or the next of the first batch of `ids` that has one. Undefined: there is none.
  takeToken(role, ids, nowSeconds) {
    return this.write(async (table) => {
      const hand = await table.get(['hand', role]);
      if (hand && hand.notAfter > nowSeconds) return hand.token;
      for (const id of ids) {
        const batch = nextRound(await table.get(['batch', role, id]));
        if (!batch?.tokens?.length) continue;
        const [token, ...tokens] = batch.tokens;
        await table.put({ ...batch, tokens }, ['batch', role, id]);
        await table.put({ token, id, notAfter: batch.notAfter }, ['hand', role]);
        return token;
      }
      return undefined;
    });
  }

  // The broker has answered this token, which is in hand no more. One that it refused is kept, because it may refuse every token
  // for a while; as soon as it lets one in, those that it refused before are dropped.
  noteAnswer(role, token, { accepted }) {
    return this.write(async (table) => {
      const hand = await table.get(['hand', role]);
      if (!hand || !hand.token.every((byte, i) => byte === token[i])) return;
      await table.delete(['hand', role]);
      const batch = await table.get(['batch', role, hand.id]);
      if (batch) await table.put({ ...batch, refused: accepted ? [] : [...batch.refused, token] }, ['batch', role, hand.id]);
    });
  }
}

// The batch, with the tokens that were refused in the place of those that are used up.
function nextRound(batch) {
  if (!batch?.tokens || batch.tokens.length > 0 || batch.rounds >= ROUNDS_MAX) return batch;
  return { ...batch, tokens: batch.refused, refused: [], rounds: batch.rounds + 1 };
}

const batchesOf = (role) => IDBKeyRange.bound(['batch', role], ['batch', role, []]);

async function forgetTokens(table, role) {
  await table.delete(batchesOf(role));
  await table.delete(['hand', role]);
  await table.delete(['next', role]);
}
