// SPDX-License-Identifier: EUPL-1.2
// An event's id is the first half of the SHA-256 of a secret of 16 bytes. The secret stays on the phone; only a retraction
// shows it, as the proof that its sender made the tap (rule 4, docs/wire-format.md).
//
// SHA-256 is here once more, for 16 bytes only, because the browser's own answers later: a tap must be on its way to the
// disk before the page can be left, and ids are drawn within transactions of IndexedDB, which wait for nothing else.
import { hex } from './messages.js';

const BYTES = 16;

// The constants of FIPS 180-4: of the roots of the first 64 primes, the first 32 bits after the point.
const primes = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
const afterPoint = (root) => (root % 1) * 2 ** 32 | 0;
const FIRST = primes.slice(0, 8).map((prime) => afterPoint(Math.sqrt(prime)));
const ROUNDS = primes.map((prime) => afterPoint(Math.cbrt(prime)));

// The exclusive or of a word turned right by each of these numbers of bits.
const mixed = (word, ...turns) => turns.reduce((sum, n) => sum ^ (word >>> n) ^ (word << (32 - n)), 0);

// The id that this secret (16 bytes) opens.
export function idOf(secret) {
  const view = new DataView(Uint8Array.from(secret).buffer);
  // The only block: the secret, the bit that ends it, its length in bits. The other words follow from these.
  const words = [0, 4, 8, 12].map((at) => view.getInt32(at)).concat(1 << 31, Array(10).fill(0), 8 * BYTES);
  let state = FIRST;
  ROUNDS.forEach((round, i) => {
    const [a, b, c, d, e, f, g, h] = state;
    const [early, late] = [words[i + 1], words[i + 14]];
    const first = (h + mixed(e, 6, 11, 25) + ((e & f) ^ (~e & g)) + round + words[i]) | 0;
    words.push((words[i] + (mixed(early, 7, 18) ^ (early >>> 3)) + words[i + 9] + (mixed(late, 17, 19) ^ (late >>> 10))) | 0);
    state = [(first + mixed(a, 2, 13, 22) + ((a & b) ^ (a & c) ^ (b & c))) | 0, a, b, c, (d + first) | 0, e, f, g];
  });
  [0, 1, 2, 3].forEach((i) => view.setInt32(4 * i, FIRST[i] + state[i]));
  return new Uint8Array(view.buffer);
}

// A new {id, secret}, as hex, from the operating system's random source.
export function drawId() {
  const secret = crypto.getRandomValues(new Uint8Array(BYTES));
  return { id: hex(idOf(secret)), secret: hex(secret) };
}
