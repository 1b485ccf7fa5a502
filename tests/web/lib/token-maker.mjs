// SPDX-License-Identifier: EUPL-1.2
import './web.mjs';

const { drawToken, finishToken, openKey } = await import('../../../broker-client/web/src/core/door/token.js');

// What core/door/token-maker.js does, without a worker.
export const maker = {
  draw: async ({ key, challenge, count }) => {
    const opened = await openKey(key);
    return Promise.all(Array.from({ length: count }, () => drawToken(opened, challenge)));
  },
  finish: async ({ key, pending, answers }) => {
    const opened = await openKey(key);
    return Promise.all(pending.map((one, i) => finishToken(opened, one, answers.subarray(256 * i, 256 * (i + 1)))));
  },
};
