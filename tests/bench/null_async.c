/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench-null_async PORT CLIENT-ID USER PASSWORD N LAST: bench-null's `count` with Paho's other flavour, MQTTAsync, whose
 * thread calls back for each message.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include <MQTTAsync.h>

#include "proto/topic.h"
#include "tests/bench/events.h"
#include "tests/bench/raw.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint64_t left;
static int outcome; /* of the last request: 0 under way, 1 done, -1 failed */

static int arrived(void *context, char *topic, int topic_length, MQTTAsync_message *message)
{
	(void)context;
	(void)topic_length;
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	if (--left == 0) {
		(void)pthread_mutex_lock(&mutex);
		(void)pthread_cond_signal(&changed);
		(void)pthread_mutex_unlock(&mutex);
	}
	return 1;
}

static void settle(int value)
{
	(void)pthread_mutex_lock(&mutex);
	outcome = value;
	(void)pthread_cond_signal(&changed);
	(void)pthread_mutex_unlock(&mutex);
}

static void succeeded(void *context, MQTTAsync_successData *data)
{
	(void)context;
	(void)data;
	settle(1);
}

static void failed(void *context, MQTTAsync_failureData *data)
{
	(void)context;
	(void)data;
	settle(-1);
}

static void wait_for_outcome(const char *what)
{
	(void)pthread_mutex_lock(&mutex);
	while (outcome == 0)
		(void)pthread_cond_wait(&changed, &mutex);
	(void)pthread_mutex_unlock(&mutex);
	if (outcome < 0)
		die("%s failed", what);
	outcome = 0;
}

int main(int argc, char **argv)
{
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
	MQTTAsync_responseOptions sent = MQTTAsync_responseOptions_initializer;
	char address[64], topic[TOPIC_BYTES];
	MQTTAsync client;

	if (argc != 7)
		die("usage: bench-null_async PORT CLIENT-ID USER PASSWORD N LAST");
	left = number_argument(argv[5]);
	topic_receipt(topic, BENCH_ORG, argv[6]);
	(void)snprintf(address, sizeof address, "mqtt://127.0.0.1:%s", argv[1]);
	if (MQTTAsync_create(&client, address, argv[2], MQTTCLIENT_PERSISTENCE_NONE, NULL) != MQTTASYNC_SUCCESS)
		die("no client");
	(void)MQTTAsync_setCallbacks(client, NULL, NULL, arrived, NULL);
	options.MQTTVersion = MQTTVERSION_3_1_1;
	options.cleansession = 0;
	options.username = argv[3];
	options.password = argv[4];
	options.onSuccess = succeeded;
	options.onFailure = failed;
	(void)MQTTAsync_connect(client, &options);
	wait_for_outcome("connecting");
	(void)pthread_mutex_lock(&mutex);
	while (left > 0)
		(void)pthread_cond_wait(&changed, &mutex);
	(void)pthread_mutex_unlock(&mutex);
	sent.onSuccess = succeeded;
	sent.onFailure = failed;
	(void)MQTTAsync_send(client, topic, 1, "", 0, 0, &sent);
	wait_for_outcome("the answer");
	for (;;)
		(void)pause();
}
