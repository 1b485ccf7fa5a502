/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/libturf/token_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/step.h"
#include "broker-client/libturf/outbox_db.h"
#include "broker-client/libturf/pending_token.h"
#include "broker-client/libturf/token_store_away.h"
#include "proto/rules.h"

enum {
	BATCH_BYTES = 1 + 2 + 8 + 8 + TOKEN_MODULUS_BYTES,
	TOKEN_KEY = TOKEN_DIGEST_BYTES + 2, /* the key of a token: the id of the key that signs it, and its number */
	PENDING_BYTES = 1 + TOKEN_BYTES + 2 * TOKEN_MODULUS_BYTES,
	READY_BYTES = 1 + TOKEN_BYTES,
};

/* A token's record begins with one of these. Of those that can be taken a lower one is taken first. */
enum token_state { TOKEN_PENDING = 1, TOKEN_READY = 2, TOKEN_REFUSED = 3, TOKEN_DOUBTFUL = 4 };

/* ---- Records of batches and tokens ------------------------------------------------------------------------------ */

struct batch {
	enum token_store_batch_state state;
	unsigned n;
	int64_t not_before, not_after;
	uint8_t modulus[TOKEN_MODULUS_BYTES];
};

static void put_batch(struct lmdb_txn *txn, const uint8_t *key_id, const struct batch *batch)
{
	uint8_t bytes[BATCH_BYTES];

	bytes[0] = (uint8_t)batch->state;
	put_be16(bytes + 1, (uint16_t)batch->n);
	put_be64(bytes + 3, (uint64_t)batch->not_before);
	put_be64(bytes + 11, (uint64_t)batch->not_after);
	memcpy(bytes + 19, batch->modulus, TOKEN_MODULUS_BYTES);
	lmdb_put(txn, DB_TOKENS, (struct span){key_id, TOKEN_DIGEST_BYTES}, (struct span){bytes, sizeof bytes});
}

static bool read_batch(struct lmdb_txn *txn, const struct span *value, struct batch *batch)
{
	if (value->length != BATCH_BYTES) {
		db_damaged(txn);
		return false;
	}
	batch->state = (enum token_store_batch_state)value->at[0];
	batch->n = get_be16(value->at + 1);
	batch->not_before = (int64_t)get_be64(value->at + 3);
	batch->not_after = (int64_t)get_be64(value->at + 11);
	memcpy(batch->modulus, value->at + 19, TOKEN_MODULUS_BYTES);
	return true;
}

static bool get_batch(struct lmdb_txn *txn, const uint8_t *key_id, struct batch *batch)
{
	struct span value;

	return lmdb_get(txn, DB_TOKENS, (struct span){key_id, TOKEN_DIGEST_BYTES}, &value) &&
	       read_batch(txn, &value, batch);
}

struct token_key_bytes {
	uint8_t bytes[TOKEN_KEY];
};

static struct span token_span(struct token_key_bytes *key, const uint8_t *key_id, unsigned number)
{
	memcpy(key->bytes, key_id, TOKEN_DIGEST_BYTES);
	put_be16(key->bytes + TOKEN_DIGEST_BYTES, (uint16_t)number);
	return (struct span){key->bytes, sizeof key->bytes};
}

static void put_token(struct lmdb_txn *txn, const uint8_t *key_id, unsigned number, enum token_state state,
		      const struct token *token)
{
	struct token_key_bytes key;
	uint8_t bytes[READY_BYTES];

	bytes[0] = (uint8_t)state;
	token_encode(token, bytes + 1);
	lmdb_put(txn, DB_TOKENS, token_span(&key, key_id, number), (struct span){bytes, sizeof bytes});
}

static void put_pending(struct lmdb_txn *txn, const uint8_t *key_id, unsigned number,
			const struct pending_token *pending)
{
	struct token_key_bytes key;
	uint8_t bytes[PENDING_BYTES];

	bytes[0] = TOKEN_PENDING;
	token_encode(&pending->token, bytes + 1);
	memcpy(bytes + 1 + TOKEN_BYTES, pending->blinded, TOKEN_MODULUS_BYTES);
	memcpy(bytes + 1 + TOKEN_BYTES + TOKEN_MODULUS_BYTES, pending->inverse, TOKEN_MODULUS_BYTES);
	lmdb_put(txn, DB_TOKENS, token_span(&key, key_id, number), (struct span){bytes, sizeof bytes});
}

