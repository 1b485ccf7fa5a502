// SPDX-License-Identifier: EUPL-1.2
// What the page can read from the phone: what waits, what may be chosen or taken back, the team's figures. Phone extends it with
// `taps`, `today`, `door`, and everything that changes something.
import { teamsOn } from '../core/catalogue.js';
import { formatQuarter, isoWeeksUpTo, parseDate, quarterLastDay, quarterOfDay } from '../core/calendar.js';
import { Figures } from '../core/figures.js';
import { QuarterStatus } from '../core/messages.js';
import { mayRetract, refusal, waits } from './tap.js';

const RETRACT_DAYS = 14; // until there is a catalogue
export const WEEKS_SHOWN = 8;

export class PhoneView {
  figures = new Figures();
  catalogue = null;
  status = null;
  team = '';
  borrowed = false; // neither team nor taps are remembered when the worker is gone
  teams = []; // the ones this phone has used, in the order of their choice
  reoffered = 0; // how many taps were requeued for a store with another epoch
  refilled = null; // how many waiting taps were stored again after the storage was emptied under the page

  // The aggregator's date, from its last status. Null: there is none, or it says that the aggregator is away.
  get countingDay() {
    return this.status?.online ? parseDate(this.status.today) : null;
  }

  get waiting() {
    const waiting = this.taps.filter(waits);
    const sent = waiting.filter((tap) => tap.sent).length;
    return { all: waiting.length, sent, device: waiting.length - sent };
  }

  get aggregatorCounts() {
    return Boolean(this.status?.online) && (this.status.store ?? 'ok') === 'ok';
  }

  // Refusals that were not dismissed yet.
  get refused() {
    return this.taps.filter(refusal).length;
  }

  get quarter() {
    return quarterOfDay(this.today);
  }

  get summary() {
    return this.figures.summary(this.team, formatQuarter(this.quarter));
  }

  // The last weeks of the team, oldest first, those that are known: [{year, week, questions}].
  get questionsByWeek() {
    const weeks = isoWeeksUpTo(this.today, WEEKS_SHOWN).map((week) => ({ ...week, questions: this.figures.questionsOfWeek(this.team, week) }));
    return weeks.filter(({ questions }) => questions !== undefined);
  }

  mayRetract(tap) {
    return mayRetract(tap, { today: this.countingDay ?? this.today, retractDays: this.retractDays, isFinal: (day) => this.isFinal(day, tap.team) });
  }

  // Whether the quarter of `day` is final. A question that is counted for it now does not change its figures: rule 8
  // (docs/wire-format.md).
  isFinal(day, team = this.team) {
    const quarter = quarterOfDay(day);
    const graceDays = this.catalogue?.grace_days ?? Infinity;
    return (this.countingDay ?? this.today) - quarterLastDay(quarter) > graceDays ||
      this.figures.summary(team, formatQuarter(quarter))?.status === QuarterStatus.QUARTER_FINAL;
  }

  // Taps of this many days are listed, and may be taken back.
  get retractDays() {
    return this.catalogue?.retract_days ?? RETRACT_DAYS;
  }

  // Taps that are too old for the list and are in it until the worker has seen what became of them.
  get unseen() {
    return this.taps.filter((tap) => tap.unseen && !waits(tap));
  }

  // The first day that may still be chosen for a question.
  firstDayOf(team) {
    const { accept_days: acceptDays = 0, counting_since: since = 0, teams = [] } = this.catalogue ?? {};
    const { valid_from: begun = 0 } = teams.find(({ id }) => id === team) ?? {};
    return Math.max(since, begun, this.today - acceptDays);
  }

  // Teams a worker can choose today: those that this device may count for.
  get choosableTeams() {
    const teams = this.catalogue ? teamsOn(this.catalogue, this.today) : [];
    return this.door?.teams ? teams.filter(({ id }) => this.door.teams.includes(id)) : teams;
  }
}
