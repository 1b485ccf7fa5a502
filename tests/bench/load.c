/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench-load PORT SUBMISSIONS EVENTS PHONES LAST SEED: gives the broker submissions of EVENTS taps each, at QoS 1.
 *
 * PHONES 0: each submission comes from a phone of its own; otherwise from one of so many, at random, as the outboxes
 * of many phones mix. The receipt of the last submission goes to the client id LAST: who hears it knows that all
 * before it is done. Ends when the broker has acknowledged everything.
 */
#include <stdio.h>
#include <string.h>

#include "proto/topic.h"
#include "tests/bench/events.h"
#include "tests/bench/raw.h"

enum { WINDOW = 4000, FLUSH_BYTES = 1 << 16 }; /* below the 65,535 packet ids that there are */

struct load {
	uint32_t submissions, events, phones;
	const char *last;
	struct random random;
};

static size_t make(struct load *load, uint32_t i, uint8_t out[static SUBMISSION_BYTES_MAX])
{
	struct event events[SUBMISSION_EVENTS_MAX];
	char phone[CLIENT_ID_BYTES];
	size_t length;

	for (uint32_t e = 0; e < load->events; e++)
		events[e] = bench_event(&load->random, BENCH_DAY);
	bench_phone(load->phones ? random_below(&load->random, load->phones) : i, phone);
	length = submission_encode(events, load->events, i + 1 == load->submissions ? load->last : phone, out,
				   SUBMISSION_BYTES_MAX);
	if (length == 0)
		die("a submission of %u events is too long", load->events);
	return length;
}

static void wait_for_answers(struct raw *raw, uint32_t *acked, uint32_t until)
{
	struct raw_packet packet;

	while (*acked < until) {
		if (!raw_next(raw, &packet, 60000))
			die("the broker acknowledges nothing any more");
		*acked += packet.type == RAW_PUBACK;
	}
}

static void send_all(struct raw *raw, struct load *load)
{
	uint8_t bytes[SUBMISSION_BYTES_MAX];
	char topic[TOPIC_BYTES];
	uint32_t acked = 0;

	for (uint32_t i = 0; i < load->submissions; i++) {
		topic_registration(topic, BENCH_ORG, bench_teams[random_below(&load->random, BENCH_TEAMS)]);
		raw_publish(raw, topic, bytes, make(load, i, bytes), 1);
		if (raw->out_length >= FLUSH_BYTES)
			raw_flush(raw);
		if (i >= WINDOW)
			wait_for_answers(raw, &acked, i - WINDOW);
	}
	wait_for_answers(raw, &acked, load->submissions);
}

int main(int argc, char **argv)
{
	struct load load;
	struct raw raw;

	if (argc != 7)
		die("usage: bench-load PORT SUBMISSIONS EVENTS PHONES LAST SEED");
	load = (struct load){
		.submissions = (uint32_t)number_argument(argv[2]),
		.events = (uint32_t)number_argument(argv[3]),
		.phones = (uint32_t)number_argument(argv[4]),
		.last = argv[5],
		.random = {number_argument(argv[6])},
	};
	if (load.events < 1 || load.events > SUBMISSION_EVENTS_MAX || strlen(load.last) != CLIENT_ID_CHARS)
		die("EVENTS is 1 to %d, LAST has %d characters", SUBMISSION_EVENTS_MAX, CLIENT_ID_CHARS);
	raw_connect(&raw, (uint16_t)number_argument(argv[1]), &(struct raw_login){.client_id = "bench-load"});
	send_all(&raw, &load);
	raw_close(&raw);
	return 0;
}
