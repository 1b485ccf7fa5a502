// SPDX-License-Identifier: EUPL-1.2
// Many taps while the network loses, stalls and refuses, the page is reloaded, cut off and killed, and broker, daemon and
// web server die and come back: at the end the outbox is empty and the store counts what was tapped, no more and no less.
import assert from 'node:assert/strict';
import test from 'node:test';

import { random } from '../system/lib/outbox.mjs';
import { long } from '../system/lib/paths.mjs';
import { eventually } from '../system/lib/processes.mjs';
import { Phone, allInSight, chooseTeam, domain, drained, hide, online, openTap, stored, tap, wake, workerReady } from './lib/browser.mjs';
import { Site } from './lib/site.mjs';

const seed = Number(process.env.TURF_SEED ?? 20191231);
const taps = long ? 500 : 60;
const PER_ROUND = 5;
const modes = ['refuse', 'stall', 'losedown', 'loseup', 'slow', 'pass'];

// Resolves when the network has done its harm: something was lost, or waits, or the phone is cut off.
async function harmDone({ net }, mode, page) {
  if (mode === 'refuse') await page.locator('.bar__connection--online').waitFor({ state: 'detached' });
  if (!['stall', 'losedown', 'loseup'].includes(mode)) return;
  const directions = () => [...net.pairs].flatMap((pair) => pair.directions);
  await eventually(() => directions().some(({ hurt, queue }) => hurt || queue.length), `the network to ${mode}`);
}

// Each returns the page with which the test continues.
const ends = {
  hidden: async (_site, _phone, page) => page,
  async cut(site, _phone, page) {
    site.net.cut();
    return page;
  },
  async reloaded(_site, _phone, page) {
    await page.reload();
    await domain(page, 1).waitFor();
    return page;
  },
  async killed(_site, phone, page) {
    await phone.crash(page);
    return openTap(phone);
  },
};

// Each kills a process without a warning, and returns a function that starts it again.
const deaths = {
  nothing: async () => async () => {},
  async broker({ stack }) {
    await stack.broker.kill();
    return () => stack.broker.startAgain();
  },
  async turfd({ stack }) {
    await stack.turfd.kill('SIGKILL');
    return () => stack.startTurfd();
  },
  async nginx(site) {
    await site.nginx.kill('SIGKILL');
    return () => site.serve();
  },
  async all(site) {
    const back = [];
    for (const name of ['nginx', 'broker', 'turfd']) back.push(await deaths[name](site));
    return async () => {
      for (const start of back) await start();
    };
  },
};

test(`${taps} taps through a bad network, reloads, killed pages and dead servers (seed ${seed})`, async (t) => {
  const site = await Site.start(t);
  const phone = await Phone.start(t, site, allInSight);
  const chance = random(seed);
  const model = { questions: 0 };
  let page = await phone.open();
  await chooseTeam(page);
  await workerReady(page);
  const names = Object.keys(ends);
  const dying = Object.keys(deaths);
  const rounds = Array.from({ length: taps / PER_ROUND }, (_, i) => ({
    mode: modes[i % modes.length], end: names[(i + Math.floor(i / modes.length)) % names.length], death: i % 2 ? 'nothing' : dying[(i / 2) % dying.length],
  }));
  for (const { mode, end, death } of chance.shuffled(rounds)) {
    t.diagnostic(`${mode}, ${end}, ${death}`);
    await online(page);
    for (let i = 0; i < PER_ROUND; i++) {
      const code = 1 + chance.below(11);
      const referred = chance.below(4) === 0;
      await tap(page, code, { referred });
      const key = `oost/${code}/${referred ? 'referred' : 'answered'}`;
      model[key] = (model[key] ?? 0) + 1;
      model.questions += 1;
    }
    site.net.set(mode);
    await hide(page);
    await harmDone(site, mode, page);
    const comeBack = await deaths[death](site);
    page = await ends[end](site, phone, page);
    await comeBack();
    site.net.set('pass');
    await wake(page);
  }
  await drained(page);
  assert.deepEqual(await stored(page), { all: taps, waiting: 0 });
  assert.deepEqual(await site.counted(), model);
  await site.stack.turfctl(['verify']);
  await phone.keptToItself();
});
