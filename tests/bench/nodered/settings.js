// SPDX-License-Identifier: EUPL-1.2
// Node-RED without its editor, with the contract's messages for function nodes. node_modules lie in $NODERED.
const { createRequire } = require('node:module');

const protobuf = createRequire(`${process.env.NODERED}/`)('protobufjs');
const turf = protobuf.loadSync(process.env.TURF_PROTO);

module.exports = {
  flowFile: 'flows.json',
  credentialSecret: false,
  httpAdminRoot: false,
  httpNodeRoot: false,
  uiHost: '127.0.0.1',
  uiPort: Number(process.env.NODERED_PORT),
  telemetry: { enabled: false, updateNotification: false },
  functionGlobalContext: { turf: { Submission: turf.lookupType('turf.v1.Submission'), Receipt: turf.lookupType('turf.v1.Receipt') } },
  logging: { console: { level: 'info', metrics: false, audit: false } },
};
