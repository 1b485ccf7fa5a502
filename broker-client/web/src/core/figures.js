// SPDX-License-Identifier: EUPL-1.2
// The newest retained figures by topic: summaries and weeks. A message with a lower generation is older and is ignored.

export class Figures {
  #summaries = new Map();
  #weeks = new Map();

  #take(map, key, figure) {
    if ((map.get(key)?.generation ?? -1) > figure.generation) return false;
    map.set(key, figure);
    return true;
  }

  // Returns whether it is not older than what was there.
  takeSummary(summary) {
    return this.#take(this.#summaries, `${summary.team}/${summary.period}`, summary);
  }

  takeWeekly(weekly) {
    return this.#take(this.#weeks, `${weekly.team}/${weekly.iso_year}`, weekly);
  }

  clear({ kind, team, period, year }) {
    if (kind === 'summary') this.#summaries.delete(`${team}/${period}`);
    if (kind === 'weekly') this.#weeks.delete(`${team}/${year}`);
  }

  summary(team, period) {
    return this.#summaries.get(`${team}/${period}`);
  }

  weekly(team, isoYear) {
    return this.#weeks.get(`${team}/${isoYear}`);
  }

  // Undefined: the number is not known.
  questionsOfWeek(team, { year, week }) {
    return this.weekly(team, year)?.weeks.find((entry) => entry.week === week)?.questions;
  }

  summaries() {
    return [...this.#summaries.values()];
  }

  weeklies() {
    return [...this.#weeks.values()];
  }
}
