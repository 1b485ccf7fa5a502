// SPDX-License-Identifier: EUPL-1.2
// The language of the page and its texts: one flat file for each page and language. Dutch is part of the page; English is fetched
// when somebody chooses it.

let sources = { nl: {}, en: async () => ({ default: {} }) };
let texts = {};
export let language = 'nl';

// The texts of the page: {nl: texts, en: () => import('./texts.en.js')}.
export function useTexts(given) {
  sources = given;
  texts = given.nl;
}

function filled(from, key, values = {}) {
  const forms = (from[key] ?? sources.nl[key] ?? key).split('|');
  const form = forms.length > 1 && values.n !== 1 ? forms[1] : forms[0];
  return form.replace(/\{(\w+)\}/g, (_all, name) => String(values[name] ?? ''));
}

// t('waiting', { n: 3 }): the text with {n} filled in. A text with `|` has a form for n = 1 and one for other n.
export const t = (key, values) => filled(texts, key, values);

// The same in a given language. Rejects when its texts cannot be fetched.
export async function textsIn(wanted) {
  const of = wanted === 'en' ? (await sources.en()).default : sources.nl;
  return (key, values) => filled(of, key, values);
}

// Resolves when the texts are there. If they cannot be fetched, the page keeps its language.
export async function setLanguage(wanted) {
  try {
    texts = wanted === 'en' ? (await sources.en()).default : sources.nl;
    language = wanted === 'en' ? 'en' : 'nl';
  } catch {
    return; // English is not in the cache and there is no network
  }
  document.documentElement.lang = language;
}

// The same as a list for an element's children, where a value may be an element: a name in another language, say.
export function tParts(key, values) {
  const marked = Object.fromEntries(Object.keys(values).map((name) => [name, `\u0000${name}\u0000`]));
  return t(key, { ...marked, n: values.n }).split('\u0000').map((part, i) => (i % 2 ? values[part] : part));
}

const KEY = 'turf-language';

export function savedLanguage() {
  try {
    return localStorage.getItem(KEY) === 'en' ? 'en' : 'nl';
  } catch {
    return 'nl';
  }
}

export function saveLanguage(wanted) {
  try {
    localStorage.setItem(KEY, wanted);
  } catch {
    // storage is forbidden: it holds until the page closes
  }
}
