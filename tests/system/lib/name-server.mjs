// SPDX-License-Identifier: EUPL-1.2
// A name server of the test's own on a loopback address, which says nothing until it is told to answer, and a way to
// start a program that asks no other. Port 53 and the mount need root.
import dgram from 'node:dgram';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { atEnd } from './cleanup.mjs';
import { temporaryFolder } from './paths.mjs';

const HEADER_BYTES = 12;
const TYPE_A = 1;

// The whole of the question: its name's labels, a zero, type and class.
function questionOf(query) {
  let end = HEADER_BYTES;
  while (query[end] !== 0) end += query[end] + 1;
  return query.subarray(HEADER_BYTES, end + 5);
}

// Every name is 127.0.0.1 and has no IPv6 address; or there are no names at all.
function answerTo(query, { knowsNothing }) {
  const question = questionOf(query);
  const found = !knowsNothing && question.readUInt16BE(question.length - 4) === TYPE_A;
  const header = Buffer.from([query[0], query[1], 0x81, knowsNothing ? 0x83 : 0x80, 0, 1, 0, found ? 1 : 0, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat([header, question, ...(found ? [record] : [])]);
}

export class NameServer {
  static async start(t) {
    const server = new NameServer();
    server.folder = temporaryFolder(t, 'turf-names');
    server.address = `127.53.${1 + Math.floor(Math.random() * 250)}.${1 + Math.floor(Math.random() * 250)}`;
    server.queries = 0;
    server.answers = false;
    server.knowsNothing = false;
    server.socket = dgram.createSocket('udp4', (query, from) => server.#hear(query, from));
    atEnd(t, () => server.socket.close());
    await new Promise((resolve, reject) => {
      server.socket.once('error', reject);
      server.socket.bind(53, server.address, resolve);
    });
    return server;
  }

  #hear(query, from) {
    this.queries++;
    if (this.answers) this.socket.send(answerTo(query, this), from.port, from.address);
  }

  // A program that runs `program` in namespaces that have this name server only. Its process is the program's own.
  wrap(program) {
    const file = (name, text) => {
      writeFileSync(join(this.folder, name), text);
      return join(this.folder, name);
    };
    const resolv = file('resolv.conf', `nameserver ${this.address}\noptions timeout:2 attempts:5\n`);
    const nsswitch = file('nsswitch.conf', 'hosts: dns\n');
    const inside = `mount --bind ${resolv} /etc/resolv.conf && mount --bind ${nsswitch} /etc/nsswitch.conf && exec ${program} "$@"`;
    const script = file('program', `#!/bin/sh\nexec unshare --mount sh -c '${inside}' sh "$@"\n`);
    chmodSync(script, 0o755);
    return script;
  }
}
