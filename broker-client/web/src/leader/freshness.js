// SPDX-License-Identifier: EUPL-1.2
// Says how fresh the figures are: live, or why not (no connection, or turfd is away), and since when. Pure.

const PATIENCE_S = 4; // after this long without a first connection, or without a first status, the page says so

// `link`: { state: offline|connecting|online|unsure, since: when it was last online (0: never), began: when the page opened,
// changed: when the state became what it is, kept: when the figures of an earlier visit were received (0: there are none) },
// all in seconds.
export function freshnessOf({ link, status, updated, now }, words) {
  const updatedAt = updated ? words.t(words.isSameDay(updated, now) ? 'updated_at' : 'updated_on', { time: words.since(updated, now) }) : '';
  if (link.state !== 'online') {
    const lost = link.since > 0 || (link.kept > 0 && !isEarly(link, now));
    return { state: lost ? 'lost' : 'connecting', mark: words.t(lost ? 'link_lost' : 'link_connecting'), updatedAt, alerts: lostAlerts(link, now, words) };
  }
  if (!status && now - link.changed < PATIENCE_S) return { state: 'connecting', mark: words.t('link_connecting'), updatedAt, alerts: [] };
  if (!status) return { state: 'still', mark: words.t('aggregator_gone_short'), updatedAt, alerts: [words.t('aggregator_unknown')] };
  if (!status.online) return { state: 'still', mark: words.t('aggregator_gone_short'), updatedAt, alerts: [words.t('aggregator_gone')] };
  return { state: 'live', mark: words.t('link_live'), updatedAt, alerts: troublesOf(status, words) };
}

// The first connection of a visit is still on its way.
const isEarly = ({ since, began }, now) => !since && now - began < PATIENCE_S;

function lostAlerts(link, now, words) {
  if (isEarly(link, now)) return [];
  if (link.since) return [words.t('lost_text', { time: words.since(link.since, now) })];
  return [link.kept ? words.t('last_figures', { moment: words.moment(link.kept) }) : words.t('never_connected')];
}

function troublesOf(status, words) {
  const alerts = [];
  if (status.store && status.store !== 'ok') alerts.push(words.t('store_trouble'));
  if (status.date_pending) alerts.push(words.t('date_pending'));
  return alerts;
}
