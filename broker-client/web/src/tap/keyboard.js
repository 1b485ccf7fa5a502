// SPDX-License-Identifier: EUPL-1.2
// What the keyboard does on the worker's page beyond what browsers do: Ctrl+Z for undo, and Tab from a tile to the snackbar that
// belongs to it. It also scrolls so that the element with the focus is never behind the bars at the edges of the screen.

const isMac = () => /Mac|iPhone|iPad/.test(navigator.platform);
export const undoKeys = () => (isMac() ? '⌘Z' : 'Ctrl+Z');

// With Caps Lock the key is Z.
const isUndo = (event) => event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;

// The snackbar's buttons come in the order of Tab behind the tile that they belong to, and before the next one.
function nextByTab({ origin, buttons }, from, back) {
  if (!origin || buttons.length === 0) return null;
  if (from === origin && !back) return buttons[0];
  if (from === buttons[0] && back) return origin;
  return from === buttons.at(-1) && !back ? origin.nextElementSibling : null;
}

export function listenToKeys(snackbar) {
  addEventListener('keydown', (event) => {
    if (isUndo(event) && !event.target.matches('input')) snackbar.undo();
    const next = event.key === 'Tab' ? nextByTab(snackbar, document.activeElement, event.shiftKey) : null;
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}

// The browser scrolls a focused element into the space between `top` and `foot`. Elements inside these two are in view already
// (reader.css). `--kept` is set on the two parts: set on the whole page, each change would recompute every style.
export function keepInView(top, foot) {
  let padding = '';
  const observer = new ResizeObserver(() => {
    const [above, below] = [top, foot].map((part) => `${part.offsetHeight + 8}px`);
    if (padding === `${above} ${below}`) return;
    padding = `${above} ${below}`;
    document.documentElement.style.scrollPaddingBlock = padding;
    top.style.setProperty('--kept', above);
    foot.style.setProperty('--kept', below);
  });
  for (const part of [top, foot]) observer.observe(part);
}
