/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A broker inside the test: takes the place of what mqtt.h offers to turfd. It delivers what the test has put in, keeps
 * what is published retained, the will of a connection that was lost too, and tells the test of every publication. Its
 * time is its own, and waiting takes none.
 *
 * A call can fail in two ways: the connection is gone and nothing was done; or it was done, and then the connection
 * was gone.
 */
#ifndef TURF_TESTS_FAULT_LIB_BROKER_H
#define TURF_TESTS_FAULT_LIB_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BROKER_TOPICS_MAX = 512, RETAINED_TOPIC_BYTES = 128 };

struct retained {
	char topic[RETAINED_TOPIC_BYTES];
	uint8_t *bytes;
	size_t length;
};

struct broker_watch {
	/* What it replaces is kept still. */
	void (*published)(void *context, const char *topic, const uint8_t *bytes, size_t length);
	/* The daemon waits, and there is nothing to deliver: the test's turn to put something in. */
	void (*idle)(void *context);
	void *context;
};

/* Empties the broker. */
void broker_reset(const struct broker_watch *watch);

/* To be delivered, in this order. */
void broker_put(const char *topic, const uint8_t *bytes, size_t length);

/* What is kept of a topic, NULL when there is none. */
const struct retained *broker_find(const char *topic);

uint64_t broker_now_ms(void);

#endif
