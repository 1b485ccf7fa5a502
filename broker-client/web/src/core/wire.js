// SPDX-License-Identifier: EUPL-1.2
// Walks a message's bytes before pbf reads them: pbf itself looks neither at lengths nor at wire types, so that bytes
// which were cut or forged would be read past their end. What passes here is read safely. The fields of each message are
// in gen/fields.js, which build.mjs makes from proto/turf.proto.
import { fields } from '../../gen/fields.js';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

// How many of a message one other message may hold.
const MAX = { Event: 64, Result: 4096, DomainCount: 255, LabelCount: 512, WeekCount: 53, Team: 8192, Domain: 255, Label: 512 };

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

// `kind`: of the field, as in gen/fields.js; undefined: not known here.
function contentWhole(data, at, end, kind) {
  if (kind === 'packed') {
    while (at >= 0 && at < end) at = skipVarint(data, at, end);
    return at === end;
  }
  return !kind || kind === 'bytes' || whole(data, kind, at, end);
}

function wireFits(wire, kind) {
  if (kind === 'number') return wire === VARINT;
  return wire === BYTES || (kind === 'packed' && wire === VARINT);
}

// The position after one field; -1: broken. `seen`: how many of each kind came before it.
function skipField(data, known, seen, at, end) {
  const tag = small(data, at, end);
  if (!tag) return -1;
  const wire = tag[0] & 7;
  const field = tag[0] >>> 3;
  const kind = known[field];
  if (field === 0 || (kind && !wireFits(wire, kind))) return -1;
  if ((seen[kind] = (seen[kind] ?? 0) + 1) > MAX[kind]) return -1;
  if (wire === VARINT) return skipVarint(data, tag[1], end);
  if (wire === FIXED64 || wire === FIXED32) return tag[1] + (wire === FIXED64 ? 8 : 4);
  const length = wire === BYTES ? small(data, tag[1], end) : null;
  if (!length || length[0] > end - length[1]) return -1;
  const after = length[1] + length[0];
  return contentWhole(data, length[1], after, kind) ? after : -1;
}

// Whether `data` from `at` to `end` is a whole message of this name. Fields that it does not know may be there.
export function whole(data, message, at = 0, end = data.length) {
  const seen = {};
  while (at >= 0 && at < end) at = skipField(data, fields[message], seen, at, end);
  return at === end;
}
