// SPDX-License-Identifier: EUPL-1.2
// The figures that the leader's page takes from the messages that it receives, and the content of a cell.
import assert from 'node:assert/strict';
import test from 'node:test';

import { domainCell, sumCells, teamCell } from '../../broker-client/web/src/leader/figures/cells.js';
import * as received from '../../broker-client/web/src/leader/figures/figures.js';
import { freshnessOf } from '../../broker-client/web/src/leader/freshness.js';
import { groupsOf } from '../../broker-client/web/src/leader/figures/roll-up.js';
import { formatRoute, parseRoute } from '../../broker-client/web/src/leader/route.js';
import { catalogue, day, domainsOf2013, dutch, figuresOf, summary } from './lib/leader.mjs';

const TODAY = day('2019-12-31');

test('a lower generation is ignored, topic by topic', () => {
  const figures = figuresOf(catalogue(), [summary('oost', '2019-Q4', { 1: [5, 0] }, { generation: 9 })]);
  assert.equal(received.takeSummary(figures, summary('oost', '2019-Q4', { 1: [4, 0] }, { generation: 8 })), false);
  assert.equal(received.takeSummary(figures, summary('oost', '2019-Q3', { 1: [3, 0] }, { generation: 8 })), true);
  assert.equal(received.takeSummary(figures, summary('oost', '2019-Q4', { 1: [6, 0] }, { generation: 10 })), true);
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4').answered, 6);
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q3').answered, 3);
});

test('a summary of a newer catalogue waits for it, and the newest of those that waited is shown then', () => {
  const figures = figuresOf(catalogue(), [summary('oost', '2019-Q4', { 1: [5, 0] })]);
  const newer = (answered, generation) => summary('oost', '2019-Q4', { 1: [answered, 0] }, { generation, catalogue_version: 2 });
  assert.equal(received.takeSummary(figures, newer(7, 3)), false);
  received.takeSummary(figures, newer(6, 2));
  assert.equal(received.catalogueIsLate(figures), true);
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4').answered, 5);
  received.takeCatalogue(figures, catalogue({ version: 2 }));
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4').answered, 7);
  assert.equal(received.catalogueIsLate(figures), false);
});

test('summaries that come before any catalogue are shown once it is there', () => {
  const figures = received.createFigures();
  assert.equal(received.takeSummary(figures, summary('oost', '2019-Q4', { 1: [5, 0] })), false);
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4'), undefined);
  received.takeCatalogue(figures, catalogue());
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4').answered, 5);
});

test('another epoch clears the figures of the store before it; the same one does not', () => {
  const figures = figuresOf(catalogue(), [summary('oost', '2019-Q4', { 1: [5, 0] })]);
  assert.equal(received.takeStatus(figures, { online: true, epoch: 'a' }), false);
  assert.equal(received.takeStatus(figures, { online: false, epoch: 'a' }), false);
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4').answered, 5);
  received.takeSummary(figures, summary('oost', '2019-Q4', { 1: [6, 0] }, { catalogue_version: 2 }));
  assert.equal(received.takeStatus(figures, { online: true, epoch: 'b' }), true);
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4'), undefined);
  received.takeCatalogue(figures, catalogue({ version: 2 }));
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4'), undefined, 'nor what waited for a catalogue');
});

test('a pinned date holds while the aggregator is away, and until it tells another', () => {
  const figures = figuresOf(catalogue(), []);
  const after = (status) => (received.takeStatus(figures, status), figures.pinned);
  assert.equal(after({ online: true, today: '2019-12-31', today_pinned: true }), '2019-12-31');
  assert.equal(after({ online: false }), '2019-12-31');
  assert.equal(after({ online: true, today: '2026-11-22', today_pinned: false }), null);
});

test('another version of the catalogue clears the figures of the version before it; the same one does not', () => {
  const figures = figuresOf(catalogue(), [summary('oost', '2019-Q4', { 1: [5, 0] })]);
  assert.equal(received.takeCatalogue(figures, catalogue()), false);
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4').answered, 5);
  assert.equal(received.takeCatalogue(figures, catalogue({ version: 2 })), true);
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4'), undefined);
});

test('a topic that was deleted leaves the page', () => {
  const figures = figuresOf(catalogue(), [summary('oost', '2019-Q4', { 1: [5, 0] })]);
  received.takeSummary(figures, summary('oost', '2019-Q4', { 1: [6, 0] }, { catalogue_version: 2 }));
  received.takeCleared(figures, { kind: 'summary', team: 'oost', period: '2019-Q4' });
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4'), undefined);
  received.takeCatalogue(figures, catalogue({ version: 2 }));
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4'), undefined);
});

