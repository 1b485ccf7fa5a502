// SPDX-License-Identifier: EUPL-1.2
// Tokens: Privacy Pass, type 0x0002 (RFC 9577 and RFC 9578), as the phone makes them. proto/token.c is the same in C.
import { blind, join, toNumber, unblind } from './blind-rsa.js';

const TYPE = [0x00, 0x02];
const NONCE_BYTES = 32;
const SALT_BYTES = 48;
const MODULUS_BYTES = 256;

// The DER of a public key before and after its modulus: id-RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes; 2048
// bits and the exponent 65537 (RFC 9578, section 6.5). Nothing but the modulus is free.
const SHA384 = '300b0609608648016503040202';
const BEFORE = fromHex(`30820152303d06092a864886f70d01010a3030a00d${SHA384}a11a301806092a864886f70d010108${SHA384}a203020130`
  + '0382010f003082010a0282010100');
const AFTER = fromHex('0203010001');

function fromHex(digits) {
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

const random = (length) => crypto.getRandomValues(new Uint8Array(length));
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
const uint16 = (number) => [number >> 8, number & 0xff];

// ---- base64url without padding (RFC 4648, section 5) ------------------------------------------------------

export const toText = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

// Null: not the text of any bytes. One text only means some bytes.
export function fromText(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const bytes = Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0));
  return toText(bytes) === text ? bytes : null;
}

// ---- Challenges and keys ----------------------------------------------------------------------------------

// What a token is for (RFC 9577, section 2.1): bytes of which each token has the SHA-256. The names are ASCII.
export function challengeDigest({ issuer, origin, redemptionContext = new Uint8Array() }) {
  const name = (text) => join(uint16(text.length), new TextEncoder().encode(text));
  return sha256(join(TYPE, name(issuer), [redemptionContext.length], redemptionContext, name(origin)));
}

// A public key in the form of RFC 9578. Null: it has any other form.
export async function openKey(spki) {
  const modulus = spki.slice(BEFORE.length, BEFORE.length + MODULUS_BYTES);
  if (!same(spki, join(BEFORE, modulus, AFTER)) || modulus[0] < 0x80 || modulus[MODULUS_BYTES - 1] % 2 === 0) return null;
  // WebCrypto takes no key for id-RSASSA-PSS; this is the same key in a form that it takes.
  const jwk = { kty: 'RSA', n: toText(modulus), e: 'AQAB' };
  const verify = await crypto.subtle.importKey('jwk', jwk, { name: 'RSA-PSS', hash: 'SHA-384' }, false, ['verify']);
  return { id: await sha256(spki), modulus, verify };
}

// ---- Buying -----------------------------------------------------------------------------------------------

// From 1 to modulus - 1, every one as likely: whatever else is drawn is drawn again.
function drawFactor(modulus) {
  for (;;) {
    const factor = random(MODULUS_BYTES);
    const number = toNumber(factor);
    if (number > 0n && number < toNumber(modulus)) return factor;
  }
}

// What is signed, the blinded message for the issuer, and the secret that unblinds the answer. The phone keeps all of it on its
// disk before the request leaves, so that it can ask for the same again.
export async function drawToken(key, challenge, nonce = random(NONCE_BYTES), salt = random(SALT_BYTES), factor = null) {
  const message = join(TYPE, nonce, challenge, key.id);
  for (;;) {
    const blinding = await blind(key.modulus, message, salt, factor ?? drawFactor(key.modulus));
    if (blinding) return { message, ...blinding };
  }
}

// The token. Null: the answer hides no signature of this key.
export async function finishToken(key, { message, inverse }, blindSignature) {
  if (blindSignature.length !== MODULUS_BYTES) return null;
  const token = join(message, unblind(key.modulus, blindSignature, inverse));
  return await verifyToken(key, token) ? token : null;
}

// Whether `key` signed these bytes.
export function verifyToken(key, token) {
  const signature = token.subarray(-MODULUS_BYTES);
  return crypto.subtle.verify({ name: 'RSA-PSS', saltLength: SALT_BYTES }, key.verify, signature, token.subarray(0, -MODULUS_BYTES));
}
