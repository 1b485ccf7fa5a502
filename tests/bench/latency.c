/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench-latency PORT USER PASSWORD receipt|screen RATE TAPS: taps of 1,000 phones at random moments, RATE a second, and
 * how long each takes: until its receipt is back, or until a summary of the whole org has counted it. USER may read
 * everything, so that one connection sees what a thousand phones would. Prints p50 and p99 in nanoseconds.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "proto/topic.h"
#include "tests/bench/events.h"
#include "tests/bench/raw.h"
#include "tests/unit/lib/summary.h"

enum { PHONES = 1000, PATIENCE_MS = 20000, UNSEEN = 0 };

static struct latency {
	struct raw taps, screen;
	bool by_summary;
	uint64_t rate;
	uint32_t n, seen;
	uint64_t counted_before; /* what the summaries said before the first tap */
	_Atomic uint64_t *sent;
	uint64_t *took; /* UNSEEN: not yet */
} latency;

/* The tap's number is in its id. */
static void send_tap(struct random *random, uint32_t number)
{
	struct event event = bench_event(random, BENCH_DAY);
	char topic[TOPIC_BYTES], phone[CLIENT_ID_BYTES];
	uint8_t bytes[SUBMISSION_BYTES_MAX];
	struct raw_packet packet;
	size_t length;

	put_be32(event.id.bytes, number);
	bench_phone(random_below(random, PHONES), phone);
	length = submission_encode(&event, 1, phone, bytes, sizeof bytes);
	topic_registration(topic, BENCH_ORG, bench_teams[random_below(random, BENCH_TEAMS)]);
	raw_publish(&latency.taps, topic, bytes, length, 1);
	latency.sent[number] = now_ns();
	raw_flush(&latency.taps);
	while (raw_next(&latency.taps, &packet, 0))
		;
}

static void sleep_until(uint64_t ns)
{
	struct timespec until = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void *send_taps(void *context)
{
	struct random random = {now_ns()};
	uint64_t at = now_ns(), interval = 1000000000u / latency.rate;

	(void)context;
	for (uint32_t i = 0; i < latency.n; i++) {
		at += random_next(&random) % (2 * interval);
		sleep_until(at);
		send_tap(&random, i);
	}
	return NULL;
}

static void saw(uint32_t number, uint64_t at)
{
	if (number >= latency.n || latency.took[number] != UNSEEN || latency.sent[number] == 0)
		return;
	latency.took[number] = at - latency.sent[number];
	latency.seen++;
}

static void saw_result(void *context, const struct result *result)
{
	saw(get_be32(result->id), *(const uint64_t *)context);
}

static uint64_t questions(const struct raw_packet *packet)
{
	static struct summary summary;

	if (summary_decode(packet->payload, packet->length, &summary) != 0)
		die("a summary does not decode");
	return summary.answered + summary.referred;
}

/* All taps are counted in the order in which they were sent: they come on one connection. */
static void look(const struct raw_packet *packet, uint64_t at)
{
	if (packet->type != RAW_PUBLISH)
		return;
	if (!latency.by_summary) {
		(void)receipt_decode(packet->payload, packet->length, saw_result, &at);
		return;
	}
	for (uint64_t counted = questions(packet) - latency.counted_before;
	     latency.seen < counted && latency.seen < latency.n;)
		saw(latency.seen, at);
}

static void watch(uint16_t port, const char *user, const char *password)
{
	struct raw_login login = {.client_id = "bench-screen", .user = user, .password = password};
	struct raw_packet packet;

	raw_connect(&latency.screen, port, &login);
	raw_subscribe(&latency.screen,
		      latency.by_summary ? "turf/v1/" BENCH_ORG "/summary/all/2019-Q4"
					 : "turf/v1/" BENCH_ORG "/receipt/+",
		      0);
	if (!latency.by_summary)
		return;
	do {
		if (!raw_next(&latency.screen, &packet, PATIENCE_MS))
			die("no summary");
	} while (packet.type != RAW_PUBLISH);
	latency.counted_before = questions(&packet);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	struct raw_packet packet;
	pthread_t sender;

	if (argc != 7)
		die("usage: bench-latency PORT USER PASSWORD receipt|screen RATE TAPS");
	latency.by_summary = strcmp(argv[4], "screen") == 0;
	latency.rate = number_argument(argv[5]);
	latency.n = (uint32_t)number_argument(argv[6]);
	latency.sent = calloc(latency.n, sizeof *latency.sent);
	latency.took = calloc(latency.n, sizeof *latency.took);
	if (!latency.sent || !latency.took)
		die("no memory");
	raw_connect(&latency.taps, (uint16_t)number_argument(argv[1]), &(struct raw_login){.client_id = "bench-taps"});
	watch((uint16_t)number_argument(argv[1]), argv[2], argv[3]);
	if (pthread_create(&sender, NULL, send_taps, NULL) != 0)
		die("no thread");
	while (latency.seen < latency.n) {
		if (!raw_next(&latency.screen, &packet, PATIENCE_MS))
			die("%u of %u taps were answered", latency.seen, latency.n);
		look(&packet, now_ns());
	}
	(void)pthread_join(sender, NULL);
	qsort(latency.took, latency.n, sizeof *latency.took, ascending);
	(void)printf("%" PRIu64 " %" PRIu64 "\n", latency.took[latency.n / 2],
		     latency.took[(uint64_t)latency.n * 99 / 100]);
	return 0;
}
