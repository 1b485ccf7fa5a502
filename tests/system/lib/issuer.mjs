// SPDX-License-Identifier: EUPL-1.2
// Keys, directories and tokens of Privacy Pass (type 0x0002), made by node's own cryptography and without blinding: what
// a broker is shown looks the same. And a broker with the plugin that judges them.
import { constants, createHash, generateKeyPairSync, privateDecrypt, randomBytes, sign } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const week = 7 * 86400;

// The public key as RFC 9578, section 6.5 has it: for id-RSASSA-PSS, and node gives the hashes parameters (NULL), which that form
// leaves out. The key itself is a plain one, which signs blinded messages too.
const spkiStart = Buffer.from('30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609608648016503040202a2030201300382010f003082010a0282010100', 'hex');
const spkiEnd = Buffer.from('0203010001', 'hex');
const spkiOf = (der) => Buffer.concat([spkiStart, der.subarray(-256 - spkiEnd.length, -spkiEnd.length), spkiEnd]);

// The blind signature: the message to the power of the secret exponent.
export const signBlinded = ({ privateKey }, blinded) => privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, blinded);

// A key for a scope, good from a week ago for three weeks unless `times` says otherwise (unix seconds).
function newKey(scope, times = {}) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const now = Math.floor(Date.now() / 1000);
  const spki = spkiOf(publicKey.export({ type: 'spki', format: 'der' }));
  return { scope, privateKey, spki, id: sha256(spki), notBefore: now - week, notAfter: now + 2 * week, ...times };
}

// RFC 9577, section 2.1: type, issuer, no redemption context, origin.
function challengeDigest(issuer, org) {
  const text = (value) => Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)]);
  return sha256(Buffer.concat([Buffer.from([0, 2]), text(issuer), Buffer.from([0]), text(`turf/v1/${org}`)]));
}

export class Issuer {
  constructor(org, name = 'turf.example') {
    this.org = org;
    this.name = name;
    this.keys = [];
  }

  add(scope, times) {
    const key = newKey(scope, times);
    this.keys.push(key);
    return key;
  }

  directory() {
    return {
      'issuer-request-uri': '/door/batch',
      'turf-org': this.org,
      'turf-issuer': this.name,
      'turf-batch': 100,
      'token-keys': this.keys.map((key) => ({
        'token-type': 2,
        'token-key': key.spki.toString('base64url'),
        'not-before': key.notBefore,
        'turf-scope': key.scope,
        'turf-not-after': key.notAfter,
      })),
    };
  }

  // Whole, and under its name at once.
  publish(folder) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'new'), JSON.stringify(this.directory()));
    renameSync(join(folder, 'new'), join(folder, `${this.org}.json`));
  }

  // The bytes of a token, signed by `key`. `nonce` and `challenge` for tokens that are not as they should be.
  token(key, { nonce = randomBytes(32), challenge = challengeDigest(this.name, this.org) } = {}) {
    const input = Buffer.concat([Buffer.from([0, 2]), nonce, challenge, key.id]);
    const signature = sign('sha384', input, { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 });
    return Buffer.concat([input, signature]);
  }

  // What logs a client on.
  pass(key, options) {
    return { username: 'pass', password: this.token(key, options).toString('base64url') };
  }
}
