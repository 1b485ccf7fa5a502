// SPDX-License-Identifier: EUPL-1.2
// The pages' messages: the golden bytes that tests/unit/test_golden.c reads too, in both directions; and bytes from
// strangers, which are either read as what they are or refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dice, golden } from './lib/web.mjs';

const messages = await import('../../broker-client/web/src/core/messages.js');
const { drawId } = await import('../../broker-client/web/src/core/event-id.js');
const { decodeSubmission } = await import('./lib/submission.mjs');
const generated = await import('../../broker-client/web/gen/turf.js');
const { PbfWriter } = await import('../../broker-client/web/node_modules/pbf/index.js');
const { decodeCatalogue, decodeReceipt, decodeStatus, decodeSummary, decodeWeekly, encodeSubmission, hex, unhex } = messages;

const written = (name, value) => {
  const writer = new PbfWriter();
  generated[`write${name}`](value, writer);
  return writer.finish();
};

test('golden submissions are written', () => {
  for (const { name, receipt_to, events, hex: bytes } of golden.submissions) assert.equal(hex(encodeSubmission(events, receipt_to)), bytes, name);
});

test('golden submissions are read', () => {
  for (const { name, receipt_to, events, hex: bytes } of golden.submissions) {
    assert.deepEqual(decodeSubmission(unhex(bytes)), { events, receiptTo: receipt_to }, name);
  }
});

test('golden receipts are read and written', () => {
  for (const { name, results, hex: bytes } of golden.receipts) {
    assert.deepEqual(decodeReceipt(unhex(bytes)), results, name);
    assert.equal(hex(written('Receipt', { results: results.map(({ id, verdict }) => ({ id: unhex(id), verdict })) })), bytes, name);
  }
});

test('golden figures and catalogues are read and written', () => {
  const kinds = [['Summary', 'summaries', decodeSummary], ['Weekly', 'weeklies', decodeWeekly], ['Catalogue', 'catalogues', decodeCatalogue]];
  for (const [name, list, decode] of kinds) {
    for (const vector of golden[list]) {
      const expected = vector[name.toLowerCase()];
      const read = decode(unhex(vector.hex));
      for (const [field, value] of Object.entries(expected)) assert.deepEqual(read[field], value, `${vector.name}: ${field}`);
      assert.equal(hex(written(name, expected)), vector.hex, vector.name);
    }
  }
});

test('a submission has the size of any other of its kind, and at most 4096 bytes', () => {
  const { id, secret: proof } = drawId();
  for (const event of [{ id, day: 20779, act: 'question', domain: 1, outcome: 1 }, { id, day: 20779, act: 'question', domain: 16, outcome: 2, labels: [1, 300] }, { id, day: 20779, act: 'retraction' }, { id, day: 20779, act: 'retraction', proof }]) {
    assert.equal(encodeSubmission([event], 'A'.repeat(22)).length, 96);
  }
  for (const most of golden.submissions.slice(-2)) {
    assert.equal(most.events.length, 64);
    assert.ok(encodeSubmission(most.events, most.receipt_to).length <= 4096);
  }
});

test('every gap is padded', () => {
  const [{ events }] = golden.submissions;
  for (let n = 0; n < 200; n++) {
    const bytes = encodeSubmission(events, 'x'.repeat(n));
    assert.equal(bytes.length % 96, 0, `receipt_to of ${n}`);
    assert.deepEqual(decodeSubmission(bytes), { events, receiptTo: 'x'.repeat(n) });
  }
});

test('what was cut is refused, or is its first entries whole', () => {
  const receipt = golden.receipts[0];
  const bytes = unhex(receipt.hex);
  let whole = 0;
  for (let cut = 0; cut < bytes.length; cut++) {
    const read = decodeReceipt(bytes.slice(0, cut));
    if (read === null) continue;
    assert.deepEqual(read, receipt.results.slice(0, read.length));
    whole++;
  }
  assert.equal(whole, receipt.results.length);
});

test('damaged bytes do no harm', () => {
  const random = dice(7);
  const decoders = { receipts: decodeReceipt, summaries: decodeSummary, weeklies: decodeWeekly, catalogues: decodeCatalogue, submissions: decodeSubmission };
  for (const [kind, decode] of Object.entries(decoders)) {
    for (let round = 0; round < 4000; round++) {
      const vectors = golden[kind];
      const bytes = unhex(vectors[round % vectors.length].hex);
      for (let n = 0; n <= round % 4; n++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * (round % 2 ? 256 : 48));
      const read = decode(bytes);
      assert.ok(read === null || typeof read === 'object');
    }
  }
});

test('hostile bytes are refused', () => {
  const field = (number, wire) => (number << 3) | wire;
  const hostile = {
    'a length beyond the end': [field(1, 2), 0x7f, 1],
    'a length of 2^31': [field(1, 2), 0x80, 0x80, 0x80, 0x80, 0x08],
    'a varint without an end': [field(4, 0), ...Array(12).fill(0xff)],
    'a varint of eleven bytes': [field(4, 0), ...Array(10).fill(0x80), 1],
    'a number where a message belongs': [field(1, 0), 5],
    'field number 0': [0x02, 0],
    'a group': [field(1, 3)],
    'a nested length beyond its message': [field(1, 2), 2, field(1, 2), 40],
  };
  for (const [name, bytes] of Object.entries(hostile)) {
    assert.equal(decodeReceipt(Uint8Array.from(bytes)), null, name);
    assert.equal(decodeSummary(Uint8Array.from(bytes)), null, name);
  }
  const results = Array.from({ length: 4000 }, () => ({ id: new Uint8Array(16), verdict: 1 }));
  assert.ok(written('Receipt', { results }).length > 65536);
  assert.equal(decodeReceipt(written('Receipt', { results })), null);
});

