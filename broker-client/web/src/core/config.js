// SPDX-License-Identifier: EUPL-1.2
// Whose page this is: config.json beside it, {"org": "..."}. Never anything about a person.
import { isSlug } from './topics.js';

export async function loadConfig(fetcher = fetch) {
  const answer = await fetcher('config.json', { cache: 'no-cache' });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  const config = await answer.json();
  if (!isSlug(config?.org ?? '')) throw new Error('config.json has no org');
  return config;
}
