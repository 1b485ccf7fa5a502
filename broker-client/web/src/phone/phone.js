// SPDX-License-Identifier: EUPL-1.2
// The phone behind the page: puts outbox, sender and connection together. A tap is on disk before `tap` resolves. After that it
// is sent without the page, through lost connections, reloads and several tabs, until a receipt ends it.
import { formatQuarter, isoWeekOfDay, parseDate, todayIn } from '../core/calendar.js';
import { Connection } from '../core/connection.js';
import { drawId } from '../core/event-id.js';
import { decodeCatalogue, encodeSubmission } from '../core/messages.js';
import { topics } from '../core/topics.js';
import { DomainList } from './domain-list.js';
import { Outbox } from './outbox.js';
import { PhoneView, WEEKS_SHOWN } from './phone-view.js';
import { Sender } from './sender.js';
import { SenderLock } from './sender-lock.js';
import { StorageTrouble } from './storage-trouble.js';
import { TakenBack } from './taken-back.js';
import { held, mayChange, sendable, waits } from './tap.js';
import { WayIn } from './way-in.js';

export const UNDO_MS = 6_000;
const RESEND_SPREAD_MS = 2_000;
const BORROWED_AWAY_MS = 10 * 60_000; // a worker who borrowed the phone and is away for this long has gone
const UNCONFIRMED_MS = 5_000; // a tap that was sent this long ago should have its receipt
const SILENT_SUBMISSIONS = 2; // after this many without a receipt, the broker may not let the team's submissions through

// Makes the new question that is counted in place of a tap.
const countedAgain = (change = {}) => (tap) => ({ ...tap, ...change, ...drawId(), hold: 0 });

export class Phone extends PhoneView {
  #org;
  #outbox;
  #sender;
  #connection;
  #wayIn;
  #lock;
  #channel;
  #now;
  #onChange;
  #taps = new Map();
  #instance = '';
  #pinned = '';
  #pumping = false;
  #pumpAgain = false;
  #sentAt = 0; // the latest time that the sender was given
  #storing = 0; // taps that are not on disk yet
  #left = false; // whether the page is hidden or left
  #leftAt = Infinity; // when it was hidden or left
  #ownTeam = ''; // the team that this phone remembers
  #domains; // notices that the list of domains has changed
  #unnoted = new Set(); // ids that were sent while the page was left, and are not marked as sent on disk yet
  #beingTakenBack = new Set(); // ids that are being taken back, until the disk has answered
  #restorable = new TakenBack();
  #timer = 0;
  #trouble;
  #used = false;
  #sentSince = new Map(); // id of a tap that was sent and waits: since when this page knows

  // {org, url, onChange, now, load, startAgain, retryMs, openDoor}: `load`, `startAgain` and `retryMs` as in Connection and Sender;
  // `openDoor` as in WayIn.
  static async open({ org, url, onChange = () => {}, now = Date.now, load, startAgain, retryMs, openDoor }) {
    const phone = new Phone();
    phone.#org = org;
    phone.#now = now;
    phone.#onChange = onChange;
    phone.#trouble = new StorageTrouble({ onChange, tryWriting: () => phone.#tryStorage() });
    const outboxChangedElsewhere = () => phone.#safely(phone.#reload().then(() => phone.#pump()));
    phone.#outbox = await Outbox.open(org, { onGone: () => phone.#trouble.tryAgain(), onReturn: outboxChangedElsewhere });
    phone.#sender = new Sender({ retryMs });
    phone.#connection = new Connection({ org, url, receipts: true, handlers: phone.#handlers(), load, startAgain, login: () => phone.#wayIn.login() });
    phone.#wayIn = phone.#makeWayIn(openDoor);
    phone.#lock = new SenderLock(`turf-${org}`, (mine) => (mine ? phone.#pump() : phone.#lost()));
    phone.#channel = new BroadcastChannel(`turf-${org}`);
    phone.#channel.onmessage = outboxChangedElsewhere;
    await phone.#load();
    return phone;
  }

