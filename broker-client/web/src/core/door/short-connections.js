// SPDX-License-Identifier: EUPL-1.2
// When the worker's page connects while the door is closed: only while something waits or figures are wanted, and for ten minutes
// at most, since each connection takes a token of its own and a token that lived all day would tell what one phone did.

const LONGEST_MS = 10 * 60_000;
const LONGEST_PORTION_MS = 15_000; // with a portion, since what is of the moment must not wait for it
const LINGER_MS = 5_000; // after the last receipt, so that the team's new figures still arrive
const PAUSE_MS = 10 * 60_000; // after a connection on which nothing was answered; twice as long after each further one
const LONGEST_PAUSE_MS = 160 * 60_000;

export class ShortConnections {
  #options;
  #timer = 0;
  #since = 0; // when this connection came online; 0: it has not
  #idleSince = 0; // since when nothing is wanted of it; 0: something is
  #waited = 0; // how many taps waited at the last look
  #answered = false; // whether a tap that waited was answered on this connection
  #pauseMs = PAUSE_MS;
  #pausedUntil = 0;

  // {connection, waits: how many taps wait that may go, wanted: whether there must be a connection, hasPortion: whether the
  // connection carries a portion, now}
  constructor(options) {
    this.#options = options;
  }

  close() {
    clearTimeout(this.#timer);
  }

  // The worker is here: ends a pause.
  wake() {
    this.#pausedUntil = 0;
  }

  // Leaves a connection that is at its end the whole time for what was asked for just now.
  linger() {
    this.#idleSince = 0;
  }

  // Call it when something has changed: the connection, what waits, what is seen.
  update() {
    clearTimeout(this.#timer);
    const { connection, wanted, now } = this.#options;
    if (!connection.running) this.#begin();
    else if (connection.state === 'online') this.#watch(now());
    else if (wanted()) this.#since = 0;
    else connection.stop();
  }

  #begin() {
    const { connection, wanted, now } = this.#options;
    this.#since = 0;
    if (!wanted()) return;
    const pause = this.#pausedUntil - now();
    if (pause > 0) this.#callAfter(pause);
    else connection.start();
  }

  #watch(now) {
    const { wanted, waits, hasPortion } = this.#options;
    if (this.#since === 0) {
      this.#since = now;
      this.#waited = waits();
      this.#answered = false;
    }
    if (waits() < this.#waited) this.#answered = true;
    this.#waited = waits();
    this.#idleSince = wanted() ? 0 : this.#idleSince || now;
    const end = Math.min(this.#since + (hasPortion() ? LONGEST_PORTION_MS : LONGEST_MS), this.#idleSince ? this.#idleSince + LINGER_MS : Infinity);
    if (now < end) this.#callAfter(end - now);
    else this.#end(now);
  }

  // If nothing was answered, turfd may be away: the next connection would spend its token in vain too.
  #end(now) {
    const inVain = !this.#answered && this.#waited > 0;
    this.#pausedUntil = inVain ? now + this.#pauseMs : 0;
    this.#pauseMs = inVain ? Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2) : PAUSE_MS;
    this.#options.connection.stop();
    this.update();
  }

  #callAfter(ms) {
    this.#timer = setTimeout(() => this.update(), ms);
  }
}
