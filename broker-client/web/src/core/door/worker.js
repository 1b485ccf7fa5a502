// SPDX-License-Identifier: EUPL-1.2
// Draws and finishes batches of tokens in a worker, since on a slow phone each token takes longer than a frame. Whoever starts
// it keeps what it draws, and speaks with turfdoor. A message is { id, draw: { key, challenge, count } } or
// { id, finish: { key, pending, answers } }, where `key` is a public key as bytes; the answer has the same id:
//   drawn     what each token will be made of (token.js), in the order of the messages to send; null: not a key for tokens
//   finished  the tokens; null in the place of one that hides no signature, and instead of all when their number is wrong
import { drawToken, finishToken, openKey } from './token.js';

const ANSWER_BYTES = 256;

async function draw({ key: spki, challenge, count }) {
  const key = await openKey(spki);
  if (!key) return null;
  const pending = [];
  for (let i = 0; i < count; i++) pending.push(await drawToken(key, challenge));
  return pending;
}

async function finish({ key: spki, pending, answers }) {
  const key = await openKey(spki);
  if (!key || answers.length !== pending.length * ANSWER_BYTES) return null;
  const tokens = [];
  for (const [i, one] of pending.entries()) tokens.push(await finishToken(key, one, answers.subarray(i * ANSWER_BYTES, (i + 1) * ANSWER_BYTES)));
  return tokens;
}

self.addEventListener('message', async ({ data }) => {
  self.postMessage(data.draw ? { id: data.id, drawn: await draw(data.draw) } : { id: data.id, finished: await finish(data.finish) });
});
