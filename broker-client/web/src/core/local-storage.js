// SPDX-License-Identifier: EUPL-1.2
// What the browser keeps for a page, as texts by name. A browser that forbids storage, or has no room for it, remembers nothing.

const quietly = (act) => {
  try {
    return act();
  } catch {
    return null;
  }
};

// `area`: localStorage, or sessionStorage, which ends with the tab.
export const remember = (key, text, area = 'localStorage') => quietly(() => globalThis[area].setItem(key, text));
export const remembered = (key, area = 'localStorage') => quietly(() => globalThis[area].getItem(key));
export const forget = (key, area = 'localStorage') => quietly(() => globalThis[area].removeItem(key));

// Reads a text as JSON. Null: there is no such text, or it is not JSON.
export const rememberedValue = (key, area) => quietly(() => JSON.parse(remembered(key, area)));