test('zero is a figure; not yet, no longer, not counted, to come and not received are five other things', () => {
  const teams = [
    { id: 'oost', name: 'Oost', valid_from: 0, valid_until: 0 },
    { id: 'nieuw', name: 'Nieuw', valid_from: day('2019-07-01'), valid_until: 0 },
    { id: 'net', name: 'Net', valid_from: day('2019-06-30'), valid_until: 0 },
    { id: 'oud', name: 'Oud', valid_from: 0, valid_until: day('2019-04-01') },
  ];
  const figures = figuresOf(catalogue({ teams }), [summary('oost', '2019-Q4', { 1: [0, 0] })]);
  const cases = [
    ['oost', '2019-Q4', 0, '0'],
    ['nieuw', '2019-Q2', { none: 'before' }, 'bestond nog niet'],
    ['net', '2019-Q1', { none: 'before' }, 'bestond nog niet'],
    ['net', '2019-Q2', { none: 'absent' }, 'niet ontvangen'],
    ['oud', '2019-Q2', { none: 'ended' }, 'bestond niet meer'],
    ['oud', '2019-Q1', { none: 'absent' }, 'niet ontvangen'],
    ['oost', '2017-Q4', { none: 'uncounted' }, 'toen nog niet geteld'],
    ['oost', '2018-Q1', { none: 'absent' }, 'niet ontvangen'],
    ['oost', '2020-Q1', { none: 'to-come' }, 'komt nog'],
  ];
  const words = dutch();
  for (const [team, period, cell, shown] of cases) {
    assert.deepEqual(teamCell(figures, team, period, TODAY), cell, `${team} ${period}`);
    assert.equal(words.cell(teamCell(figures, team, period, TODAY)), shown);
  }
});

test('a domain of the next edition did not exist yet, one of the last exists no longer', () => {
  const domains = [
    { ...domainsOf2013[1], valid_until: day('2019-01-01') },
    { code: 12, name: 'Werk & opleiding', valid_from: day('2019-01-01'), valid_until: 0, rolls_up_to: 2, position: 3 },
  ];
  const figures = figuresOf(catalogue({ domains }), [summary('oost', '2018-Q4', { 2: [3, 1] }), summary('oost', '2019-Q1', { 12: [0, 0] })]);
  assert.equal(domainCell(figures, 'oost', '2018-Q4', TODAY, 2), 4);
  assert.deepEqual(domainCell(figures, 'oost', '2019-Q1', TODAY, 2), { none: 'ended' });
  assert.deepEqual(domainCell(figures, 'oost', '2018-Q4', TODAY, 12), { none: 'before' });
  assert.equal(domainCell(figures, 'oost', '2019-Q1', TODAY, 12), 0);
});

test('codes that the catalogue does not know come last', () => {
  assert.deepEqual(groupsOf(catalogue(), [200, 3, 150, 1]).map(({ target }) => target), [1, 3, 150, 200]);
});

test('a sum leaves out what is no figure, and is none when nothing is', () => {
  assert.equal(sumCells([3, { none: 'before' }, 4]), 7);
  assert.deepEqual(sumCells([{ none: 'before' }, { none: 'ended' }]), { none: 'before' });
});

test('the address after # keeps what is looked at, and nonsense in it chooses nothing', () => {
  const looking = { team: 'oost', view: 'compare', period: '2019-Q4', year: null };
  assert.equal(formatRoute(looking), '#oost/vergelijken/2019-Q4');
  assert.deepEqual(parseRoute('#oost/vergelijken/2019-Q4'), looking);
  assert.deepEqual(parseRoute('#oost/vergelijken/2019'), { ...looking, period: null });
  assert.deepEqual(parseRoute('#all/jaarverslag/2019'), { team: 'all', view: 'report', period: null, year: 2019 });
  assert.deepEqual(parseRoute('#<b>/constructor/2019-Q9'), { team: null, view: null, period: null, year: null });
  assert.deepEqual(parseRoute(''), { team: null, view: null, period: null, year: null });
});

// The figures that an earlier visit stored, as they come out of JSON.
const keptVisit = (more = {}) => ({
  catalogue: catalogue(), today: TODAY - 3, status: { online: true, epoch: 'a', today: '2019-12-28' },
  summaries: [summary('oost', '2019-Q4', { 1: [5, 0] }, { generation: 7 }), summary('west', '2019-Q4', { 1: [3, 0] }), summary('all', '2019-Q4', { 1: [8, 0] })],
  weeklies: [{ team: 'oost', iso_year: 2019, generation: 7, weeks: [{ week: 52, questions: 4 }] }], ...more,
});

