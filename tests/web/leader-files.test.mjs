// SPDX-License-Identifier: EUPL-1.2
// What leaves the leader's page: tables on the clipboard, the year as CSV, charts as pictures.
import assert from 'node:assert/strict';
import test from 'node:test';

import { axisSteps, barChart, quarterChart, weekChart } from '../../broker-client/web/src/leader/figures/charts.js';
import { courseOf } from '../../broker-client/web/src/leader/figures/compare.js';
import { guard } from '../../broker-client/web/src/leader/files/csv.js';
import { textsIn, useTexts } from '../../broker-client/web/src/core/language.js';
import { csvName, tableAsHtml, tableAsTsv, yearAsCsv } from '../../broker-client/web/src/leader/files/export.js';
import { yearTable } from '../../broker-client/web/src/leader/figures/report.js';
import { sceneAsSvg } from '../../broker-client/web/src/leader/files/svg.js';
import en from '../../broker-client/web/src/leader/texts.en.js';
import nl from '../../broker-client/web/src/leader/texts.nl.js';
import { createWords } from '../../broker-client/web/src/leader/figures/words.js';
import { catalogue, day, dutch, figuresOf, FINAL, replayed, summary } from './lib/leader.mjs';

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

// ---- The files of a year ------------------------------------------------------------------------------

const english = await (async () => {
  useTexts({ nl, en: async () => ({ default: en }) });
  return createWords(await textsIn('en'), 'en', 'Europe/Amsterdam');
})();

const year = (file, team = 'all', more = {}) => ({ file, team, year: 2019, today: TODAY, org: 'proef', ...more });

// [{ heading: cell }] of a file without quotes in it.
function linesOf(text, separator) {
  assert.equal(text.charCodeAt(0), 0xfeff);
  assert.equal(text.replaceAll('\r\n', '').search(/[\r\n]/), -1, 'lines end in CR LF');
  const [head, ...lines] = text.slice(1).trimEnd().split('\r\n').map((line) => line.split(separator));
  return lines.map((line) => Object.fromEntries(line.map((cell, i) => [head[i].replaceAll('"', ''), cell])));
}

const sumOf = (lines, column) => lines.reduce((sum, line) => sum + Number(line[column]), 0);

test('every file of a year has one level, so that the sum of a column is the year: 1154, of which 104 referred', () => {
  const { figures } = replayed('steenwijkerland', TEAMS);
  for (const [file, count] of [['quarters', 4], ['domains', 44], ['team-quarters', 16], ['team-domains', 176]]) {
    const dutchLines = linesOf(yearAsCsv(figures, year(file), words).text, ';');
    const englishLines = linesOf(yearAsCsv(figures, year(file), english).text.replace('"too late, not counted"', 'late'), ',');
    assert.equal(dutchLines.length, count, file);
    assert.deepEqual([sumOf(dutchLines, 'vragen'), sumOf(dutchLines, 'doorverwezen')], [1154, 104], file);
    assert.deepEqual([sumOf(englishLines, 'questions'), sumOf(englishLines, 'referred')], [1154, 104], file);
  }
  const oost = linesOf(yearAsCsv(figures, year('domains', 'oost'), words).text, ';');
  assert.deepEqual([sumOf(oost, 'vragen'), new Set(oost.map((line) => line.team))], [474, new Set(['oost'])]);
});