test('more of anything than a message may hold is refused', () => {
  const { summary } = golden.summaries[0];
  const { weekly } = golden.weeklies[0];
  const cells = (n) => Array.from({ length: n }, () => ({ domain: 1, answered: 1, referred: 0 }));
  const weeks = (n) => Array.from({ length: n }, () => ({ week: 1, questions: 1 }));
  assert.equal(decodeSummary(written('Summary', { ...summary, domains: cells(255) })).domains.length, 255);
  assert.equal(decodeSummary(written('Summary', { ...summary, domains: cells(256) })), null);
  assert.equal(decodeWeekly(written('Weekly', { ...weekly, weeks: weeks(53) })).weeks.length, 53);
  assert.equal(decodeWeekly(written('Weekly', { ...weekly, weeks: weeks(54) })), null);
});

test('figures that cannot be are refused', () => {
  const { summary } = golden.summaries[0];
  const { weekly } = golden.weeklies[0];
  for (const field of ['generation', 'answered', 'referred', 'late', 'undistributed_answered', 'undistributed_referred']) {
    assert.equal(decodeSummary(written('Summary', { ...summary, [field]: 2 ** 53 })), null, field);
  }
  assert.equal(decodeSummary(written('Summary', { ...summary, domains: [{ domain: 1, answered: 2 ** 53, referred: 0 }] })), null);
  for (const domain of [0, 256]) assert.equal(decodeSummary(written('Summary', { ...summary, domains: [{ domain, answered: 1, referred: 0 }] })), null, `domain ${domain}`);
  for (const label of [0, 65_536]) assert.equal(decodeSummary(written('Summary', { ...summary, labels: [{ label, count: 1 }] })), null, `label ${label}`);
  for (const iso_year of [1969, 10_000]) assert.equal(decodeWeekly(written('Weekly', { ...weekly, iso_year })), null, `year ${iso_year}`);
  for (const week of [0, 54]) assert.equal(decodeWeekly(written('Weekly', { ...weekly, weeks: [{ week, questions: 1 }] })), null, `week ${week}`);
});

test('a catalogue with an impossible team, code or day is refused', () => {
  const { catalogue } = golden.catalogues[0];
  const flaws = [
    { org: 'De Kop' }, { teams: [{ id: 'all', name: 'Alle', valid_from: 0, valid_until: 0 }] }, { teams: [catalogue.teams[0], catalogue.teams[0]] },
    { domains: [{ ...catalogue.domains[0], code: 256 }] }, { domains: [{ ...catalogue.domains[0], name: '' }] }, { labels: [{ ...catalogue.labels[0], name: 'a\nb' }] }, { name: 'n', teams: [{ ...catalogue.teams[0], name: 'n'.repeat(257) }] }, { counting_since: 3_000_000 },
  ];
  assert.ok(decodeCatalogue(written('Catalogue', catalogue)));
  for (const flaw of flaws) assert.equal(decodeCatalogue(written('Catalogue', { ...catalogue, ...flaw })), null, JSON.stringify(flaw));
});

test('domains stand by position, and where that is the same by code', () => {
  const { catalogue } = golden.catalogues[0];
  const domains = [[9, 2], [7, 2], [8, 1]].map(([code, position]) => ({ ...catalogue.domains[0], code, position }));
  assert.deepEqual(decodeCatalogue(written('Catalogue', { ...catalogue, domains })).domains.map(({ code }) => code), [8, 7, 9]);
});

test('a catalogue of as many teams as 64 KiB hold', () => {
  const teams = Array.from({ length: 5000 }, (_, i) => ({ id: i.toString(36), name: 'T', valid_from: 0, valid_until: 0 }));
  const bytes = written('Catalogue', { ...golden.catalogues[0].catalogue, domains: [], labels: [], teams });
  assert.ok(bytes.length <= 65536);
  assert.equal(decodeCatalogue(bytes).teams.length, 5000);
});

test('a result with an id that cannot be ours is left out', () => {
  const bytes = written('Receipt', { results: [{ id: Uint8Array.of(1, 2), verdict: 1 }, { id: unhex('ab'.repeat(16)), verdict: 1 }] });
  assert.deepEqual(decodeReceipt(bytes), [{ id: 'ab'.repeat(16), verdict: 1 }]);
});

test('a status is JSON that says online', () => {
  const bytes = (text) => new TextEncoder().encode(text);
  assert.equal(decodeStatus(bytes('{"online": true, "today": "2026-11-22"}')).today, '2026-11-22');
  for (const text of ['', 'null', '[]', '{"online": 1}', '{']) assert.equal(decodeStatus(bytes(text)), null, text);
});
