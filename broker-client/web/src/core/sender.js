// SPDX-License-Identifier: EUPL-1.2
// What to send next, and when again: counting rule 3 as a pure structure, the twin of broker-client/libturf/sender.h. No clock
// (`now` is an argument, in milliseconds), no I/O.
//
// An entry is one waiting event of the outbox, known by its sequence number. It is fresh, or in flight in one of a few
// slots (one slot is one submission), or it waits for its next turn. A slot is freed by receipts for all its entries,
// or when retryMs have passed: then its entries wait out their own interval and go again, each alone.
//
// A team whose slot ran out without any receipt is quiet until the next one; quiet teams and those without a receipt yet
// are unheard. A broker may drop what a team sends without a word: how such a team holds up no other is written in
// sender.h, and both follow the examples in tests/data/vectors/sender.json.
import { EVENTS_MAX } from './messages.js';

const JITTER_PART = 4;

const compareSeq = (a, b) => a.seq - b.seq;
const isUnheard = (team) => team.quiet || team.heard === -Infinity;

export class Sender {
  #entries = new Map();
  #teams = new Map();
  #slots;
  #options;
  #random;

  constructor({ slots = 4, retryMs = 10_000, retryMaxMs = 300_000, random = Math.random } = {}) {
    this.#options = { retryMs, retryMaxMs };
    this.#random = random;
    this.#slots = Array.from({ length: slots }, () => null);
  }

  get size() {
    return this.#entries.size;
  }