  #makeWayIn(openDoor) {
    return new WayIn({
      org: this.#org, connection: this.#connection, openDoor, now: this.#now,
      waits: () => this.waiting.all + this.#storing, taps: () => this.taps, today: () => this.today, isSeen: () => !this.#left, hasCatalogue: () => Boolean(this.catalogue),
      onChange: () => (this.#subscribe(), this.#onChange()),
    });
  }

  async #load() {
    const [bytes, team, teams, pinned] = await Promise.all(['catalogue', 'team', 'teams', 'pinned'].map((name) => this.#outbox.get(name)));
    this.catalogue = bytes ? decodeCatalogue(bytes) : null;
    this.team = this.#ownTeam = team ?? '';
    this.teams = teams ?? [];
    this.#pinned = pinned ?? '';
    this.#domains = new DomainList(this.#outbox);
    await this.#domains.recall();
    await this.#outbox.forgetOnce().catch(() => {}); // when the disk is full, they stay until there is room
    await this.#reload();
    for (const tap of this.#taps.values()) if (tap.questionVerdict || tap.retractionVerdict) this.#sender.trust(tap.team);
  }

  // Whether this phone has ever been used: to notice a storage that was emptied.
  async used() {
    this.#used = Boolean(await this.#outbox.get('used'));
    return this.#used;
  }

  noteUsed() {
    this.#used = true;
    return this.#outbox.put('used', true).catch(() => (this.#used = false));
  }

  // ---- State ---------------------------------------------------------------------------------------

  // The door, once its code is loaded; null before.
  get door() {
    return this.#wayIn.door;
  }

  // offline, connecting, online, or unsure: the broker does not answer. Through the door also idle: nothing to connect for; and
  // barred: it has nothing to log in with.
  get link() {
    return this.#wayIn.link ?? this.#connection.link;
  }

  // Of the storage: as in StorageTrouble.
  get trouble() {
    return this.#trouble.name;
  }

  // Something else answers instead of the server, such as a login.
  get blocked() {
    return this.#connection.blocked;
  }

  // The phone's own date, in the org's time zone; a simulated clock counts where the aggregator says it has one.
  get today() {
    const pinned = this.#pinned && parseDate(this.#pinned);
    return pinned || todayIn(this.catalogue?.timezone, this.#now());
  }

  // Newest first.
  get taps() {
    return [...this.#taps.values()].sort((a, b) => b.n - a.n);
  }

  // For the list "my taps": the same, and the taps that were deleted while the list is open.
  get listed() {
    return [...this.taps, ...this.#restorable.deleted(this.#taps)].sort((a, b) => b.n - a.n);
  }

  // A tap was sent, and its receipt should be here by now.
  get overdue() {
    return [...this.#sentSince].some(([id, since]) => this.#now() - since >= UNCONFIRMED_MS && waits(this.#taps.get(id) ?? {}));
  }

  // Teams whose taps get no receipt while the aggregator counts: the broker may not let this device count for them.
  get silentTeams() {
    return this.aggregatorCounts && this.link === 'online' ? this.#sender.silentTeams(SILENT_SUBMISSIONS) : [];
  }

  // ---- What the worker does -----------------------------------------------------------------------

  // On a borrowed phone the team is remembered by the page alone.
  async setTeam(team, borrowed = false) {
    this.team = team;
    this.borrowed = borrowed;
    if (!borrowed) this.teams = [...new Set([...this.teams, team])];
    this.#subscribe();
    this.#wayIn.wantFigures();
    this.#onChange();
    if (borrowed) return;
    this.#ownTeam = team;
    await this.#safely(Promise.all([this.#outbox.put('team', team), this.#outbox.put('teams', this.teams)]));
  }

  // The worker who borrowed the phone has gone: the phone has its own team again, and forgets what was answered.
  async endBorrowing() {
    if (!this.borrowed) return;
    this.borrowed = false;
    this.team = this.#ownTeam;
    this.#subscribe();
    this.#onChange();
    await this.#safely(this.#forgetBorrowed());
  }

  async #forgetBorrowed() {
    if (this.borrowed && !this.#left) return;
    if (![...this.#taps.values()].some(({ once }) => once)) return;
    await this.#outbox.forgetOnce();
    await this.#reload();
    this.#outboxChanged();
  }

  // What is new or gone among the domains, as in DomainList.
  get listChange() {
    return this.#domains.change(this.catalogue, this.today);
  }

  async seeListChange() {
    await this.#safely(this.#domains.seen());
    this.#onChange();
  }

  // The team no longer has a button of its own.
  async forgetTeam(team) {
    this.teams = this.teams.filter((id) => id !== team);
    this.#onChange();
    await this.#safely(this.#outbox.put('teams', this.teams));
  }

  // `count` questions; resolves with their ids when they are on disk.
  async tap({ day, domain, outcome, labels = [], count = 1 }) {
    const hold = this.#now() + UNDO_MS;
    const questions = Array.from({ length: count }, () => ({ ...drawId(), team: this.team, day, domain, outcome, labels, hold, once: this.borrowed }));
    this.#storing++;
    try {
      for (const tap of await this.#trouble.guard(() => this.#outbox.add(questions))) this.#taps.set(tap.id, tap);
      this.#trouble.clear(); // the storage works again
    } finally {
      this.#storing--;
    }
    if (!this.#used) this.noteUsed(); // once only: the next tap has to wait for this transaction
    this.#outboxChanged();
    if (this.#left) this.leave();
    return questions.map(({ id }) => id);
  }

  // For how long a tap still stays on the phone.
  staysMs(id) {
    return Math.max(0, (this.#taps.get(id)?.hold ?? 0) - this.#now());
  }

  // Changes the labels of taps that have not left yet, and the moment until which they stay. A tap that is sent before the disk
  // has answered has the new labels too.
  async change(ids, change, holdMs = UNDO_MS) {
    const now = this.#now();
    const full = { ...change, hold: now + holdMs };
    for (const tap of ids.map((id) => this.#taps.get(id))) if (tap && mayChange(tap, now)) Object.assign(tap, full);
    await this.#changeOutbox(() => this.#outbox.changeHeld(ids, now, full));
  }

  // These taps may leave the phone now.
  release(ids) {
    return this.#changeOutbox(() => this.#outbox.changeHeld(ids, this.#now(), { hold: 0 }));
  }

  retract(ids) {
    return this.#whileTakingBack(ids, (gone) => this.#outbox.retract(ids, { gone }));
  }

  // The same, and for a while it can be undone: see restore().
  async takeBack(ids) {
    const taken = ids.map((id) => this.#taps.get(id)).filter((tap) => tap && !tap.retracting);
    const until = this.#now() + UNDO_MS;
    await this.#whileTakingBack(ids, (gone) => this.#outbox.retract(ids, { gone, hold: until }));
    if (!this.#left) this.#restorable.note(taken, until);
    this.#outboxChanged();
  }

  mayRestore({ id }) {
    return this.#restorable.holds(id, this.#now());
  }

  restore(ids) {
    const taken = this.#restorable.take(ids);
    return this.#changeOutbox(() => this.#outbox.restore(taken, countedAgain(), { gone: this.#unnoted }));
  }

  // `change`: what is different, of team, day, domain, outcome and labels.
  replace(ids, change) {
    return this.#whileTakingBack(ids, (gone) => this.#outbox.replace(ids, countedAgain(change), { gone }));
  }

  // The list no longer shows what was taken back.
  forgetTakenBack() {
    this.#restorable.clear();
    this.#onChange();
  }

  async #whileTakingBack(ids, write) {
    for (const id of ids) this.#beingTakenBack.add(id);
    try {
      await this.#changeOutbox(() => write(this.#unnoted));
    } finally {
      for (const id of ids) this.#beingTakenBack.delete(id);
    }
  }

  dismiss(ids) {
    return this.#changeOutbox(() => this.#outbox.dismiss(ids));
  }

  markSeen(ids) {
    return this.#changeOutbox(() => this.#outbox.markSeen(ids));
  }

  recount(ids, day) {
    return this.#changeOutbox(() => this.#outbox.recount(ids, countedAgain({ day })));
  }

  // The worker has seen the notice `refilled` or `reoffered`.
  dismissNotice(name) {
    this[name] = null;
    this.#onChange();
  }

  // ---- Seen, hidden, left -------------------------------------------------------------------------

  // Called after the first paint and whenever the page is seen again. With `seen` false, the network may have come back, and the
  // page sends what waits.
  wake({ seen = true } = {}) {
    if (!seen && this.waiting.all === 0) return;
    if (seen && this.#now() - this.#leftAt > BORROWED_AWAY_MS) this.endBorrowing();
    this.#left = !seen;
    if (seen) this.#lock.take();
    else this.#lock.wait();
    this.#subscribe();
    this.#wayIn.connect();
    this.#onChange();
    if (this.trouble) this.#trouble.tryAgain();
    this.#pump();
  }

  // The page is hidden or left: sends at once what was held back, without waiting for the disk.
  leave() {
    this.#left = true;
    this.#restorable.end(); // the retraction goes now
    const now = this.#now();
    this.#leftAt = now;
    const kept = [...this.#taps.values()].filter((tap) => held(tap, now) && !this.#beingTakenBack.has(tap.id));
    for (const tap of kept) tap.hold = 0;
    this.#fillSender(now);
    const batches = [];
    for (let batch; this.#mayPublish() && (batch = this.#sender.next(now)); ) batches.push(batch);
    const ids = batches.flatMap(({ entries }) => entries.map(({ id }) => id)).filter((id) => !this.#beingTakenBack.has(id));
    if (ids.length) this.#noteLeft(ids);
    for (const batch of batches) this.#publish(batch, ids);
    if (kept.length) this.#outbox.changeHeld(kept.map(({ id }) => id), now, { hold: 0 }).catch(() => {});
    this.#forgetBorrowed().catch(() => {}); // if it fails, the next visit does it
    if (this.waiting.all > 0 || this.#storing > 0) return;
    this.#connection.stop();
    this.#lock.release(); // another tab may still be visible
  }

  // The outbox keeps one list of these ids, so ids that the disk refused before are written again.
  #noteLeft(ids) {
    for (const id of ids) this.#unnoted.add(id);
    const all = [...this.#unnoted];
    const noted = () => all.forEach((id) => this.#unnoted.delete(id));
    this.#outbox.markLeaving(all).then(noted, () => {});
  }

  close() {
    clearTimeout(this.#timer);
    this.#wayIn.close();
    this.#trouble.close();
    this.#connection.stop();
    this.#lock.release();
    this.#channel.close();
    this.#outbox.close();
  }

  // ---- Inside -------------------------------------------------------------------------------------

  // Tries to write to the storage. If the storage was emptied while the page was open, stores again what the page
  // remembers: its settings, and the taps that are not counted yet.
  async #tryStorage() {
    await this.#outbox.tryWriting();
    if (this.#used) {
      const own = { used: true, team: this.team, teams: this.teams, pinned: this.#pinned, ...(this.catalogue && { catalogue: this.catalogue.bytes }) };
      this.refilled = (await this.#outbox.refill(this.taps, own)) ?? this.refilled;
    }
    await this.#reload();
    this.#pump();
  }

  // For work whose caller has nothing to undo when it fails.
  #safely(work) {
    return work.catch((error) => this.#trouble.fail(error));
  }

  // Changes the outbox, and lets the page and the other tabs know.
  async #changeOutbox(write) {
    await this.#trouble.guard(write);
    await this.#reload();
    this.#outboxChanged();
  }

  async #reload() {
    this.#taps = new Map((await this.#outbox.all()).map((tap) => [tap.id, tap]));
    this.#onChange();
  }

  // This tab changed the outbox: makes the other tabs read it again, and sends what may go.
  #outboxChanged() {
    this.#channel.postMessage('changed');
    this.#onChange();
    this.#pump();
  }

  #mayPublish() {
    return this.#lock.mine && this.#connection.state === 'online';
  }

  #subscribe() {
    this.#connection.subscribe([...(this.team ? this.#figureTopics() : []), ...(this.door?.topics ?? [])]);
  }

  #figureTopics() {
    const week = isoWeekOfDay(this.today);
    const before = isoWeekOfDay(this.today - 7 * (WEEKS_SHOWN - 1));
    const years = [...new Set([week.year, before.year])];
    return [topics.summary(this.#org, this.team, formatQuarter(this.quarter)), ...years.map((year) => topics.weekly(this.#org, this.team, year))];
  }

  #handlers() {
    return {
      link: (link) => this.#linkChanged(link),
      blocked: () => this.#onChange(),
      accepted: () => this.door?.accepted(),
      refused: () => this.door?.refused(),
      door: (keys) => this.door?.keysArrived(keys),
      receipt: (results) => this.#safely(this.#receipt(results)),
      summary: (summary) => this.figures.takeSummary(summary) && this.#onChange(),
      weekly: (weekly) => this.figures.takeWeekly(weekly) && this.#onChange(),
      cleared: (topic) => (this.figures.clear(topic), this.#onChange()),
      catalogue: (catalogue) => this.#safely(this.#takeCatalogue(catalogue)),
      status: (status) => this.#safely(this.#takeStatus(status)),
    };
  }

  // Notes the time, so that #fillSender sees it when a clock that was ahead here is set back.
  #lost() {
    this.#sentAt = Math.max(this.#sentAt, this.#now());
    this.#sender.lost(this.#sentAt);
  }

  #linkChanged(link) {
    if (link === 'offline') this.#lost();
    if (link === 'online') this.#wayIn.noteOnline();
    this.#onChange();
    if (link === 'online') this.#pump();
    this.#wayIn.update();
  }

  async #takeCatalogue(catalogue) {
    const known = this.catalogue;
    this.catalogue = catalogue;
    this.#subscribe();
    this.#onChange();
    if (known) await this.#domains.note(known, this.today, catalogue, this.today).catch(() => {});
    await this.#outbox.put('catalogue', catalogue.bytes).catch(() => {});
  }

  // On the day that the page knew last, other domains may have been valid. That day is `retract_days` after the stored one.
  async #noteDay(day) {
    const { catalogue } = this;
    const forget = await this.#outbox.get('forget');
    if (forget) await this.#domains.note(catalogue, forget + catalogue.retract_days, catalogue, day);
    await this.#outbox.forgetBefore(day - catalogue.retract_days);
    this.#onChange();
  }

  async #takeStatus(status) {
    this.status = status;
    const pinned = status.today_pinned ? String(status.today) : '';
    if (pinned !== this.#pinned && status.online) {
      this.#pinned = pinned;
      await this.#outbox.put('pinned', pinned);
    }
    this.#subscribe(); // a page that stays open for long may reach the next quarter
    if (status.online && typeof status.instance === 'string') this.#checkInstance(status.instance);
    this.#onChange();
    const day = this.countingDay;
    if (day !== null && this.catalogue) await this.#noteDay(day);
    if (status.online && /^[0-9a-f]{32}$/.test(status.epoch ?? '')) await this.#checkEpoch(status.epoch);
  }

  // The aggregator was started again: sends everything without a receipt again soon.
  #checkInstance(instance) {
    if (this.#instance && this.#instance !== instance) {
      this.#sender.resendSoon(this.#now(), RESEND_SPREAD_MS);
      this.#pump();
    }
    this.#instance = instance;
  }

  async #checkEpoch(epoch) {
    const { n, restored } = await this.#outbox.checkEpoch(epoch);
    if (n === 0) return;
    if (restored) this.reoffered = n;
    await this.#reload();
    this.#outboxChanged();
  }

  async #receipt(results) {
    const now = this.#now();
    const mine = [];
    for (const { id, verdict } of results) {
      const entry = this.#sender.sent(id);
      if (!entry) continue;
      this.#sender.noteReceipt(entry, now);
      mine.push({ id, act: entry.act, verdict, entry });
    }
    if (mine.length === 0) return;
    for (const { entry, outcome } of await this.#outbox.settle(mine, (this.countingDay ?? this.today) - this.retractDays)) {
      if (outcome === 'keep') this.#sender.retryLater(entry, this.#now());
      else if (outcome !== 'ignore') this.#sender.done(entry);
    }
    await this.#reload();
    await this.#forgetBorrowed();
    this.#outboxChanged();
  }

  #fillSender(now) {
    if (now < this.#sentAt - RESEND_SPREAD_MS) this.#sender.resendSoon(now, RESEND_SPREAD_MS); // the clock was set back
    this.#sentAt = now;
    this.#sender.expire(now);
    for (const tap of this.#taps.values()) {
      const event = sendable(tap, now);
      if (event) this.door?.staysBehind(tap) ? this.#sender.done(event) : this.#sender.add(event);
    }
  }

  // Only one pump runs at a time. When it is called while it runs, it runs once more.
  async #pump() {
    if (this.#pumping) {
      this.#pumpAgain = true;
      return;
    }
    this.#pumping = true;
    try {
      do {
        this.#pumpAgain = false;
        await this.#sendAll();
      } while (this.#pumpAgain);
    } catch (error) {
      this.#trouble.fail(error);
    } finally {
      this.#pumping = false;
    }
    this.#setTimer();
    this.#wayIn.update();
  }

  async #sendAll() {
    if (!this.#mayPublish()) {
      await this.#forgetHolds(this.#now());
      return;
    }
    this.#fillSender(this.#now());
    for (let batch; this.#mayPublish() && (batch = this.#sender.next(this.#now())); ) {
      const { clientId } = this.#connection;
      const ids = await this.#outbox.markSent(batch.entries);
      if (clientId === this.#connection.clientId) this.#publish(batch, ids);
    }
  }

  // Marking a tap as sent ends its hold. The hold of a tap that cannot be sent yet is ended here.
  async #forgetHolds(now) {
    const over = [...this.#taps.values()].filter((tap) => tap.hold && !held(tap, now));
    if (over.length === 0) return;
    await this.#outbox.forgetHolds(over.map(({ id }) => id), now);
    for (const tap of over) tap.hold = 0;
  }

  // `ids`: those that are marked as sent in the outbox.
  #publish({ team, entries }, ids) {
    const events = [];
    for (const entry of entries) {
      const tap = ids.includes(entry.id) ? this.#taps.get(entry.id) : null;
      const event = tap && sendable({ ...tap, hold: 0 }, 0);
      if (event?.seq !== entry.seq) {
        this.#sender.done(entry);
        continue;
      }
      Object.assign(tap, { sent: true, hold: 0 });
      events.push(event);
    }
    if (events.length === 0) return;
    this.#connection.publish(topics.registration(this.#org, team), encodeSubmission(events, this.#connection.clientId));
    this.#onChange();
  }

  // Sets a timer for the next deadline: a slot runs out, an entry may go again, a hold ends, or a receipt is overdue.
  #setTimer() {
    clearTimeout(this.#timer);
    const now = this.#now();
    let wake = this.#mayPublish() ? this.#sender.wake(now) : Infinity;
    for (const tap of this.#taps.values()) if (held(tap, now)) wake = Math.min(wake, tap.hold);
    wake = Math.min(wake, this.#restorable.wake(now));
    this.#noteSent(now);
    for (const since of this.#sentSince.values()) if (since + UNCONFIRMED_MS > now) wake = Math.min(wake, since + UNCONFIRMED_MS);
    if (wake < Infinity) this.#timer = setTimeout(() => this.#pump().then(() => this.#onChange()), Math.max(10, wake - now));
  }

  #noteSent(now) {
    const sent = [...this.#taps.values()].filter((tap) => tap.sent && waits(tap) && !this.door?.staysBehind(tap));
    this.#sentSince = new Map(sent.map(({ id }) => [id, Math.min(now, this.#sentSince.get(id) ?? now)]));
  }
}
