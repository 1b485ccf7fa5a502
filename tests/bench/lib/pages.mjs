// SPDX-License-Identifier: EUPL-1.2
// The pages in Debian's Chromium, behind a real nginx, mosquitto and turfd: how soon a tap is safe, how soon a count is
// on a leader's screen, and how much a page loads before it can be used.
import http from 'node:http';
import { gunzipSync } from 'node:zlib';

import { question } from '../../system/lib/messages.mjs';
import { eventually } from '../../system/lib/processes.mjs';
import { Phone, chooseTeam, domain, online } from '../../web/lib/browser.mjs';
import { Site } from '../../web/lib/site.mjs';
import { now } from './stage.mjs';

// What tests undo at their end is undone here.
async function onSite(act) {
  const undoings = [];
  const t = { after: (undo) => undoings.push(undo) };
  try {
    return await act(await Site.start(t), t);
  } finally {
    for (const undo of undoings) await undo();
  }
}

// ---- The worker's page ------------------------------------------------------------------------------------------

// Runs in the page. From the event of a tap, as the browser dates it, when each of these was: `handled`, the page's own
// handler is called; `stored`, IndexedDB has it on disk; `said`, "Opgeslagen" is in the page; `drawn`, the frame with that
// word begins; `shown`, it was handed over to be shown: the first task after that frame's own work.
function watchTaps() {
  const times = [];
  let tapped = null;
  const since = (tap) => performance.now() - tap.at;
  addEventListener('click', (event) => {
    tapped = { at: event.timeStamp };
    tapped.handled = since(tapped);
  }, { capture: true });
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...given) {
    const begun = transaction.apply(this, given);
    const tap = tapped;
    if (tap && given[1] === 'readwrite' && tap.stored === undefined) {
      tap.stored = NaN;
      begun.addEventListener('complete', () => (tap.stored = since(tap)));
    }
    return begun;
  };
  const shown = (tap) => scheduler.postTask(() => {
    times.push({ ...tap, shown: since(tap) });
    times.told?.();
  }, { priority: 'user-blocking' });
  const look = () => {
    if (tapped === null || !document.querySelector('.snack').textContent.includes('Opgeslagen')) return;
    const tap = tapped;
    tapped = null;
    tap.said = since(tap);
    requestAnimationFrame(() => {
      tap.drawn = since(tap);
      shown(tap);
    });
  };
  new MutationObserver(look).observe(document.querySelector('.snack'), { childList: true, subtree: true });
  globalThis.tapTimes = times;
}

// The page at rest again for as long as the quickest thumb needs between two taps (a third of a second, and a moment more or
// less, so that taps do not come in step with the frames). Waiting asks for no frame: after a touch Chromium holds tasks
// back until a frame that somebody asked for is shown.
const rested = (page, taps) => page.evaluate(async (n) => {
  while (globalThis.tapTimes.length < n) await new Promise((told) => (globalThis.tapTimes.told = told));
  await new Promise((idle) => requestIdleCallback(idle));
  await new Promise((over) => setTimeout(over, 300 + Math.random() * 300));
}, taps);

// Touches `places` in turn while the page's processor is slowed down `slower` times. Resolves to { handled, stored, said,
// drawn, shown } of each tap, in milliseconds.
async function timed(page, places, taps, slower) {
  await page.evaluate(watchTaps);
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
  const warm = 5;
  for (let tap = 1; tap <= warm + taps; tap++) {
    const { x, y, width, height } = places[tap % places.length];
    await page.touchscreen.tap(x + width / 2, y + height / 2);
    await rested(page, tap);
  }
  return (await page.evaluate(() => globalThis.tapTimes)).slice(warm);
}

const touched = { hasTouch: true, viewport: { width: 360, height: 1600 }, ownBrowser: true }; // every domain in sight

export const tapTimes = (taps, slower) => onSite(async (site, t) => {
  const page = await (await Phone.start(t, site, touched)).open();
  await chooseTeam(page);
  await online(page);
  const places = await Promise.all(Array.from({ length: 11 }, (_, i) => domain(page, i + 1).boundingBox()));
  return timed(page, places, taps, slower);
});

