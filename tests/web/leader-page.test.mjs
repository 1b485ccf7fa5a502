// SPDX-License-Identifier: EUPL-1.2
// The team leader's page in a real browser, with the figures of two real years: present and past figures, the notice that figures
// are old, and what leaves the page: paper, clipboard, files.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { writeConfig } from '../system/lib/config.mjs';
import { question } from '../system/lib/messages.mjs';
import { temporaryFolder } from '../system/lib/paths.mjs';
import { eventually, succeed } from '../system/lib/processes.mjs';
import { Phone } from './lib/browser.mjs';
import { TODAY, siteWithPast } from './lib/history.mjs';
import { Site } from './lib/site.mjs';

const options = { viewport: { width: 1280, height: 900 }, permissions: ['clipboard-read', 'clipboard-write'] };

async function watched(t, hash) {
  const site = await siteWithPast(t);
  const phone = await Phone.start(t, site, options);
  const page = await phone.open(site.leaderUrl(hash));
  await page.getByText('Live', { exact: true }).waitFor();
  await page.locator('table').first().waitFor();
  return { site, phone, page };
}

// The cells of a table as they stand on the screen: { 'Financiën': ['5', '3', '2'], … }.
const rowsOf = (page, table) =>
  page.locator(`#${table} tbody tr`).evaluateAll((rows) =>
    Object.fromEntries(rows.map((row) => [row.querySelector('.row-name').textContent.trim(), [...row.querySelectorAll('td')].map((cell) => cell.textContent)])));

const shows = (page, table, row, cells) =>
  eventually(async () => JSON.stringify((await rowsOf(page, table))[row]) === JSON.stringify(cells), `${row} to be ${cells}`).catch(async (error) => {
    throw new Error(`${error.message}; it is ${(await rowsOf(page, table))[row]}`);
  });

const goTo = async (page, hash, heading) => {
  await page.evaluate((to) => (location.hash = to), hash);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
};

test('now: counts as they come, how old they are, and an honest word when nothing comes any more', async (t) => {
  const { site, phone, page } = await watched(t, '#oost/nu');
  await shows(page, 'live-own', 'Totaal', ['14', '10', '4']);
  await shows(page, 'live-all', 'Totaal', ['17', '12', '5']);
  await page.getByText('De balken hebben elk hun eigen schaal. De langste is: Team Oost 5, Hele organisatie 5.').waitFor();
  assert.equal(await page.locator('#live-own tr', { hasText: 'Justitie' }).locator('.bar').count(), 0, 'and no bar of nothing');
  assert.deepEqual((await rowsOf(page, 'live-own'))['Justitie'], ['0', '0', '0'], 'zero is a figure');
  const tapper = await site.stack.phone();
  assert.deepEqual(await tapper.register('oost', [question(TODAY, 11, 'OUTCOME_REFERRED')]), ['VERDICT_COUNTED']);
  await shows(page, 'live-own', 'Justitie', ['1', '0', '1']);
  await shows(page, 'live-own', 'Totaal', ['15', '10', '5']);
  await shows(page, 'live-all', 'Totaal', ['18', '12', '6']);
  assert.deepEqual(await page.locator('.tile__value').allTextContents(), ['15 10 in de hele weken t/m week 3', '10', '5 33,3\u00a0%', '22 in de eerste 2 hele weken; 138 in het hele kwartaal', '18 in de eerste 2 hele weken; 128 in het hele kwartaal']);
  assert.match(await page.locator('.fresh__time').textContent(), /^ bijgewerkt om \d\d:\d\d$/);

  await site.stack.turfd.kill('SIGKILL');
  await page.getByText('Telling staat stil', { exact: true }).waitFor();
  site.net.set('refuse');
  await page.getByText('Geen verbinding', { exact: true }).waitFor();
  await page.getByText(/^Geen verbinding sinds \d\d:\d\d\. De cijfers hieronder kunnen verouderd zijn/).waitFor();
  await shows(page, 'live-own', 'Totaal', ['15', '10', '5']);
  site.stack.removeStore();
  await site.stack.startTurfd();
  site.net.set('pass');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.getByText('Live', { exact: true }).waitFor();
  await shows(page, 'live-own', 'Totaal', ['0', '0', '0']); // another store: its figures, not those of before
  await phone.keptToItself();
});

