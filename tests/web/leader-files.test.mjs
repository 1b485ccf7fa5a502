// SPDX-License-Identifier: EUPL-1.2
// What leaves the leader's page: tables on the clipboard, the year as CSV, charts as pictures.
import assert from 'node:assert/strict';
import test from 'node:test';

import { axisSteps, barChart, quarterChart, weekChart } from '../../broker-client/web/src/leader/charts.js';
import { courseOf } from '../../broker-client/web/src/leader/compare.js';
import { tableAsHtml, tableAsTsv, yearAsCsv } from '../../broker-client/web/src/leader/export.js';
import { yearTable } from '../../broker-client/web/src/leader/report.js';
import { sceneAsSvg } from '../../broker-client/web/src/leader/svg.js';
import en from '../../broker-client/web/src/leader/texts.en.js';
import nl from '../../broker-client/web/src/leader/texts.nl.js';
import { catalogue, day, dutch, figuresOf, replayed, summary } from './lib/leader.mjs';

const TODAY = day('2019-12-31');
const TEAMS = ['noord', 'oost', 'west', 'zuid'];
const words = dutch();

test('both languages have the same texts, with the same blanks to fill', () => {
  const blanks = (texts) => Object.entries(texts).map(([key, text]) => [key, [...new Set(text.match(/\{\w+\}/g))].sort()]);
  assert.deepEqual(blanks(en), blanks(nl));
});

test('a table on the clipboard is what the screen shows, with bare numbers', () => {
  const { figures } = replayed('steenwijkerland', TEAMS);
  const table = yearTable(figures, 'all', 2019, TODAY, words, 'x');
  const lines = tableAsTsv(table, 'Vragen per kwartaal', words).split('\n');
  assert.equal(lines[1], 'Kwartaal\tVragen\tBeantwoord\tDoorverwezen\tAandeel doorverwezen');
  assert.equal(lines.at(-1), '2019 t/m 31 december (loopt nog)\t1154\t1050\t104\t0,0901');
});

