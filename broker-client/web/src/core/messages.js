// SPDX-License-Identifier: EUPL-1.2
// The contract's messages as plain objects. Decoders take bytes from anyone: null when they are not what they should be.
import { PbfReader, PbfWriter } from 'pbf';

import { LabelKind, Outcome, QuarterStatus, Verdict, readCatalogue, readReceipt, readSummary, readWeekly, writeSubmission } from '../../gen/turf.js';
import { DAY_MAX, parsePeriod } from './calendar.js';
import { isSlug } from './topics.js';
import { whole } from './wire.js';

export { LabelKind, Outcome, QuarterStatus, Verdict };

export const EVENTS_MAX = 64;
export const LABELS_MAX = 4;
const PADDING = 96;
const ID_BYTES = 16;
const RECEIPT_BYTES_MAX = 65536;
const SUMMARY_BYTES_MAX = 32768;
const CATALOGUE_BYTES_MAX = 65536;
const NAME_BYTES_MAX = 127; // of UTF-8
const DOMAIN_CODE_MAX = 255;
const LABEL_CODE_MAX = 65535;

export const isRefusal = (verdict) => verdict >= 16 && verdict <= 22;
export const isKnownVerdict = (verdict) => (verdict >= 1 && verdict <= 5) || isRefusal(verdict);

// ---- Ids ------------------------------------------------------------------------------------------

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
export const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

// ---- Reading --------------------------------------------------------------------------------------

// Each is named here: with the whole module, the pages would carry code for all that they never read or write.
const readers = { Catalogue: readCatalogue, Receipt: readReceipt, Summary: readSummary, Weekly: readWeekly };

function read(name, bytes, max) {
  if (bytes.length > max || !whole(bytes, name)) return null;
  return readers[name](new PbfReader(bytes), bytes.length);
}

const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isDay = (value) => isCount(value) && value <= DAY_MAX;
const areCounts = (object, ...names) => names.every((name) => isCount(object[name]));
const isText = (text) => new TextEncoder().encode(text).length <= NAME_BYTES_MAX && !/[\u0000-\u001f\u007f-\u009f]/.test(text);
const isName = (text) => text.length > 0 && isText(text);
const isCode = (value, max) => value >= 1 && value <= max;
const eachOnce = (list) => new Set(list).size === list.length;

// [{id: hex, verdict}] of the results whose id can be ours.
export function decodeReceipt(bytes) {
  const receipt = read('Receipt', bytes, RECEIPT_BYTES_MAX);
  if (!receipt) return null;
  return receipt.results
    .filter(({ id }) => id?.length === ID_BYTES)
    .map(({ id, verdict }) => ({ id: hex(id), verdict }));
}

export function decodeSummary(bytes) {
  const summary = read('Summary', bytes, SUMMARY_BYTES_MAX);
  if (!summary || !isSlug(summary.org) || !isSlug(summary.team) || !parsePeriod(summary.period)) return null;
  if (!areCounts(summary, 'generation', 'answered', 'referred', 'late', 'undistributed_answered', 'undistributed_referred')) return null;
  if (!summary.domains.every((cell) => isCode(cell.domain, DOMAIN_CODE_MAX) && areCounts(cell, 'answered', 'referred'))) return null;
  if (!summary.labels.every((cell) => isCode(cell.label, LABEL_CODE_MAX) && isCount(cell.count))) return null;
  return { ...summary, questions: summary.answered + summary.referred };
}

export function decodeWeekly(bytes) {
  const weekly = read('Weekly', bytes, SUMMARY_BYTES_MAX);
  if (!weekly || !isSlug(weekly.org) || !isSlug(weekly.team) || !isCount(weekly.generation)) return null;
  if (weekly.iso_year < 1970 || weekly.iso_year > 9999) return null;
  if (!weekly.weeks.every(({ week, questions }) => week >= 1 && week <= 53 && isCount(questions))) return null;
  return weekly;
}

// Teams in the configuration's order, domains by position, labels by code; `bytes` is kept for the outbox.
export function decodeCatalogue(bytes) {
  const catalogue = read('Catalogue', bytes, CATALOGUE_BYTES_MAX);
  if (!catalogue || !isSlug(catalogue.org) || !isText(catalogue.name) || !isText(catalogue.timezone) || !isDay(catalogue.counting_since)) return null;
  const { teams, domains, labels } = catalogue;
  if (![...teams, ...domains, ...labels].every((entry) => isName(entry.name) && isDay(entry.valid_from) && isDay(entry.valid_until))) return null;
  if (!teams.every(({ id }) => isSlug(id) && id !== 'all') || !eachOnce(teams.map(({ id }) => id))) return null;
  if (!domains.every(({ code, rolls_up_to: target }) => isCode(code, DOMAIN_CODE_MAX) && target <= DOMAIN_CODE_MAX) || !eachOnce(domains.map(({ code }) => code))) return null;
  if (!labels.every(({ code, domain }) => isCode(code, LABEL_CODE_MAX) && domain <= DOMAIN_CODE_MAX) || !eachOnce(labels.map(({ code }) => code))) return null;
  domains.sort((a, b) => a.position - b.position || a.code - b.code);
  labels.sort((a, b) => a.code - b.code);
  return { ...catalogue, bytes };
}

// The status is JSON; null when it is no object, or has no `online`.
export function decodeStatus(bytes) {
  try {
    const status = JSON.parse(new TextDecoder().decode(bytes));
    return typeof status?.online === 'boolean' ? status : null;
  } catch {
    return null;
  }
}

// ---- Writing --------------------------------------------------------------------------------------

// The padding field takes two bytes at least, so that a gap of one byte is filled with the next multiple.
function pad(bare) {
  let gap = (PADDING - (bare.length % PADDING)) % PADDING;
  if (gap === 0) return bare;
  if (gap === 1) gap += PADDING;
  const padded = new Uint8Array(bare.length + gap);
  padded.set(bare);
  padded[bare.length] = (15 << 3) | 2;
  padded[bare.length + 1] = gap - 2;
  return padded;
}

function wireEvent({ id, day, act, domain, outcome, labels = [], proof }) {
  const event = { id: unhex(id), day };
  if (act === 'retraction') return { ...event, retraction: proof ? { proof: unhex(proof) } : {} };
  return { ...event, question: { domain, outcome, labels } };
}

// Events {id: hex, day, act: 'question'|'retraction', domain, outcome, labels, proof: hex} as the contract wants them: padded.
export function encodeSubmission(events, receiptTo) {
  const writer = new PbfWriter();
  writeSubmission({ events: events.map(wireEvent), receipt_to: receiptTo }, writer);
  return pad(writer.finish());
}
