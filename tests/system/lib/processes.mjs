// SPDX-License-Identifier: EUPL-1.2
// Programs under test: started, listened to, killed by process id, never left behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';

import { patience, root } from './paths.mjs';

const LONGEST_LOOK_MS = 10_000;

// Waits until `condition()` is truthy and returns its value; looks again every few milliseconds. For what no event tells:
// a file, a port, a process of another program. A look counts for 10 seconds at most, and the clock's setting does not matter: a
// machine that stood still, or had its clock set, has not waited.
export async function eventually(condition, what, limit = patience) {
  const begin = performance.now();
  let waited = 0;
  for (let looks = 1; ; looks++) {
    const lookBegan = performance.now();
    const value = await condition();
    if (value) return value;
    if (waited > limit) throw new Error(`waited in vain for ${what} (${looks} looks in ${Math.round(performance.now() - begin)} ms)`);
    await new Promise((wake) => setTimeout(wake, 20));
    waited += Math.min(performance.now() - lookBegan, LONGEST_LOOK_MS);
  }
}

export function portAnswers(port, address = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = net.connect(port, address);
    socket.once('connect', () => resolve(true) || socket.destroy());
    socket.once('error', () => resolve(false) || socket.destroy());
  });
}

// Listens, and says whether that could be. `hold`: until this process ends, without keeping it from ending.
function listens(port, address, { hold }) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, address, () => {
      if (!hold) server.close(() => resolve(true));
      else resolve(Boolean(server.unref()));
    });
  });
}

// Below the range that the kernel gives to outgoing connections, so that a broker finds its port again after a restart,
// and below the one in which deploy/run looks for its own. Between the choice and the use of a port, and for as long as this
// process lives, no other test is given it: a second loopback address holds it.
export async function freePort() {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    if ((await listens(port, '127.0.0.99', { hold: true })) && (await listens(port, '127.0.0.1', { hold: false }))) return port;
  }
}

export const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

// Stopped by a signal, and not by a debugger or by its end.
export function halted(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].startsWith('T');
  } catch {
    return false;
  }
}

// A program that runs on. It dies with the test, even when the test is killed. options: cwd, env, deathSignal, stdin ('pipe':
// this.child.stdin), ownGroup (a process group of its own, as a shell gives to what is typed).
export class Running {
  constructor(command, args = [], options = {}) {
    this.name = command.split('/').pop();
    this.log = '';
    this.stdout = '';
    this.status = null;
    this.child = spawn('setpriv', ['--pdeathsig', options.deathSignal ?? 'KILL', '--', command, ...args], {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      detached: options.ownGroup ?? false,
      stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe'],
    });
    this.pid = this.child.pid;
    this.child.stdout.on('data', (bytes) => (this.stdout += bytes));
    this.child.stderr.on('data', (bytes) => (this.log += bytes));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve((this.status = { code, signal })));
    });
  }

  // Resolves to the match of `pattern` in the log, when it is there; fails when the program ends without it.
  async logged(pattern) {
    for (;;) {
      const match = this.log.match(pattern);
      if (match) return match;
      if (this.status) throw new Error(`${this.name} ended without ${pattern} in its log: ${JSON.stringify(this.status)}\n${this.log}`);
      await Promise.race([once(this.child.stderr, 'data'), this.ended]);
    }
  }

  kill(signal) {
    this.killed ||= signal === 'SIGKILL';
    this.asked ||= signal === 'SIGTERM';
    if (!this.status) this.child.kill(signal);
    return this.ended;
  }

  // As an operator stops it; resolves to its exit status, and to a failure when it does not end.
  async stop() {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.name} did not end on SIGTERM\n${this.log}`)), patience);
    });
    try {
      return await Promise.race([this.kill('SIGTERM'), late]);
    } finally {
      clearTimeout(timer);
      if (!this.status) this.child.kill('SIGKILL');
    }
  }
}

// Runs a program to its end. `input` goes to its standard input. Resolves to { code, signal, stdout, stderr }.
export function run(command, args = [], { input, env, cwd = root, limit = patience * 5 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const output = { stdout: [], stderr: [] };
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    child.stdout.on('data', (bytes) => output.stdout.push(bytes));
    child.stderr.on('data', (bytes) => output.stderr.push(bytes));
    child.stdin.on('error', () => {}); // a program need not read all of its input
    child.once('error', (error) => {
      clearTimeout(timer); // otherwise it would keep the test program alive to the limit
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const stdout = Buffer.concat(output.stdout);
      resolve({ code, signal, bytes: stdout, stdout: stdout.toString(), stderr: Buffer.concat(output.stderr).toString() });
    });
    child.stdin.end(input);
  });
}

// Like run, and fails with what the program said when its exit status is not 0.
export async function succeed(command, args = [], options = {}) {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    const how = result.signal ?? `exit status ${result.code}`;
    throw new Error(`${command} ${args.join(' ')}: ${how}\n${result.stdout}${result.stderr}`);
  }
  return result;
}
