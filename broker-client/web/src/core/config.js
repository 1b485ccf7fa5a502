// SPDX-License-Identifier: EUPL-1.2
// Reads config.json beside the page, {"org": "..."}: whose page this is. It holds nothing about a person.
import { isSlug } from './topics.js';

export const isConfig = (config) => isSlug(config?.org ?? '');

export async function loadConfig(fetcher = fetch) {
  const answer = await fetcher('config.json', { cache: 'no-cache' });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  const config = await answer.json();
  if (!isConfig(config)) throw new Error('config.json has no org');
  return config;
}

// Who answers when the page asks its own server: 'server'; 'other', what stands before it (a login, a network's own page,
// a maintenance page); 'none'. The service worker lets this request through.
export async function whoAnswers(fetcher = fetch) {
  try {
    const answer = await fetcher('config.json', { cache: 'no-store', redirect: 'manual' });
    if (answer.type === 'opaqueredirect' || [401, 403, 407, 511].includes(answer.status)) return 'other';
    if (!answer.ok) return 'none';
    return await answer.json().then((config) => (isConfig(config) ? 'server' : 'none'), () => 'other');
  } catch {
    return 'none';
  }
}

// Where the server's login is led to: the service worker does not answer there, and the login comes back to it.
export const loginAddress = (location) => `?login${location.hash}`;

export function forgetLogin() {
  if (new URLSearchParams(location.search).has('login')) history.replaceState(history.state, '', location.pathname + location.hash);
}
