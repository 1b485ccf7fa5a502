// SPDX-License-Identifier: EUPL-1.2
// Walks a message's bytes before pbf reads them: pbf itself looks neither at lengths nor at wire types, so that bytes
// which were cut or forged would be read past their end. What passes here is read safely.

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const number = { wire: VARINT };
const bytes = { wire: BYTES };
const packed = { wire: BYTES, packed: true };
const many = (fields, max) => ({ wire: BYTES, fields, max });

const result = { 1: bytes, 2: number };
const question = { 1: number, 2: number, 3: packed };
const event = { 1: bytes, 2: number, 3: many(question), 4: many({}) };
const domainCount = { 1: number, 2: number, 3: number };
const labelCount = { 1: number, 2: number };
const weekCount = { 1: number, 2: number };
const team = { 1: bytes, 2: bytes, 3: number, 4: number };
const domain = { 1: number, 2: bytes, 3: number, 4: number, 5: number, 6: number };
const label = { 1: number, 2: bytes, 3: number, 4: number, 5: number, 6: number };
const numbers = (...fields) => Object.fromEntries(fields.map((field) => [field, number]));

// Field number to form, of the messages that are read; `max`: how many a message may hold.
export const forms = {
  Submission: { 1: many(event, 64), 2: bytes, 15: bytes },
  Receipt: { 1: many(result, 4096) },
  Summary: { 1: bytes, 2: bytes, 3: bytes, ...numbers(4, 5, 6, 7, 8, 9, 12, 13, 14, 15), 10: many(domainCount, 255), 11: many(labelCount, 512) },
  Weekly: { 1: bytes, 2: bytes, 3: number, 4: many(weekCount, 53), 5: number },
  Catalogue: { 1: number, ...numbers(8, 9, 10, 11), 2: bytes, 3: bytes, 4: bytes, 5: many(team, 8192), 6: many(domain, 255), 7: many(label, 512) },
};

// The position after a varint of at most ten bytes; -1: it has no end.
function skipVarint(data, at, end) {
  for (let n = 0; n < 10 && at < end; n++) if (data[at++] < 0x80) return at;
  return -1;
}

// [value, position after it] of a varint that must be below 2^31: a tag or a length. Null: it is not.
function small(data, at, end) {
  let value = 0;
  for (let n = 0; n < 5 && at < end; n++) {
    const byte = data[at++];
    value += (byte & 0x7f) * 2 ** (7 * n);
    if (byte < 0x80) return value < 2 ** 31 ? [value, at] : null;
  }
  return null;
}

function packedWhole(data, at, end) {
  while (at >= 0 && at < end) at = skipVarint(data, at, end);
  return at === end;
}

function contentWhole(data, at, end, form) {
  if (form?.packed) return packedWhole(data, at, end);
  return !form?.fields || whole(data, form.fields, at, end);
}

// The position after one field; -1: broken.
function skipField(data, fields, seen, at, end) {
  const tag = small(data, at, end);
  if (!tag) return -1;
  const wire = tag[0] & 7;
  const field = tag[0] >>> 3;
  const form = fields[field];
  if (field === 0 || (form && form.wire !== wire && !(form.packed && wire === VARINT))) return -1;
  if (form?.max && (seen[field] = (seen[field] ?? 0) + 1) > form.max) return -1;
  if (wire === VARINT) return skipVarint(data, tag[1], end);
  if (wire === FIXED64 || wire === FIXED32) return tag[1] + (wire === FIXED64 ? 8 : 4);
  const length = wire === BYTES ? small(data, tag[1], end) : null;
  if (!length || length[0] > end - length[1]) return -1;
  const after = length[1] + length[0];
  return contentWhole(data, length[1], after, form) ? after : -1;
}

// Whether `data` from `at` to `end` is a whole message of this form. Fields it does not know may be there.
export function whole(data, fields, at = 0, end = data.length) {
  const seen = {};
  while (at >= 0 && at < end) at = skipField(data, fields, seen, at, end);
  return at === end;
}
