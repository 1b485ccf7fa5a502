// SPDX-License-Identifier: EUPL-1.2
// Makes batches of tokens in the worker of worker.js, which runs only while there is something to make.
import { scriptUrl } from '../script-url.js';

/* global TOKEN_WORKER */

// Resolves to the worker's answer; rejects when the worker cannot be loaded or fails.
function ask(message) {
  const worker = new Worker(scriptUrl(TOKEN_WORKER));
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = () => reject(new Error('the worker that makes tokens failed'));
    worker.postMessage({ id: 1, ...message });
  }).finally(() => worker.terminate());
}

export const tokenMaker = {
  draw: async (draw) => (await ask({ draw })).drawn,
  finish: async (finish) => (await ask({ finish })).finished,
};
