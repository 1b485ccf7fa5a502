// SPDX-License-Identifier: EUPL-1.2
// The year replayed: published volumes of real organisations go through a real broker from 20 phones, and every figure
// that comes out, on the topics, in the JSON twin and from turfctl, is the one that was worked out beforehand.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { expectedFigures, published, shapes } from './lib/figures.mjs';
import { decode } from './lib/messages.mjs';
import { data } from './lib/paths.mjs';
import { Stack } from './lib/stack.mjs';

const today = '2019-12-31';

const sets = {
  steenwijkerland: { org: 'steenwijkerland', questions: 1886, domains: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] },
  'steenwijkerland-school': { org: 'steenwijkerland-school', questions: 136, domains: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] },
  leeuwarden: { org: 'leeuwarden', questions: 16257, domains: [1, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16] },
};

async function replayed(t, name) {
  const stack = await Stack.start(t, sets[name].org, { config: data(`${name}.conf`), today });
  const screen = await stack.client();
  await screen.subscribe(stack.topic('summary/+/+'), 0);
  await screen.subscribe(stack.topic('summary-json/+/+'), 0);
  const { code, stdout, stderr } = await stack.turf(['replay', data(`${name}.csv`), '--clients', '20']);
  assert.equal(code, 0, stdout + stderr);
  return { stack, screen };
}

for (const [name, { questions, domains }] of Object.entries(sets)) {
  test(`${name}: ${questions} questions from 20 phones`, async (t) => {
    const { stack, screen } = await replayed(t, name);
    const expected = expectedFigures(JSON.parse(readFileSync(data(`${name}.expected.json`))), domains);
    const binary = () => published(screen, stack, 'summary', (payload) => decode('Summary', payload));
    const json = () => published(screen, stack, 'summary-json', JSON.parse);

    const settled = (read) => isDeepStrictEqual(shapes(read()), expected);
    await screen.until(() => settled(binary) && settled(json), 'the last summaries').catch(() => {}); // the figures tell more
    await t.test('the summary topics', () => assert.deepEqual(shapes(binary()), expected));
    await t.test('the JSON twin', () => {
      assert.deepEqual(shapes(json()), expected);
      for (const [topic, twin] of Object.entries(json())) {
        const { team, period, ...rest } = twin;
        assert.equal(`${team}/${period}`, topic);
        assert.equal(rest.org, stack.org);
        assert.equal(rest.questions, rest.answered + rest.referred);
        assert.equal(rest.undistributed_answered + rest.undistributed_referred + rest.late, 0);
      }
    });
    await t.test('turfctl export', async () => {
      const { summaries } = JSON.parse((await stack.turfctl(['export', '--format', 'json'])).stdout);
      const named = Object.fromEntries(summaries.map((summary) => [`${summary.team}/${summary.period}`, summary]));
      assert.deepEqual(shapes(named), expected);
      assert.equal(summaries.length, Object.keys(expected).length);
    });
    await t.test('turfctl export as CSV', async () => {
      const rows = (await stack.turfctl(['export'])).stdout.trim().split('\n').map((line) => line.split(','));
      const column = Object.fromEntries(rows[0].map((title, i) => [title, i]));
      for (const [topic, figures] of Object.entries(expected)) {
        const [team, period] = topic.split('/');
        const [total] = rows.filter((row) => row[column.team] === team && row[column.period] === period && row[column.domain] === '');
        assert.deepEqual(total.slice(-3).map(Number), [figures.answered, figures.referred, figures.answered + figures.referred], topic);
      }
    });
    await t.test('turfctl verify', () => stack.turfctl(['verify']));
    if (name === 'steenwijkerland') await yearlyReport(t, stack, expected['all/2019']);
  });
}

// As the report of 2019 prints it: 1154 questions, 104 referred, the quarters, the five largest domains.
async function yearlyReport(t, stack, year) {
  await t.test('turfctl show 2019 is the yearly report', async () => {
    const { stdout } = await stack.turfctl(['show', '2019']);
    assert.match(stdout, /\b1154\b/);
    assert.match(stdout, /\b104\b/);
    assert.deepEqual([year.answered + year.referred, year.referred], [1154, 104]);
    const at = stdout.indexOf('Financiën');
    assert.ok(at > 0 && at < stdout.indexOf('Activiteiten Dagelijks Leven'), stdout);
    assert.match(stdout, /Maatschappelijke participatie/);
    for (const quarter of [1, 2, 3, 4]) assert.match(stdout, new RegExp(`Q${quarter}`));
  });
}
