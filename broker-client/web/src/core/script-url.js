// SPDX-License-Identifier: EUPL-1.2
// The only Trusted Types policy of the pages, and the only scripts that a page may name by their URL: the service worker, and
// the worker that makes tokens (build.mjs names it).
const isOurs = (url) => url === 'sw.js' || /^assets\/token-worker-\w+\.js$/.test(url);

const policy = globalThis.trustedTypes?.createPolicy('turf', {
  createScriptURL: (url) => {
    if (!isOurs(url)) throw new TypeError('not a script of ours');
    return url;
  },
});

export const scriptUrl = (url) => (policy ? policy.createScriptURL(url) : url);