test('figures of an earlier visit are shown until newer ones come, and its status is nobody’s word', () => {
  const figures = received.createFigures();
  received.takeKept(figures, keptVisit());
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4').answered, 5);
  assert.equal(figures.newest.weekly('oost', 2019).weeks[0].questions, 4);
  assert.deepEqual([received.receivedStatus(figures), figures.keptDay], [null, TODAY - 3]);
  assert.equal(received.takeSummary(figures, summary('oost', '2019-Q4', { 1: [4, 0] }, { generation: 6 })), false);
  assert.equal(received.takeSummary(figures, summary('oost', '2019-Q4', { 1: [6, 0] }, { generation: 8 })), true);
  assert.equal(received.takeStatus(figures, { online: true, epoch: 'a' }), false);
  assert.deepEqual([received.receivedStatus(figures).epoch, figures.keptDay], ['a', null]);
  assert.equal(received.summaryOf(figures, 'all', '2019-Q4').answered, 8);
});

test('what was kept and is not retained any more leaves the page; of what was not asked for it stays', () => {
  const figures = received.createFigures();
  received.takeKept(figures, keptVisit());
  received.takeSummary(figures, summary('all', '2019-Q4', { 1: [9, 0] }, { generation: 2 }));
  received.dropNotReceived(figures, ({ team }) => team !== 'west');
  assert.equal(received.summaryOf(figures, 'oost', '2019-Q4'), undefined);
  assert.equal(figures.newest.weekly('oost', 2019), undefined);
  assert.equal(received.summaryOf(figures, 'all', '2019-Q4').answered, 9);
  assert.equal(received.summaryOf(figures, 'west', '2019-Q4').answered, 3);
  const restored = received.createFigures();
  received.takeKept(restored, keptVisit());
  assert.equal(received.takeStatus(restored, { online: true, epoch: 'b' }), true);
  assert.equal(received.summaryOf(restored, 'oost', '2019-Q4'), undefined, 'another store: nothing of the one before it');
});

test('it says when the connection is gone, since when, and when only the counting stands still', () => {
  const words = dutch();
  const at = (link, status) => freshnessOf({ link, status, updated: 1577800000, now: 1577800600 }, words);
  const online = { state: 'online', since: 0 };
  assert.deepEqual(at(online, { online: true, store: 'ok' }), { state: 'live', mark: 'Live', updatedAt: 'bijgewerkt om 14:46', alerts: [] });
  const lost = at({ state: 'offline', since: 1577800300 }, { online: true });
  assert.equal(lost.mark, 'Geen verbinding');
  assert.match(lost.alerts[0], /sinds 14:51/);
  const first = at({ state: 'connecting', since: 0, began: 1577800599 }, null);
  assert.deepEqual([first.mark, first.alerts], ['Verbinding maken…', []]);
  assert.equal(at({ state: 'offline', since: 0, began: 1577800500 }, null).alerts.length, 1);
  assert.equal(at({ ...online, changed: 1577800598 }, null).mark, 'Verbinding maken…');
  assert.match(at({ ...online, changed: 1577800500 }, null).alerts[0], /nog niets gehoord/);
  const kept = { state: 'offline', since: 0, kept: 1577600000 };
  assert.deepEqual([at({ ...kept, began: 1577800599 }, null).mark, at({ ...kept, began: 1577800599 }, null).alerts], ['Verbinding maken…', []]);
  const old = at({ ...kept, began: 1577800500 }, null);
  assert.deepEqual([old.state, old.mark], ['lost', 'Geen verbinding']);
  assert.match(old.alerts[0], /^Geen verbinding\. Dit zijn de laatste cijfers die hier zijn ontvangen, op 29-12-2019, 07:13;/);
  const still = at(online, { online: false });
  assert.equal(still.mark, 'Telling staat stil');
  assert.equal(still.alerts.length, 1);
  assert.equal(at(online, { online: true, store: 'full' }).alerts.length, 1);
  assert.equal(at(online, { online: true, store: 'ok', date_pending: '2020-03-01' }).alerts.length, 1);
  assert.match(freshnessOf({ link: online, status: null, updated: 1577700000, now: 1577800600 }, words).updatedAt, /30-12-2019, 11:00/);
});
