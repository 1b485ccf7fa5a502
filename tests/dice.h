/* SPDX-License-Identifier: EUPL-1.2 */
/* Random numbers that a seed repeats, and numbers that the environment may choose: the seed is one of them. */
#ifndef TURF_TESTS_DICE_H
#define TURF_TESTS_DICE_H

#include <stdint.h>
#include <stdlib.h>

/* splitmix64 (Steele, Lea and Flood, 2014); advances `*dice`. */
static inline uint64_t dice_next(uint64_t *dice)
{
	uint64_t z = *dice += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline uint32_t dice_below(uint64_t *dice, uint32_t below)
{
	return (uint32_t)(dice_next(dice) % below);
}

static inline uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

#endif
