// SPDX-License-Identifier: EUPL-1.2
// The contract's messages, straight from proto/turf.proto with protobufjs: no code of ours is in between.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import protobuf from 'protobufjs';

import { root } from './paths.mjs';

const parsed = protobuf.parse(readFileSync(join(root, 'proto/turf.proto'), 'utf8'), { keepCase: true });

const type = (name) => parsed.root.lookupType(`turf.v1.${name}`);

const plain = { longs: Number, enums: String, bytes: Buffer, defaults: true, arrays: true };

export function decode(name, bytes) {
  return type(name).toObject(type(name).decode(bytes), plain);
}

export function encode(name, value) {
  return Buffer.from(type(name).encode(type(name).fromObject(value)).finish());
}

// ---- Days -----------------------------------------------------------------------------------------

export const dayOf = (date) => Date.parse(`${date}T00:00:00Z`) / 86_400_000;
export const dateOf = (day) => new Date(day * 86_400_000).toISOString().slice(0, 10);
export const quarterOf = (day) => {
  const date = dateOf(day);
  return `${date.slice(0, 4)}-Q${Math.ceil(Number(date.slice(5, 7)) / 3)}`;
};

// ---- Events ---------------------------------------------------------------------------------------

// The secrets of all ids that were drawn here, by the id in hexadecimal: what a phone keeps beside its taps (rule 4, docs/wire-format.md).
const secrets = new Map();

export const idOf = (secret) => createHash('sha256').update(secret).digest().subarray(0, 16);
export const secretOf = (id) => secrets.get(id.toString('hex'));

export function newId() {
  const secret = randomBytes(16);
  const id = idOf(secret);
  secrets.set(id.toString('hex'), secret);
  return id;
}

export const newClientId = () => randomBytes(17).toString('base64url').slice(0, 22);

export function question(day, domain, outcome = 'OUTCOME_ANSWERED', labels = [], id = newId()) {
  return { id, day: typeof day === 'string' ? dayOf(day) : day, question: { domain, outcome, labels } };
}

// `proof` null, or the secret of an id that was not drawn here: a retraction without one.
export function retraction(id, day, proof = secretOf(id)) {
  return { id, day: typeof day === 'string' ? dayOf(day) : day, retraction: proof ? { proof } : {} };
}

// A submission as a phone sends it: padded to a multiple of 96 bytes.
export function submission(events, receiptTo = '') {
  const bare = encode('Submission', { events, receipt_to: receiptTo });
  return pad(bare);
}

function pad(bare) {
  for (let size = Math.ceil(bare.length / 96) * 96; ; size += 96) {
    for (const header of [2, 3]) {
      const length = size - bare.length - header;
      if (length < 0 || length > 127 !== (header === 3)) continue;
      const tag = header === 2 ? [0x7a, length] : [0x7a, (length & 0x7f) | 0x80, length >> 7];
      return Buffer.concat([bare, Buffer.from(tag), Buffer.alloc(length)]);
    }
    if (size === bare.length) return bare;
  }
}
