// SPDX-License-Identifier: EUPL-1.2
// The door: what a connection with a token costs the broker, how many tokens turfdoor issues, and whether a page drops frames
// while its worker makes a week's batch.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { Broker } from '../../system/lib/broker.mjs';
import { Device, Door } from '../../system/lib/door.mjs';
import { Issuer, signBlinded } from '../../system/lib/issuer.mjs';
import { newClientId } from '../../system/lib/messages.mjs';
import { root, temporaryFolder } from '../../system/lib/paths.mjs';
import { eventually, succeed } from '../../system/lib/processes.mjs';
import { cpu, median, now } from './stage.mjs';

const org = 'bench';
const BATCH = 100; // of a week

// What tests undo at their end is undone here.
async function undone(act) {
  const undoings = [];
  try {
    return await act({ after: (undo) => undoings.push(undo) });
  } finally {
    for (const undo of undoings.reverse()) await undo();
  }
}

const spent = (pid) => cpu(pid).user + cpu(pid).kernel;

// ---- Logging on -------------------------------------------------------------------------------------------------

// MQTT 3.1.1's CONNECT with a name and a password.
function connectPacket({ username, password }) {
  const text = (value) => Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)]);
  const body = Buffer.concat([text('MQTT'), Buffer.from([4, 0xc2, 0, 60]), text(newClientId()), text(username), text(password)]);
  const length = body.length < 128 ? [body.length] : [128 | (body.length & 127), body.length >> 7];
  return Buffer.concat([Buffer.from([0x10, ...length]), body]);
}

// Resolves to the CONNACK's code, and the milliseconds from the connection's start to it.
function logOn(port, login) {
  const packet = connectPacket(login);
  return new Promise((resolve, reject) => {
    const start = now();
    const socket = net.connect(port, '127.0.0.1', () => socket.write(packet));
    socket.once('data', (bytes) => resolve({ code: bytes[3], ms: (now() - start) / 1e6 }) || socket.destroy());
    socket.once('error', reject);
  });
}

// One broker with the plugin; `measure('token')` and `measure('password')` log on `times` times, one after the other.
export const connections = (act) => undone(async (t) => {
  const keys = join(temporaryFolder(t, 'turf-bench-keys'), 'keys');
  const issuer = new Issuer(org);
  const key = issuer.add('oost');
  issuer.publish(keys);
  const broker = await Broker.start(t, org, { keys });
  await eventually(async () => (await logOn(broker.port, issuer.pass(key))).code === 0, 'the broker to read the keys');
  return act(async (what, times) => {
    const logins = Array.from({ length: times }, () => (what === 'token' ? issuer.pass(key) : broker.watcher));
    const before = spent(broker.process.pid);
    const times_ms = [];
    for (const login of logins) {
      const { code, ms } = await logOn(broker.port, login);
      if (code !== 0) throw new Error(`the broker refuses a ${what}: ${code}`);
      times_ms.push(ms);
    }
    return { p50: median(times_ms), cpu: ((spent(broker.process.pid) - before) / times) * 1e6 };
  });
});

// ---- Issuing ----------------------------------------------------------------------------------------------------

// A turfdoor; `measure(devices)`: so many new devices ask for a batch each, one after the other.
export const issuing = (act) => undone(async (t) => {
  const door = await (await Door.create(t, { batch: BATCH, org })).start();
  return act(async (n) => {
    const devices = [];
    for (let i = 0; i < n; i++) devices.push(await Device.enrol(door, '--team', 'oost'));
    const [{ 'token-key': key }] = (await door.directory())['token-keys'];
    const keyId = new Uint8Array(await crypto.subtle.digest('SHA-256', Buffer.from(key, 'base64url')));
    const before = spent(door.running.pid);
    const start = now();
    for (const device of devices) {
      const blinded = Array.from({ length: BATCH }, () => Buffer.concat([Buffer.from([0]), randomBytes(255)]));
      const { status } = await device.ask({ keyId, blinded });
      if (status !== 200) throw new Error(`turfdoor refuses a batch: ${status}`);
    }
    return { rate: (n * BATCH) / ((now() - start) / 1e9), cpuRate: (n * BATCH) / (spent(door.running.pid) - before) };
  });
});

