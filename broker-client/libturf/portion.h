/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a connection through a closed door carries (rule 13, docs/wire-format.md), so that no connection tells which events of
 * different days are of one phone. Pure: the time and the random numbers are arguments. tests/data/vectors/portions.json has
 * examples, which the page's portions.js runs too.
 *
 * An event is either of the moment, and goes at once together with the others of the moment, or goes later: in a portion of a few
 * events of one team, drawn at random, on a connection of its own. Between two portions is a random wait.
 */
#ifndef TURF_BROKER_CLIENT_LIBTURF_PORTION_H
#define TURF_BROKER_CLIENT_LIBTURF_PORTION_H

#include "proto/message.h"

struct portion_event {
	uint64_t seq;
	char team[SLUG_BYTES];
};

/* 32 random bits. */
typedef uint32_t portion_random(void *context);

struct portion_dice {
	portion_random *draw;
	void *context;
};

/* Whether an event goes later. `reoffered`: it was answered before, and is offered again to another store. `made_now`: the tap, or
 * its retraction, was made today and since the program was opened; its day may be another one. */
bool portion_goes_later(uint32_t day, uint32_t today, bool reoffered, bool made_now);

/* How many events a portion has when `n` go later. */
size_t portion_size(size_t n);

/* When the next portion may go, in unix seconds: the moment that is `planned` (0: none), or a new one if there is none or the clock
 * was set back since. */
int64_t portion_next(int64_t planned, int64_t now, const struct portion_dice *dice);

/* When the portion after the one that goes now may go; `in_vain`: how many in a row got no receipt. */
int64_t portion_after(int64_t now, unsigned in_vain, const struct portion_dice *dice);

/* Draws a portion: moves its events to the front of the list, and returns how many they are. `n` > 0. */
size_t portion_draw(struct portion_event *events, size_t n, const struct portion_dice *dice);

#endif
