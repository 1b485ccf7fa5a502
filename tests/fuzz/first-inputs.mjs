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
const catalogues = [
	'zrm = ( ); domains = ( { code = 200; name = "Inburgering"; position = 3; rolls_up_to = 201; }, { code = 201; name = "Taal"; } );',
	'zrm = ( { edition = "2013"; from = "2018-01-01"; }, { edition = "2017"; from = "2019-01-01"; until = "2020-01-01"; } );',
	'zrm = ( { edition = "2013"; until = "open"; }, { edition = "2017"; } ); domains = ( { code = 8; name = "Zelfzorg"; renamed_from = "Activiteiten Dagelijks Leven"; } );',
	'domains = ( { code = 2; valid_until = "open"; }, { code = 1; valid_from = "2018-01-01"; }, { code = 1; }, { code = 9; rolls_up_to = 99; } );',
	'labels = ( { code = 7; name = "Toeslagen"; kind = "subject"; domain = 1; }, { code = 300; name = "IGSD"; kind = "referred-to"; valid_from = "2018-01-01"; } );',
	'labels = ( { code = 7; name = "a"; kind = "origin"; domain = 99; }, { code = 7; name = "b"; kind = "x"; valid_until = "2018-01-01"; } ); cells = 5; counting_since = "2019-10-01";',
].map(rest => `org = "o"; name = "O"; store = "s"; broker = { address = "mqtts://h:1"; keepalive_s = 9; };
teams = ( { id = "oost"; name = "Oost"; valid_from = "2018-01-01"; valid_until = "2020-01-01"; }, { id = "west"; name = "West"; } );
limits = { batch_messages = 9; compact_days = 0; }; ${rest}`);
const csv = (path, lines) => text(path).split('\n').slice(0, lines).join('\n');

const status = JSON.stringify({
	online: true, org: 'toets', since: 1577800000, version: '0.1.0', epoch: '0'.repeat(32), instance: 'f'.repeat(16), today: '2019-12-31',
	today_pinned: false, date_pending: null, store: 'ok', generation: 1, counters: { events: 1 },
});

const official = JSON.parse(text('tests/data/vectors/privacy-pass/rfc9578-go.json')).slice(0, 1);
const tokens = official.map(({ token }) => Buffer.from(token, 'hex'));

// What fuzz_service.c makes of each byte. `who`: 0 a device of oost, 1 a revoked one, 2 and 3 nobody yet. `code`: 0 and 1 used, 2 open
// for oost, 3 open for west, 4 ended. A message: its kind and a value.
const joinDoor = (code, who) => [0, code, who, 0];
const buyBatch = (who, key, ...messages) => [2, who, key, ...messages.flat(), 0];
const [small, belowModulus, filled] = [0, 1, 3].map(kind => value => [kind, value]);
const revokeDevice = who => [6, who];
const startAgain = [7];
const doorRequests = [
	[...buyBatch(0, 0, small(2), filled(1)), ...buyBatch(0, 0, small(2), filled(1)), ...startAgain, ...buyBatch(0, 0, small(3), filled(1))],
	[...joinDoor(2, 2), ...joinDoor(2, 2), ...joinDoor(2, 3), ...buyBatch(2, 0, filled(7), small(9)), ...buyBatch(2, 1, filled(7), small(9))],
	[...joinDoor(3, 3), ...buyBatch(3, 2, belowModulus(2), small(2)), ...buyBatch(3, 0, small(2), small(2)), ...joinDoor(4, 2), ...joinDoor(0, 0)],
	[...buyBatch(1, 0, small(5), small(6)), ...revokeDevice(0), ...buyBatch(0, 0, small(5), small(6)), ...joinDoor(0, 0), ...joinDoor(5, 3)],
	[...buyBatch(0, 0, small(0), small(5)), ...buyBatch(0, 0, belowModulus(1), small(5)), ...buyBatch(0, 4, small(5), small(5))],
	[2, 4, 20, 65, 66, 0, ...small(5), ...small(5), 0, 2, 5, 0, ...small(5), ...small(5), 0, 5, 0, 2, 0, 5, 2, 3, 255, 1, 2, 3],
].map(bytes => Buffer.from(bytes));

