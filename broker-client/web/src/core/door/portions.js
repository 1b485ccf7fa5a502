// SPDX-License-Identifier: EUPL-1.2
// What a connection through a closed door carries (rule 13, docs/wire-format.md). Pure: the time and the random numbers are arguments;
// `draw()` gives 32 random bits. broker-client/libturf/portion.h describes the rules; both sides run the examples in
// tests/data/vectors/portions.json.
import { EVENTS_MAX } from '../messages.js';
import { PORTION_EVENTS, PORTION_PAUSE_MAX_S, PORTION_WAIT_MAX_S, PORTION_WAIT_MIN_S, PORTIONS } from './sending-rules.js';

export const goesLater = ({ day, today, reoffered, madeNow }) => reoffered || (day < today && !madeNow);

export const portionSize = (n) => Math.min(EVENTS_MAX, Math.max(PORTION_EVENTS, Math.ceil(n / PORTIONS)));

const drawWait = (draw) => PORTION_WAIT_MIN_S + (draw() % (PORTION_WAIT_MAX_S - PORTION_WAIT_MIN_S + 1));

// When the next portion may go, in unix seconds: `planned` (0: nothing is), or a new moment if the clock was set back since.
export const nextPortion = (planned, now, draw) => (planned && planned <= now + PORTION_PAUSE_MAX_S ? planned : now + drawWait(draw));

// When the portion after the one that goes now may go; `inVain`: how many in a row got no receipt.
export const afterPortion = (now, inVain, draw) => now + Math.min(PORTION_PAUSE_MAX_S, drawWait(draw) * 2 ** inVain);

// A portion of these events: of one team, at random.
export function drawPortion(events, draw) {
  const size = portionSize(events.length);
  const left = [...events];
  const takeFrom = (some) => left.splice(left.indexOf(some[draw() % some.length]), 1)[0];
  const portion = [takeFrom(left)];
  for (let some; portion.length < size && (some = left.filter(({ team }) => team === portion[0].team)).length; ) portion.push(takeFrom(some));
  return portion;
}
