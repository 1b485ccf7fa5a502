/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/inbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int inbox_init(struct inbox *inbox, size_t capacity, struct error *error)
{
	*inbox = (struct inbox){.capacity = capacity};
	inbox->messages = calloc(capacity, sizeof *inbox->messages);
	if (!inbox->messages)
		return error_set(error, FAULT_MEMORY, "no memory for an inbox of %zu messages", capacity);
	return 0;
}

void inbox_release(struct inbox *inbox)
{
	inbox_clear(inbox);
	free(inbox->messages);
	*inbox = (struct inbox){0};
}

bool inbox_full(const struct inbox *inbox)
{
	return inbox->n == inbox->capacity || inbox->bytes >= INBOX_BYTES_MAX;
}

void inbox_put(struct inbox *inbox, struct mqtt_message *message, const char *team)
{
	struct inbox_message *entry = &inbox->messages[inbox->n];

	assert(!inbox_full(inbox));
	entry->mqtt = *message;
	memcpy(entry->team, team, sizeof entry->team);
	inbox->bytes += message->length;
	inbox->n++;
	*message = (struct mqtt_message){0};
}

void inbox_clear(struct inbox *inbox)
{
	for (size_t i = 0; i < inbox->n; i++)
		mqtt_message_release(&inbox->messages[i].mqtt);
	inbox->n = 0;
	inbox->bytes = 0;
}
