/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfdoor and a device in one process: requests of the device reach turfdoor's service without a socket, and each can get
 * lost, or its answer.
 */
#ifndef TURF_TESTS_UNIT_LIB_DOOR_WIRE_H
#define TURF_TESTS_UNIT_LIB_DOOR_WIRE_H

#include <stdbool.h>

#include "broker-client/libturf/token_buyer.h"
#include "tests/unit/lib/door_stage.h"

enum { WIRE_BODY_MAX = 8192 };

#define WIRE_ORG "steenwijkerland"
#define WIRE_ORIGIN "https://turf.example.nl"

struct door_wire {
	struct door_stage stage;
	char folder[64]; /* of the outbox */
	struct outbox *outbox;
	struct token_buyer buyer;
	struct token_buyer_invitation invitation; /* the last one of door_wire_invite */
	struct error error;

	/* What happens to the next POST. */
	bool lose_request, lose_answer, damage_answer;

	/* What the last POST was. */
	char path[64];
	uint8_t body[WIRE_BODY_MAX];
	size_t length;
	unsigned posts;
};

/* Makes a turfdoor and an empty outbox, which is open; door_wire_remove deletes both. */
void door_wire_make(struct door_wire *wire);
void door_wire_remove(struct door_wire *wire);

/* Opens and closes the outbox. */
void door_wire_open(struct door_wire *wire);
void door_wire_close(struct door_wire *wire);

/* turfdoor makes an invitation for workers of a team. */
void door_wire_invite(struct door_wire *wire, const char *team);

/* The clock of both goes on by so many days. */
void door_wire_wait(struct door_wire *wire, int days);

/* What token_buyer_join and token_buyer_fetch say. */
int door_wire_join(struct door_wire *wire);
int door_wire_fetch(struct door_wire *wire);

/* Takes a token; whether there is one. It must be valid for a key that turfdoor has now. */
bool door_wire_take(struct door_wire *wire, struct token_store_token *token);

#endif
