// SPDX-License-Identifier: EUPL-1.2
// Clients that nobody here wrote: protoc with mosquitto_pub and mosquitto_sub, and mqtt.js. Only the contract is shared.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { atEnd } from './lib/cleanup.mjs';
import { Client } from './lib/client.mjs';
import { writeConfig } from './lib/config.mjs';
import { dayOf, newClientId, newId, question, retraction } from './lib/messages.mjs';
import { root } from './lib/paths.mjs';
import { Running, eventually, succeed } from './lib/processes.mjs';
import { Stack } from './lib/stack.mjs';

const today = '2019-12-31';
const config = (t) => writeConfig(t, { grace_days: 400, retract_days: 400 });

const octal = (bytes) => [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

// A submission in protobuf's text format, as a person writes one.
function submissionText({ id, day, domain, outcome, receiptTo }) {
  return `events { id: "${octal(id)}" day: ${day} question { domain: ${domain} outcome: ${outcome} } } receipt_to: "${receiptTo}"`;
}

// Its retraction, with the secret of its id.
function retractionText({ id, day, secret, receiptTo }) {
  return `events { id: "${octal(id)}" day: ${day} retraction { proof: "${octal(secret)}" } } receipt_to: "${receiptTo}"`;
}

// A secret and its id by the lines of docs/wire-format.md, as a person types them.
async function secretAndId() {
  const [, lines] = readFileSync(join(root, 'docs/wire-format.md'), 'utf8').match(/a secret and its id are:\n\n```sh\n([^`]+)```/);
  const { stdout } = await succeed('bash', ['-ec', `${lines}\necho $secret $id`]);
  return stdout.trim().split(' ').map((hex) => Buffer.from(hex, 'hex'));
}

async function protoc(mode, message, input) {
  const args = [`--${mode}=turf.v1.${message}`, `--proto_path=${join(root, 'proto')}`, 'turf.proto'];
  return (await succeed('protoc', args, { input })).bytes;
}

// mosquitto_sub, subscribed when this resolves. Payloads come as hexadecimal text.
async function mosquittoSub(t, stack, version, topic, id = newClientId()) {
  const { port } = stack.broker;
  const args = ['-h', '127.0.0.1', '-p', port, '-V', version, '-i', id, '-t', topic, '-d', '-F', 'payload %x'];
  const sub = new Running('stdbuf', ['-oL', 'mosquitto_sub', ...args.map(String)]); // else a pipe holds its lines back
  atEnd(t, () => sub.kill('SIGKILL'));
  await eventually(() => /Subscribed/.test(sub.stdout), `mosquitto_sub on ${topic}`);
  return {
    payloads: () => [...sub.stdout.matchAll(/^payload ([0-9a-f]*)$/gm)].map(([, hex]) => Buffer.from(hex, 'hex')),
  };
}

async function mosquittoPub(stack, version, topic, payload) {
  const args = ['-h', '127.0.0.1', '-p', stack.broker.port, '-V', version, '-q', 1, '-t', topic, '-s'];
  await succeed('mosquitto_pub', args.map(String), { input: payload });
}

// The number in a field of a message as protoc prints it; fields that are 0 are left out there.
const field = (text, name) => Number(text.match(new RegExp(`^${name}: (\\d+)`, 'm'))?.[1] ?? 0);

for (const version of ['311', '5']) {
  test(`protoc, mosquitto_pub and mosquitto_sub over MQTT ${version}`, async (t) => {
    const stack = await Stack.start(t, 'proef', { config: config(t), today });
    const receiptTo = newClientId();
    const [secret, id] = await secretAndId();
    assert.deepEqual([secret.length, id.length], [16, 16]);
    const receipts = await mosquittoSub(t, stack, version, stack.topic(`receipt/${receiptTo}`), receiptTo);
    const summaries = await mosquittoSub(t, stack, version, stack.topic('summary/oost/2019-Q4'));
    const twins = await mosquittoSub(t, stack, version, stack.topic('summary-json/all/2019'));

    const text = submissionText({ id, day: dayOf('2019-10-01'), domain: 3, outcome: 'OUTCOME_REFERRED', receiptTo });
    await mosquittoPub(stack, version, stack.topic('registration/oost'), await protoc('encode', 'Submission', text));

    const [receipt] = await eventually(() => receipts.payloads().length && receipts.payloads(), 'the receipt');
    assert.match(String(await protoc('decode', 'Receipt', receipt)), /verdict: VERDICT_COUNTED\n/);
    const summary = await eventually(async () => {
      const printed = String(await protoc('decode', 'Summary', summaries.payloads().at(-1) ?? ''));
      return field(printed, 'referred') === 1 && printed;
    }, 'the summary');
    assert.match(summary, /team: "oost"\nperiod: "2019-Q4"\nstatus: QUARTER_OPEN\n/);
    assert.match(summary, /domains \{\n {2}domain: 3\n {2}referred: 1\n\}/);
    assert.equal(field(summary, 'answered'), 0);
    const twin = await eventually(() => {
      const json = JSON.parse(twins.payloads().at(-1) ?? '{}');
      return json.questions === 1 && json;
    }, 'the JSON twin');
    assert.equal(twin.referred, 1);
    assert.equal(twin.team_name, 'Proefgemeente');
    assert.deepEqual(twin.domains.find((domain) => domain.domain === 3), {
      domain: 3, name: 'Huisvesting', answered: 0, referred: 1,
    });

    for (const [shown, verdict] of [[newId(), 'REFUSED_MALFORMED'], [secret, 'RETRACTED']]) {
      const before = receipts.payloads().length;
      const back = retractionText({ id, day: dayOf('2019-10-01'), secret: shown, receiptTo });
      await mosquittoPub(stack, version, stack.topic('registration/west'), await protoc('encode', 'Submission', back));
      const answered = await eventually(() => receipts.payloads()[before], 'the receipt of the retraction');
      assert.match(String(await protoc('decode', 'Receipt', answered)), new RegExp(`verdict: VERDICT_${verdict}\n`));
    }
  });
}

for (const [transport, protocolVersion] of [['mqtt', 4], ['mqtt', 5], ['websocket', 4], ['websocket', 5]]) {
  test(`mqtt.js over ${transport}, protocol level ${protocolVersion}`, async (t) => {
    const stack = await Stack.start(t, 'proef', { config: config(t), today, websockets: true });
    const url = transport === 'mqtt' ? stack.broker.url : stack.broker.wsUrl;
    const phone = await stack.phone({ url, protocolVersion });
    const screen = await Client.connect(t, url, { protocolVersion });
    await screen.subscribe(stack.topic('summary-json/west/+'), 0);

    const taps = [question('2019-12-31', 1), question('2019-09-30', 1), question('2019-12-31', 8, 'OUTCOME_REFERRED')];
    assert.deepEqual(await phone.register('west', taps), Array(3).fill('VERDICT_COUNTED'));
    assert.deepEqual(await phone.register('west', [retraction(taps[2].id, taps[2].day)]), ['VERDICT_RETRACTED']);

    const figures = (period) => JSON.parse(screen.newest(stack.topic(`summary-json/west/${period}`)) ?? '{}');
    await screen.until(() => figures('2019').questions === 2 && figures('2019').referred === 0, "the year's figures");
    assert.equal(figures('2019-Q3').answered, 1);
    await screen.until(() => figures('2019-Q4').referred === 0 && figures('2019-Q4').answered === 1, "the quarter's figures");
  });
}

test('two phones with one batch between them: each gets receipts of its own events', async (t) => {
  const stack = await Stack.start(t, 'proef', { config: config(t), today });
  const [one, other] = [await stack.phone(), await stack.phone({ protocolVersion: 5 })];
  const tap = question('2019-12-31', 1);
  const verdicts = await Promise.all([one.register('oost', [tap]), other.register('oost', [tap])]);
  assert.deepEqual(verdicts.flat().sort(), ['VERDICT_ALREADY_COUNTED', 'VERDICT_COUNTED']);
  assert.deepEqual([one.results.length, other.results.length], [1, 1]);
});
