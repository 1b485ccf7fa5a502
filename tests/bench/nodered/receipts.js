// SPDX-License-Identifier: EUPL-1.2
// Body of a function node behind the database: one receipt for each phone that asked, and the word that the next
// statement may come.
const types = global.get('turf');
const fresh = new Set(msg.payload.map((row) => row.id));
const receipts = new Map();
for (const { phone, id, hex } of msg.asked) {
  if (!receipts.has(phone)) receipts.set(phone, []);
  receipts.get(phone).push({ id, verdict: fresh.delete(hex) ? 1 : 2 });
}
for (const [phone, results] of receipts) {
  const payload = Buffer.from(types.Receipt.encode({ results }).finish());
  if (phone) node.send([{ topic: `turf/v1/bench/receipt/${phone}`, payload }, null]);
}
node.send([null, { stored: true }]);