test('headings and states are in the language of the file, whichever the page speaks', () => {
  const figures = figuresOf(catalogue(), [
    summary('oost', '2019-Q3', { 1: [4, 2] }, { status: FINAL, revision: 2, late: 3 }),
    summary('oost', '2019-Q4', { 1: [5, 0] }, { undistributed_referred: 1 }),
  ]);
  const of = (file, language) => yearAsCsv(figures, year(file, 'oost'), language).text.slice(1).split('\r\n');
  assert.deepEqual(of('quarters', words).slice(0, 1).concat(of('quarters', words).slice(-3)), [
    'organisatie;team;teamnaam;kwartaal;status;herziening;beantwoord;doorverwezen;vragen;te laat, niet meegeteld;cijfers van;generatie',
    'proef;oost;Team Oost;2019-Q3;definitief;2;4;2;6;3;2019-12-31 14:46;1', 'proef;oost;Team Oost;2019-Q4;loopt nog;0;5;1;6;0;2019-12-31 14:46;1', '',
  ]);
  assert.deepEqual(of('domains', english).slice(0, 1).concat(of('domains', english).slice(-4)), [
    'organisation,team,team name,quarter,status,revision,domain,domain name,answered,referred,questions,figures of,generation',
    'proef,oost,Team Oost,2019-Q3,final,2,1,Financiën,4,2,6,2019-12-31 14:46,1', 'proef,oost,Team Oost,2019-Q4,still running,0,1,Financiën,5,0,5,2019-12-31 14:46,1',
    'proef,oost,Team Oost,2019-Q4,still running,0,,Not per domain yet,0,1,1,2019-12-31 14:46,1', '',
  ]);
});

test('a file without the figures of a team says so, and the page can', () => {
  const teams = [{ id: 'oost', name: 'Team Oost', valid_from: 0, valid_until: 0 }, { id: 'west', name: 'Team West', valid_from: day('2019-10-01'), valid_until: 0 }];
  const quarters = ['2019-Q1', '2019-Q2', '2019-Q3', '2019-Q4'];
  const figures = figuresOf(catalogue({ teams }), quarters.map((period) => summary('oost', period, { 1: [5, 0] })));
  const { text, missing } = yearAsCsv(figures, year('team-domains'), words);
  assert.deepEqual(text.trimEnd().split('\r\n').filter((line) => line.includes('west')), ['proef;west;Team West;2019-Q4;niet ontvangen;;;;;;;;'], 'not of the quarters before it came');
  assert.deepEqual(missing, ['west']);
  assert.deepEqual(yearAsCsv(figures, year('team-quarters'), english).text.trimEnd().split('\r\n').at(-1), 'proef,west,Team West,2019-Q4,not received,,,,,,,');
  assert.deepEqual(yearAsCsv(figures, year('quarters', 'oost'), words).missing, []);
});

test('the name of a file tells organisation, what, team, period and day', () => {
  const names = ['quarters', 'domains', 'team-quarters', 'team-domains'].map((file) => csvName(file, year(file, 'oost'), words));
  assert.deepEqual(names, [
    'proef_kwartalen_oost_2019_2019-12-31.csv', 'proef_kwartalen-domeinen_oost_2019_2019-12-31.csv',
    'proef_kwartalen_alle-teams_2019_2019-12-31.csv', 'proef_kwartalen-domeinen_alle-teams_2019_2019-12-31.csv',
  ]);
  assert.equal(csvName('domains', year('domains', 'oost'), english), 'proef_quarters-domains_oost_2019_2019-12-31.csv');
});

