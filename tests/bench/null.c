/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench-null PORT CLIENT-ID USER PASSWORD MODE [N LAST]: the least that a subscriber can do, with the library and the
 * flavour that turfd uses (Paho, MQTTClient, QoS 1, session kept).
 *
 *   session   subscribes and leaves: from now on the broker queues
 *   count     counts N messages, then tells LAST's receipt topic that it is done
 *   answer    counts each, and answers each on its phone's receipt topic
 *   echo      subscribes, says "ready", and answers all that has arrived together
 *   echo-synced  the same after two writes with fdatasync: what LMDB's commit asks of the disk; the file is in the
 *             current directory
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <MQTTClient.h>

#include "proto/topic.h"
#include "proto/wire.h"
#include "tests/bench/events.h"
#include "tests/bench/raw.h"

enum { RECEIPT_BYTES = 22, TOGETHER = 1000, PAGE = 4096 };

/* Who asks, and a receipt of one result: COUNTED. */
struct answer {
	char to[CLIENT_ID_BYTES];
	uint8_t receipt[RECEIPT_BYTES];
};

struct null {
	MQTTClient client;
	int disk; /* -1: answers do not wait for it */
	struct answer waiting[TOGETHER];
	size_t n_waiting;
};

static void connect_to(struct null *null, const char *port, const char *id, const char *user, const char *password)
{
	MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
	char address[64];

	(void)snprintf(address, sizeof address, "mqtt://127.0.0.1:%s", port);
	if (getenv("PAHO_TRACELESS")) /* as turfd has it; nobody's first Paho program does */
		MQTTClient_setTraceLevel(MQTTCLIENT_TRACE_ERROR);
	options.MQTTVersion = MQTTVERSION_3_1_1;
	options.cleansession = 0;
	options.username = user;
	options.password = password;
	if (MQTTClient_create(&null->client, address, id, MQTTCLIENT_PERSISTENCE_NONE, NULL) != MQTTCLIENT_SUCCESS ||
	    MQTTClient_connect(null->client, &options) != MQTTCLIENT_SUCCESS)
		die("no connection to %s", address);
}

static void publish(struct null *null, const char *to, const uint8_t *payload, size_t length)
{
	char topic[TOPIC_BYTES];

	topic_receipt(topic, BENCH_ORG, to);
	if (MQTTClient_publish(null->client, topic, (int)length, payload, 0, 0, NULL) != MQTTCLIENT_SUCCESS)
		die("the connection is lost");
}

/* Reads what an answer needs, and nothing else: where it goes, and the id of the one event. */
static bool read_submission(const MQTTClient_message *message, struct answer *answer)
{
	enum { EVENTS = 1, RECEIPT_TO = 2, ID_AT = 2 };
	static const uint8_t empty[RECEIPT_BYTES] = {0x0a,           RECEIPT_BYTES - 2, 0x0a,
						     EVENT_ID_BYTES, [20] = 0x10,       VERDICT_COUNTED};
	struct wire wire = {message->payload, (size_t)message->payloadlen};
	struct wire_field field;
	bool found = false;

	memcpy(answer->receipt, empty, sizeof empty);
	while (wire_next(&wire, &field) == 0) {
		if (field.number == EVENTS && field.length >= ID_AT + EVENT_ID_BYTES)
			memcpy(answer->receipt + 4, field.data + ID_AT, EVENT_ID_BYTES);
		if (field.number != RECEIPT_TO || field.length != CLIENT_ID_CHARS)
			continue;
		memcpy(answer->to, field.data, field.length);
		answer->to[field.length] = '\0';
		found = true;
	}
	return found;
}

static void sync_disk(struct null *null)
{
	static const uint8_t page[PAGE];

	for (int i = 0; i < 2; i++)
		if (pwrite(null->disk, page, sizeof page, i * PAGE) != PAGE || fdatasync(null->disk) != 0)
			die("the disk does not take a page");
}

static void answer_waiting(struct null *null)
{
	if (null->n_waiting > 0 && null->disk >= 0)
		sync_disk(null);
	for (size_t i = 0; i < null->n_waiting; i++)
		publish(null, null->waiting[i].to, null->waiting[i].receipt, RECEIPT_BYTES);
	null->n_waiting = 0;
}

/* False: nothing has come in so many milliseconds. */
static bool take(struct null *null, unsigned long wait_ms, bool answer)
{
	MQTTClient_message *message = NULL;
	char *topic = NULL;
	int length = 0, rc = MQTTClient_receive(null->client, &topic, &length, &message, wait_ms);

	if (rc != MQTTCLIENT_SUCCESS)
		die("the connection is lost");
	if (!message)
		return false;
	if (answer && read_submission(message, &null->waiting[null->n_waiting]))
		null->n_waiting++;
	MQTTClient_freeMessage(&message);
	MQTTClient_free(topic);
	return true;
}

static void count(struct null *null, uint64_t n, const char *last)
{
	while (n > 0)
		n -= take(null, 1000, false);
	publish(null, last, (const uint8_t *)"", 0);
	for (;;)
		(void)take(null, 1000, false);
}

static void answer(struct null *null)
{
	for (;;)
		if (take(null, 1000, true))
			answer_waiting(null);
}

/* Nagle's algorithm would hold an answer back behind the acknowledgement before it, for 40 ms. */
static void send_at_once(void)
{
	static const int yes = 1;

	for (int fd = 0; fd < 64; fd++)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static void echo(struct null *null, bool synced)
{
	send_at_once();
	if (synced)
		null->disk = open("echo", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (synced && null->disk < 0)
		die("no file to write to");
	for (;;) {
		unsigned long wait_ms = 1000;

		while (null->n_waiting < TOGETHER && take(null, wait_ms, true))
			wait_ms = 0;
		answer_waiting(null);
	}
}

static void subscribe(struct null *null)
{
	if (MQTTClient_subscribe(null->client, "turf/v1/" BENCH_ORG "/registration/+", 1) != MQTTCLIENT_SUCCESS)
		die("no subscription");
}

int main(int argc, char **argv)
{
	static struct null null = {.disk = -1};
	const char *mode = argc < 6 ? "" : argv[5];

	if (!*mode)
		die("usage: bench-null PORT CLIENT-ID USER PASSWORD MODE [N LAST]");
	connect_to(&null, argv[1], argv[2], argv[3], argv[4]);
	if (strcmp(mode, "count") == 0 && argc == 8)
		count(&null, number_argument(argv[6]), argv[7]);
	if (strcmp(mode, "answer") == 0)
		answer(&null);
	subscribe(&null);
	(void)puts("ready");
	(void)fflush(stdout);
	if (strcmp(mode, "session") != 0)
		echo(&null, strcmp(mode, "echo-synced") == 0);
	(void)MQTTClient_disconnect(null.client, 1000);
	MQTTClient_destroy(&null.client);
	return 0;
}