// What libcrypto does by itself on one processor, in a second of its time: signatures, and verifications.
export async function plainSigning() {
  const { stdout } = await succeed('openssl', ['speed', '-seconds', '2', 'rsa2048']);
  const [, sign, verify] = stdout.match(/^rsa 2048 bits\s+\S+\s+\S+\s+(\S+)\s+(\S+)$/m).map(Number);
  return { sign, verify };
}

// ---- Frames -----------------------------------------------------------------------------------------------------

const page = `<!doctype html><title>frames</title><p>0</p><script>
  const text = document.querySelector('p');
  async function count(work) {
    const frames = [];
    let going = true, longTasks = 0;
    const observer = new PerformanceObserver((list) => (longTasks += list.getEntries().length));
    observer.observe({ type: 'longtask' });
    const frame = (at) => { frames.push(at); text.textContent = String(frames.length); if (going) requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    const start = performance.now();
    await work();
    going = false;
    const ms = performance.now() - start;
    observer.disconnect();
    const gaps = frames.slice(1).map((at, i) => at - frames[i]);
    return { ms, frames: frames.length, longTasks, dropped: gaps.reduce((sum, gap) => sum + Math.max(0, Math.round(gap * 60 / 1000) - 1), 0), worst: Math.max(...gaps) };
  }
  const ask = (message) => new Promise((resolve, reject) => {
    const worker = new Worker('/worker.js');
    worker.onmessage = ({ data }) => resolve(data) || worker.terminate();
    worker.onerror = () => reject(new Error('the worker failed'));
    worker.postMessage(message);
  });
  async function batch(key) {
    const { drawn: pending } = await ask({ id: 1, draw: { key, challenge: new Uint8Array(32), count: ${BATCH} } });
    const signed = await fetch('/sign', { method: 'POST', body: new Blob(pending.map(({ blinded }) => blinded)) });
    const { finished } = await ask({ id: 1, finish: { key, pending, answers: new Uint8Array(await signed.arrayBuffer()) } });
    if (finished.includes(null)) throw new Error('no token');
  }
  globalThis.measure = async (bytes, batches) => {
    const busy = await count(async () => { for (let i = 0; i < batches; i++) await batch(Uint8Array.from(bytes)); });
    return { busy, idle: await count(() => new Promise((over) => setTimeout(over, busy.ms))) };
  };
</script>`;

// Chromium slows down the page's thread and not its workers. So the worker makes `slower` batches, one after the other, which
// keeps it busy for as long as one batch on a phone that is so much slower.
export const frames = (turns, slower) => undone(async (t) => {
  const { chromium } = createRequire(join(root, 'tests/package.json'))('playwright-core');
  const esbuild = createRequire(join(root, 'broker-client/web/package.json'))('esbuild');
  const { outputFiles: [worker] } = await esbuild.build({ entryPoints: [join(root, 'broker-client/web/src/core/door/worker.js')], bundle: true, minify: true, write: false });
  const key = new Issuer(org).add('oost');
  const server = http.createServer(async (asked, answer) => {
    const parts = [];
    for await (const part of asked) parts.push(part);
    const body = Buffer.concat(parts);
    answer.setHeader('Content-Type', asked.url === '/worker.js' ? 'text/javascript' : 'text/html');
    if (asked.url === '/sign') answer.end(Buffer.concat(Array.from({ length: body.length / 256 }, (_, i) => signBlinded(key, body.subarray(256 * i, 256 * i + 256)))));
    else answer.end(asked.url === '/worker.js' ? worker.contents : page);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => server.close());
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  t.after(() => browser.close());
  const tab = await browser.newPage();
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  await (await tab.context().newCDPSession(tab)).send('Emulation.setCPUThrottlingRate', { rate: slower });
  const results = [];
  for (let turn = 0; turn < turns; turn++) results.push(await tab.evaluate(([bytes, batches]) => globalThis.measure(bytes, batches), [[...key.spki], slower]));
  return results;
});
