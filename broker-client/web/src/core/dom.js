// SPDX-License-Identifier: EUPL-1.2
// Makes and changes elements, without a framework and without HTML in strings.

// el('button', { class: 'x', onclick: f, 'aria-pressed': true }, 'text', child): null and false children are left out. There are no
// forms: a button never submits.
export function el(tag, attributes = {}, ...children) {
  const element = tag === 'svg' || attributes.svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  if (tag === 'button') element.type = 'button';
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...present(children));
  return element;
}

const present = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);

function set(element, name, value) {
  if (name === 'svg' || value === null || value === undefined) return;
  if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else if (name === 'style') for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
  else if (typeof value === 'boolean' && !name.startsWith('aria-')) element.toggleAttribute(name, value);
  else element.setAttribute(name, String(value));
}

// Puts `children` in place of what is there, and keeps the focus on the element with the same data-key.
export function fill(parent, ...children) {
  const key = parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  parent.replaceChildren(...present(children));
  if (key) byKey(parent, key)?.focus();
}

const byKey = (parent, key) => parent.querySelector(`[data-key="${CSS.escape(key)}"]`);

// A name from the catalogue, which is Dutch in every language of the page.
export const dutch = (name) => el('span', { lang: 'nl' }, name);

// These change an element only if its value differs. Without the check, the browser computes the layout again for the same
// text.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

export const byId = (id) => document.getElementById(id);

// Brings the children of `parent` in line with `items`, by key; an element stays while its signature does, so that a
// press that is under way, the focus and a screen reader's place are not lost.
export function reconcile(parent, items, { key, signature, make }) {
  const old = new Map([...parent.children].map((child) => [child.dataset.item, child]));
  const wanted = items.map((item) => {
    const name = String(key(item));
    const sign = JSON.stringify(signature(item));
    const kept = old.get(name);
    if (kept?.dataset.sign === sign) return kept;
    const made = make(item);
    made.dataset.item = name;
    made.dataset.sign = sign;
    if (kept?.contains(document.activeElement)) made.dataset.refocus = document.activeElement.dataset.key ?? '';
    return made;
  });
  const stays = new Set(wanted);
  for (const child of [...parent.children]) if (!stays.has(child)) child.remove();
  wanted.forEach((child, i) => child !== parent.children[i] && parent.insertBefore(child, parent.children[i] ?? null));
  for (const child of wanted) refocus(child);
}

function refocus(child) {
  const key = child.dataset.refocus;
  if (key === undefined) return;
  delete child.dataset.refocus;
  (byKey(child, key) ?? child.querySelector('button') ?? child).focus();
}

// Makes the children of `parent` again only when what they show has changed.
export function renderWhen(parent, signature, build) {
  const sign = JSON.stringify(signature);
  if (parent.dataset.sign === sign) return;
  parent.dataset.sign = sign;
  fill(parent, build());
}
