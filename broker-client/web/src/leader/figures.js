// SPDX-License-Identifier: EUPL-1.2
// All figures, the catalogue and the status that the page has received. Pure: messages in, figures out.
//
// A summary that speaks of a newer catalogue than ours waits until that catalogue is here, so that no figure is ever
// shown under a wrong name; what was shown before stays until then.
import { Figures } from '../core/figures.js';

// `kept`: topics of figures that were kept from an earlier visit (kept-figures.js) and were not heard again since. `keptDay`: the day
// that these were looked at from, until the aggregator tells its own.
export function createFigures() {
  return { catalogue: null, status: null, pinned: null, newest: new Figures(), waiting: new Figures(), kept: new Map(), keptDay: null };
}

const topicOfSummary = ({ team, period }) => ({ kind: 'summary', team, period });
const topicOfWeekly = ({ team, iso_year }) => ({ kind: 'weekly', team, year: iso_year });
const keyOf = ({ kind, team, period, year }) => `${kind}/${team}/${period ?? year}`;

// Before anything is heard.
export function takeKept(figures, { catalogue, status, summaries, weeklies, today }) {
  takeCatalogue(figures, catalogue);
  for (const summary of summaries) takeSummary(figures, summary);
  for (const weekly of weeklies) takeWeekly(figures, weekly);
  if (status) takeStatus(figures, status);
  figures.keptDay = today;
  for (const topic of [...summaries.map(topicOfSummary), ...weeklies.map(topicOfWeekly)]) figures.kept.set(keyOf(topic), topic);
}

// All that the broker retains of what `isAsked` says has come: what was kept of it and did not come is retained no more.
export function dropUnheard(figures, isAsked) {
  for (const [key, topic] of figures.kept) {
    if (!isAsked(topic)) continue;
    figures.newest.clear(topic);
    figures.kept.delete(key);
  }
}

// What the aggregator says of itself, in this visit.
export const statusHeard = (figures) => (figures.keptDay === null ? figures.status : null);

// Each take… returns whether what is shown may have changed, unless it says something else.

// Another version can withdraw figures, and a screen that is not connected does not hear of it: they are told anew.
// Returns whether it is one.
export function takeCatalogue(figures, catalogue) {
  const another = Boolean(figures.catalogue && figures.catalogue.version !== catalogue.version);
  figures.catalogue = catalogue;
  if (another) figures.newest = new Figures();
  const waiting = figures.waiting.summaries();
  figures.waiting = new Figures();
  for (const summary of waiting) takeSummary(figures, summary);
  return another;
}

export function takeSummary(figures, summary) {
  figures.kept.delete(keyOf(topicOfSummary(summary)));
  const early = !figures.catalogue || summary.catalogue_version > figures.catalogue.version;
  const news = (early ? figures.waiting : figures.newest).takeSummary(summary);
  return news && !early;
}

export function takeWeekly(figures, weekly) {
  figures.kept.delete(keyOf(topicOfWeekly(weekly)));
  return figures.newest.takeWeekly(weekly);
}

// Another epoch is another store: its figures are told anew, and what it does not have must not stay on the screen.
// Returns whether it is one.
export function takeStatus(figures, status) {
  const another = Boolean(figures.status?.epoch && status.epoch && figures.status.epoch !== status.epoch);
  figures.status = status;
  figures.keptDay = null;
  // A Last Will tells no date: a pinned one holds on.
  if (status.online) figures.pinned = status.today_pinned ? status.today : null;
  if (another) forget(figures);
  return another;
}

function forget(figures) {
  figures.newest = new Figures();
  figures.waiting = new Figures();
}

export function takeCleared(figures, topic) {
  figures.waiting.clear(topic);
  figures.newest.clear(topic);
  return true;
}

export const summaryOf = (figures, team, period) => figures.newest.summary(team, period);
export const questionsOf = (counts) => counts.answered + counts.referred;
export const catalogueIsLate = (figures) => Boolean(figures.catalogue) && figures.waiting.summaries().length > 0;

// Quarters that a team has a summary of.
export function quartersHeard(figures, team) {
  const own = figures.newest.summaries().filter((summary) => summary.team === team);
  return own.map((summary) => summary.period).filter((period) => period.includes('-Q'));
}