  // A waiting event {seq, id, act, team}. One that is known already stays as it is.
  add({ seq, id, act, team }) {
    if (this.#entries.has(seq)) return;
    this.#entries.set(seq, { seq, id, act, team, state: 'fresh', slot: -1, attempts: 0, due: 0, alone: false, sent: false, answered: false });
    this.#teamOf(team);
  }

  // A team that had receipts before this page was opened is not unheard until a slot of it runs out.
  trust(name) {
    const team = this.#teamOf(name);
    team.heard = Math.max(team.heard, -Number.MAX_VALUE);
  }

  find(seq) {
    return this.#entries.get(seq);
  }

  // The entry that was sent on this connection with that id: only then a receipt for it can be real.
  sent(id) {
    for (const entry of this.#entries.values()) if (entry.sent && entry.id === id) return entry;
    return undefined;
  }

  // Picks the next submission {team, slot, entries} and takes a slot for it. Null: nothing may go now.
  next(now) {
    const slot = this.#slots.indexOf(null);
    const first = slot < 0 ? null : this.#choose(now);
    if (!first) return null;
    const again = first.state === 'waiting';
    const entries = this.#gather(first, now);
    this.#teams.get(first.team).tried = now;
    this.#slots[slot] = { again, team: first.team, n: entries.length, left: entries.length, sentAt: now, until: now + this.#options.retryMs };
    for (const entry of entries) this.#take(entry, slot, now);
    return { team: first.team, slot, entries };
  }

  // The moment from which next or expire may have something to do; Infinity: none.
  wake(now) {
    let wake = Math.min(Infinity, ...this.#slots.map((slot) => slot?.until ?? Infinity));
    if (!this.#slots.includes(null)) return wake;
    if (this.#choose(now)) return now;
    for (const entry of this.#entries.values()) if (entry.state === 'waiting' && entry.due > now) wake = Math.min(wake, entry.due);
    return wake;
  }

  // Frees the slots that ran out.
  expire(now) {
    this.#slots.forEach((slot, index) => {
      if (slot && slot.until <= now) this.#ranOut(slot, index);
    });
  }

  // The connection is gone: all that was in flight goes first on the next. Once lost with a connection is bad luck; what
  // was lost twice goes alone, in case it is what ends the connection.
  lost(now) {
    for (const entry of this.#entries.values()) {
      if (entry.state === 'flight') {
        entry.state = 'waiting';
        entry.alone ||= entry.attempts > 1;
      }
      if (entry.state === 'waiting' && !entry.answered) entry.due = now;
      entry.sent = false;
    }
    this.#slots.fill(null);
  }

  // The aggregator began anew: what has no receipt by then goes again within `spreadMs`.
  hurry(now, spreadMs) {
    for (const entry of this.#entries.values()) {
      if (entry.state === 'flight') entry.state = 'waiting';
      if (entry.state === 'waiting') entry.due = Math.min(entry.due, now + Math.floor(this.#random() * spreadMs));
    }
    this.#slots.fill(null);
  }

  // A receipt named the entry: its team is heard of.
  heard(entry, now) {
    const team = this.#teams.get(entry.team);
    team.heard = now;
    team.unanswered = 0;
    if (!team.quiet) return;
    team.quiet = false;
    for (const other of this.#entries.values()) {
      if (other.state === 'waiting' && other.team === entry.team && !other.answered) other.due = Math.min(other.due, now);
    }
  }

  // Teams of which something waits, and of which so many submissions in a row ran out without any receipt.
  silentTeams(submissions) {
    const waiting = new Set([...this.#entries.values()].map(({ team }) => team));
    return [...waiting].filter((team) => this.#teams.get(team).unanswered >= submissions);
  }

  // The entry is done: a verdict ended it, or the outbox holds it no more.
  done(entry) {
    if (!this.#entries.delete(entry.seq)) return;
    this.#leaveSlot(entry);
  }

  // The verdict says nothing: it stays, and goes again after its interval.
  keep(entry, now) {
    this.#leaveSlot(entry);
    if (entry.state === 'fresh') return;
    entry.state = 'waiting';
    entry.answered = true;
    entry.due = Math.max(entry.due, now);
  }

  // ---- Inside -------------------------------------------------------------------------------------

  #teamOf(name) {
    if (!this.#teams.has(name)) this.#teams.set(name, { quiet: false, heard: -Infinity, tried: -Infinity, unanswered: 0 });
    return this.#teams.get(name);
  }

  // Doubles with each attempt. Jitter makes it up to a quarter longer; at the limit, shorter.
  #interval(attempts) {
    const { retryMs, retryMaxMs } = this.#options;
    const doubled = Math.min(retryMaxMs, retryMs * 2 ** Math.min(attempts - 1, 30));
    const jittered = doubled + this.#random() * (doubled / JITTER_PART);
    return Math.floor(jittered <= retryMaxMs ? jittered : retryMaxMs - this.#random() * (retryMaxMs / JITTER_PART));
  }

  #choose(now) {
    let best = null;
    const room = this.#room();
    for (const entry of this.#sorted()) {
      if (this.#mayGo(entry, room, now) && (!best || this.#isBefore(entry, best, room))) best = entry;
    }
    return best;
  }

  // What the slots in use leave to unheard teams: whether they may take another one, since the last is for teams that have
  // receipts; and whether the next one is theirs, since they have none.
  #room() {
    const unheard = this.#slots.filter((slot) => slot && isUnheard(this.#teams.get(slot.team))).length;
    const several = this.#slots.length > 1;
    return { unheardMay: !several || unheard + 1 < this.#slots.length, unheardFirst: several && unheard === 0 };
  }

  #mayGo(entry, room, now) {
    if (!this.#isDue(entry, now) || !this.#teamMay(entry.team, entry.state === 'waiting')) return false;
    return room.unheardMay || !isUnheard(this.#teams.get(entry.team));
  }

  // Unheard teams take turns. Of one team, and of teams that have receipts, what has waited longest for its next turn goes
  // before what never went; of equals the one tapped first.
  #isBefore(entry, best, room) {
    const [team, other] = [entry, best].map((one) => this.#teams.get(one.team));
    const unheard = isUnheard(team);
    if (unheard !== isUnheard(other)) return unheard === room.unheardFirst;
    if (unheard && team.tried !== other.tried) return team.tried < other.tried;
    return entry.state === 'waiting' && (best.state !== 'waiting' || entry.due < best.due);
  }

  #sorted() {
    return [...this.#entries.values()].sort(compareSeq);
  }

  #isDue(entry, now) {
    return entry.state === 'fresh' || (entry.state === 'waiting' && entry.due <= now);
  }

  #teamMay(team, again) {
    return !this.#teams.get(team).quiet || !this.#slots.some((slot) => slot?.team === team && slot.again === again);
  }

  // `first` with as many of its team as may go along.
  #gather(first, now) {
    if (first.alone) return [first];
    return this.#sorted()
      .filter((entry) => entry.team === first.team && entry.state === first.state && !entry.alone && this.#isDue(entry, now))
      .slice(0, EVENTS_MAX);
  }

  #take(entry, slot, now) {
    entry.state = 'flight';
    entry.slot = slot;
    entry.attempts++;
    entry.due = now + this.#interval(entry.attempts);
    entry.sent = true;
    entry.answered = false;
  }

  #ranOut(slot, index) {
    for (const entry of this.#entries.values()) {
      if (entry.state !== 'flight' || entry.slot !== index) continue;
      entry.state = 'waiting';
      entry.alone ||= slot.n > 1;
    }
    const team = this.#teams.get(slot.team);
    if (team.heard < slot.sentAt) {
      team.quiet = true;
      team.unanswered++;
    }
    this.#slots[index] = null;
  }

  #leaveSlot(entry) {
    const slot = entry.state === 'flight' ? this.#slots[entry.slot] : null;
    if (slot && --slot.left === 0) this.#slots[entry.slot] = null;
  }
}
