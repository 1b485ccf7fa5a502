// SPDX-License-Identifier: EUPL-1.2
// Keeps the grid of domains in the same place on the screen while notices above it appear and disappear: it scrolls the page,
// and adds empty room above or below where there is nothing to scroll.

export class GridPosition {
  #root;
  #grid;
  #room = { above: 0, below: 0 };

  constructor(root, grid) {
    this.#root = root;
    this.#grid = grid;
  }

  keep(draw) {
    const before = this.#top();
    draw();
    if (before !== null && this.#top() !== null) this.#moveTo(before);
  }

  // The room is given back: at a moment at which nobody aims at a tile.
  release() {
    this.#setRoom({ above: 0, below: 0 });
  }

  // null: not on the screen.
  #top() {
    return this.#grid.hidden ? null : this.#grid.getBoundingClientRect().top;
  }

  #moveTo(wanted) {
    const off = () => Math.round(this.#top() - wanted);
    const scroll = () => off() && scrollBy({ top: off(), behavior: 'instant' });
    scroll();
    const rest = off();
    const { above, below } = this.#room;
    if (rest < 0) this.#setRoom({ above: above - rest, below });
    if (rest > 0) this.#setRoom({ above, below: below + rest });
    scroll();
  }

  #setRoom(room) {
    if (room.above === this.#room.above && room.below === this.#room.below) return;
    this.#room = room;
    this.#root.style.setProperty('--room-above', `${room.above}px`);
    this.#root.style.setProperty('--room-below', `${room.below}px`);
  }
}