static bool get_pending(struct lmdb_txn *txn, const uint8_t *key_id, unsigned number, struct pending_token *pending)
{
	struct token_key_bytes key;
	struct span value;

	if (!lmdb_get(txn, DB_TOKENS, token_span(&key, key_id, number), &value) || value.length != PENDING_BYTES ||
	    token_decode(value.at + 1, TOKEN_BYTES, &pending->token) != 0) {
		db_damaged(txn);
		return false;
	}
	memcpy(pending->blinded, value.at + 1 + TOKEN_BYTES, TOKEN_MODULUS_BYTES);
	memcpy(pending->inverse, value.at + 1 + TOKEN_BYTES + TOKEN_MODULUS_BYTES, TOKEN_MODULUS_BYTES);
	return true;
}

/* Deletes the batch and its tokens, which stand behind it. */
static void delete_batch(struct lmdb_txn *txn, const uint8_t *key_id)
{
	struct lmdb_cursor cursor;
	bool more;

	lmdb_cursor_open(&cursor, txn, DB_TOKENS);
	for (more = lmdb_seek(&cursor, (struct span){key_id, TOKEN_DIGEST_BYTES});
	     more && memcmp(cursor.key.at, key_id, TOKEN_DIGEST_BYTES) == 0; more = lmdb_next(&cursor))
		lmdb_remove(&cursor);
	lmdb_cursor_close(&cursor);
}

/* Goes along all batches and their tokens. The first record of a batch is its own; then `token` is empty. */
struct walk {
	struct lmdb_cursor cursor;
	uint8_t key_id[TOKEN_DIGEST_BYTES];
	struct batch batch;
	struct span token;
	unsigned number;
};

static void walk_begin(struct walk *walk, struct lmdb_txn *txn)
{
	*walk = (struct walk){.number = 0};
	lmdb_cursor_open(&walk->cursor, txn, DB_TOKENS);
}

static bool walk_next(struct walk *walk)
{
	const struct span *key = &walk->cursor.key;

	if (!lmdb_next(&walk->cursor))
		return false;
	walk->token = (struct span){NULL, 0};
	if (key->length == TOKEN_DIGEST_BYTES) {
		memcpy(walk->key_id, key->at, TOKEN_DIGEST_BYTES);
		return read_batch(walk->cursor.txn, &walk->cursor.value, &walk->batch);
	}
	if (key->length != TOKEN_KEY || memcmp(key->at, walk->key_id, TOKEN_DIGEST_BYTES) != 0 ||
	    walk->cursor.value.length < READY_BYTES) {
		db_damaged(walk->cursor.txn);
		return false;
	}
	walk->number = get_be16(key->at + TOKEN_DIGEST_BYTES);
	walk->token = walk->cursor.value;
	return true;
}

static void walk_end(struct walk *walk)
{
	lmdb_cursor_close(&walk->cursor);
}

/* ---- Batches ---------------------------------------------------------------------------------------------------- */

static int compare_batches(const void *a, const void *b)
{
	const struct token_store_batch *left = a, *right = b;

	return (left->not_before > right->not_before) - (left->not_before < right->not_before);
}

static int batches_body(void *context, struct lmdb_txn *txn)
{
	struct token_store_batches *batches = context;
	struct token_store_batch *last = NULL;
	struct walk walk;

	batches->n = 0;
	walk_begin(&walk, txn);
	while (walk_next(&walk)) {
		if (walk.token.at) {
			if (last)
				last->tokens += walk.token.at[0] != TOKEN_PENDING;
			continue;
		}
		last = batches->n < TOKEN_STORE_WEEKS_MAX ? &batches->all[batches->n++] : NULL;
		if (!last)
			continue;
		*last = (struct token_store_batch){.state = walk.batch.state,
						   .not_before = walk.batch.not_before,
						   .not_after = walk.batch.not_after};
		memcpy(last->key_id, walk.key_id, sizeof last->key_id);
	}
	walk_end(&walk);
	return 0;
}

int token_store_batches(struct outbox *outbox, struct token_store_batches *batches, struct error *error)
{
	int rc = db_read(outbox, batches_body, batches, error);

	if (rc == 0)
		qsort(batches->all, batches->n, sizeof *batches->all, compare_batches);
	return rc;
}

struct drawing {
	const uint8_t *key_id;
	struct batch batch;
	struct pending_token *pending;
};

