// SPDX-License-Identifier: EUPL-1.2
// The directory of an organisation's public keys: what turfdoor publishes, and what the broker retains on door/keys. It has the
// form of proto/token_directory.h.
import { fromText, openKey, toText } from './token.js';

const TOKEN_TYPE = 2;
const BYTES_MAX = 1 << 20;
const KEYS_MAX = 1024;
const BATCH_MAX = 1000;
const NAME = /^[\x21-\x7e]{1,255}$/;
const SCOPE = /^(leader:)?[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*$/;
const DAY_S = 86_400;

const isTime = (value) => Number.isSafeInteger(value) && value >= 0;
const weekOf = ({ notBefore }) => Math.floor((notBefore / DAY_S + 3) / 7); // Monday to Sunday, in UTC

async function readKey(entry) {
  const { 'token-type': type, 'token-key': text, 'not-before': notBefore, 'turf-not-after': notAfter, 'turf-scope': scope } = entry ?? {};
  if (type !== TOKEN_TYPE || typeof text !== 'string' || !SCOPE.test(scope)) return null;
  if (!isTime(notBefore) || !isTime(notAfter) || notAfter <= notBefore) return null;
  const spki = fromText(text);
  const key = spki && (await openKey(spki));
  return key && { scope, notBefore, notAfter, spki, id: toText(key.id) };
}

// {issuer, batch, requestUri, keys: [{scope, notBefore, notAfter, spki, id}]}. Null: it is not a directory of this
// organisation, or not all of it is right. Two keys of one scope and week are not right: the second could be for one phone.
export async function readDirectory(text, org) {
  const given = text.length <= BYTES_MAX ? parse(text) : null;
  const { 'turf-org': of, 'turf-issuer': issuer, 'turf-batch': batch, 'issuer-request-uri': requestUri, 'token-keys': list } = given ?? {};
  if (of !== org || !NAME.test(issuer) || !NAME.test(requestUri) || !Array.isArray(list) || list.length > KEYS_MAX) return null;
  if (!Number.isInteger(batch) || batch < 1 || batch > BATCH_MAX) return null;
  const keys = await Promise.all(list.map(readKey));
  if (keys.includes(null)) return null;
  const slots = new Set(keys.map((key) => `${key.scope} ${weekOf(key)}`));
  const ids = new Set(keys.map(({ id }) => id));
  return slots.size === keys.length && ids.size === keys.length ? { issuer, batch, requestUri, keys } : null;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const isInForce = ({ notBefore, notAfter }, seconds) => notBefore <= seconds && seconds < notAfter;

const keysOf = (directory, scope, seconds) =>
  directory.keys.filter((key) => key.scope === scope && key.notAfter > seconds).map(({ id, notBefore }) => `${notBefore} ${id}`).sort();

// Whether both directories have the same keys for the scope.
export const agree = (a, b, scope, seconds) => keysOf(a, scope, seconds).join() === keysOf(b, scope, seconds).join();

// What two leaders compare: 128 bits of the SHA-256 over the keys of this week, in groups of four digits.
export async function fingerprint(directory, seconds) {
  const now = Math.floor((seconds / DAY_S + 3) / 7);
  const lines = directory.keys.filter((key) => weekOf(key) === now).map(({ scope, id }) => `${scope} ${id}\n`).sort();
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(lines.join(''))));
  const digits = Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.match(/.{4}/g).join(' ');
}
