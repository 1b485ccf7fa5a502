// SPDX-License-Identifier: EUPL-1.2
// Reads what a page sends: a submission, as plain objects.
const { PbfReader } = await import('../../../broker-client/web/node_modules/pbf/index.js');
const { readSubmission } = await import('../../../broker-client/web/gen/turf.js');
const { hex } = await import('../../../broker-client/web/src/core/messages.js');
const { whole } = await import('../../../broker-client/web/src/core/wire.js');

function plainEvent({ id, day, act, question, retraction }) {
  const { domain, outcome, labels } = question ?? {};
  const proof = act === 'retraction' && retraction.proof?.length > 0 && hex(retraction.proof);
  return { id: hex(id ?? []), day, act, ...(act === 'question' && { domain, outcome, labels }), ...(proof && { proof }) };
}

// {events, receiptTo}; null: it is no submission, or larger than one may be.
export function decodeSubmission(bytes) {
  if (bytes.length > 4096 || !whole(bytes, 'Submission')) return null;
  const { events, receipt_to: receiptTo } = readSubmission(new PbfReader(bytes), bytes.length);
  return { events: events.map(plainEvent), receiptTo };
}