// Directories: of two keys, and of one that differs from the first of them.
const publicKey = Buffer.from(official[0].pkS, 'hex');
const otherKey = Buffer.from(publicKey);
otherKey[300] ^= 2;
const publicKeys = (...keys) => JSON.stringify({
	'turf-org': 'toets', 'turf-issuer': 'h', 'issuer-request-uri': '/door/batch', 'turf-batch': 100,
	'token-keys': keys.map(([key, scope]) => ({
		'token-type': 2, 'token-key': key.toString('base64url'), 'turf-scope': scope, 'not-before': 1795996800, 'turf-not-after': 1797811200,
	})),
});
const keyDirectories = [publicKeys([publicKey, 'oost.west'], [otherKey, 'leader:all']), publicKeys([otherKey, 'oost']), publicKeys()];

// What fuzz_phone_door.c makes of each byte: what the device does, and how turfdoor answers each of its requests. An answer: its kind
// (0 right, 2 spliced, 3 a refusal, 4 any bytes, 5 none), the status, and what it is made of.
const rightAnswer = [0, 0];
const refusedWith = (status, word) => [3, status, word];
const spliced = (at, ...bytes) => [2, 0, at >> 8, at & 255, 255, ...bytes];
const [joins, fetches, nextDay, takes, givesBack, opensAgain] = [[0, 0], [2, 0], [2, 1], [4], [5, 0], [7]];
const deviceTales = [
	[...joins, ...rightAnswer, ...fetches, ...rightAnswer, ...rightAnswer, ...takes, ...givesBack, ...takes, ...takes, ...takes],
	[...joins, 5, ...joins, ...rightAnswer, ...fetches, ...rightAnswer, 5, ...opensAgain, ...fetches, ...rightAnswer, ...rightAnswer, ...takes],
	[...joins, ...refusedWith(7, 6), ...joins, ...refusedWith(10, 9), ...joins, ...refusedWith(10, 11), ...joins, ...rightAnswer],
	[...joins, ...rightAnswer, ...fetches, ...rightAnswer, ...refusedWith(9, 7), ...nextDay, ...rightAnswer, ...rightAnswer, ...takes],
	[...joins, ...rightAnswer, ...fetches, ...rightAnswer, ...refusedWith(6, 3), ...fetches, ...joins, ...rightAnswer],
	[...joins, ...rightAnswer, ...fetches, ...rightAnswer, ...spliced(300, 1, 2, 3)],
	[...joins, ...rightAnswer, ...fetches, ...spliced(80, 65, 66, 67)],
	[...joins, ...spliced(40, 120, 121), ...fetches],
].map(bytes => Buffer.from(bytes));

// What a broker asks turfdoor check: the question, and its body.
const clientId = 'abcdefghijklmnopqrstuv';
const about = tags => `username=pass&vhost=%2F&tags=${encodeURIComponent(tags)}`;
const brokerQuestions = [
	[0, JSON.stringify({ username: 'pass', password: official[0].token, clientid: clientId })],
	[0, JSON.stringify({ username: 'aggregator', password: '', clientid: 'turf-aggregator-toets' })],
	[1, `username=pass&password=${'A'.repeat(472)}&vhost=%2F&client_id=${clientId}`],
	[2, `${about('turf/toets/oost.west')}&ip=127.0.0.1`],
	[3, `${about('turf/toets/oost')}&resource=queue&name=mqtt-subscription-${clientId}qos1&permission=read&client_id=${clientId}`],
	[3, `${about('turf/toets/oost')}&resource=exchange&name=amq.topic&permission=write`],
	[4, `${about('turf/toets/leader:all')}&resource=topic&permission=read&routing_key=turf.v1.toets.summary.%2A.2019-Q4&variable_map.client_id=${clientId}`],
	[4, `${about('a turf/toets/oost')}&resource=topic&permission=write&routing_key=turf.v1.toets.registration.oost&variable_map.client_id=${clientId}`],
].map(([question, body]) => Buffer.concat([Buffer.from([question]), Buffer.from(body)]));

const summary = JSON.stringify({
	org: 'toets', org_name: 'Toets', team: 'oost', team_name: 'Oost', period: '2019-Q4', status: 'final', revision: 2, generation: 9,
	as_of: 1577800000, questions: 5, answered: 3, referred: 2, late: 1, undistributed_answered: 1, undistributed_referred: 0,
	domains: [{ domain: 1, name: 'Financiën', answered: 2, referred: 2 }, { domain: 2, name: 'Dagbesteding', answered: 0, referred: 0 }],
	labels: [{ label: 3, name: 'Sportfonds', kind: 'subject', count: 2 }], catalogue_version: 1,
});

