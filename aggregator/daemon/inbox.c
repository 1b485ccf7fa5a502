/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/daemon/inbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/message.h"

int inbox_init(struct inbox *inbox, size_t capacity, struct error *error)
{
	*inbox = (struct inbox){.capacity = capacity};
	inbox->messages = calloc(capacity, sizeof *inbox->messages);
	inbox->copies = malloc(INBOX_BYTES_MAX + SUBMISSION_BYTES_MAX); /* costs only the pages that are written */
	if (!inbox->messages || !inbox->copies)
		return error_set(error, FAULT_MEMORY, "no memory for an inbox of %zu messages", capacity);
	return 0;
}

void inbox_release(struct inbox *inbox)
{
	inbox_clear(inbox);
	free(inbox->messages);
	free(inbox->copies);
	*inbox = (struct inbox){0};
}

bool inbox_full(const struct inbox *inbox)
{
	return inbox->n == inbox->capacity || inbox->bytes >= INBOX_BYTES_MAX;
}

static void keep_copy(struct inbox *inbox, struct inbox_message *entry, struct mqtt_message *message)
{
	uint8_t *copy = inbox->copies + inbox->copied;

	memcpy(copy, message->payload, message->length);
	inbox->copied += message->length;
	entry->mqtt = (struct mqtt_message){.payload = copy, .length = message->length, .qos = message->qos};
	mqtt_message_release(message);
}

void inbox_put(struct inbox *inbox, struct mqtt_message *message, const char *team)
{
	struct inbox_message *entry = &inbox->messages[inbox->n];

	assert(!inbox_full(inbox));
	inbox->bytes += message->length;
	if (message->length <= SUBMISSION_BYTES_MAX && !message->retained)
		keep_copy(inbox, entry, message);
	else
		entry->mqtt = *message;
	memcpy(entry->team, team, sizeof entry->team);
	inbox->n++;
	*message = (struct mqtt_message){0};
}

void inbox_clear(struct inbox *inbox)
{
	for (size_t i = 0; i < inbox->n; i++)
		mqtt_message_release(&inbox->messages[i].mqtt);
	inbox->n = 0;
	inbox->bytes = 0;
	inbox->copied = 0;
}
