// SPDX-License-Identifier: EUPL-1.2
// Tokens as the page makes them: the official vectors of RFC 9474, RFC 9577 and RFC 9578, which tests/unit/door/test_token_vectors.c
// runs too; and tokens that the page's code buys from the C side (tests/unit/door/token_peer.c), and the reverse.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey, createPublicKey, constants, privateEncrypt } from 'node:crypto';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

import { atEnd } from '../system/lib/cleanup.mjs';
import { long, program } from '../system/lib/paths.mjs';
import { vectors } from './lib/web.mjs';

const door = '../../broker-client/web/src/core/door';
const { blind, toNumber, unblind } = await import(`${door}/blind-rsa.js`);
const { challengeDigest, drawToken, finishToken, fromText, openKey, toText, verifyToken } = await import(`${door}/token.js`);

const TOKENS = long ? 10_000 : 100;
const official = (name) => vectors(`privacy-pass/${name}`);
const fromHex = (text) => Uint8Array.from(Buffer.from(text.replace(/^0x/, ''), 'hex'));
const toHex = (bytes) => Buffer.from(bytes).toString('hex');
const numberToHex = (number, length) => number.toString(16).padStart(2 * length, '0');

// The plain private operation, as an issuer does it.
const sign = (key, blinded) => new Uint8Array(privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, blinded));

// ---- RFC 9474 --------------------------------------------------------------------------------------------

// The vectors give the inverse of the factor; Euclid's algorithm once more gives the factor.
function inverse(number, modulus) {
  let [rest, next, result, other] = [modulus, number, 0n, 1n];
  while (next > 0n) [rest, next, result, other] = [next, rest % next, other, result - (rest / next) * other];
  return ((result % modulus) + modulus) % modulus;
}

const base64url = (digits) => Buffer.from(fromHex(digits)).toString('base64url');

