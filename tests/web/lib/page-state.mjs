// SPDX-License-Identifier: EUPL-1.2
// What the error of a test says that waited in vain for an empty outbox: the taps on the page's disk, its locks and its screen; what
// went through the network to the broker, and when; whether another phone gets a receipt; and the logs of the servers. Together they
// tell where a tap waits: `hold` is in the future (the page holds it back), `sent` is false and no lock is held (no tab sends), `sent`
// is true and nothing came from the broker since (the broker or turfd), or something came (the page).
import { question } from '../../system/lib/messages.mjs';
import { Site } from './site.mjs';

const LOOK_MS = 10_000; // what does not answer within this time is itself a finding

const inTime = (promise) => {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, LOOK_MS, `no answer within ${LOOK_MS} ms`)));
  return Promise.race([promise, late]).catch(String).finally(() => clearTimeout(timer));
};

// Runs in the page.
const look = () => navigator.locks.query().then(({ held, pending }) => ({
  time: new Date().toISOString(), openFor: Math.round(performance.now()), url: document.URL,
  visible: document.visibilityState, focus: document.hasFocus(), ready: document.readyState,
  worker: navigator.serviceWorker?.controller?.scriptURL ?? 'none',
  locks: { held: held.map(({ name, clientId }) => [name, clientId]), pending: pending.map(({ name, clientId }) => [name, clientId]) },
  left: Object.keys(localStorage).filter((key) => key.startsWith('turf-left-')).map((key) => localStorage.getItem(key)),
  bar: document.querySelector('.bar')?.innerHTML, screen: document.body.innerText,
}));

// A phone of its own taps one question. The test that asks for this has failed already, so the store may count one more.
async function anotherPhone({ stack }) {
  const begin = Date.now();
  const phone = await stack.phone();
  const day = stack.options.today ?? new Date().toISOString().slice(0, 10);
  const verdicts = await phone.register('oost', [question(day, 1)]);
  return `verdict ${verdicts} after ${Date.now() - begin} ms`;
}

const program = (name, running) => [`---- ${name}: ${running?.status ? JSON.stringify(running.status) : 'running'}`, running?.log];

// `taps`: reads all taps from the page's disk.
export async function describe(page, taps) {
  const lines = ['---- taps', JSON.stringify(await inTime(taps(page)), null, 1), '---- page', JSON.stringify(await inTime(page.evaluate(look)), null, 1)];
  if (page.consoleMessages) lines.push('---- console', ...(await page.consoleMessages()).map((message) => message.text()), ...(await page.pageErrors()).map(String));
  for (const site of Site.running) {
    lines.push('---- network', ...site.net.told(), '---- another phone', await inTime(anotherPhone(site)));
    lines.push(...program('mosquitto', site.stack.broker.process), ...program('turfd', site.stack.turfd), ...program('nginx', site.nginx));
  }
  return lines.join('\n');
}
