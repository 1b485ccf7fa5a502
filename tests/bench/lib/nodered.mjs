// SPDX-License-Identifier: EUPL-1.2
// The peer in Node-RED: mqtt in, a function that collects, sqlite, a function that makes receipts, mqtt out.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../../system/lib/paths.mjs';
import { freePort, succeed } from '../../system/lib/processes.mjs';
import { aggregator, org, tool } from './stage.mjs';

const source = (name) => join(root, 'tests/bench/nodered', name);
const installed = tool('nodered');

// Made beforehand, as a user has long had it: in the flow, the first submissions would come before it.
const schema = `PRAGMA journal_mode=WAL;
CREATE TABLE ids(day INTEGER, id BLOB, team TEXT, domain INTEGER, outcome INTEGER, PRIMARY KEY(day, id)) WITHOUT ROWID;`;
const settings = 'PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;';

const node = (type, id, wires, more) => ({ id, type, z: 'flow', name: id, x: 0, y: 0, wires: wires.map((to) => [to]), ...more });

function flows(stage) {
  const func = readFileSync(source('collect.js'), 'utf8');
  const answer = readFileSync(source('receipts.js'), 'utf8');
  return [
    { id: 'flow', type: 'tab', label: 'turf' },
    { id: 'broker', type: 'mqtt-broker', broker: '127.0.0.1', port: String(stage.port), clientid: aggregator, autoConnect: true, protocolVersion: '4', keepalive: '60', cleansession: false, autoUnsubscribe: false },
    { id: 'database', type: 'sqlitedb', db: stage.path('nodered.db'), mode: 'RWC' },
    node('inject', 'start', ['settings'], { props: [{ p: 'topic', vt: 'str' }], topic: settings, once: true, onceDelay: 0 }),
    node('sqlite', 'settings', [], { mydb: 'database', sqlquery: 'batch', sql: '' }),
    node('mqtt in', 'registrations', ['collect'], { topic: `turf/v1/${org}/registration/+`, qos: '1', datatype: 'buffer', broker: 'broker', inputs: 0 }),
    node('function', 'collect', ['store'], { func, outputs: 1, libs: [] }),
    node('sqlite', 'store', ['receipts'], { mydb: 'database', sqlquery: 'msg.topic', sql: '' }),
    node('function', 'receipts', ['send', 'collect'], { func: answer, outputs: 2, libs: [] }),
    node('mqtt out', 'send', [], { qos: '0', retain: 'false', broker: 'broker' }),
  ];
}

export async function startNodeRed(stage) {
  const home = stage.path('nodered');
  mkdirSync(home);
  await succeed('/usr/bin/python3', ['-c', 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])', stage.path('nodered.db'), schema]);
  symlinkSync(join(installed, 'node_modules'), join(home, 'node_modules'));
  writeFileSync(join(home, 'package.json'), readFileSync(source('package.json')));
  writeFileSync(join(home, 'flows.json'), JSON.stringify(flows(stage)));
  writeFileSync(join(home, 'flows_cred.json'), JSON.stringify({ broker: { user: 'aggregator', password: stage.password } }));
  const env = { NODERED: installed, TURF_PROTO: join(root, 'proto/turf.proto'), NODERED_PORT: String(await freePort()), NODE_PATH: join(installed, 'node_modules') };
  const program = join(installed, 'node_modules/node-red/red.js');
  return stage.start(process.execPath, [program, '--userDir', home, '--settings', source('settings.js')], { env });
}