test('names that look like markup or a formula stay names', () => {
  const table = { columns: [{ title: '<b>' }, { title: 'a&b' }], rows: [{ title: '=1+1"', cells: [3, { none: 'before' }] }] };
  assert.equal(
    tableAsHtml(table, '<i>', words),
    '<table><caption>&lt;i&gt;</caption><tr><th>&lt;b&gt;</th><th>a&amp;b</th></tr>' +
      '<tr><th align="left">\'=1+1&quot;</th><td align="right">3</td><td>bestond nog niet</td></tr></table>',
  );
  assert.match(tableAsTsv(table, 'x', words), /\n"?'=1\+1/);
});

test('the year as CSV has a line a team, period and domain, and its lines add up', () => {
  const { figures } = replayed('steenwijkerland', TEAMS);
  for (const [form, separator] of [['nl', ';'], ['en', ',']]) {
    const text = yearAsCsv(figures, 2019, words, form);
    assert.equal(text.charCodeAt(0), 0xfeff);
    const [head, ...lines] = text.slice(1).trimEnd().split('\r\n').map((line) => line.split(separator));
    const at = (name) => head.indexOf(name);
    const sum = (team, period) =>
      lines.filter((line) => line[at('team')] === team && line[at('period')] === period && /^\d+$/.test(line[at('domain')]))
        .reduce((total, line) => total + Number(line[at('questions')]), 0);
    assert.equal(sum('all', '2019'), 1154);
    assert.equal(['2019-Q1', '2019-Q2', '2019-Q3', '2019-Q4'].reduce((total, one) => total + sum('all', one), 0), 1154);
    assert.equal(TEAMS.reduce((total, team) => total + sum(team, '2019'), 0), 1154);
    assert.equal(lines.length, (TEAMS.length + 1) * 5 * 12);
  }
});

test('in the CSV, what is held back and what came too late have lines of their own', () => {
  const held = { undistributed_answered: 0, undistributed_referred: 1, late: 4 };
  const figures = figuresOf(catalogue(), [summary('oost', '2019-Q4', { 1: [5, 0] }, held)]);
  const lines = yearAsCsv(figures, 2019, words, 'nl').trimEnd().split('\r\n').slice(1);
  assert.deepEqual(lines.map((line) => line.split(';').slice(7)), [
    ['', 'Totaal', '5', '1', '6'], ['1', 'Financiën', '5', '0', '5'],
    ['undistributed', 'Nog niet per domein', '0', '1', '1'], ['late', '4 te laat, niet meegeteld', '', '', '4'],
  ]);
});

test('an axis has round steps up to its largest value', () => {
  const cases = [[0, [0, 1]], [1, [0, 1]], [3, [0, 1, 2, 3]], [16, [0, 5, 10, 15, 20]], [138, [0, 50, 100, 150]], [1154, [0, 500, 1000, 1500]]];
  for (const [most, steps] of cases) assert.deepEqual(axisSteps(most), steps, String(most));
});

const rects = (scene, ...roles) => scene.marks.filter((mark) => mark.kind === 'rect' && roles.includes(mark.role) && mark.height > 12);
const options = { width: 700, title: 'Titel', description: 'Uitleg', names: { answered: 'B', referred: 'D', open: 'L' }, none: () => ['bestond nog niet', 'nog niet'] };

test('columns are as tall as their figures; no column stands where there is no figure', () => {
  const course = [
    { label: 'K1', questions: { none: 'before' } },
    { label: 'K2', questions: 0, answered: 0, referred: 0, status: 3 },
    { label: 'K3', questions: 50, answered: 50, referred: 0, status: 3 },
    { label: 'K4', questions: 100, answered: 100, referred: 0, status: 3 },
  ];
  const scene = quarterChart(course, options, String);
  const [half, whole] = rects(scene, 'answered');
  assert.ok(Math.abs(whole.height - 2 * half.height) < 1e-6);
  const lines = scene.marks.filter((mark) => mark.kind === 'line').map((mark) => mark.y1);
  assert.deepEqual([half.y, whole.y], lines.slice(1)); // the axis reads 0, 50, 100
  const said = scene.marks.filter((mark) => mark.kind === 'text').map((mark) => mark.content);
  assert.ok(said.includes('bestond nog niet'));
  assert.equal(said.filter((text) => text === '0').length, 2); // on the axis, and above the quarter without questions
});

test('quarters without a figure say why: once for neighbours, shorter where there is less room, a dash where there is none', () => {
  const before = { label: 'K', questions: { none: 'before' } };
  const figure = { label: 'K', questions: 5, answered: 5, referred: 0, status: 3 };
  const said = (course, width) =>
    quarterChart(course, { ...options, width }, String).marks.filter((mark) => mark.kind === 'text' && /niet|–/.test(mark.content)).map((mark) => mark.content);
  assert.deepEqual(said([before, before, before, figure], 700), ['bestond nog niet']);
  assert.deepEqual(said([before, figure, before, figure], 300), ['nog niet', 'nog niet']);
  assert.deepEqual(said([before, before, figure, figure, figure, figure, figure, figure], 300), ['nog niet']);
  assert.deepEqual(said([before, figure, figure, figure, figure, figure, figure, before], 300), ['–', '–']);
});

test('all marks of a chart stay inside it, however narrow', () => {
  const { figures } = replayed('steenwijkerland', TEAMS);
  const course = courseOf(figures, 'all', TODAY).map((one) => ({ ...one, label: 'K1', sublabel: '2019' }));
  const rows = [{ name: 'Activiteiten Dagelijks Leven', answered: 1050, referred: 104 }, { name: 'Justitie', answered: 0, referred: 1 }];
  const weeks = Array.from({ length: 13 }, (_, i) => ({ label: String(i), questions: i * 7 }));
  for (const width of [260, 700, 1400]) {
    const scenes = [quarterChart(course, { ...options, width, names }, String), barChart(rows, { ...options, width, names }, String), weekChart(weeks, { ...options, width }, String)];
    for (const scene of scenes)
      for (const mark of scene.marks) {
        const right = mark.kind === 'rect' ? mark.x + mark.width : (mark.x ?? mark.x2);
        assert.ok(right <= width + 0.01 && (mark.x ?? mark.x1) >= 0, `${width}: ${JSON.stringify(mark)}`);
        assert.ok((mark.y ?? mark.y1) + (mark.height ?? 0) <= scene.height, `${width}: ${JSON.stringify(mark)}`);
      }
  }
});

const names = { answered: 'Beantwoord', referred: 'Doorverwezen', open: 'Licht: nog niet definitief' };

test('the key lists outcomes; what is not final is said below them, in the light colour of every outcome', () => {
  const course = [
    { period: '2019-Q3', label: 'K3', questions: 3, answered: 3, referred: 0, status: 3 },
    { period: '2019-Q4', label: 'K4', questions: 3, answered: 2, referred: 1, status: 1 },
  ];
  const keyOf = (quarters) => quarterChart(quarters, { ...options, width: 700, names }, String).marks.filter((mark) => Object.values(names).includes(mark.content));
  const [answered, referred, open] = keyOf(course);
  assert.deepEqual([answered.content, referred.content, open.content], Object.values(names));
  assert.equal(answered.y, referred.y);
  assert.ok(open.y > referred.y, 'on a line of its own');
  const { marks } = quarterChart(course, { ...options, width: 700, names }, String);
  assert.deepEqual(marks.filter(({ kind }) => kind === 'rect').map(({ role }) => role),
    ['answered', 'answered-open', 'referred-open', 'answered', 'referred', 'answered-open', 'referred-open']);
  assert.deepEqual(keyOf(course.slice(1)).map(({ content }) => content), Object.values(names), 'all of them still running');
  assert.deepEqual(keyOf(course.slice(0, 1)).map(({ content }) => content), ['Beantwoord']);
});

test('where there is nothing there is no bar, and no gap beside one', () => {
  const course = [{ label: 'K1', questions: 0, answered: 0, referred: 0, status: 3 }, { label: 'K2', questions: 4, answered: 0, referred: 4, status: 3 }];
  const weeks = [{ label: '1', questions: 0 }, { label: '2', questions: 4 }];
  const rows = [{ name: 'Justitie', answered: 0, referred: 0 }, { name: 'Financiën', answered: 0, referred: 4 }];
  const drawn = (scene) => scene.marks.filter(({ kind, hint, height }) => kind === 'rect' && (hint || height > 11)); // not of the key
  const [quarters, course13, bars] = [quarterChart(course, { ...options, names }, String), weekChart(weeks, options, String), barChart(rows, { ...options, names }, String)].map(drawn);
  for (const scene of [quarters, course13, bars]) assert.deepEqual(scene.map(({ width, height }) => width > 0 && height > 0), [true]);
  const axis = quarterChart(course, { ...options, names }, String).marks.find(({ role }) => role === 'axis').y1;
  assert.equal(quarters[0].y + quarters[0].height, axis, 'what was referred stands on the axis');
});

test('an SVG file stands on its own, and a name in it cannot become markup', () => {
  const scene = barChart([{ name: '<a onload="x">&', answered: 3, referred: 1 }], { ...options, title: 'A & B' }, String);
  const svg = sceneAsSvg(scene);
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.match(svg, /<title>A &amp; B<\/title><desc>Uitleg<\/desc>/);
  assert.match(svg, /&lt;a onload=&quot;x&quot;&gt;&amp;/);
  assert.doesNotMatch(svg, /class=|style=|href=|<script|<a /);
});
