// SPDX-License-Identifier: EUPL-1.2
// Changes the elements on the page to those of a newly drawn tree, and touches only what differs, so that the focus, the
// selection, the scroll position and a screen reader's place survive an update every second.

function patchAttributes(old, next) {
  for (const { name } of [...old.attributes]) if (name !== 'style' && !next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes)
    if (name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  // A style attribute would be refused by the content security policy; the style object is not.
  if (old.style && old.style.cssText !== next.style.cssText) old.style.cssText = next.style.cssText;
}

const alike = (old, next) =>
  old.nodeType === next.nodeType && old.nodeName === next.nodeName && old.dataset?.key === next.dataset?.key;

function patchNode(old, next) {
  if (next.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  patchAttributes(old, next);
  patchChildren(old, next);
  if (next.nodeName === 'SELECT' && old.value !== next.value) old.value = next.value;
}

// `next` is used up: nodes that are new move over from it.
export function patchChildren(parent, next) {
  const wanted = [...next.childNodes];
  wanted.forEach((node, i) => {
    const old = parent.childNodes[i];
    if (!old) parent.append(node);
    else if (alike(old, node)) patchNode(old, node);
    else old.replaceWith(node);
  });
  while (parent.childNodes.length > wanted.length) parent.lastChild.remove();
}
