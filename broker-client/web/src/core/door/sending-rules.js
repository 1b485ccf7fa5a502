// SPDX-License-Identifier: EUPL-1.2
// The numbers for sending through a closed door without a pattern (rule 13 of docs/wire-format.md; docs/door.md); proto/rules.h has the same.
export const PORTION_EVENTS = 4; // of what goes later, this many at once,
export const PORTIONS = 25; // or more, so that about this many portions are enough
export const PORTION_WAIT_MIN_S = 5 * 60; // from one portion to the next
export const PORTION_WAIT_MAX_S = 30 * 60;
export const PORTION_PAUSE_MAX_S = 160 * 60; // while portions get no receipt, each wait is twice as long, up to this
export const AWAY_WAIT_MIN_S = 2 * 60; // who fetches tokens after weeks uses them after a wait
export const AWAY_WAIT_MAX_S = 30 * 60;
