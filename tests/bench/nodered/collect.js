// SPDX-License-Identifier: EUPL-1.2
// Body of a function node: what arrives while the database is busy becomes the next statement, of up to 3,000 rows. One
// statement is one transaction, and RETURNING tells which ids are new. `msg.stored` comes back when it is done.
const types = global.get('turf');
const waiting = context.get('waiting') ?? { rows: [], asked: [], busy: false };
context.set('waiting', waiting);

if (msg.stored) {
  waiting.busy = false;
} else {
  const team = msg.topic.split('/').pop();
  const submission = types.Submission.decode(msg.payload);
  for (const { id, day, question } of submission.events) {
    const hex = id.toString('hex').toUpperCase();
    waiting.rows.push(`(${day},x'${hex}','${team}',${question.domain},${question.outcome})`);
    waiting.asked.push({ phone: submission.receiptTo, id, hex });
  }
}
if (!waiting.busy && waiting.rows.length) {
  const rows = waiting.rows.splice(0, 3000);
  waiting.busy = true;
  node.send({ topic: `INSERT OR IGNORE INTO ids VALUES ${rows.join(',')} RETURNING hex(id) AS id`, asked: waiting.asked.splice(0, 3000) });
}
