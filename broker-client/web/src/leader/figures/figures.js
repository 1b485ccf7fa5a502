// SPDX-License-Identifier: EUPL-1.2
// All figures, the catalogue and the status that the page has received. Pure: messages in, figures out.
//
// A summary with a newer catalogue version than ours waits until that catalogue has arrived, so that no figure is ever shown under
// a wrong name. Until then the page shows the earlier figures.
import { Figures } from '../../core/figures.js';

// `kept`: topics of figures that were kept from an earlier visit (kept-figures.js) and were not received again since.
// `keptDay`: the day of that visit, until the aggregator publishes its date.
export function createFigures() {
  return { catalogue: null, status: null, pinned: null, newest: new Figures(), waiting: new Figures(), kept: new Map(), keptDay: null };
}

const topicOfSummary = ({ team, period }) => ({ kind: 'summary', team, period });
const topicOfWeekly = ({ team, iso_year }) => ({ kind: 'weekly', team, year: iso_year });
const keyOf = ({ kind, team, period, year }) => `${kind}/${team}/${period ?? year}`;

// Call it before anything is received.
export function takeKept(figures, { catalogue, status, summaries, weeklies, today }) {
  takeCatalogue(figures, catalogue);
  for (const summary of summaries) takeSummary(figures, summary);
  for (const weekly of weeklies) takeWeekly(figures, weekly);
  if (status) takeStatus(figures, status);
  figures.keptDay = today;
  for (const topic of [...summaries.map(topicOfSummary), ...weeklies.map(topicOfWeekly)]) figures.kept.set(keyOf(topic), topic);
}

// The broker has sent everything that it retains of the topics of `isAsked`. Kept figures of them that it did not send are no
// longer retained: removes these.
export function dropNotReceived(figures, isAsked) {
  for (const [key, topic] of figures.kept) {
    if (!isAsked(topic)) continue;
    figures.newest.clear(topic);
    figures.kept.delete(key);
  }
}

// The status that was received in this visit.
export const receivedStatus = (figures) => (figures.keptDay === null ? figures.status : null);

// Each take… function returns whether the page may have to show something else, unless its comment says otherwise.

// A new version of the catalogue can withdraw figures while a screen is not connected. So all figures are asked for again.
// Returns whether the version is new.
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

// Another epoch means another store: all figures are asked for again, and figures that it does not have must leave the screen.
// Returns whether the epoch is another.
export function takeStatus(figures, status) {
  const another = Boolean(figures.status?.epoch && status.epoch && figures.status.epoch !== status.epoch);
  figures.status = status;
  figures.keptDay = null;
  // The will has no date: a pinned date stays.
  if (status.online) figures.pinned = status.today_pinned ? status.today : null;
  if (another) Object.assign(figures, { newest: new Figures(), waiting: new Figures() });
  return another;
}

export function takeCleared(figures, topic) {
  figures.waiting.clear(topic);
  figures.newest.clear(topic);
  return true;
}

export const summaryOf = (figures, team, period) => figures.newest.summary(team, period);
export const questionsOf = (counts) => counts.answered + counts.referred;

// Counts that a summary does not show by domain yet.
export const heldOf = ({ undistributed_answered: answered, undistributed_referred: referred }) => ({ answered, referred });

export const catalogueIsLate = (figures) => Boolean(figures.catalogue) && figures.waiting.summaries().length > 0;

// Quarters that a team has a summary of.
export function quartersWithFigures(figures, team) {
  const own = figures.newest.summaries().filter((summary) => summary.team === team);
  return own.map((summary) => summary.period).filter((period) => period.includes('-Q'));
}
