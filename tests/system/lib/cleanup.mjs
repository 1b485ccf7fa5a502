// SPDX-License-Identifier: EUPL-1.2
// What a test must undo, in reverse order of what it did. node's own hooks run first in, first out: a folder would be
// gone before the daemon that writes to it.
const undoings = new WeakMap();

async function undo(list) {
  const errors = [];
  while (list.length) {
    try {
      await list.pop()();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length) throw errors[0];
}

// `t` may be null: then the caller undoes by itself.
export function atEnd(t, undoing) {
  if (!t) return;
  if (!undoings.has(t)) {
    const list = [];
    undoings.set(t, list);
    t.after(() => undo(list));
  }
  undoings.get(t).push(undoing);
}