// The least that a page can do for a tap: a button, one write of one number, and the word.
const bare = `<!doctype html><meta charset="utf-8"><button>Tik</button><p class="snack"></p><script>
  const opening = indexedDB.open('bare', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('taps', { autoIncrement: true });
  const said = document.querySelector('p');
  document.querySelector('button').onclick = () => {
    said.textContent = '';
    const writing = opening.result.transaction('taps', 'readwrite', { durability: 'strict' });
    writing.objectStore('taps').add(1);
    writing.commit();
    writing.oncomplete = () => (said.textContent = 'Opgeslagen');
  };
</script>`;

// As tapTimes, for that page: the time that the browser and the machine take by themselves.
export const bareTapTimes = (taps, slower) => onSite(async (site, t) => {
  const phone = await Phone.start(t, site, touched);
  await phone.context.route('**/bare', (route) => route.fulfill({ contentType: 'text/html', body: bare }));
  const page = await phone.open(`${site.url}bare`);
  return timed(page, [await page.locator('button').boundingBox()], taps, slower);
});

// ---- The leader's page --------------------------------------------------------------------------------------------

// Runs in the page: tells each new total after the frame that shows it.
function watchTotal(tell) {
  let last = -1;
  const look = () => {
    const total = Number(document.querySelector('.row--total td')?.textContent.replace(/\D/g, ''));
    if (total === last || Number.isNaN(total)) return;
    last = total;
    requestAnimationFrame(() => globalThis[tell](total));
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
  look();
}

const randomPause = (meanMs) => new Promise((over) => setTimeout(over, -Math.log(1 - Math.random()) * meanMs));

// Milliseconds from the receipt of each tap to the total that has it on the screen: taps of one phone at random moments.
export const screenTimes = (taps, meanMs) => onSite(async (site, t) => {
  const leader = await (await Phone.start(t, site, { ownBrowser: true, viewport: { width: 1440, height: 900 } })).open(site.leaderUrl());
  await leader.getByText('Live', { exact: true }).waitFor();
  const shown = []; // the moments at which the screen had one more, two more, …
  await leader.exposeFunction('tellTotal', (total) => {
    while (shown.length < total) shown.push(now());
  });
  await leader.evaluate(watchTotal, 'tellTotal');
  const phone = await site.stack.phone();
  const today = site.stack.status.today;
  const answered = [];
  phone.client.mqtt.on('message', () => {
    while (answered.length < phone.results.length) answered.push(now());
  });
  for (let tap = 0; tap < taps; tap++) {
    await phone.send('oost', [question(today, 1 + (tap % 11))]);
    await randomPause(meanMs);
  }
  await eventually(() => shown.length === taps && answered.length === taps, 'every tap on the screen');
  return answered.map((moment, tap) => (shown[tap] - moment) / 1e6);
});

// ---- Sizes ----------------------------------------------------------------------------------------------------------

function fetched(url) {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false, headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      const pieces = [];
      response.on('data', (bytes) => pieces.push(bytes));
      response.once('end', () => resolve({ status: response.statusCode, bytes: Buffer.concat(pieces), zipped: response.headers['content-encoding'] === 'gzip' }));
    });
    request.once('error', reject);
  });
}

// Bytes that come from nginx before the page can be used: the page, its styles, and the scripts that it names.
export const firstLoad = (name) => onSite(async (site) => {
  const body = async (path) => {
    const { status, bytes, zipped } = await fetched(new URL(path, site.url));
    if (status !== 200) throw new Error(`${path}: ${status}`);
    return { size: bytes.length, text: String(zipped ? gunzipSync(bytes) : bytes) };
  };
  const page = await body(`${name}.html`);
  const paths = [...page.text.matchAll(/(?:<script[^>]* src|<link rel="(?:stylesheet|modulepreload)" href)="([^"]+)"/g)].map(([, path]) => path);
  const parts = await Promise.all(paths.map(body));
  return parts.reduce((sum, { size }) => sum + size, page.size);
});