static int draw_body(void *context, struct lmdb_txn *txn)
{
	const struct drawing *drawing = context;
	struct batch stored;

	if (get_batch(txn, drawing->key_id, &stored))
		return TURF_UNCHANGED;
	put_batch(txn, drawing->key_id, &drawing->batch);
	for (unsigned i = 0; i < drawing->batch.n; i++)
		put_pending(txn, drawing->key_id, i, &drawing->pending[i]);
	return 0;
}

int token_store_draw(struct outbox *outbox, const struct token_directory_key *key,
		     const uint8_t challenge[static TOKEN_DIGEST_BYTES], unsigned n, struct error *error)
{
	struct drawing drawing = {
		.key_id = token_key_id(key->key),
		.batch = {.state = TOKEN_STORE_ASKED,
			  .n = n,
			  .not_before = key->not_before,
			  .not_after = key->not_after},
		.pending = calloc(n, sizeof *drawing.pending),
	};
	int rc = drawing.pending ? 0 : error_set(error, FAULT_MEMORY, "no memory for %u tokens", n);

	memcpy(drawing.batch.modulus, token_key_modulus(key->key), TOKEN_MODULUS_BYTES);
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = pending_token_draw(&drawing.pending[i], key->key, challenge, error);
	if (rc == 0)
		rc = db_write(outbox, draw_body, &drawing, error);
	if (drawing.pending)
		explicit_bzero(drawing.pending, n * sizeof *drawing.pending);
	free(drawing.pending);
	return rc == TURF_UNCHANGED ? 0 : rc;
}

/* A batch that is asked for, read into memory. */
struct reading {
	const uint8_t *key_id;
	struct batch batch;
	struct pending_token *pending; /* on the heap */
	int64_t now, wait;             /* to finish: how long no token is taken if the device was away */
};

static int read_body(void *context, struct lmdb_txn *txn)
{
	struct reading *reading = context;

	free(reading->pending);
	reading->pending = NULL;
	if (!get_batch(txn, reading->key_id, &reading->batch) || reading->batch.state != TOKEN_STORE_ASKED)
		return TOKEN_STORE_NONE;
	reading->pending = calloc(reading->batch.n + 1U, sizeof *reading->pending);
	if (!reading->pending) {
		lmdb_fail(txn, FAULT_MEMORY, "no memory for %u tokens", reading->batch.n);
		return 0;
	}
	for (unsigned i = 0; i < reading->batch.n; i++)
		if (!get_pending(txn, reading->key_id, i, &reading->pending[i]))
			break;
	return 0;
}

int token_store_request(struct outbox *outbox, const uint8_t key_id[static TOKEN_DIGEST_BYTES], uint8_t **body,
			size_t *length, struct error *error)
{
	struct reading reading = {.key_id = key_id};
	int rc = db_read(outbox, read_body, &reading, error);
	uint8_t *at = NULL;

	*body = NULL;
	*length = 0;
	if (rc == 0) {
		*length = TOKEN_DIGEST_BYTES + reading.batch.n * (size_t)TOKEN_MODULUS_BYTES;
		*body = at = malloc(*length);
		rc = at ? 0 : error_set(error, FAULT_MEMORY, "no memory for a batch");
	}
	if (rc == 0 && at) {
		memcpy(at, key_id, TOKEN_DIGEST_BYTES);
		at += TOKEN_DIGEST_BYTES;
		for (unsigned i = 0; i < reading.batch.n; i++, at += TOKEN_MODULUS_BYTES)
			memcpy(at, reading.pending[i].blinded, TOKEN_MODULUS_BYTES);
	}
	free(reading.pending);
	return rc;
}

static int finish_body(void *context, struct lmdb_txn *txn)
{
	const struct reading *finished = context;
	struct batch stored;

	if (!get_batch(txn, finished->key_id, &stored) || stored.state != TOKEN_STORE_ASKED)
		return TOKEN_STORE_NONE;
	stored.state = TOKEN_STORE_BOUGHT;
	put_batch(txn, finished->key_id, &stored);
	for (unsigned i = 0; i < stored.n; i++)
		put_token(txn, finished->key_id, i, TOKEN_READY, &finished->pending[i].token);
	token_store_note_away(txn, finished->batch.not_after, finished->now, finished->wait);
	return 0;
}

