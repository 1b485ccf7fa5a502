/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every value of the store, byte by byte: built and parsed here and nowhere else (docs/store-format.md).
 *
 * Integers are big-endian. Every value ends with the CRC32C of its key and of what comes before: a record that was
 * altered, or that stands under another's key, does not decode. Decoders take bytes that may be damaged: they check
 * length, CRC and ranges, and return false.
 */
#ifndef TURF_STORE_RECORDS_H
#define TURF_STORE_RECORDS_H

#include "store/keys.h"
#include "store/store.h"

enum {
	STORE_FORMAT = 1,
	SEAL_BYTES = 4,     /* the CRC32C */
	RECORD_BYTES = 160, /* the largest value, but for the two that have a limit of their own */
	CATALOGUE_RECORD_BYTES = CATALOGUE_BYTES_MAX + SEAL_BYTES,
	QUARANTINE_RECORD_BYTES = 4 + 1 + SLUG_BYTES + SUBMISSION_BYTES_MAX + SEAL_BYTES,
	REFUSALS = VERDICT_REFUSED_RETRACTION_TOO_LATE - VERDICT_REFUSED_MALFORMED + 1,
};

struct record {
	uint8_t bytes[RECORD_BYTES];
	size_t length;
};

struct span record_span(const struct record *record);
void record_put(struct lmdb_txn *lmdb, enum database database, const struct key *key, struct record record);

/* Gives the transaction its fault: a record of `database` does not decode. */
void record_damaged(struct lmdb_txn *lmdb, enum database database);

/* "turf" and the number of the format: this record is the same in every format there will ever be. */
struct record format_encode(uint32_t format);
bool format_decode(struct span value, uint32_t *format);

struct record org_encode(const char *org);
bool org_decode(struct span value, char org[static SLUG_BYTES]);

struct state {
	struct store_state shown; /* what store_state tells; its org has a record of its own */
	struct id_place settled;  /* ids before this one have no detail */
	uint32_t purged_to;       /* ids of earlier days are gone; behind purged_before while a purge goes on */
	uint32_t released;        /* the day on which CELLS_DAILY last showed its cells */
	uint16_t teams;           /* the highest team number given */
};
struct record state_encode(const struct state *state);
bool state_decode(struct span value, struct state *state); /* leaves shown.org alone */

struct quarantine_state {
	uint64_t sequence;          /* the last one given */
	uint32_t limit;             /* entries per reason */
	uint32_t entries[REFUSALS]; /* by reason - VERDICT_REFUSED_MALFORMED */
};
struct record quarantine_state_encode(const struct quarantine_state *state);
bool quarantine_state_decode(struct span value, struct quarantine_state *state);

struct record team_number_encode(const struct key *key, uint16_t number);
bool team_number_decode(struct span key, struct span value, uint16_t *number);
struct record team_slug_encode(const struct key *key, const char *slug);
bool team_slug_decode(struct span key, struct span value, char slug[static SLUG_BYTES]);

struct id_record {
	enum known state; /* never KNOWN_NOTHING */
	bool detailed;    /* the rest is there; KNOWN_COUNTED only */
	uint16_t team;
	uint8_t domain;
	uint8_t outcome; /* enum outcome */
	uint8_t n_labels;
	uint16_t labels[EVENT_LABELS_MAX];
};
struct record id_encode(const struct key *key, const struct id_record *id);
bool id_decode(struct span key, struct span value, struct id_record *id);

struct cell_record {
	uint64_t counted;
	uint64_t settled; /* of which no id has the detail any more */
	uint64_t late;
	uint64_t shown; /* what held cells have let out */
};
struct record cell_encode(const struct key *key, const struct cell_record *cell);
bool cell_decode(struct span key, struct span value, struct cell_record *cell);

struct week_record {
	uint64_t counted; /* late ones included */
	uint64_t settled;
};
struct record week_encode(const struct key *key, const struct week_record *week);
bool week_decode(struct span key, struct span value, struct week_record *week);

struct quarter_record {
	uint32_t revisions;      /* issued after the first */
	uint64_t taken_in;       /* late questions that revisions took into the figures */
	uint64_t purged_counted; /* ids gone that were counted */
	uint64_t purged_late;    /* ids gone that were counted late */
};
struct record quarter_encode(const struct key *key, const struct quarter_record *quarter);
bool quarter_decode(struct span key, struct span value, struct quarter_record *quarter);

struct record purged_week_encode(const struct key *key, uint64_t purged);
bool purged_week_decode(struct span key, struct span value, uint64_t *purged);

/* Puts the CRC32C behind the `length` bytes in `bytes`, which has room for it. Returns the new length. */
size_t record_seal(struct span key, uint8_t *bytes, size_t length);
bool record_unseal(struct span key, struct span value, struct span *bytes);

/* Key and value of `entry`, which keeps at most SUBMISSION_BYTES_MAX bytes. */
size_t quarantine_encode(const struct key *key, const struct quarantined *entry,
			 uint8_t out[static QUARANTINE_RECORD_BYTES]);
bool quarantine_decode(struct span key, struct span value, struct quarantined *entry);

#endif