function privateKeyOf({ n, e, d, p, q }) {
  const [bigD, bigP, bigQ] = [d, p, q].map((digits) => BigInt(digits));
  const part = (number) => base64url(numberToHex(number, 256));
  const jwk = { kty: 'RSA', n: base64url(n), e: base64url(e), d: base64url(d), p: base64url(p), q: base64url(q),
    dp: part(bigD % (bigP - 1n)), dq: part(bigD % (bigQ - 1n)), qi: part(inverse(bigQ, bigP)) };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

for (const vector of official('rfc9474-blind-rsa')) {
  test(`blind signatures are those of RFC 9474: ${vector.name}`, async () => {
    const modulus = fromHex(vector.n);
    const factor = fromHex(numberToHex(inverse(BigInt(vector.inv), BigInt(vector.n)), modulus.length));
    const made = await blind(modulus, fromHex(vector.input_msg), fromHex(vector.salt), factor);
    assert.equal(toHex(made.blinded), vector.blinded_msg);
    assert.equal(toHex(made.inverse), vector.inv.slice(2));
    assert.equal(toHex(sign(privateKeyOf(vector), made.blinded)), vector.blind_sig);
    assert.equal(toHex(unblind(modulus, fromHex(vector.blind_sig), made.inverse)), vector.sig);
  });
}

// ---- RFC 9578 --------------------------------------------------------------------------------------------

for (const name of ['rfc9578-go', 'rfc9578-rust']) {
  official(name).forEach((vector, i) => {
    test(`tokens are those of RFC 9578: ${name} ${i + 1}`, async () => {
      const key = await openKey(fromHex(vector.pkS));
      const challenge = new Uint8Array(await crypto.subtle.digest('SHA-256', fromHex(vector.token_challenge)));
      const pending = await drawToken(key, challenge, fromHex(vector.nonce), fromHex(vector.salt), fromHex(vector.blind));
      assert.equal(`0002${toHex(key.id.slice(-1))}${toHex(pending.blinded)}`, vector.token_request);
      assert.equal(toHex(sign(createPrivateKey(Buffer.from(vector.skS, 'hex')), pending.blinded)), vector.token_response);
      assert.equal(toHex(await finishToken(key, pending, fromHex(vector.token_response))), vector.token);
    });
  });
}

// ---- Unlinkable -----------------------------------------------------------------------------------------

// For each pair there is a factor that makes this blinded message of that token. So whoever signed all of them, and sees the tokens
// later, cannot tell which belongs to which, however long they compute (docs/privacy.md).
test('each blinded message could be that of each token', async () => {
  const [{ pkS, skS }] = official('rfc9578-go');
  const [key, secret, challenge] = [await openKey(fromHex(pkS)), createPrivateKey(Buffer.from(skS, 'hex')), new Uint8Array(32)];
  const modulus = toNumber(key.modulus);
  const buy = async () => {
    const salt = crypto.getRandomValues(new Uint8Array(48));
    const pending = await drawToken(key, challenge, undefined, salt);
    const answer = sign(secret, pending.blinded);
    return { ...pending, salt, answer, signature: (await finishToken(key, pending, answer)).subarray(-256) };
  };
  const bought = [await buy(), await buy(), await buy()];
  for (const token of bought) for (const asked of bought) {
    const factor = (toNumber(asked.answer) * inverse(toNumber(token.signature), modulus)) % modulus;
    const { blinded } = await blind(key.modulus, token.message, token.salt, fromHex(numberToHex(factor, 256)));
    assert.equal(toHex(blinded), toHex(asked.blinded));
  }
});

// ---- RFC 9577 --------------------------------------------------------------------------------------------

test('challenges and what is signed are those of RFC 9577', async () => {
  const text = (digits) => Buffer.from(digits, 'hex').toString();
  for (const vector of official('rfc9577-tokens')) {
    const digest = await challengeDigest({ issuer: text(vector.issuer_name), origin: text(vector.origin_info), redemptionContext: fromHex(vector.redemption_context) });
    assert.equal(`0002${vector.nonce}${toHex(digest)}${vector.token_key_id}`, vector.token_authenticator_input, vector.comment);
  }
});

test('keys and challenges stand in headers as in RFC 9577', async () => {
  const headers = official('rfc9577-headers').filter((header) => header['token-type-0'] === 2);
  assert.equal(headers.length, 2);
  for (const header of headers) {
    assert.ok(await openKey(fromHex(header['token-key-0'])));
    for (const name of ['token-key-0', 'token-challenge-0']) {
      const found = header['WWW-Authenticate'].match(/[A-Za-z0-9_=-]{40,}/g).map((one) => one.replace(/=+$/, ''));
      assert.ok(found.includes(toText(fromHex(header[name]))), name);
      assert.deepEqual(fromText(toText(fromHex(header[name]))), fromHex(header[name]));
    }
  }
});

test('one text only means some bytes', () => {
  const digits = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
  const texts = digits.flatMap((a) => digits.map((b) => fromText(a + b))).filter(Boolean);
  assert.equal(new Set(texts.map(toHex)).size, 256);
  assert.equal(texts.length, 256);
  for (const text of ['Z', 'Zg==', 'Zm9v\n', 'Zm+v']) assert.equal(fromText(text), null, JSON.stringify(text));
});

// ---- The page and the C side ------------------------------------------------------------------------------

// Asks the C side; each command is answered with a line.
function startPeer(t) {
  const peer = spawn(program('tests/token_peer'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  atEnd(t, () => peer.stdin.end());
  return async (...words) => {
    peer.stdin.write(`${words.join(' ')}\n`);
    return (await lines.next()).value;
  };
}

async function startTrade(t) {
  const ask = startPeer(t);
  const key = await openKey(fromHex(await ask('key')));
  const challenge = await challengeDigest({ issuer: 'turf.example.nl', origin: 'turf/v1/steenwijkerland' });
  return { ask, key, challenge };
}

test('both sides mean the same challenge', async (t) => {
  const { ask, challenge } = await startTrade(t);
  assert.equal(await ask('challenge', 'turf.example.nl', 'turf/v1/steenwijkerland'), toHex(challenge));
});

test(`${TOKENS} random tokens that the page bought are valid for the C side`, async (t) => {
  const { ask, key, challenge } = await startTrade(t);
  for (let i = 0; i < TOKENS; i++) {
    const pending = await drawToken(key, challenge);
    const token = await finishToken(key, pending, fromHex(await ask('sign', toHex(pending.blinded))));
    assert.equal(await ask('verify', toHex(challenge), toHex(token)), 'valid');
  }
});

test(`${TOKENS} random tokens that the C side bought are valid for the page`, async (t) => {
  const { ask, key, challenge } = await startTrade(t);
  for (let i = 0; i < TOKENS; i++) {
    const token = fromHex(await ask('buy', toHex(challenge)));
    assert.equal(toHex(token.subarray(34, 66)), toHex(challenge));
    assert.equal(toHex(token.subarray(66, 98)), toHex(key.id));
    assert.ok(await verifyToken(key, token));
  }
});

test('both sides refuse every flipped bit', async (t) => {
  const { ask, key, challenge } = await startTrade(t);
  const token = fromHex(await ask('buy', toHex(challenge)));
  for (let bit = 0; bit < token.length * 8; bit++) {
    token[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(await verifyToken(key, token), false, `bit ${bit}`);
    assert.notEqual(await ask('verify', toHex(challenge), toHex(token)), 'valid', `bit ${bit}`);
    token[bit >> 3] ^= 1 << (bit & 7);
  }
  assert.ok(await verifyToken(key, token));
});

test('the page refuses an answer that hides no signature of the key', async (t) => {
  const { key, challenge } = await startTrade(t);
  const pending = await drawToken(key, challenge);
  for (const answer of [new Uint8Array(256), new Uint8Array(256).fill(0xff), pending.blinded, pending.blinded.subarray(1), new Uint8Array()]) {
    assert.equal(await finishToken(key, pending, answer), null);
  }
});

test('the page refuses a key of any other form', async (t) => {
  const { ask } = await startTrade(t);
  const spki = fromHex(await ask('key'));
  const modulus = { first: spki.length - 5 - 256, last: spki.length - 5 - 1 };
  for (let at = 0; at < spki.length; at++) {
    for (const flip of [0x80, 0x01]) {
      const other = spki.slice();
      other[at] ^= flip;
      const free = at >= modulus.first && at <= modulus.last && !(at === modulus.first && flip === 0x80) && !(at === modulus.last && flip === 0x01);
      assert.equal(Boolean(await openKey(other)), free, `byte ${at}`);
    }
  }
  for (const length of [0, 1, 341]) assert.equal(await openKey(spki.subarray(0, length)), null);
  assert.equal(await openKey(Buffer.concat([spki, Buffer.from([0])])), null);
  assert.equal(await openKey(new Uint8Array(createPublicKey({ key: { kty: 'RSA', n: toText(spki.slice(modulus.first, modulus.last + 1)), e: 'AQAB' }, format: 'jwk' })
    .export({ type: 'spki', format: 'der' }))), null);
});

test('a factor without an inverse is drawn again', async () => {
  // 3 divides the modulus 15 times something; a real modulus has no factor that a phone could meet.
  const modulus = fromHex(numberToHex(3n * 2n ** 1030n + 3n, 256));
  assert.equal(await blind(modulus, new Uint8Array(98), new Uint8Array(48), fromHex(numberToHex(6n, 256))), null);
  assert.equal(toNumber(new Uint8Array([1, 0])), 256n);
});
