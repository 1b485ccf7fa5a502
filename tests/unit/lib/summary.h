/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reads back the summaries that turfd publishes. None of our C programs does so: the pages read them in JavaScript, and
 * libturf takes their JSON twins.
 */
#ifndef TURF_TESTS_UNIT_LIB_SUMMARY_H
#define TURF_TESTS_UNIT_LIB_SUMMARY_H

#include "proto/message.h"

/* 0, > 0 for bytes that are not a proper summary, or FAULT_MEMORY. */
int summary_decode(const uint8_t *bytes, size_t length, struct summary *summary);

#endif