test('figures that are held back per domain are said to be', async (t) => {
  const site = await siteWithPast(t, { cells: 100 });
  const page = await (await Phone.start(t, site, options)).open(site.leaderUrl());
  await page.getByText('14 vragen staan al in het totaal, maar nog niet bij een domein').waitFor();
  await shows(page, 'live-own', 'Nog niet per domein', ['14', '10', '4']);
  await shows(page, 'live-own', 'Totaal', ['14', '10', '4']);
});

test('figures that were withdrawn while the screen had no connection have left it when it has one again', async (t) => {
  const teams = (begun) => ({ teams: [{ id: 'oost', name: 'Oost' }, { id: 'zuid', name: 'Zuid', ...begun }] });
  const site = await Site.start(t, teams(), { today: '2019-12-31' });
  const page = await (await Phone.start(t, site, options)).open(site.leaderUrl('#zuid/vergelijken'));
  const questions = async (quarter) => (await page.locator('#quarters tbody tr', { hasText: quarter }).locator('td').allTextContents())[0];
  await eventually(async () => (await questions('1e kwartaal 2019')) === '0', 'zeros of a team that was there');
  site.net.set('refuse');
  await page.getByText('Geen verbinding', { exact: true }).waitFor();
  await site.stack.turfd.stop();
  site.stack.options.config = writeConfig(t, teams({ valid_from: '2019-10-01' }));
  await site.stack.startTurfd();
  site.net.set('pass');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await eventually(async () => (await questions('1e kwartaal 2019')) === 'bestond nog niet', 'the zeros to leave');
  await eventually(async () => (await questions('4e kwartaal 2019')) === '0', 'what is still retained');
});

test('what leaves the page does so without a network too', async (t) => {
  const site = await Site.start(t);
  const { context } = await Phone.start(t, site, { ...options, serviceWorkers: 'block' }); // a first visit
  const page = await context.newPage();
  const fetched = Promise.all(['downloads', 'export', 'texts.en'].map((name) => page.waitForResponse((response) => response.url().includes(`/${name}-`))));
  await page.goto(site.leaderUrl('#oost/jaarverslag'));
  await page.locator('#year-teams').waitFor();
  await fetched;
  await site.vanish();
  await page.getByText('Geen verbinding', { exact: true }).waitFor();
  await page.locator('[data-action="copy"][data-table="year-teams"]').click();
  await page.getByText('Gekopieerd').waitFor();
  assert.match((await saved(page, '[data-action="csv"][data-form="en"]')).bytes.toString(), /^\ufefforganisation,team/);
  assert.match((await saved(page, '[data-action="csv"][data-form="nl"]')).bytes.toString(), /^\ufefforganisatie;team/);
});

test('opened without a network after a first visit, the page shows the last figures with their date', async (t) => {
  const site = await siteWithPast(t);
  const phone = await Phone.start(t, site, options);
  const first = await phone.open(site.leaderUrl('#oost/nu'));
  await shows(first, 'live-own', 'Totaal', ['14', '10', '4']);
  await first.getByText('Live', { exact: true }).waitFor();
  const isKept = () => first.evaluate(async () => {
    const files = ['leader.html', ...performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('/assets/')), 'kept-figures/proef'];
    return (await Promise.all(files.map((file) => caches.match(file)))).every(Boolean) && files.length > 6;
  });
  await eventually(isKept, 'the page and its figures in the caches');
  await first.close();
  await site.vanish();
  const page = await phone.open(site.leaderUrl('#oost/nu'));
  await shows(page, 'live-own', 'Totaal', ['14', '10', '4']);
  await page.getByText(/^Geen verbinding\. Dit zijn de laatste cijfers die hier zijn ontvangen, op \d\d-\d\d-\d{4}, \d\d:\d\d;/).waitFor();
  await page.getByRole('heading', { level: 1, name: 'Vragen dit kwartaal' }).getByText('Team Oost, 1e kwartaal 2020').waitFor(); // on the day of the figures
  await goTo(page, '#oost/vergelijken', 'Vragen vergelijken');
  await shows(page, 'quarters', 'waarvan t/m week 3', ['10', '–', '–', '–', '18', '−8', '13']);
  await site.serve();
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.getByText('Live', { exact: true }).waitFor();
  await phone.keptToItself();
});

