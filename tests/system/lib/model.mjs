// SPDX-License-Identifier: EUPL-1.2
// The contract's counting rules once more, in another language and without a store: from taps and from what became of
// them to verdicts and figures.
import { dateOf, dayOf, quarterOf } from './messages.mjs';

const validOn = ({ valid_from: from, valid_until: until }, day) => (!from || day >= dayOf(from)) && (!until || day < dayOf(until));
const quarterEnd = (quarter) => dayOf(`${Number(quarter.slice(0, 4)) + (quarter.endsWith('4') ? 1 : 0)}-${['04', '07', '10', '01'][quarter.slice(-1) - 1]}-01`) - 1;

// ISO 8601: a week belongs to the year of its Thursday.
function isoWeek(day) {
  const thursday = day - ((day + 3) % 7) + 3; // 1970-01-01 was one
  const year = Number(dateOf(thursday).slice(0, 4));
  return { year, week: 1 + Math.floor((thursday - dayOf(`${year}-01-01`)) / 7) };
}

const never = () => ({ answered: 0, referred: 0, late: 0, domains: {}, labels: {} });

export class Model {
  // The settings of a configuration (lib/config.mjs), with `domains` as a list of codes that are always valid.
  constructor(settings) {
    Object.assign(this, settings);
    this.figures = {}; // 'oost/2019-Q4', 'all/2019': as in never()
    this.weeks = {}; // 'oost/2019': { ISO week: questions }, late ones included
  }

  // What a question that nobody knows yet gets on the date `today`.
  judge({ team, event: { day, question } }, today) {
    const known = this.teams.find(({ id }) => id === team);
    if (day - today > 1) return 'VERDICT_REFUSED_DAY_IN_FUTURE';
    if (today - day > this.accept_days || day < dayOf(this.counting_since)) return 'VERDICT_REFUSED_DAY_TOO_OLD';
    if (!known || !validOn(known, day)) return 'VERDICT_REFUSED_UNKNOWN_TEAM';
    if (!this.domains.includes(question.domain)) return 'VERDICT_REFUSED_UNKNOWN_DOMAIN';
    if (!question.labels.every((code) => this.#labelFits(code, question.domain, day))) return 'VERDICT_REFUSED_UNKNOWN_LABEL';
    return this.#final(day, today) ? 'VERDICT_COUNTED_LATE' : 'VERDICT_COUNTED';
  }

  // What its retraction gets.
  judgeRetraction({ event: { day } }, today) {
    if (day - today > 1) return 'VERDICT_REFUSED_DAY_IN_FUTURE';
    const late = today - day > Math.min(this.retract_days, this.grace_days) || this.#final(day, today);
    return late ? 'VERDICT_REFUSED_RETRACTION_TOO_LATE' : 'VERDICT_RETRACTED';
  }

  #final(day, today) {
    return today - quarterEnd(quarterOf(day)) > this.grace_days;
  }

  #labelFits(code, domain, day) {
    const label = this.labels.find((one) => one.code === code);
    return label && validOn(label, day) && (!label.domain || label.domain === domain);
  }

  // A tap { team, event } and its fate: only 'counted' and 'late' move figures.
  add({ team, event }, fate) {
    if (fate !== 'counted' && fate !== 'late') return;
    const quarter = quarterOf(event.day);
    const { year, week } = isoWeek(event.day);
    for (const who of [team, 'all']) {
      for (const period of [quarter, quarter.slice(0, 4)]) raise((this.figures[`${who}/${period}`] ??= never()), event.question, fate);
      const course = (this.weeks[`${who}/${year}`] ??= {});
      course[week] = (course[week] ?? 0) + 1;
    }
  }
}

function raise(figures, { domain, outcome, labels }, fate) {
  if (fate === 'late') {
    figures.late += 1;
    return;
  }
  const kind = outcome === 'OUTCOME_ANSWERED' ? 'answered' : 'referred';
  figures[kind] += 1;
  const cell = (figures.domains[domain] ??= [0, 0]);
  cell[kind === 'answered' ? 0 : 1] += 1;
  for (const label of new Set(labels)) figures.labels[label] = (figures.labels[label] ?? 0) + 1;
}

// A summary as turfctl exports it or the broker holds it in JSON, in the model's shape; one of zeros is undefined.
export function shapeOf(summary) {
  const figures = never();
  for (const name of ['answered', 'referred', 'late']) figures[name] = summary[name];
  for (const { domain, answered, referred } of summary.domains) {
    if (answered || referred) figures.domains[domain] = [answered, referred];
  }
  for (const { label, count } of summary.labels) figures.labels[label] = count;
  return figures.answered + figures.referred + figures.late === 0 ? undefined : figures;
}
