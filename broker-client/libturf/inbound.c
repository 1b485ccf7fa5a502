/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/inbound.h"

#include <stdlib.h>
#include <string.h>

struct inbound *inbound_copy(const struct mqtt_event *event)
{
	const void *bytes = event->message ? (const void *)event->message->payload : event->reason;
	size_t length = event->message ? event->message->length : event->reason ? strlen(event->reason) + 1 : 0;
	struct inbound *copy;

	if (length > INBOUND_BYTES_MAX)
		return NULL;
	copy = calloc(1, sizeof *copy + length + 1);
	if (!copy)
		return NULL;
	copy->kind = event->kind;
	copy->token = event->token;
	copy->length = length;
	if (length > 0)
		memcpy(copy->bytes, bytes, length);
	if (event->message)
		(void)topic_parse(event->message->topic, event->message->topic_length, &copy->topic);
	return copy;
}

void inbound_append(struct inbound_queue *queue, struct inbound **copy)
{
	if (queue->n >= INBOUND_MAX && (*copy)->kind == MQTT_EVENT_MESSAGE)
		return;
	*queue->end = *copy;
	queue->end = &(*copy)->next;
	queue->n++;
	*copy = NULL;
}

struct inbound *inbound_take(struct inbound_queue *queue)
{
	struct inbound *first = queue->first;

	queue->first = NULL;
	queue->end = &queue->first;
	queue->n = 0;
	return first;
}

void inbound_free(struct inbound *all)
{
	while (all) {
		struct inbound *next = all->next;

		free(all);
		all = next;
	}
}
