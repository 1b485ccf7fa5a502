// SPDX-License-Identifier: EUPL-1.2
// How long Chromium takes to draw and finish a week's batch of tokens, in a worker and on the page's own thread:
//   node tests/bench/tokens.mjs [SLOWDOWN]
// With LIBRARY=FOLDER, whose node_modules has @cloudflare/blindrsa-ts, the same with that library. SLOWDOWN (4) holds for the
// page's own thread only, as Chromium has it. What docs/door.md reports was measured with this.
import { constants, generateKeyPairSync, privateEncrypt } from 'node:crypto';
import http from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { chromium } = createRequire(`${root}/tests/package.json`)('playwright-core');
const esbuild = createRequire(`${root}/broker-client/web/package.json`)('esbuild');

const BATCH = 100;
const TRIALS = 3;
const slowdown = Number(process.argv[2] ?? 4);

const ours = `export { openKey as open, drawToken as draw, finishToken as finish } from '${root}/broker-client/web/src/core/door/token.js';`;
const library = `
  import { RSABSSA } from '@cloudflare/blindrsa-ts';
  import { openKey, toText } from '${root}/broker-client/web/src/core/door/token.js';
  const suite = RSABSSA.SHA384.PSS.Deterministic();
  export async function open(spki) {
    const key = await openKey(spki);
    key.verify = await crypto.subtle.importKey('jwk', { kty: 'RSA', n: toText(key.modulus), e: 'AQAB' }, { name: 'RSA-PSS', hash: 'SHA-384' }, true, ['verify']);
    return key;
  }
  export async function draw(key, challenge) {
    const message = Uint8Array.from([0, 2, ...crypto.getRandomValues(new Uint8Array(32)), ...challenge, ...key.id]);
    const { blindedMsg, inv } = await suite.blind(key.verify, message);
    return { message, blinded: blindedMsg, inverse: inv };
  }
  export const finish = (key, { message, inverse }, answer) => suite.finalize(key.verify, message, answer, inverse);`;

// Between two tokens the page's own thread comes to its turn.
const batch = `
  import { open, draw, finish } from 'tokens';
  const rest = () => globalThis.document && new Promise((resolve) => setTimeout(resolve));
  async function measure(spki) {
    const key = await open(spki);
    const start = performance.now();
    const pending = [];
    for (let i = 0; i < ${BATCH}; i++, await rest()) pending.push(await draw(key, new Uint8Array(32)));
    const drawn = performance.now();
    const answers = new Uint8Array(await (await fetch('/sign', { method: 'POST', body: new Blob(pending.map(({ blinded }) => blinded)) })).arrayBuffer());
    const signed = performance.now();
    for (let i = 0; i < ${BATCH}; i++, await rest()) if (!await finish(key, pending[i], answers.subarray(256 * i, 256 * i + 256))) throw new Error('no token');
    return { draw: drawn - start, finish: performance.now() - signed };
  }
  if (globalThis.document) globalThis.measure = measure;
  else self.onmessage = async ({ data }) => self.postMessage(await measure(data));`;

async function bundle(contents, tokens) {
  const found = { name: 'tokens', setup: (build) => {
    build.onResolve({ filter: /^tokens$/ }, () => ({ path: 'tokens', namespace: 'tokens' }));
    build.onLoad({ filter: /.*/, namespace: 'tokens' }, () => ({ contents: tokens, resolveDir: process.env.LIBRARY ?? root }));
  } };
  const { outputFiles } = await esbuild.build({ stdin: { contents, resolveDir: root }, bundle: true, minify: true, write: false, format: 'esm', plugins: [found] });
  return outputFiles[0].contents;
}

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const head = '30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609608648016503040202a2030201300382010f003082010a0282010100';
const spki = [...Buffer.concat([Buffer.from(head, 'hex'), Buffer.from(publicKey.export({ format: 'jwk' }).n, 'base64url'), Buffer.from('0203010001', 'hex')])];
let script;

const server = http.createServer(async (asked, answer) => {
  const parts = [];
  for await (const part of asked) parts.push(part);
  if (asked.url === '/sign') {
    const body = Buffer.concat(parts);
    const one = (i) => privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, body.subarray(256 * i, 256 * i + 256));
    return answer.end(Buffer.concat(Array.from({ length: body.length / 256 }, (_, i) => one(i))));
  }
  answer.setHeader('Content-Type', asked.url === '/script.js' ? 'text/javascript' : 'text/html');
  return answer.end(asked.url === '/script.js' ? script : '<!doctype html><title>tokens</title>');
});

async function trial(browser, url, where) {
  const page = await browser.newPage();
  await page.goto(url);
  await (await page.context().newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  const measured = await page.evaluate(async ([bytes, inWorker]) => {
    if (!inWorker) {
      await import('/script.js');
      return globalThis.measure(Uint8Array.from(bytes));
    }
    const worker = new Worker('/script.js', { type: 'module' });
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(Uint8Array.from(bytes));
    });
  }, [spki, where === 'worker']);
  await page.close();
  return measured;
}

await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const seconds = (list) => list.map((ms) => (ms / 1000).toFixed(2)).sort((a, b) => a - b).join(', ');
for (const [name, tokens] of Object.entries({ ours, ...(process.env.LIBRARY && { library }) })) {
  script = await bundle(batch, tokens);
  console.log(`${name}: ${gzipSync(await bundle("export * from 'tokens';", tokens), { level: 9 }).length} bytes gzip`);
  for (const where of ['worker', 'page']) {
    const trials = [];
    for (let i = 0; i < TRIALS; i++) trials.push(await trial(browser, `http://127.0.0.1:${server.address().port}/`, where));
    const how = where === 'page' ? `${slowdown} x slower` : 'as fast as here';
    console.log(`  ${where}, ${how}: draw ${BATCH} in ${seconds(trials.map(({ draw }) => draw))} s, finish in ${seconds(trials.map(({ finish }) => finish))} s`);
  }
}
await browser.close();
server.close();
