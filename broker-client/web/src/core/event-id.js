// SPDX-License-Identifier: EUPL-1.2
// An event's id is the first half of the SHA-256 of a secret of 16 bytes. The secret stays on the phone; only a retraction
// shows it, as the proof that its sender made the tap (rule 4, docs/wire-format.md).
//
// SHA-256 is here once more, for 16 bytes only, because the browser's own answers later: a tap must be on its way to the
// disk before the page can be left, and ids are drawn within transactions of IndexedDB, which wait for nothing else.
import { hex } from './messages.js';

const BYTES = 16;

// The constants of FIPS 180-4: of the roots of the first 64 primes, the first 32 bits after the point.
const isPrime = (n) => !Array.from({ length: n - 2 }, (_, i) => i + 2).some((divisor) => n % divisor === 0);
const primes = Array.from({ length: 310 }, (_, i) => i + 2).filter(isPrime);
const afterPoint = (root) => (root % 1) * 2 ** 32 | 0;
const FIRST = primes.slice(0, 8).map((prime) => afterPoint(Math.sqrt(prime)));
const ROUNDS = primes.map((prime) => afterPoint(Math.cbrt(prime)));

const turned = (word, n) => (word >>> n) | (word << (32 - n));

// The 64 words of the only block: the secret, the bit that ends it, its length in bits, and what follows from these.
function schedule(secret) {
  const words = new Uint32Array(64);
  const view = new DataView(secret.buffer, secret.byteOffset, BYTES);
  for (let i = 0; i < 4; i++) words[i] = view.getUint32(4 * i);
  words[4] = 0x80000000;
  words[15] = 8 * BYTES;
  for (let i = 16; i < 64; i++) {
    const [early, late] = [words[i - 15], words[i - 2]];
    const mixedEarly = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
    const mixedLate = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
    words[i] = words[i - 16] + mixedEarly + words[i - 7] + mixedLate;
  }
  return words;
}

// The id that this secret (16 bytes) opens.
export function idOf(secret) {
  const words = schedule(secret);
  let [a, b, c, d, e, f, g, h] = FIRST;
  for (let i = 0; i < 64; i++) {
    const chosen = (e & f) ^ (~e & g);
    const most = (a & b) ^ (a & c) ^ (b & c);
    const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + chosen + ROUNDS[i] + words[i]) | 0;
    const second = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + most;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  const id = new DataView(new ArrayBuffer(BYTES));
  [a, b, c, d].forEach((word, i) => id.setUint32(4 * i, FIRST[i] + word));
  return new Uint8Array(id.buffer);
}

// A new {id, secret}, as hex, from the operating system's random source.
export function drawId() {
  const secret = crypto.getRandomValues(new Uint8Array(BYTES));
  return { id: hex(idOf(secret)), secret: hex(secret) };
}
