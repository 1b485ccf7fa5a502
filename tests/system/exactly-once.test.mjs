// SPDX-License-Identifier: EUPL-1.2
// The same taps twice, from two sets of phones, in other orders, while turfd is killed five times and the broker twice:
// each counts once, and every phone knows it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { expectedFigures, published, shapes } from './lib/figures.mjs';
import { decode, question } from './lib/messages.mjs';
import { OutboxPhone, random } from './lib/outbox.mjs';
import { data } from './lib/paths.mjs';
import { Stack } from './lib/stack.mjs';

const seed = Number(process.env.TURF_SEED ?? 20191231);
const codes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

function eventsOf(file) {
  const [, ...rows] = readFileSync(file, 'utf8').trim().split('\n');
  return rows.map((row) => {
    const [day, team, domain, outcome] = row.split(',');
    return { team, event: question(day, Number(domain), `OUTCOME_${outcome.toUpperCase()}`) };
  });
}

const dealt = (list, n) => Array.from({ length: n }, (_, i) => list.filter((_, j) => j % n === i));

// Each death comes after so many more results, so that it falls into the middle of the work however fast that is.
class Deaths {
  constructor(stack, every, deaths) {
    Object.assign(this, { stack, every, deaths, results: 0, done: Promise.resolve() });
  }

  result() {
    if (++this.results % this.every === 0 && this.deaths.length) {
      const death = this.deaths.shift();
      this.done = this.done.then(() => death(this.stack));
    }
  }
}

const killTurfd = async (stack) => {
  await stack.turfd.kill('SIGKILL');
  await stack.startTurfd();
};

const killBroker = async (stack) => {
  await stack.broker.kill();
  await stack.broker.startAgain();
};

test(`twice the same, shuffled, through seven deaths (seed ${seed})`, async (t) => {
  const stack = await Stack.start(t, 'steenwijkerland', { config: data('steenwijkerland.conf'), today: '2019-12-31' });
  const taps = eventsOf(data('steenwijkerland.csv'));
  const chance = random(seed);
  const deaths = new Deaths(stack, 400, [killTurfd, killTurfd, killBroker, killTurfd, killTurfd, killBroker, killTurfd]);
  const phones = [0, 1].flatMap((set) => dealt(chance.shuffled(taps), 6).map((part, i) =>
    new OutboxPhone(stack, part, { seed: seed + 10 * set + i, onResult: () => deaths.result() })));

  await Promise.all(phones.map((phone) => phone.drain()));
  await deaths.done;
  assert.equal(deaths.deaths.length, 0, 'every death took place');

  // A tap's two phones hear "counted" at most once between them; once none, when the receipt died with the daemon.
  for (const { event } of taps) {
    const verdicts = phones.map((phone) => phone.verdicts.get(event.id.toString('hex'))).filter(Boolean);
    assert.equal(verdicts.length, 2);
    assert.ok(verdicts.every((verdict) => verdict === 'VERDICT_COUNTED' || verdict === 'VERDICT_ALREADY_COUNTED'), verdicts.join());
    assert.ok(verdicts.filter((verdict) => verdict === 'VERDICT_COUNTED').length <= 1);
  }

  const screen = await stack.client();
  await screen.subscribe(stack.topic('summary/+/+'), 0);
  const expected = expectedFigures(JSON.parse(readFileSync(data('steenwijkerland.expected.json'))), codes);
  const figures = () => shapes(published(screen, stack, 'summary', (payload) => decode('Summary', payload)));
  await screen.until(() => isDeepStrictEqual(figures(), expected), 'all summaries').catch(() => {}); // the figures tell more
  assert.deepEqual(figures(), expected);
  await stack.turfctl(['verify']);
});

test('turf replay through the same deaths leaves every outbox empty', async (t) => {
  const stack = await Stack.start(t, 'steenwijkerland', { config: data('steenwijkerland.conf'), today: '2019-12-31' });
  const screen = await stack.client();
  await screen.subscribe(stack.topic('summary/all/2019'), 0);
  const outboxes = join(stack.folder, 'phones');
  const args = ['replay', data('steenwijkerland.csv'), '--clients', '8', '--rate', '600', '--outbox', outboxes];
  const replay = stack.turf(args);
  const counted = (n) => screen.until(() => {
    const payload = screen.newest(stack.topic('summary/all/2019'));
    const { answered, referred } = payload ? decode('Summary', payload) : { answered: 0, referred: 0 };
    return answered + referred >= n;
  }, `${n} questions of 2019`);

  await counted(100);
  await killTurfd(stack);
  await counted(300);
  await killTurfd(stack);
  await counted(500);
  const { code, stdout, stderr } = await replay;
  assert.equal(code, 0, stdout + stderr);
  const nothing = join(stack.folder, 'nothing.csv');
  writeFileSync(nothing, 'day,team,domain,outcome\n');
  const again = await stack.turf(['replay', nothing, '--clients', '8', '--outbox', outboxes]);
  assert.equal(again.code, 0, again.stdout + again.stderr);
  const { stdout: shown } = await stack.turfctl(['show', '2019']);
  assert.match(shown, /\b1154\b/);
  await stack.turfctl(['verify']);
});
