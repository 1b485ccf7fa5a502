// SPDX-License-Identifier: EUPL-1.2
// Elements without a framework and without HTML in strings.

// el('button', { class: 'x', onclick: f, 'aria-pressed': true }, 'text', child): null and false children are left out.
export function el(tag, attributes = {}, ...children) {
  const element = tag === 'svg' || attributes.svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

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
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  if (key) parent.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

export const byId = (id) => document.getElementById(id);
