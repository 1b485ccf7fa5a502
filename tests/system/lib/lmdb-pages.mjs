// SPDX-License-Identifier: EUPL-1.2
// The records on every leaf page of an LMDB data file, as somebody reads them who has stolen it: pages in use and free ones alike,
// since LMDB leaves the bytes of a page that it frees. The form is that of LMDB 0.9 (mdb.c: MDB_page, MDB_node).
import { readFileSync } from 'node:fs';

const PAGE = 4096;
const HEADER = 16;
const NODE = 8;
const LEAF = 2;
const IN_OTHER_PAGES = 1;

function nodeAt(page, offset) {
  const [low, high, flags, keyLength] = [0, 2, 4, 6].map((at) => page.readUInt16LE(offset + at));
  const data = offset + NODE + keyLength;
  const length = low + high * 65536;
  if (flags & IN_OTHER_PAGES || data + length > PAGE) return null;
  return { key: page.subarray(offset + NODE, data), value: page.subarray(data, data + length), offset };
}

// [] for a page that is no leaf. The nodes are in the order in which they were put on the page: LMDB fills it from its end.
function recordsOf(page) {
  const lower = page.readUInt16LE(12);
  const upper = page.readUInt16LE(14);
  if (page.readUInt16LE(10) !== LEAF || lower < HEADER || lower % 2 || lower > upper || upper > PAGE) return [];
  const offsets = Array.from({ length: (lower - HEADER) / 2 }, (_, i) => page.readUInt16LE(HEADER + 2 * i));
  if (offsets.some((offset) => offset < upper || offset > PAGE - NODE)) return [];
  return offsets.map((offset) => nodeAt(page, offset)).filter(Boolean).sort((a, b) => b.offset - a.offset);
}

// A list of pages, each a list of records { key, value }.
export function leafPages(file) {
  const bytes = readFileSync(file);
  return Array.from({ length: Math.floor(bytes.length / PAGE) }, (_, i) => recordsOf(bytes.subarray(i * PAGE, (i + 1) * PAGE))).filter(({ length }) => length > 0);
}
