// SPDX-License-Identifier: EUPL-1.2
// Stores the last figures that this browser received, so that a page that is opened without a network can show them with their
// date. They are what the broker retains: counts, no questions. They are in a cache and not in IndexedDB, where a page that goes
// into the back/forward cache could leave an open transaction. The service worker's caches have other names.
const CACHE = 'leader-figures';
const FORM = 1; // of what is kept; another one is not read

const addressOf = (org) => `kept-figures/${org}`;

// `receivedAt`: when there was a connection last, in seconds; `today`: the aggregator's date then.
export async function keepFigures(org, { catalogue, status, newest }, receivedAt, today) {
  if (!catalogue) return;
  const { bytes: _bytes, ...plain } = catalogue;
  const kept = { form: FORM, heard: receivedAt, today, catalogue: plain, status, summaries: newest.summaries(), weeklies: newest.weeklies() };
  try {
    await (await caches.open(CACHE)).put(addressOf(org), new Response(JSON.stringify(kept)));
  } catch {
    // no room, or storage is forbidden: the page works, but shows nothing without a network
  }
}

// Null when there are none.
export async function keptFigures(org) {
  try {
    const kept = await (await (await caches.open(CACHE)).match(addressOf(org)))?.json();
    return kept?.form === FORM ? kept : null;
  } catch {
    return null;
  }
}