test('a file that is asked for while figures are on their way waits for them', async (t) => {
  const site = await siteWithPast(t);
  const phone = await Phone.start(t, site, options);
  const page = await phone.context.newPage();
  let held = null; // what the broker said meanwhile
  await page.routeWebSocket(/\/mqtt$/, (socket) => {
    const broker = socket.connectToServer();
    broker.onMessage((message) => (held ? held.push(() => socket.send(message)) : socket.send(message)));
  });
  await page.goto(site.leaderUrl('#oost/nu'));
  await page.getByText('Live', { exact: true }).waitFor();
  await shows(page, 'live-own', 'Totaal', ['14', '10', '4']);
  held = [];
  await goTo(page, '#oost/jaarverslag/2019', 'Vragen in 2019');
  await page.locator('[data-choice="csv"]').selectOption('team-quarters');
  const saving = saved(page, '[data-action="csv"][data-form="nl"]');
  await page.getByText('De cijfers zijn nog onderweg').waitFor();
  for (const say of held) say();
  held = null;
  const lines = (await saving).bytes.toString().trimEnd().split('\r\n').slice(1).map((line) => line.split(';'));
  assert.equal(lines.length, 4 * 4);
  assert.ok(!lines.some((line) => line.includes('niet ontvangen')));
});

test('a report that is left open as the first of April comes: the next year, of every team', async (t) => {
  const site = await Site.start(t, {}, { today: '2019-12-31' });
  const until = async (today) => {
    await site.stack.turfd.stop();
    site.stack.options.today = today;
    await site.stack.startTurfd();
  };
  await until('2020-03-31');
  const page = await (await Phone.start(t, site, options)).open(site.leaderUrl('#oost/jaarverslag'));
  await page.getByRole('heading', { level: 1, name: 'Vragen in 2019' }).waitFor();
  await shows(page, 'year-teams', 'West', ['0', '0', '0', '0', '0', '0', '–']);
  await until('2020-04-01');
  await page.getByRole('heading', { level: 1, name: 'Vragen in 2020' }).waitFor();
  await shows(page, 'year-teams', 'West', ['0', '0', 'komt nog', 'komt nog', '0', '0', '–']);
});

// ---- Before, and what leaves the page -----------------------------------------------------------------

async function saved(page, selector) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator(selector).click()]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

