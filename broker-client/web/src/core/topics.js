// SPDX-License-Identifier: EUPL-1.2
// Topic names: built and parsed here and nowhere else. All under turf/v1/{org}/.
import { parsePeriod } from './calendar.js';

export const ALL = 'all';
const CLIENT_ID_CHARS = 22;

export const isSlug = (text) => /^[a-z0-9][a-z0-9-]{0,30}$/.test(text);
export const isClientId = (text) => /^[A-Za-z0-9_-]{22}$/.test(text);

// Fresh for each connection: 22 characters of 6 random bits each.
export function newClientId() {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';
  return Array.from(crypto.getRandomValues(new Uint8Array(CLIENT_ID_CHARS)), (byte) => alphabet[byte & 63]).join('');
}

const under = (org, rest) => `turf/v1/${org}/${rest}`;

export const topics = {
  registration: (org, team) => under(org, `registration/${team}`),
  receipt: (org, clientId) => under(org, `receipt/${clientId}`),
  summary: (org, team, period) => under(org, `summary/${team}/${period}`),
  weekly: (org, team, isoYear) => under(org, `weekly/${team}/${isoYear}`),
  catalogue: (org) => under(org, 'catalogue'),
  status: (org) => under(org, 'status/aggregator'),
  doorKeys: (org) => under(org, 'door/keys'),
};

// A function for each kind of topic. Its parameters are the levels after the kind; parseTopic refuses a topic that has
// another number of levels.
const parsers = {
  receipt: (clientId) => isClientId(clientId) && { kind: 'receipt', clientId },
  summary: (team, period) => isSlug(team) && parsePeriod(period) && { kind: 'summary', team, period },
  weekly: (team, year) => isSlug(team) && parsePeriod(year)?.quarter === null && { kind: 'weekly', team, year: Number(year) },
  catalogue: () => ({ kind: 'catalogue' }),
  status: (who) => who === 'aggregator' && { kind: 'status' },
  door: (what) => what === 'keys' && { kind: 'door' },
};

// {kind, team, period, year, clientId} as far as the kind has them; null: no topic of this org that a page reads.
export function parseTopic(text, org) {
  const prefix = under(org, '');
  if (!text.startsWith(prefix)) return null;
  const [kind, ...rest] = text.slice(prefix.length).split('/');
  if (!Object.hasOwn(parsers, kind) || rest.length !== parsers[kind].length) return null;
  return parsers[kind](...rest) || null;
}