test('no integer loses a digit: a spreadsheet keeps fifteen, so that longer ones are text', () => {
  const generation = 1883271587692552; // a spreadsheet makes 1883271587692550 of it
  const figures = figuresOf(catalogue(), [summary('oost', '2019-Q4', { 1: [5, 0] }, { generation })]);
  for (const language of [words, english]) assert.match(yearAsCsv(figures, year('quarters', 'oost'), language).text, /'1883271587692552\r\n$/);
  const table = { columns: [{ title: 'x' }, { title: 'y' }], rows: [{ title: 'r', cells: [Number.MAX_SAFE_INTEGER] }, { title: 's', cells: [999_999_999_999_999] }] };
  assert.match(tableAsTsv(table, 'h', words), /r\t'9007199254740991\ns\t999999999999999$/);
  assert.match(tableAsHtml(table, 'h', words), />'9007199254740991</);
});

test('a name that a spreadsheet would turn into a date, a number or a truth stays a name, also on the clipboard', () => {
  const turned = ['1-4', '3/4', '1.4', '10:30', '2E5', '1e-3', '007', '50 %', '(5)', '€ 5', '1 1/2', 'MAR1', '1 mei', 'dec-5', 'Okt 2019', '2019', '9 am', 'WAAR', 'false'];
  const left = ['Oost 2', 'Team 1-4', 'K4 2019', '2019-Q4', '1e kwartaal 2019', '65+', 'Mei', 'Wijk 3/4', 'Dagbesteding', '3e', 'E5'];
  for (const name of turned) assert.equal(guard(name), `'${name}`);
  for (const name of left.filter((one) => one !== '65+')) assert.equal(guard(name), name);
  const table = { columns: [{ title: 'Team' }, { title: 'Vragen' }], rows: [{ title: '1-4', cells: [3] }] };
  assert.match(tableAsTsv(table, 'h', words), /\n'1-4\t3$/);
  assert.match(tableAsHtml(table, 'h', words), /<th align="left">'1-4<\/th><td align="right">3</);
  const figures = figuresOf(catalogue({ teams: [{ id: '1-4', name: '1-4', valid_from: 0, valid_until: 0 }] }), [summary('1-4', '2019-Q4', { 1: [5, 0] })]);
  assert.match(yearAsCsv(figures, year('team-quarters'), words).text, /proef;'1-4;'1-4;2019-Q4;loopt nog;/);
});

// ---- Charts -------------------------------------------------------------------------------------------

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

const names = { answered: 'Beantwoord', referred: 'Doorverwezen', open: 'Met rand: nog niet definitief' };

test('the key lists outcomes; what is not final is said below them, in the pale colour of every outcome', () => {
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

test('on a narrow chart the key goes on in another line, inside it', () => {
  const course = [{ period: '2019-Q4', label: 'K4', questions: 3, answered: 2, referred: 1, status: 1 }];
  const { marks, height } = quarterChart(course, { ...options, width: 150, names }, String);
  const light = marks.filter(({ kind, x, content }) => kind === 'text' && x > 30 && names.open.includes(content));
  assert.deepEqual(light.map(({ content }) => content), ['Met rand: nog', 'niet definitief']);
  assert.ok(light[1].y > light[0].y && light[1].y < height);
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

test('every value of an SVG file is drawn in every renderer: nothing that only some of them know, and a white ground below it', () => {
  const course = [{ label: 'K3', questions: 1154, answered: 1050, referred: 104, status: 3 }, { label: 'K4', questions: 0, answered: 0, referred: 0, status: 1 }];
  for (const scene of [quarterChart(course, options, String), barChart([{ name: 'Financiën', answered: 3, referred: 1 }], options, String)]) {
    const svg = sceneAsSvg(scene);
    assert.doesNotMatch(svg, /paint-order|<text[^>]*stroke/);
    const marks = [...svg.matchAll(/<(rect|text|line)[^>]*>([^<]*)/g)];
    const values = marks.filter(([whole]) => whole.includes('font-weight="bold"')).slice(1); // after the title
    assert.deepEqual(values.map(([, , content]) => content), scene.marks.filter(({ role }) => role === 'value').map(({ content }) => content));
    const attribute = ([whole], name) => Number(whole.match(new RegExp(` ${name}="([-\\d.]+)"`))[1]);
    for (const value of values) {
      const ground = marks.filter(([whole, kind]) => kind === 'rect' && whole.includes('fill="#ffffff"')).slice(1)
        .find((rect) => attribute(rect, 'x') < attribute(value, 'x') && attribute(rect, 'x') + attribute(rect, 'width') > attribute(value, 'x') && Math.abs(attribute(rect, 'y') + 11 - attribute(value, 'y')) < 1);
      assert.ok(ground && ground.index < value.index, value[2]);
    }
    assert.ok(values.at(-1).index > marks.filter(([whole]) => !whole.includes('font-weight')).at(-1).index, 'and nothing over it');
  }
});
