/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Who may take a question back (rule 4, docs/wire-format.md): whoever knows the secret from which its id was made.
 */
#ifndef TURF_PROTO_PROOF_H
#define TURF_PROTO_PROOF_H

#include "base/error.h"
#include "proto/message.h"

enum { PROOF_WRONG = 1 };

/* The id that a secret opens: the first bytes of its SHA-256. 0 or FAULT_MEMORY. */
int proof_id(const struct event_secret *secret, struct event_id *id, struct error *error);

/* Whether the secret opens the id: 0, PROOF_WRONG or FAULT_MEMORY. */
int proof_check(const struct event_secret *secret, const struct event_id *id, struct error *error);

#endif
