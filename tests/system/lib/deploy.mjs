// SPDX-License-Identifier: EUPL-1.2
// deploy/run as tests start it, what it left behind, and what is in its way.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';

import { atEnd } from './cleanup.mjs';
import { root, temporaryFolder } from './paths.mjs';
import { Running, alive, eventually, freePort, portAnswers, run } from './processes.mjs';

export const command = join(root, 'deploy/run');

export const readReady = (file) => Object.fromEntries(readFileSync(file, 'utf8').trim().split('\n').map((line) => line.split(/=(.*)/, 2)));

// A running deploy/run: `ready` holds what its ready file says.
export async function deploy(t, { folder = temporaryFolder(t, 'turf-deploy'), args = [], ports, env } = {}) {
  const [mqtt, http] = ports ?? [await freePort(), await freePort()];
  const readyFile = join(temporaryFolder(t, 'turf-ready'), 'ready');
  const dir = join(folder, 'run');
  const all = ['--dir', dir, '--mqtt-port', mqtt, '--http-port', http, '--ready-file', readyFile, ...args].map(String);
  // With --door, turf of whoever starts it joins: not that of whoever runs the tests.
  const state = { XDG_STATE_HOME: join(folder, 'state'), TURF_OUTBOX: '', TURF_ORG: '' };
  const running = new Running(command, all, { deathSignal: 'TERM', ownGroup: true, env: { ...state, ...env } });
  atEnd(t, () => running.kill('SIGTERM'));
  await eventually(() => existsSync(readyFile) || running.status, 'the ready file');
  assert.equal(running.status, null, running.log);
  return { running, ready: readReady(readyFile), readyFile, dir, folder, ports: [mqtt, http] };
}

// deploy/run that cannot start: exit status 1 and one sentence.
export async function refused(dir, ports, args = []) {
  const all = ['--dir', dir, '--mqtt-port', ports[0], '--http-port', ports[1], ...args].map(String);
  const { code, stdout, stderr } = await run(command, all);
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, /^deploy\/run: .*\.?\n$/, 'one line on stderr');
  return stderr;
}

export async function nothingLeft({ ready, readyFile, ports }) {
  for (const pid of [ready.turfd_pid, ready.broker_pid, ready.web_pid, ready.turfdoor_pid].filter(Boolean)) assert.equal(alive(Number(pid)), false, `process ${pid} lives on`);
  for (const port of ports) assert.equal(await portAnswers(port), false, `port ${port} still answers`);
  assert.equal(existsSync(readyFile), false, 'the ready file is gone');
}

// A port that someone else listens on.
export async function takenPort(t, address = '127.0.0.1') {
  const server = net.createServer().listen(0, address);
  await new Promise((resolve) => server.once('listening', resolve));
  atEnd(t, () => server.close());
  return server.address().port;
}