test('the past, and what leaves the page', async (t) => {
  const { site, page } = await watched(t, '#oost/vergelijken');

  await t.test('before: quarters and their state, the same one last year, what did not exist yet, and the older list', async () => {
    await shows(page, 'quarters', '1e kwartaal 2020 loopt nog', ['14', '10', '4', '28,6\u00a0%', '–', '–', '17']);
    await shows(page, 'quarters', 'waarvan t/m week 3', ['10', '–', '–', '–', '18', '−8', '13']);
    await shows(page, 'quarters', '4e kwartaal 2019 voorlopig', ['138', '127', '11', '8,0\u00a0%', '122', '+16', '337']);
    await shows(page, 'quarters', '2e kwartaal 2019 definitief; 1 te laat, niet meegeteld', ['113', '106', '7', '6,2\u00a0%', '47', '+66', '276']);
    await shows(page, 'quarters', '4e kwartaal 2018 definitief, herziening 2', ['122', '110', '12', '9,8\u00a0%', 'toen nog niet geteld', '–', '354']);
    await shows(page, 'domain-periods', 'Dagbesteding en opvolgers', ['3', '6', '6']);
    await shows(page, 'domain-periods', 'Dagbesteding', ['bestond niet meer', '6', '6']);
    await shows(page, 'domain-periods', 'Werk & opleiding', ['2', 'bestond nog niet', 'bestond nog niet']);
    await page.locator('[data-choice="list"]').selectOption('rolled');
    await shows(page, 'domain-periods', 'Dagbesteding', ['3', '6', '6']);
    assert.equal((await rowsOf(page, 'domain-periods'))['Werk & opleiding'], undefined);
    await page.locator('[data-choice="period"]').selectOption('2019-Q2');
    await shows(page, 'domain-periods', 'Totaal', ['113', '128', '47', '−15', '+66']);
    await page.getByText('1 vraag kwam binnen toen dit al definitief was').waitFor();
    await goTo(page, '#school/vergelijken', 'Schoolmaatschappelijk werk');
    await shows(page, 'quarters', '4e kwartaal 2019', ['bestond nog niet', '–', '–', '–', 'bestond nog niet', '–', '337']);
    assert.deepEqual((await page.locator('#course .chart__muted').allTextContents()).filter((text) => text === 'bestond nog niet').length, 1, 'once for all quarters before');
    await goTo(page, '#dorpen/jaarverslag/2018', 'Vragen in 2018');
    await shows(page, 'year-quarters', '1e kwartaal 2018 definitief; niets geregistreerd', ['0', '0', '0', '–']);
    await goTo(page, '#west/jaarverslag/2020', 'Vragen in 2020');
    await page.getByText('1 van de 2 vragen is doorverwezen: 50,0\u00a0%.').waitFor();
  });

  await goTo(page, '#all/jaarverslag/2019', 'Vragen in 2019');
  await t.test('the year for the report: totals per quarter and team, the top five, the share referred', async () => {
    await shows(page, 'year-quarters', 'Heel 2019 voorlopig; 1 te laat, niet meegeteld', ['1.154', '1.050', '104', '9,0\u00a0%']);
    const top = await rowsOf(page, 'year-top');
    assert.equal(Object.keys(top).length, 5);
    assert.deepEqual(top['Financiën'], ['328', '28,4\u00a0%', '31', '9,5\u00a0%']);
    await page.getByText('Niet van elk team zijn cijfers ontvangen').waitFor({ state: 'detached' });
    const teams = await rowsOf(page, 'year-teams');
    assert.deepEqual(Object.keys(teams), ['Team Noord', 'Team Oost', 'Team West', 'Team Zuid', 'Hele organisatie'], 'as the organisation names them, not by size');
    assert.deepEqual(teams['Hele organisatie'], ['311', '276', '230', '337', '1.154', '104', '9,0\u00a0%']);
  });

  await t.test('paper: A4, every word selectable, charts as lines and not as pictures', async (t2) => {
    const file = join(temporaryFolder(t2), 'report.pdf');
    writeFileSync(file, await page.pdf({ preferCSSPageSize: true, printBackground: false }));
    const { stdout: info } = await succeed('pdfinfo', [file]);
    assert.match(info, /Page size: +59[45]\.\d* x 84[12]\.?\d* pts \(A4\)/);
    const pageCount = Number(info.match(/Pages: +(\d+)/)[1]);
    assert.ok(pageCount >= 2 && pageCount <= 3, `${pageCount} pages`);
    const { stdout: images } = await succeed('pdfimages', ['-list', file]);
    assert.equal(images.trim().split('\n').length, 2, images);
    const { stdout: text } = await succeed('pdftotext', ['-layout', file, '-']);
    for (const words of ['Sociaal Werk De Kop', 'Vragen in 2019', 'Hele organisatie', 'voorlopig', 'Maatschappelijke participatie', 'Beantwoord', '1.154'])
      assert.ok(text.includes(words), `${words} on paper`);
    assert.match(text, /Team Oost +128 +113 +95 +138 +474 +52 +11,0/);
    for (const words of ['Kopiëren', 'Afdrukken', 'SVG', 'bijgewerkt om', 'English']) assert.ok(!text.includes(words), `no ${words} on paper`);
  });

  await t.test('paper of each view says whose figures it holds, of when and how final, and fills its first page', async (t2) => {
    const file = join(temporaryFolder(t2), 'view.pdf');
    const views = [
      ['#oost/nu', 'Vragen dit kwartaal', 'Team Oost, 1e kwartaal 2020: loopt nog.'],
      ['#oost/vergelijken/2019-Q4', 'Vragen vergelijken', 'Team Oost, 4e kwartaal 2019: voorlopig.'],
      ['#all/jaarverslag/2019', 'Vragen in 2019', 'Hele organisatie, 2019: voorlopig; 1 te laat, niet meegeteld.'],
    ];
    for (const [hash, heading, line] of views) {
      await goTo(page, hash, heading);
      writeFileSync(file, await page.pdf({ preferCSSPageSize: true, printBackground: false }));
      const { stdout: info } = await succeed('pdfinfo', [file]);
      assert.match(info, new RegExp(`Title: +Sociaal Werk De Kop – ${line.split(',')[0]} – .* – 2020-01-20`));
      const text = (await succeed('pdftotext', ['-l', '1', file, '-'])).stdout.replace(/\s+/g, ' ');
      assert.ok(text.includes('Sociaal Werk De Kop') && text.includes(line), `${hash}: ${text.slice(0, 300)}`);
      assert.match(text, /Cijfers van \d\d-\d\d-\d{4}, \d\d:\d\d \(Live\); afgedrukt op \d\d-\d\d-\d{4}, \d\d:\d\d\./);
      const { stdout: boxes } = await succeed('pdftotext', ['-l', '1', '-bbox', file, '-']);
      const height = Number(boxes.match(/<page width="[\d.]+" height="([\d.]+)"/)[1]);
      const content = [...boxes.matchAll(/yMax="([\d.]+)"/g)].map(([, y]) => Number(y) / height).filter((y) => y < 0.94); // above the page's number
      assert.ok(Math.max(...content) > 0.75, `${hash}: the first page ends at ${Math.max(...content)}`);
    }
    await goTo(page, '#all/jaarverslag/2019', 'Vragen in 2019');
  });

  await t.test('the clipboard: text with tabs, and a table', async () => {
    await page.locator('[data-action="copy"][data-table="year-teams"]').click();
    await page.getByText('Gekopieerd').waitFor();
    const clip = await page.evaluate(async () => {
      const [item] = await navigator.clipboard.read();
      return Object.fromEntries(await Promise.all(item.types.map(async (type) => [type, await (await item.getType(type)).text()])));
    });
    const lines = clip['text/plain'].split('\n');
    assert.deepEqual(lines.slice(0, 3), ['Vragen per team, 2019', 'Team\tK1\tK2\tK3\tK4\tHeel 2019\tDoorverwezen\tAandeel doorverwezen', 'Team Noord\t49\t44\t36\t53\t182\t16\t0,0879']);
    assert.match(clip['text/html'], /<th align="left">Team Oost<\/th><td align="right">128<\/td>.*<td align="right">0,1097<\/td><\/tr>/);
  });

  await t.test('CSV for a Dutch and an English Excel, one level a file: the figures that turfctl exports', async () => {
    const { stdout } = await site.stack.turfctl(['export']);
    const [, ...all] = stdout.trimEnd().split('\r\n').map((line) => line.split(','));
    const domains = all.filter(([, team, , period, , , , domain]) => team !== 'all' && /^2019-Q\d$/.test(period) && /^\d+$/.test(domain));
    await page.locator('[data-choice="csv"]').selectOption('team-domains');
    for (const [form, separator, name] of [['nl', ';', 'proef_kwartalen-domeinen_alle-teams_2019_2020-01-20.csv'], ['en', ',', 'proef_quarters-domains_all-teams_2019_2020-01-20.csv']]) {
      const file = await saved(page, `[data-action="csv"][data-form="${form}"]`);
      assert.equal(file.name, name);
      assert.deepEqual([...file.bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf], 'a byte order mark');
      const [head, ...lines] = file.bytes.subarray(3).toString().trimEnd().split('\r\n').map((line) => line.split(separator));
      assert.equal(head.join(), form === 'nl' ? 'organisatie,team,teamnaam,kwartaal,status,herziening,domein,domeinnaam,beantwoord,doorverwezen,vragen,cijfers van,generatie' : 'organisation,team,team name,quarter,status,revision,domain,domain name,answered,referred,questions,figures of,generation');
      const inFile = lines.map(([org, team, teamName, period, , ...rest]) => [org, team, teamName, period, ...rest.slice(0, 6)].join());
      const exported = domains.map(([org, team, teamName, period, , revision, , ...rest]) => [org, team, teamName, period, revision, ...rest].join());
      assert.deepEqual(inFile.sort(), exported.sort());
      for (const line of lines) assert.match(line.at(-1), /^'\d{16}$/, 'every digit of the generation');
      assert.deepEqual(new Set(lines.map((line) => line[4])), new Set(form === 'nl' ? ['definitief', 'voorlopig'] : ['final', 'provisional']));
      await page.getByText(`Opgeslagen: ${name}`).waitFor();
    }
    await page.locator('[data-choice="csv"]').selectOption('quarters');
    const { name, bytes } = await saved(page, '[data-action="csv"][data-form="nl"]');
    assert.equal(name, 'proef_kwartalen_all_2019_2020-01-20.csv');
    assert.equal(bytes.toString().trimEnd().split('\r\n').slice(1).reduce((sum, line) => sum + Number(line.split(';')[8]), 0), 1154);
  });

  await t.test('every chart as SVG and as PNG', async () => {
    const names = { 'year-course': 'kwartalen', top: 'domeinen', course: 'verloop', weeks: 'weken' };
    const charts = async () => {
      for (const id of await page.locator('svg.chart').evaluateAll((all) => all.map((one) => one.id))) {
        const svg = await saved(page, `[data-action="svg"][data-chart="${id}"]`);
        assert.equal(svg.name, `proef_${names[id]}_all_${id === 'course' || id === 'weeks' ? '2020-Q1' : '2019'}_2020-01-20.svg`);
        assert.match(svg.bytes.toString(), /<title>[^<]*Hele organisatie/);
        const png = await saved(page, `[data-action="png"][data-chart="${id}"]`);
        assert.equal(png.bytes.subarray(1, 4).toString(), 'PNG');
        assert.ok(png.bytes.readUInt32BE(16) > 1500 && png.bytes.length > 10_000, `${id}: ${png.bytes.readUInt32BE(16)} wide`);
        files.set(id, svg.bytes);
      }
    };
    const files = new Map();
    await charts();
    await goTo(page, '#all/vergelijken', 'Vragen vergelijken');
    await charts();
    await goTo(page, '#all/nu', 'Vragen dit kwartaal');
    await charts();
    assert.deepEqual([...files.keys()], ['year-course', 'top', 'course', 'weeks']);
    const viewer = await page.context().newPage();
    for (const [id, bytes] of files) {
      await viewer.goto(`data:image/svg+xml;base64,${bytes.toString('base64')}`);
      assert.ok((await viewer.locator('svg > g rect').count()) > 3, `${id} as a file of its own`);
    }
  });
});
