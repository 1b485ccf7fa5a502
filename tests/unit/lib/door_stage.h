/* SPDX-License-Identifier: EUPL-1.2 */
/* A database of turfdoor in a temporary folder, with an organisation that buys few tokens, and phones that buy them. */
#ifndef TURF_TESTS_UNIT_LIB_DOOR_STAGE_H
#define TURF_TESTS_UNIT_LIB_DOOR_STAGE_H

#include "broker-client/libturf/pending_token.h"
#include "door/door.h"

enum { STAGE_BATCH = 3, STAGE_TODAY = 20787 /* 2026-11-30, a Monday, week 49 */ };
#define STAGE_NOW ((uint64_t)STAGE_TODAY * 86400 + 40000)

struct door_stage {
	char path[64];
	struct door *door;
	struct error error;
	uint64_t now;
	uint32_t today;
};

/* A phone with what it keeps: its credential and the batch that it asks for. */
struct door_phone {
	uint8_t credential[DOOR_CREDENTIAL_BYTES];
	char scope[SCOPE_BYTES];
	struct token_key *key;
	struct pending_token pending[STAGE_BATCH];
	uint8_t blinded[STAGE_BATCH * TOKEN_MODULUS_BYTES];
	uint8_t answers[STAGE_BATCH * TOKEN_MODULUS_BYTES];
	struct token tokens[STAGE_BATCH];
};

/* Makes and opens the database; the test fails when it cannot. door_stage_remove deletes it. */
void door_stage_make(struct door_stage *stage);
void door_stage_open(struct door_stage *stage);
void door_stage_close(struct door_stage *stage);
void door_stage_remove(struct door_stage *stage);

/* The code of an invitation of workers of one team, or of several: "oost west". */
void door_stage_invite(struct door_stage *stage, const char *teams, uint8_t code[static DOOR_CODE_BYTES]);

/* A phone that was invited and has joined; the keys are made. door_phone_release it. */
void door_stage_enrol(struct door_stage *stage, const char *teams, struct door_phone *phone);
void door_phone_release(struct door_phone *phone);

/* Draws a batch for the key of the week of today + 7 * weeks days. */
void door_phone_draw(struct door_phone *phone, struct door_stage *stage, int weeks);

/* Asks for it; what door_take_batch says. After 0 the tokens are made, and each must be valid. */
int door_phone_buy(struct door_phone *phone, struct door_stage *stage);

#endif
