/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Whether what turfd tells the broker (broker.h) is true: as it goes out, and in the end against the store.
 */
#ifndef TURF_TESTS_FAULT_LIB_BROKER_CHECK_H
#define TURF_TESTS_FAULT_LIB_BROKER_CHECK_H

#include "store/store.h"

/* As it goes out, the broker holding what was told before: generations do not fall, figures fall by `taken_back` at
 * most, and what is told twice in two forms is the same. NULL, or what is wrong. */
const char *broker_check_publication(const char *topic, const uint8_t *bytes, size_t length, uint64_t taken_back);

/* The status: of a daemon that is there on this day, with a store that works; or of one that has left or has never been there. */
bool broker_says_online(const char *org, uint32_t today);
bool broker_says_offline(const char *org);

/* Fails the test unless the broker has what the store holds now: every summary in both forms, the weekly courses and
 * the catalogue. */
void broker_check_all(struct store *store, uint32_t today);

#endif
