// SPDX-License-Identifier: EUPL-1.2
// What the kernel says of a process's memory, in kB.
import { readFileSync } from 'node:fs';

export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name) => Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))[1]);
  const mapped = field('VmSize');
  return {
    anonymous: field('RssAnon'), // without what is mapped from files
    resident: field('VmRSS'),
    mapped,
    sanitized: mapped > 2 ** 30, // its address space is full of shadows: no figure of it means anything
  };
}
