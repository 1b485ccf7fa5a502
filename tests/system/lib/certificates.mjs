// SPDX-License-Identifier: EUPL-1.2
// Certificates for tests of TLS.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryFolder } from './paths.mjs';
import { succeed } from './processes.mjs';

// An authority, and what it says of a server called `name`.
export async function certificates(t, name) {
  const cwd = temporaryFolder(t);
  const openssl = (...args) => succeed('openssl', args, { cwd });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=authority');
  await openssl('req', ...key, '-keyout', 'broker.key', '-out', 'request', '-subj', '/CN=broker');
  writeFileSync(join(cwd, 'form'), `subjectAltName=${name}\n`);
  await openssl('x509', '-req', '-in', 'request', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'broker.crt', '-days', '2', '-extfile', 'form');
  return { authority: join(cwd, 'ca.crt'), key: readFileSync(join(cwd, 'broker.key')), cert: readFileSync(join(cwd, 'broker.crt')) };
}
