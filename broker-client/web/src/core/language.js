// SPDX-License-Identifier: EUPL-1.2
// The language of the page and its texts: one flat file for each page and language. Dutch is part of the page; English is fetched
// when somebody chooses it.
import { remember, remembered } from './local-storage.js';

const KEY = 'turf-language';

let sources = { nl: {}, en: async () => ({ default: {} }) };
let texts = {};
export let language = 'nl';

// The texts of the page: {nl: texts, en: () => import('./texts.en.js')}.
export function useTexts(given) {
  sources = given;
  texts = given.nl;
}

// More texts, of code that is loaded later.
export async function addTexts({ nl, en }) {
  const before = sources;
  sources = { nl: { ...before.nl, ...nl }, en: async () => ({ default: { ...(await before.en()).default, ...(await en()).default } }) };
  texts = await loadTexts(language).catch(() => texts);
}

function fillIn(from, key, values = {}) {
  const forms = (from[key] ?? sources.nl[key] ?? key).split('|');
  const form = forms.length > 1 && values.n !== 1 ? forms[1] : forms[0];
  return form.replace(/\{(\w+)\}/g, (_all, name) => String(values[name] ?? ''));
}

// t('waiting', { n: 3 }): the text with {n} filled in. A text with `|` has a form for n = 1 and one for other n.
export const t = (key, values) => fillIn(texts, key, values);

// The same text as a list of children for an element. A value may then be an element, for example a name in another
// language.
export function tParts(key, values) {
  const marked = Object.fromEntries(Object.keys(values).map((name) => [name, `\u0000${name}\u0000`]));
  return t(key, { ...marked, n: values.n }).split('\u0000').map((part, i) => (i % 2 ? values[part] : part));
}

const loadTexts = async (wanted) => (wanted === 'en' ? (await sources.en()).default : sources.nl);

// `t` of a given language. Rejects when its texts cannot be fetched.
export async function textsIn(wanted) {
  const loaded = await loadTexts(wanted);
  return (key, values) => fillIn(loaded, key, values);
}

// Resolves when the texts are there. If they cannot be fetched, the page keeps its language.
async function setLanguage(wanted) {
  try {
    texts = await loadTexts(wanted);
    language = wanted === 'en' ? 'en' : 'nl';
  } catch {
    return; // English is not in the cache and there is no network
  }
  document.documentElement.lang = language;
}

export const useSavedLanguage = () => setLanguage(remembered(KEY));

export async function switchLanguage() {
  await setLanguage(language === 'nl' ? 'en' : 'nl');
  remember(KEY, language);
}