static int finish_all(struct reading *reading, const uint8_t *answer, struct error *error)
{
	uint8_t bytes[TOKEN_KEY_BYTES];
	struct token_key *key;
	int rc;

	token_key_encode(reading->batch.modulus, bytes);
	rc = token_key_open(bytes, sizeof bytes, &key, error);
	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < reading->batch.n && rc == 0; i++) {
		struct pending_token *pending = &reading->pending[i];

		rc = pending_token_finish(pending, key, answer + i * (size_t)TOKEN_MODULUS_BYTES, &pending->token,
					  error);
		if (rc == PENDING_TOKEN_REFUSED)
			rc = error_set(error, FAULT_BROKER,
				       "turfdoor's answer hides no signature of its key (token %u)", i + 1);
	}
	token_key_close(key);
	return rc;
}

int token_store_finish(struct outbox *outbox, const uint8_t key_id[static TOKEN_DIGEST_BYTES], const uint8_t *answer,
		       size_t length, int64_t now, struct error *error)
{
	const uint32_t range = RULES_AWAY_WAIT_MAX_S - RULES_AWAY_WAIT_MIN_S + 1;
	struct reading reading = {.key_id = key_id, .now = now};
	int rc = db_read(outbox, read_body, &reading, error);
	uint32_t random;

	if (rc == 0 && length != reading.batch.n * (size_t)TOKEN_MODULUS_BYTES)
		rc = error_set(error, FAULT_BROKER, "turfdoor's answer has %zu bytes; %zu were expected", length,
			       reading.batch.n * (size_t)TOKEN_MODULUS_BYTES);
	if (rc == 0)
		rc = finish_all(&reading, answer, error);
	if (rc == 0 && random_bytes(&random, sizeof random) < 0)
		rc = error_set(error, FAULT_SYSTEM, "the system gives no random bytes");
	if (rc == 0)
		reading.wait = RULES_AWAY_WAIT_MIN_S + (int64_t)(random % range);
	if (rc == 0)
		rc = db_write(outbox, finish_body, &reading, error);
	free(reading.pending);
	return rc;
}

struct refusing {
	const uint8_t *key_id;
	enum token_store_batch_state state;
};

static int refuse_body(void *context, struct lmdb_txn *txn)
{
	const struct refusing *refusing = context;
	struct batch batch;

	if (!get_batch(txn, refusing->key_id, &batch) || batch.state != TOKEN_STORE_ASKED)
		return TOKEN_STORE_NONE;
	delete_batch(txn, refusing->key_id);
	batch.state = refusing->state;
	batch.n = 0;
	if (batch.state != TOKEN_STORE_NOT_ASKED)
		put_batch(txn, refusing->key_id, &batch);
	return 0;
}

int token_store_refuse(struct outbox *outbox, const uint8_t key_id[static TOKEN_DIGEST_BYTES],
		       enum token_store_batch_state state, struct error *error)
{
	struct refusing refusing = {key_id, state};

	return db_write(outbox, refuse_body, &refusing, error);
}

struct deleting {
	const struct token_directory *directory;
	const char *scope;
	int64_t now;
};

/* The directory has another key of the same scope and week, and not this one. */
static bool is_replaced(const struct deleting *deleting, const struct token_store_batch *batch)
{
	const struct token_directory *directory = deleting->directory;
	char scope[SCOPE_BYTES];

	if (!directory || token_directory_find(directory, batch->key_id))
		return false;
	for (size_t i = 0; i < directory->n_keys; i++) {
		scope_format(&directory->keys[i].scope, scope);
		if (directory->keys[i].not_before == batch->not_before && strcmp(scope, deleting->scope) == 0)
			return true;
	}
	return false;
}

static int delete_old_body(void *context, struct lmdb_txn *txn)
{
	const struct deleting *deleting = context;
	struct token_store_batches batches;
	bool deleted = false;

	(void)batches_body(&batches, txn);
	for (size_t i = 0; i < batches.n; i++) {
		if (batches.all[i].not_after > deleting->now && !is_replaced(deleting, &batches.all[i]))
			continue;
		delete_batch(txn, batches.all[i].key_id);
		deleted = true;
	}
	return deleted ? 0 : TURF_UNCHANGED;
}

int token_store_delete_old(struct outbox *outbox, int64_t now, const struct token_directory *directory,
			   const char *scope, struct error *error)
{
	struct deleting deleting = {directory, scope, now};
	int rc = db_write(outbox, delete_old_body, &deleting, error);

	return rc == TURF_UNCHANGED ? 0 : rc;
}

