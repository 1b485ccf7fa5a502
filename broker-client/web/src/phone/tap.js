// SPDX-License-Identifier: EUPL-1.2
// A tap as the outbox remembers it, and what a verdict makes of it; the twin of broker-client/libturf/outbox_tap.h. Pure.
//
// {n, id, team, day, domain, outcome, labels,       n: its place in tap order; id: hex
//  secret,                                          hex: what the id was made from; absent of a tap of database version 1
//  questionWaits, retractionWaits, retracting,      retracting: taking it back was asked for, answered or not
//  questionVerdict, retractionVerdict,              the last; 0: none yet
//  sent,                                            what waits may have left the phone: written before it is published
//  hold,                                            until this moment (milliseconds) it may not leave the phone; 0: it may
//  unseen,                                          true: it was settled when it was too old for the list, and the worker has
//                                                   not seen yet what became of it; else absent
//  once}                                            true: of a borrowed phone, which forgets it once it is answered and its
//                                                   worker is gone; else absent
import { isKnownVerdict, isRefusal, Verdict } from '../core/messages.js';

const V = Verdict;
// A hold that ends later than this is none: the clock was set back.
const HOLD_MAX_MS = 120_000;

const echoOfQuestion = new Set([V.VERDICT_COUNTED, V.VERDICT_ALREADY_COUNTED, V.VERDICT_COUNTED_LATE]);
const retractedBy = new Set([V.VERDICT_RETRACTED, V.VERDICT_ALREADY_RETRACTED]);
const refusesRetraction = new Set([V.VERDICT_REFUSED_MALFORMED, V.VERDICT_REFUSED_DAY_IN_FUTURE, V.VERDICT_REFUSED_RETRACTION_TOO_LATE]);

export const newTap = ({ id, secret, team, day, domain, outcome, labels = [], hold = 0, once = false }) => ({
  id, ...(secret && { secret }), team, day, domain, outcome, labels, hold, ...(once && { once }),
  questionWaits: true, retractionWaits: false, retracting: false, questionVerdict: 0, retractionVerdict: 0, sent: false,
});

export const waits = (tap) => tap.questionWaits || tap.retractionWaits;
export const held = (tap, now) => tap.hold > now && tap.hold <= now + HOLD_MAX_MS;
export const mayChange = (tap, now) => tap.questionWaits && !tap.sent && held(tap, now);

// For the list: a tap that was deleted before it left the phone.
export const asRetracted = (tap) => ({ ...tap, questionWaits: false, retractionVerdict: V.VERDICT_RETRACTED });

// Whether it was taken back, so that it does not count, as far as the phone knows.
export const retracted = (tap) => retractedBy.has(tap.retractionVerdict) || tap.questionVerdict === V.VERDICT_ALREADY_RETRACTED;

// What was refused and not dismissed: question, retraction, or ''. A tap that waits can still get another answer. If the question
// was refused, the verdict on its retraction does not matter.
export function refusedAct(tap) {
  if (waits(tap) || retracted(tap)) return '';
  if (isRefusal(tap.questionVerdict)) return 'question';
  return isRefusal(tap.retractionVerdict) ? 'retraction' : '';
}

// Whether taking it back has something to do. A refused question never counted. A refused retraction may be asked for again.
export const mayTakeBack = (tap) => !tap.retractionWaits && !retracted(tap) && refusedAct(tap) !== 'question';

// Whether another question may take its place. Without a secret turfd may refuse the retraction of a tap that has left, and
// then both would count.
export const mayReplace = (tap) => Boolean(tap.secret) || (tap.questionWaits && !tap.sent);

// The verdict with which it was refused, or 0.
export const refusal = (tap) => ({ question: tap.questionVerdict, retraction: tap.retractionVerdict })[refusedAct(tap)] ?? 0;

// The states that the page shows: device, sent, counted, late, refused, and for what is taken back: retracting, retracted.
export function stateOf(tap) {
  if (refusal(tap)) return 'refused';
  if (retracted(tap)) return 'retracted';
  if (tap.retracting && waits(tap)) return 'retracting';
  if (tap.questionWaits) return tap.sent ? 'sent' : 'device';
  return tap.questionVerdict === V.VERDICT_COUNTED_LATE ? 'late' : 'counted';
}

// The event of a tap that may be sent now: {seq, id, act, team, ...}, or null. A retraction is held back while its question
// waits, so that a receipt for an id can mean only one of the two.
export function sendable(tap, now) {
  if (held(tap, now) || !waits(tap)) return null;
  const { id, secret, team, day, domain, outcome, labels } = tap;
  if (tap.questionWaits) return { seq: tap.n * 2, id, team, day, act: 'question', domain, outcome, labels };
  return { seq: tap.n * 2 + 1, id, team, day, act: 'retraction', ...(secret && { proof: secret }) };
}

// 'ignore': not a verdict on this act, but a late one on the other; 'keep': not a final verdict; 'end': ends the act; 'both': ends
// question and retraction.
export function outcomeOf(act, verdict) {
  if (!isKnownVerdict(verdict)) return 'keep';
  if (act === 'question') {
    if (verdict === V.VERDICT_ALREADY_RETRACTED) return 'both';
    return verdict === V.VERDICT_RETRACTED || verdict === V.VERDICT_REFUSED_RETRACTION_TOO_LATE ? 'ignore' : 'end';
  }
  if (retractedBy.has(verdict) || refusesRetraction.has(verdict)) return 'end';
  return echoOfQuestion.has(verdict) || isRefusal(verdict) ? 'ignore' : 'keep';
}

// Writes into the tap what a verdict on `act` ends, and returns the outcome. When a question ends, its retraction may be sent, also
// when the question was refused: so the id can never count.
export function settle(tap, act, verdict) {
  const outcome = outcomeOf(act, verdict);
  if (outcome === 'ignore' || outcome === 'keep') return outcome;
  tap.sent = false;
  if (act === 'retraction') {
    tap.retractionWaits = false;
    tap.retractionVerdict = verdict;
    return outcome;
  }
  tap.questionWaits = false;
  tap.questionVerdict = verdict;
  if (outcome === 'both' && tap.retractionWaits) {
    tap.retractionWaits = false;
    tap.retractionVerdict = V.VERDICT_ALREADY_RETRACTED;
  }
  return outcome;
}

// Whether the page offers to take it back: turfd would not refuse that. `rules`: {today, retractDays, isFinal(day)}.
export function mayRetract(tap, { today, retractDays, isFinal }) {
  if (tap.retracting || retracted(tap) || refusal(tap)) return false;
  if (tap.questionWaits && !tap.sent) return true;
  return tap.questionVerdict !== V.VERDICT_COUNTED_LATE && today - tap.day <= retractDays && tap.day - today <= 1 && !isFinal(tap.day);
}
