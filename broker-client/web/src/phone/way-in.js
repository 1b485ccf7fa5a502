// SPDX-License-Identifier: EUPL-1.2
// How the phone comes to its broker: as anybody while the page is seen, or, when this device has joined, through the door for one
// flush at a time. The code of the door is loaded when the page first wakes the phone, so that no tap waits for it.

const FIGURES_MS = 60 * 60_000; // through the door, the page fetches the figures again after this long

export class WayIn {
  #options;
  #opening = null; // the promise of the door
  #onlineAt = -Infinity;

  door = null; // as in core/door/door.js

  // {org, connection, openDoor: takes the options of Door.open, or undefined; waits: how many taps wait, taps, today, isSeen,
  // hasCatalogue, now, onChange}
  constructor(options) {
    this.#options = options;
  }

  // As in Phone; undefined: that of the connection.
  get link() {
    return this.door?.link;
  }

  // The page is seen, or the network is back.
  async connect() {
    const { connection, openDoor, waits, isSeen } = this.#options;
    if (openDoor && !this.door) await this.#findDoor();
    if (!isSeen() && waits() === 0) return; // left meanwhile
    if (!this.door?.joined) connection.start();
    this.door?.wake();
    connection.wake();
  }

  // Where it cannot be loaded, the phone connects as anybody, and tries again with the next connect().
  async #findDoor() {
    const { openDoor } = this.#options;
    this.#opening ??= openDoor({ ...this.#options, role: 'worker', wanted: () => this.#isWanted() }).then((door) => (this.door = door), () => (this.#opening = null));
    await this.#opening;
  }

  // Whether there must be a connection through the door.
  #isWanted() {
    const { waits, isSeen, hasCatalogue, now } = this.#options;
    return waits() > (this.door?.later ?? 0) || (isSeen() && (!hasCatalogue() || now() - this.#onlineAt > FIGURES_MS));
  }

  // The figures of another team are wanted: a connection that is there brings them.
  wantFigures() {
    if (this.#options.connection.state !== 'online') this.#onlineAt = -Infinity;
    this.door?.wantFigures();
    this.update();
  }

  noteOnline() {
    this.#onlineAt = this.#options.now();
  }

  // What waits, or the connection, has changed.
  update() {
    this.door?.update();
  }

  async login() {
    return this.door ? this.door.login() : {};
  }

  close() {
    this.door?.close();
  }
}
