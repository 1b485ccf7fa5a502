// SPDX-License-Identifier: EUPL-1.2
// First inputs of the fuzz targets, from the project's own data: node tests/fuzz/first-inputs.mjs DIRECTORY
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [directory] = process.argv.slice(2);
const golden = JSON.parse(readFileSync('tests/data/golden/messages.json', 'utf8'));
const bytesOf = kind => golden[kind].map(entry => Buffer.from(entry.hex, 'hex'));
const text = path => readFileSync(path, 'utf8');

// Without remarks and empty lines: what is short is changed more.
const config = path => text(path).split('\n').filter(line => !/^\s*(#|\/\/|$)/.test(line)).join('\n');
const csv = (path, lines) => text(path).split('\n').slice(0, lines).join('\n');

const status = JSON.stringify({
	online: true, org: 'toets', since: 1577800000, version: '0.1.0', epoch: '0'.repeat(32), instance: 'f'.repeat(16), today: '2019-12-31',
	today_pinned: false, date_pending: null, store: 'ok', generation: 1, counters: { events: 1 },
});

const summary = JSON.stringify({
	org: 'toets', org_name: 'Toets', team: 'oost', team_name: 'Oost', period: '2019-Q4', status: 'final', revision: 2, generation: 9,
	as_of: 1577800000, questions: 5, answered: 3, referred: 2, late: 1, undistributed_answered: 1, undistributed_referred: 0,
	domains: [{ domain: 1, name: 'Financiën', answered: 2, referred: 2 }, { domain: 2, name: 'Dagbesteding', answered: 0, referred: 0 }],
	labels: [{ label: 3, name: 'Sportfonds', kind: 'subject', count: 2 }], catalogue_version: 1,
});

const topics = ['registration/oost', 'registration/all', 'receipt/abcdefghijklmnopqrstuv', 'summary/oost/2019-Q4', 'summary/all/2019',
	'weekly/oost/2020', 'summary-json/all/2019-Q1', 'catalogue', 'status/aggregator'].map(topic => `turf/v1/toets/${topic}`);

// splitmix32: dice for the targets whose bytes are a story.
function dice(seed, length) {
	return Buffer.from(Array.from({ length }, () => {
		seed = seed + 0x9e3779b9 | 0;
		let z = Math.imul(seed ^ seed >>> 16, 0x21f0aaad);
		z = Math.imul(z ^ z >>> 15, 0x735a2d97);
		return (z ^ z >>> 15) & 255;
	}));
}
const stories = sizes => sizes.map((size, i) => dice(i + 1, size));

// A story of the phone in which a message stands as it is, to the end: see anything_arrives in fuzz_phone.c.
const arrives = (kind, message) => Buffer.concat([Buffer.from([0, 0, 3, 5, 1, 1, 3, 200, 7, kind, 255]), message]);

const inputs = {
	submission: bytesOf('submissions'),
	published: ['receipts', 'summaries', 'weeklies'].flatMap(bytesOf),
	catalogue: bytesOf('catalogues'),
	topic: topics,
	status: [status],
	config: [...['demo.conf.in', 'turfd.conf'].map(name => config(`deploy/${name}`)),
		...['leeuwarden', 'steenwijkerland', 'steenwijkerland-school'].map(name => config(`tests/data/${name}.conf`))],
	phone_csv: [csv('tests/data/steenwijkerland.csv', 6), csv('tests/data/leeuwarden.csv', 4)],
	phone_table: [Buffer.concat([Buffer.from([80, 24]), Buffer.from(summary)])],
	phone: [...stories([40, 80, 160, 320]), arrives(0, bytesOf('receipts')[0]), arrives(1, Buffer.from(status)),
		arrives(2, bytesOf('catalogues')[0])],
	sequence: stories([60, 120, 240, 480, 960, 960, 960, 960, 2000, 2000]),
};

for (const [target, list] of Object.entries(inputs)) {
	mkdirSync(join(directory, target), { recursive: true });
	list.forEach((bytes, i) => writeFileSync(join(directory, target, `first-${i}`), bytes));
}
