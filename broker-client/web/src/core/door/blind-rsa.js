// SPDX-License-Identifier: EUPL-1.2
// Blind signatures, the phone's side: RSABSSA-SHA384-PSS (RFC 9474), with the exponent 65537. A message is blinded, so that who
// signs it does not see it, and the signature is unblinded, so that who signed it does not recognise it. docs/door.md says why
// this is not a library. Nothing here draws random bytes, so that the official vectors can be computed again.

const HASH_BYTES = 48;

const sha384 = async (...parts) => new Uint8Array(await crypto.subtle.digest('SHA-384', join(...parts)));

export function join(...parts) {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export const toNumber = (bytes) => BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);

function toBytes(number, length) {
  const digits = number.toString(16).padStart(2 * length, '0');
  return Uint8Array.from({ length }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

// number^65537, modulo the modulus.
function power(number, modulus) {
  let square = number;
  for (let i = 0; i < 16; i++) square = (square * square) % modulus;
  return (square * number) % modulus;
}

// By Euclid's algorithm. Null: there is none.
function inverseOf(number, modulus) {
  let [rest, next, result, other] = [modulus, number, 0n, 1n];
  while (next > 0n) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [result, other] = [other, result - quotient * other];
  }
  if (rest !== 1n) return null;
  return result < 0n ? result + modulus : result;
}

// MGF1 (RFC 8017, appendix B.2.1).
async function mask(seed, length) {
  const hashes = Array.from({ length: Math.ceil(length / HASH_BYTES) }, (_, counter) => sha384(seed, [0, 0, 0, counter]));
  return join(...await Promise.all(hashes)).subarray(0, length);
}

// EMSA-PSS-ENCODE (RFC 8017, section 9.1.1): a masked block (zeros, 1, the salt), a hash, the trailer. The highest bit is 0, so
// that the number is below the modulus.
async function encode(message, salt, length) {
  const hash = await sha384(new Uint8Array(8), await sha384(message), salt);
  const block = join(new Uint8Array(length - HASH_BYTES - salt.length - 2), [1], salt);
  const masked = (await mask(hash, block.length)).map((byte, i) => byte ^ block[i]);
  masked[0] &= 0x7f;
  return join(masked, hash, [0xbc]);
}

// What the issuer signs, and what unblinds its answer. `factor`: a secret from 1 to modulus - 1. Null: draw another factor.
export async function blind(modulus, message, salt, factor) {
  const n = toNumber(modulus);
  const r = toNumber(factor);
  const inverse = inverseOf(r, n);
  if (inverse === null) return null;
  const encoded = toNumber(await encode(message, salt, modulus.length));
  return { blinded: toBytes((encoded * power(r, n)) % n, modulus.length), inverse: toBytes(inverse, modulus.length) };
}

// The signature that the blind signature hides. Whether it is one is for WebCrypto to say.
export function unblind(modulus, blindSignature, inverse) {
  return toBytes((toNumber(blindSignature) * toNumber(inverse)) % toNumber(modulus), modulus.length);
}
