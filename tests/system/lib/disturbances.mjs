// SPDX-License-Identifier: EUPL-1.2
// What goes wrong in a cycle of the crash campaign. Each disturbance(campaign, chance) happens while phones tap, lasts
// for some taps, and may leave behind what heals later: a dead turfd or broker, a bad network.
import assert from 'node:assert/strict';

import { patience } from './paths.mjs';
import { eventually, halted } from './processes.mjs';
import { steps, stepsOfTime } from './steps.mjs';

async function ensureBroker({ stack }) {
  if (stack.broker.process.status) await stack.broker.startAgain();
}

async function ensureTurfd(campaign) {
  if (campaign.stack.turfd.status) campaign.launchTurfd();
}

// Whether this turfd, not the one before it, has deleted more than `least` events by retractions: how many, or undefined.
function deletedBy({ screen }, before, least) {
  const { instance, counters } = screen.status;
  return instance !== before && counters?.retracted > least ? counters.retracted : undefined;
}

// A turfd that will get as far as the step: the broker is there and the network good, and what the step needs happens.
// At midnight it makes a compacting copy if it deleted something on the day before. So a midnight waits for that: a
// cycle has few.
async function lead(campaign, env, step, reached) {
  await ensureBroker(campaign);
  campaign.daemonNet.set('pass');
  await campaign.stack.turfd.kill('SIGKILL');
  const before = campaign.screen.status.instance;
  const turfd = campaign.launchTurfd(env);
  const end = Date.now() + patience;
  let deleted = 0;
  while (!(await reached(turfd))) {
    assert.ok(Date.now() < end, `the step ${step} was never reached`);
    await campaign.passing(3);
    const now = stepsOfTime.includes(step) && deletedBy(campaign, before, deleted);
    if (now && campaign.midnight()) deleted = now;
  }
  return turfd;
}

export const disturbances = {
  async dieAt(campaign, chance, step) {
    const passing = `${step}:${1 + chance.below(steps[step])}`;
    campaign.note(`turfd dies at ${passing}`);
    const turfd = await lead(campaign, { TURF_DIE_AT: passing }, step, (one) => one.status);
    assert.deepEqual(turfd.status, { code: null, signal: 'SIGKILL' }, `turfd was to die at ${passing}`);
    campaign.deaths[step] = (campaign.deaths[step] ?? 0) + 1;
    campaign.launchTurfd();
  },

  // turfd stands still in the middle of a step while other things change.
  async haltAt(campaign, chance) {
    const step = chance.oneOf(Object.keys(steps));
    campaign.note(`turfd halts at ${step}`);
    const turfd = await lead(campaign, { TURF_HALT_AT: `${step}:${1 + chance.below(steps[step])}` }, step, (one) => one.status || halted(one.pid));
    const meanwhile = chance.oneOf(['killBroker', 'killPhones', 'cut', 'killTurfd', 'losing']);
    await disturbances[meanwhile](campaign, chance);
    if (!turfd.status) turfd.child.kill('SIGCONT');
  },

  async killTurfd(campaign, chance) {
    campaign.note('turfd killed');
    await campaign.passing(chance.below(30));
    await campaign.stack.turfd.kill('SIGKILL');
    await campaign.passing(chance.below(10));
    campaign.launchTurfd();
  },

  async stopTurfd(campaign, chance) {
    campaign.note('turfd stopped');
    await ensureTurfd(campaign);
    await campaign.passing(20 + chance.below(20));
    const { turfd } = campaign.stack;
    // One whose signals are not blocked yet is ended by the signal itself.
    if (!/started/.test(turfd.log)) await eventually(() => turfd.status || /started/.test(turfd.log), 'turfd to start');
    const status = await turfd.stop();
    assert.ok(status.code === 0 || /taken over/.test(turfd.log), `turfd ended with ${JSON.stringify(status)}`);
    campaign.launchTurfd();
  },

  async killBroker(campaign, chance) {
    campaign.note('broker killed');
    await campaign.passing(chance.below(30));
    await campaign.stack.broker.kill();
    await campaign.passing(chance.below(10));
    await ensureBroker(campaign);
  },

  async killBoth(campaign, chance) {
    campaign.note('broker and turfd killed');
    await campaign.passing(chance.below(30));
    await Promise.all([campaign.stack.broker.kill(), campaign.stack.turfd.kill('SIGKILL')]);
    campaign.launchTurfd();
    await campaign.passing(chance.below(10));
    await ensureBroker(campaign);
  },

  async killPhones(campaign, chance) {
    campaign.note('phones killed');
    const some = campaign.phones.filter(() => chance.below(2));
    for (const phone of some) {
      await campaign.passing(chance.below(8));
      phone.die();
    }
    await campaign.passing(chance.below(10));
    for (const phone of some) phone.run();
  },

  async cut(campaign, chance) {
    campaign.note('network cut');
    const net = chance.oneOf([campaign.daemonNet, ...campaign.phoneNets]);
    await campaign.passing(chance.below(20));
    if (chance.below(2)) {
      net.cut();
      return;
    }
    net.set('refuse');
    await campaign.passing(chance.below(20));
    net.set('pass');
  },

  async stall(campaign, chance) {
    campaign.note('network stalled');
    const net = chance.oneOf([campaign.daemonNet, ...campaign.phoneNets]);
    net.set('stall');
    await campaign.passing(10 + chance.below(30));
    if (chance.below(2)) net.cut();
    net.set('pass');
  },

  async losing(campaign, chance) {
    const mode = chance.oneOf(['losedown', 'loseup']);
    const net = chance.oneOf([campaign.daemonNet, campaign.daemonNet, ...campaign.phoneNets]);
    campaign.note(`network ${mode}`);
    await campaign.passing(chance.below(10));
    net.set(mode);
    await campaign.passing(10 + chance.below(30));
    net.set('pass');
  },

  async slow(campaign, chance) {
    campaign.note('network slow');
    chance.oneOf([campaign.daemonNet, ...campaign.phoneNets]).set('slow');
    await campaign.passing(chance.below(20));
  },

  async midnight(campaign, chance) {
    campaign.note('midnight');
    await campaign.passing(chance.below(20));
    campaign.midnight();
  },
};
