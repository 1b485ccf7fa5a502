/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * MQTT 3.1.1 over a plain socket, for the generators and observers of the benchmarks: no library's cost is in what
 * they measure. One thread, the broker on 127.0.0.1. A failure ends the program with a sentence.
 */
#ifndef TURF_TESTS_BENCH_RAW_H
#define TURF_TESTS_BENCH_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct raw {
	int fd;
	uint8_t *in, *out;
	size_t in_at, in_end, in_room; /* bytes [in_at, in_end) have arrived and are not yet read */
	size_t out_length, out_room;
	uint16_t packet_id;
};

struct raw_login {
	const char *client_id;
	const char *user, *password; /* NULL: anonymous */
	bool keep_session;
};

enum raw_type { RAW_CONNACK = 2, RAW_PUBLISH = 3, RAW_PUBACK = 4, RAW_SUBACK = 9 };

/* Points into the connection's buffer: lasts until the next raw_next. */
struct raw_packet {
	enum raw_type type;
	const char *topic; /* of a PUBLISH; no zero at its end */
	size_t topic_length;
	const uint8_t *payload;
	size_t length;
	bool retained;
};

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Nanoseconds of CLOCK_MONOTONIC: the same clock in all processes. */
uint64_t now_ns(void);

void raw_connect(struct raw *raw, uint16_t port, const struct raw_login *login);
void raw_subscribe(struct raw *raw, const char *filter, int qos); /* waits for the broker's answer */
void raw_close(struct raw *raw);

/* Queues a PUBLISH; raw_flush sends what is queued. */
void raw_publish(struct raw *raw, const char *topic, const uint8_t *payload, size_t length, int qos);
void raw_flush(struct raw *raw);

/* The next packet, waited for up to timeout_ms (-1: for ever). False: none came. QoS 1 is acknowledged at the next flush. */
bool raw_next(struct raw *raw, struct raw_packet *packet, int timeout_ms);

#endif
