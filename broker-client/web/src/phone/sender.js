// SPDX-License-Identifier: EUPL-1.2
// Decides which events of the outbox are sent next, and when they are sent again (rule 3, docs/wire-format.md). Pure:
// the time is an argument (`now`, in milliseconds), and there is no I/O. broker-client/libturf/sender.h describes the
// rules for slots and for teams that are timed out or unconfirmed; both sides run the examples in
// tests/data/vectors/sender.json.
//
// An entry is one event that waits in the outbox, known by its sequence number. It is fresh (never sent), in flight in a slot, or
// waiting for its next turn. A slot holds one submission; there are a few of them.
import { EVENTS_MAX } from '../core/messages.js';

const JITTER_PART = 4;

const isUnconfirmed = (team) => team.timedOut || team.receiptAt === -Infinity;

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

  // Adds an event that waits: {seq, id, act, team}. An event that is known already stays as it is.
  add({ seq, id, act, team }) {
    if (this.#entries.has(seq)) return;
    this.#entries.set(seq, { seq, id, act, team, state: 'fresh', slot: -1, attempts: 0, due: 0, alone: false, sent: false, answered: false });
    this.#teamOf(team);
  }

  // A team that had receipts before this page was opened is confirmed until a slot of it times out.
  trust(name) {
    const team = this.#teamOf(name);
    team.receiptAt = Math.max(team.receiptAt, -Number.MAX_VALUE);
  }

  // The entry with this id that was sent on this connection. A receipt for any other id means nothing.
  sent(id) {
    for (const entry of this.#entries.values()) if (entry.sent && entry.id === id) return entry;
    return undefined;
  }

  // Chooses the next submission {team, slot, entries} and takes a slot for it. Null: nothing may be sent now.
  next(now) {
    const slot = this.#slots.indexOf(null);
    const first = slot < 0 ? null : this.#choose(now);
    if (!first) return null;
    const again = first.state === 'waiting';
    const entries = this.#gather(first, now);
    this.#teams.get(first.team).sentAt = now;
    this.#slots[slot] = { again, team: first.team, n: entries.length, left: entries.length, sentAt: now, until: now + this.#options.retryMs };
    for (const entry of entries) {
      entry.attempts++;
      Object.assign(entry, { state: 'flight', slot, due: now + this.#interval(entry.attempts), sent: true, answered: false });
    }
    return { team: first.team, slot, entries };
  }

  // The moment at which next or expire may have something to do; Infinity: none.
  wake(now) {
    let wake = Math.min(Infinity, ...this.#slots.map((slot) => slot?.until ?? Infinity));
    if (!this.#slots.includes(null)) return wake;
    if (this.#choose(now)) return now;
    for (const entry of this.#entries.values()) if (entry.state === 'waiting' && entry.due > now) wake = Math.min(wake, entry.due);
    return wake;
  }

  // Frees the slots that timed out.
  expire(now) {
    this.#slots.forEach((slot, index) => {
      if (slot && slot.until <= now) this.#timeOut(slot, index);
    });
  }

  // The connection was lost: everything that was in flight is sent first on the next one. An entry that was lost twice is sent
  // alone, in case it is what ends the connection.
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

  // The aggregator was started again: every entry that was sent becomes due within `spreadMs`.
  resendSoon(now, spreadMs) {
    for (const entry of this.#entries.values()) {
      if (entry.state === 'flight') entry.state = 'waiting';
      if (entry.state === 'waiting') entry.due = Math.min(entry.due, now + Math.floor(this.#random() * spreadMs));
    }
    this.#slots.fill(null);
  }

  // A receipt named the entry: its team is confirmed, and its other entries are due.
  noteReceipt(entry, now) {
    const team = this.#teams.get(entry.team);
    team.receiptAt = now;
    team.unanswered = 0;
    if (!team.timedOut) return;
    team.timedOut = false;
    for (const other of this.#entries.values()) {
      if (other.state === 'waiting' && other.team === entry.team && !other.answered) other.due = Math.min(other.due, now);
    }
  }

  // Teams with entries, of which this many submissions in a row timed out without any receipt.
  silentTeams(submissions) {
    const waiting = new Set([...this.#entries.values()].map(({ team }) => team));
    return [...waiting].filter((team) => this.#teams.get(team).unanswered >= submissions);
  }

  // The entry is done: a verdict ended it, or the outbox no longer has it.
  done(entry) {
    if (!this.#entries.delete(entry.seq)) return;
    this.#leaveSlot(entry);
  }

  // The verdict ends nothing: the entry is sent again after its interval.
  retryLater(entry, now) {
    this.#leaveSlot(entry);
    if (entry.state === 'fresh') return;
    entry.state = 'waiting';
    entry.answered = true;
    entry.due = Math.max(entry.due, now);
  }

  // ---- Inside -------------------------------------------------------------------------------------

  #teamOf(name) {
    if (!this.#teams.has(name)) this.#teams.set(name, { timedOut: false, receiptAt: -Infinity, sentAt: -Infinity, unanswered: 0 });
    return this.#teams.get(name);
  }

  #timeOut(slot, index) {
    for (const entry of this.#entries.values()) {
      if (entry.state !== 'flight' || entry.slot !== index) continue;
      entry.state = 'waiting';
      entry.alone ||= slot.n > 1;
    }
    const team = this.#teams.get(slot.team);
    if (team.receiptAt < slot.sentAt) {
      team.timedOut = true;
      team.unanswered++;
    }
    this.#slots[index] = null;
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

  // What unconfirmed teams may do with the next slot: take it, if it is not the last one, which is for teams that have receipts; and
  // take it before the other teams, if they have no slot yet.
  #room() {
    const unconfirmed = this.#slots.filter((slot) => slot && isUnconfirmed(this.#teams.get(slot.team))).length;
    const several = this.#slots.length > 1;
    return { unconfirmedMay: !several || unconfirmed + 1 < this.#slots.length, unconfirmedFirst: several && unconfirmed === 0 };
  }

  #mayGo(entry, room, now) {
    const team = this.#teams.get(entry.team);
    const again = entry.state === 'waiting';
    if (!this.#isDue(entry, now) || (!room.unconfirmedMay && isUnconfirmed(team))) return false;
    return !team.timedOut || !this.#slots.some((slot) => slot?.team === entry.team && slot.again === again);
  }

  // Unconfirmed teams take turns. Of one team, and of teams with receipts, the entry that has waited longest for its next turn goes
  // before fresh ones; of equal ones the one that was tapped first.
  #isBefore(entry, best, room) {
    const [team, other] = [entry, best].map((one) => this.#teams.get(one.team));
    const unconfirmed = isUnconfirmed(team);
    if (unconfirmed !== isUnconfirmed(other)) return unconfirmed === room.unconfirmedFirst;
    if (unconfirmed && team.sentAt !== other.sentAt) return team.sentAt < other.sentAt;
    return entry.state === 'waiting' && (best.state !== 'waiting' || entry.due < best.due);
  }

  #sorted() {
    return [...this.#entries.values()].sort((a, b) => a.seq - b.seq);
  }

  #isDue(entry, now) {
    return entry.state === 'fresh' || (entry.state === 'waiting' && entry.due <= now);
  }

  // `first`, with as many entries of its team as may be sent with it.
  #gather(first, now) {
    if (first.alone) return [first];
    return this.#sorted()
      .filter((entry) => entry.team === first.team && entry.state === first.state && !entry.alone && this.#isDue(entry, now))
      .slice(0, EVENTS_MAX);
  }

  #leaveSlot(entry) {
    const slot = entry.state === 'flight' ? this.#slots[entry.slot] : null;
    if (slot && --slot.left === 0) this.#slots[entry.slot] = null;
  }
}
