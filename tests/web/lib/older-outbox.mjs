// SPDX-License-Identifier: EUPL-1.2
// The database of a page of before, version 1, whose taps have no secrets. Runs in node and, as text, in a browser.

// A tap as that page kept it.
export const olderTap = (n, id, more = {}) => ({
  n, id, team: 'oost', day: 0, domain: 1, outcome: 1, labels: [], hold: 0, questionWaits: true, retractionWaits: false, retracting: false,
  questionVerdict: 0, retractionVerdict: 0, sent: false, ...more,
});

// Makes it, with these taps and {name: value}.
export function makeOlderOutbox({ name, taps, meta }) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, 1);
    opening.onerror = () => reject(opening.error);
    opening.onupgradeneeded = () => {
      const store = opening.result.createObjectStore('taps', { keyPath: 'n', autoIncrement: true });
      store.createIndex('id', 'id', { unique: true });
      store.createIndex('waiting', 'waiting');
      opening.result.createObjectStore('meta');
    };
    opening.onsuccess = () => {
      const db = opening.result;
      const txn = db.transaction(['taps', 'meta'], 'readwrite');
      for (const tap of taps) txn.objectStore('taps').put(tap.questionWaits || tap.retractionWaits ? { ...tap, waiting: 1 } : tap);
      for (const [key, value] of Object.entries(meta)) txn.objectStore('meta').put(value, key);
      txn.onerror = () => reject(txn.error);
      txn.oncomplete = () => resolve(db.close());
    };
  });
}