const topics = ['registration/oost', 'registration/all', 'receipt/abcdefghijklmnopqrstuv', 'summary/oost/2019-Q4', 'summary/all/2019',
	'weekly/oost/2020', 'summary-json/all/2019-Q1', 'catalogue', 'status/aggregator'].map(topic => `turf/v1/toets/${topic}`);

// splitmix32: dice for the targets whose bytes are a scenario.
function dice(seed, length) {
	return Buffer.from(Array.from({ length }, () => {
		seed = seed + 0x9e3779b9 | 0;
		let z = Math.imul(seed ^ seed >>> 16, 0x21f0aaad);
		z = Math.imul(z ^ z >>> 15, 0x735a2d97);
		return (z ^ z >>> 15) & 255;
	}));
}
const scenarios = sizes => sizes.map((size, i) => dice(i + 1, size));

// A scenario of the phone in which a message stands as it is, to the end: see anything_arrives in fuzz_phone.c.
const arrives = (kind, message) => Buffer.concat([Buffer.from([0, 0, 3, 5, 1, 1, 3, 200, 7, kind, 255]), message]);

// What fuzz_sequence.c and harness.c make of each byte. `ago`: by which die the day is thrown, and what it shows; the day is
// today + 2 less that, rounded down to a third day. Domain 1, without labels.
const question = (id, ago = [1, 2], outcome = 1) => [id, ...ago, 1, 0, outcome, 1];
const retraction = (id, ago = [1, 2]) => [id, ...ago, 0];
const message = (...events) => [3, 0, 0, events.length - 1, ...events.flat()];
const batch = (...messages) => [11, messages.length - 1, ...messages.flat()];
const again = (sent, team = 1) => [0, sent, team];
const days = n => Array.from({ length: n }, () => [0, 1]).flat();
const jump = (ahead, confirmed) => [2, (ahead + 100) / 2, confirmed ? 1 : 0];
const [confirmDate, revise, reopen, compact, look, backup, restore] = [[3], [4, 1], [5], [6], [7], [9], [10]];
const [live, daily, every] = [0, 1, 2];

const eight = [message(question(0), question(1), question(2), question(3, [1, 2], 0)), message(question(4), question(5), question(6), question(7))];
const four = batch(message(retraction(0), retraction(3), retraction(5), question(8)));
const tales = [live, daily, every].map(cells => [
	[cells, ...batch(...eight), ...look, ...four, ...look, ...batch(again(0), again(1, 0)), ...days(3), ...look],
	[cells, ...batch(...eight), ...jump(22, true), ...batch(message(question(9, [0, 14]), question(10, [0, 14], 0))), ...look, ...revise, ...look, ...reopen],
	[cells, ...batch(...eight), ...backup, ...four, ...restore, ...batch(again(0), again(1), again(2)), ...look],
	[cells, ...batch(...eight), ...jump(120, false), ...look, ...confirmDate, ...compact, ...batch(again(0)), ...jump(-100, true), ...batch(again(0)), ...jump(120, true)],
]).flat().map(bytes => Buffer.from(bytes));

const inputs = {
	submission: bytesOf('submissions'),
	published: ['receipts', 'summaries', 'weeklies'].flatMap(bytesOf),
	catalogue: bytesOf('catalogues'),
	topic: topics,
	token: [...tokens, ...tokens.map(token => token.toString('base64url')), ...official.map(({ pkS }) => Buffer.from(pkS, 'hex'))],
	status: [status],
	config: [...['demo.conf.in', 'turfd.conf'].map(name => config(`deploy/${name}`)),
		...['leeuwarden', 'steenwijkerland', 'steenwijkerland-school'].map(name => config(`tests/data/${name}.conf`)), ...catalogues],
	service: doorRequests,
	directory: keyDirectories,
	phone_door: deviceTales,
	check: brokerQuestions,
	phone_csv: [csv('tests/data/steenwijkerland.csv', 6), csv('tests/data/leeuwarden.csv', 4)],
	phone_table: [Buffer.concat([Buffer.from([80, 24]), Buffer.from(summary)])],
	phone: [...scenarios([40, 80, 160, 320]), arrives(0, bytesOf('receipts')[0]), arrives(1, Buffer.from(status)),
		arrives(2, bytesOf('catalogues')[0])],
	sequence: [...tales, ...scenarios([60, 120, 240, 480, 960, 960, 960, 960, 2000, 2000])],
};

for (const [target, list] of Object.entries(inputs)) {
	mkdirSync(join(directory, target), { recursive: true });
	list.forEach((bytes, i) => writeFileSync(join(directory, target, `first-${i}`), bytes));
}