/* ---- Tokens ----------------------------------------------------------------------------------------------------- */

struct taking {
	int64_t now;
	struct token_store_token *token;
};

/* Whether the token under the cursor is to be taken rather than the best one so far. */
static bool is_better(const struct walk *walk, int64_t now, enum token_state best, int64_t best_week)
{
	enum token_state state = walk->token.at ? (enum token_state)walk->token.at[0] : TOKEN_PENDING;

	if (state == TOKEN_PENDING || walk->batch.not_before > now || walk->batch.not_after <= now)
		return false;
	if (best == 0 || best != state)
		return best == 0 || state < best;
	return walk->batch.not_before > best_week;
}

static int take_body(void *context, struct lmdb_txn *txn)
{
	const struct taking *taking = context;
	struct token_key_bytes key;
	struct token token;
	enum token_state best = 0;
	int64_t week = 0;
	struct walk walk;

	if (token_store_away_until(txn, taking->now) != 0)
		return TOKEN_STORE_NONE;
	walk_begin(&walk, txn);
	while (walk_next(&walk)) {
		if (!is_better(&walk, taking->now, best, week))
			continue;
		if (token_decode(walk.token.at + 1, TOKEN_BYTES, &token) != 0) {
			db_damaged(txn);
			break;
		}
		best = (enum token_state)walk.token.at[0];
		week = walk.batch.not_before;
		memcpy(taking->token->key_id, walk.key_id, TOKEN_DIGEST_BYTES);
		taking->token->number = (uint16_t)walk.number;
		taking->token->doubtful = best == TOKEN_DOUBTFUL;
		token_encode_text(&token, taking->token->text);
	}
	walk_end(&walk);
	if (best == 0)
		return TOKEN_STORE_NONE;
	(void)lmdb_delete(txn, DB_TOKENS, token_span(&key, taking->token->key_id, taking->token->number));
	return 0;
}

int token_store_take(struct outbox *outbox, int64_t now, struct token_store_token *token, struct error *error)
{
	struct taking taking = {now, token};
	int rc = db_write(outbox, take_body, &taking, error);

	if (rc == 0)
		step_reached("token-taken");
	return rc;
}

struct giving {
	const struct token_store_token *token;
	bool refused;
};

static int give_back_body(void *context, struct lmdb_txn *txn)
{
	const struct giving *giving = context;
	enum token_state state = giving->refused           ? TOKEN_REFUSED
				 : giving->token->doubtful ? TOKEN_DOUBTFUL
							   : TOKEN_READY;
	struct token token;
	struct batch batch;

	if ((giving->refused && giving->token->doubtful) || !get_batch(txn, giving->token->key_id, &batch) ||
	    token_decode_text(giving->token->text, TOKEN_TEXT_CHARS, &token) != 0)
		return TOKEN_STORE_NONE;
	put_token(txn, giving->token->key_id, giving->token->number, state, &token);
	return 0;
}

int token_store_give_back(struct outbox *outbox, const struct token_store_token *token, bool refused,
			  struct error *error)
{
	struct giving giving = {token, refused};

	return db_write(outbox, give_back_body, &giving, error);
}

/* Replaces a record by one of the same length, so that the cursor stays where it is. */
static void make_doubtful(struct walk *walk)
{
	uint8_t bytes[READY_BYTES], key[TOKEN_KEY];

	memcpy(key, walk->cursor.key.at, sizeof key);
	memcpy(bytes, walk->token.at, sizeof bytes);
	bytes[0] = TOKEN_DOUBTFUL;
	lmdb_replace(&walk->cursor, (struct span){key, sizeof key}, (struct span){bytes, sizeof bytes});
}

static int doubt_refused_body(void *context, struct lmdb_txn *txn)
{
	bool changed = false;
	struct walk walk;

	(void)context;
	walk_begin(&walk, txn);
	while (walk_next(&walk)) {
		if (!walk.token.at || walk.token.at[0] != TOKEN_REFUSED)
			continue;
		make_doubtful(&walk);
		changed = true;
	}
	walk_end(&walk);
	return changed ? 0 : TURF_UNCHANGED;
}

int token_store_doubt_refused(struct outbox *outbox, struct error *error)
{
	int rc = db_write(outbox, doubt_refused_body, NULL, error);

	return rc == TURF_UNCHANGED ? 0 : rc;
}
