/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench-expert PORT CLIENT-ID USER PASSWORD DATABASE: the peer that an expert would write by hand for this one task:
 * libmosquitto and SQLite (WAL, synchronous=FULL). Takes everything that has arrived, up to 3,000 submissions as turfd does, stores
 * it in one transaction with unique ids, and then answers each phone once. Questions only; no validity, no quarters
 * that close, no retraction, no figures published.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mosquitto.h>
#include <sqlite3.h>

#include "proto/topic.h"
#include "proto/turf.pb-c.h"
#include "tests/bench/events.h"
#include "tests/bench/raw.h"

enum {
	BATCH = 3000,
	PHONE_SLOTS = 4 * BATCH,
	CELLS = BENCH_TEAMS * 256 * 3,
	RECEIPT_ROOM = SUBMISSION_EVENTS_MAX * 24,
	ARENA = 1 << 18,
};

/* The receipt of one phone, encoded as it grows. */
struct answer {
	char to[CLIENT_ID_BYTES];
	size_t length, room;
	uint8_t *bytes;
};

static struct expert {
	sqlite3 *db;
	sqlite3_stmt *begin, *insert, *cell, *commit;
	struct mosquitto *mosquitto;
	size_t messages;              /* in this batch */
	struct answer answers[BATCH]; /* their memory is kept for the next batch */
	size_t n_answers;
	uint16_t slots[PHONE_SLOTS]; /* index into answers plus one */
	uint32_t cells[CELLS];       /* what this batch adds: team, domain, outcome */
	uint16_t moved[CELLS];
	size_t n_moved;
} expert;

/* ---- SQLite --------------------------------------------------------------------------------------- */

static void run(const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(expert.db, sql, NULL, NULL, &why) != SQLITE_OK)
		die("%s: %s", sql, why);
}

static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v3(expert.db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
		die("%s: %s", sql, sqlite3_errmsg(expert.db));
	return statement;
}

static void step(sqlite3_stmt *statement)
{
	if (sqlite3_step(statement) != SQLITE_DONE)
		die("SQLite: %s", sqlite3_errmsg(expert.db));
	(void)sqlite3_reset(statement);
}

static void open_database(const char *path)
{
	if (sqlite3_open(path, &expert.db) != SQLITE_OK)
		die("%s: %s", path, sqlite3_errmsg(expert.db));
	run("PRAGMA journal_mode=WAL");
	run("PRAGMA synchronous=FULL");
	run("PRAGMA cache_size=-65536");
	run("PRAGMA locking_mode=EXCLUSIVE");
	run("CREATE TABLE IF NOT EXISTS ids(day INTEGER, id BLOB, team INTEGER, domain INTEGER, outcome INTEGER,"
	    " PRIMARY KEY(day, id)) WITHOUT ROWID");
	run("CREATE TABLE IF NOT EXISTS cells(cell INTEGER PRIMARY KEY, n INTEGER)");
	expert.begin = prepare("BEGIN IMMEDIATE");
	expert.insert = prepare("INSERT OR IGNORE INTO ids VALUES(?1, ?2, ?3, ?4, ?5)");
	expert.cell = prepare("INSERT INTO cells VALUES(?1, ?2) ON CONFLICT(cell) DO UPDATE SET n = n + ?2");
	expert.commit = prepare("COMMIT");
}

/* True: it is new. */
static bool store(uint32_t team, const Turf__V1__Event *event)
{
	size_t cell = (team * 256 + (event->question->domain & 255)) * 3 + (size_t)event->question->outcome % 3;

	(void)sqlite3_bind_int64(expert.insert, 1, event->day);
	(void)sqlite3_bind_blob(expert.insert, 2, event->id.data, (int)event->id.len, SQLITE_STATIC);
	(void)sqlite3_bind_int64(expert.insert, 3, team);
	(void)sqlite3_bind_int64(expert.insert, 4, event->question->domain);
	(void)sqlite3_bind_int64(expert.insert, 5, event->question->outcome);
	step(expert.insert);
	if (sqlite3_changes(expert.db) == 0)
		return false;
	if (expert.cells[cell]++ == 0)
		expert.moved[expert.n_moved++] = (uint16_t)cell;
	return true;
}

static void commit(void)
{
	for (size_t i = 0; i < expert.n_moved; i++) {
		(void)sqlite3_bind_int64(expert.cell, 1, expert.moved[i]);
		(void)sqlite3_bind_int64(expert.cell, 2, expert.cells[expert.moved[i]]);
		step(expert.cell);
		expert.cells[expert.moved[i]] = 0;
	}
	expert.n_moved = 0;
	step(expert.commit);
}

/* ---- Answers -------------------------------------------------------------------------------------- */

static struct answer *answer_of(const char *to)
{
	uint64_t hash = 14695981039346656037u;
	struct answer *answer;
	size_t slot;

	for (const char *at = to; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 1099511628211u;
	for (slot = hash % PHONE_SLOTS; expert.slots[slot]; slot = (slot + 1) % PHONE_SLOTS)
		if (strcmp(expert.answers[expert.slots[slot] - 1].to, to) == 0)
			return &expert.answers[expert.slots[slot] - 1];
	answer = &expert.answers[expert.n_answers++];
	expert.slots[slot] = (uint16_t)expert.n_answers;
	memcpy(answer->to, to, CLIENT_ID_BYTES);
	answer->length = 0;
	return answer;
}

/* One Result, as it stands in a Receipt. */
static void add(struct answer *answer, const ProtobufCBinaryData *id, enum verdict verdict)
{
	uint8_t *at;

	if (answer->length + 22 > answer->room) {
		answer->room = 2 * answer->room + RECEIPT_ROOM;
		answer->bytes = realloc(answer->bytes, answer->room);
		if (!answer->bytes)
			die("no memory");
	}
	at = answer->bytes + answer->length;
	memcpy(at, (const uint8_t[]){0x0a, 20, 0x0a, 16}, 4);
	memcpy(at + 4, id->data, 16);
	at[20] = 0x10;
	at[21] = (uint8_t)verdict;
	answer->length += 22;
}

static void send_answers(void)
{
	char topic[TOPIC_BYTES];

	for (size_t i = 0; i < expert.n_answers; i++) {
		struct answer *answer = &expert.answers[i];

		topic_receipt(topic, BENCH_ORG, answer->to);
		if (mosquitto_publish(expert.mosquitto, NULL, topic, (int)answer->length, answer->bytes, 0, false) != 0)
			die("the connection is lost");
	}
	expert.n_answers = 0;
	memset(expert.slots, 0, sizeof expert.slots);
}

/* ---- Messages ------------------------------------------------------------------------------------- */

/* protobuf-c into memory that is taken back in one step. */
static _Alignas(16) uint8_t arena[ARENA];
static size_t arena_used;

static void *take(void *context, size_t size)
{
	void *taken = arena + arena_used;

	(void)context;
	size = (size + 15) & ~(size_t)15;
	if (size > sizeof arena - arena_used)
		return NULL;
	arena_used += size;
	return taken;
}

static void give(void *context, void *pointer)
{
	(void)context;
	(void)pointer;
}

static uint32_t team_of(const char *topic)
{
	const char *slash = strrchr(topic, '/');

	for (uint32_t i = 0; slash && i < BENCH_TEAMS; i++)
		if (strcmp(slash + 1, bench_teams[i]) == 0)
			return i;
	return BENCH_TEAMS;
}

static bool proper(const Turf__V1__Event *event)
{
	return event->id.len == 16 && event->act_case == TURF__V1__EVENT__ACT_QUESTION && event->question->domain < 256;
}

static void arrived(struct mosquitto *mosquitto, void *context, const struct mosquitto_message *message)
{
	static ProtobufCAllocator allocator = {take, give, NULL};
	uint32_t team = team_of(message->topic);
	Turf__V1__Submission *submission;
	struct answer *answer = NULL;

	(void)mosquitto;
	(void)context;
	arena_used = 0;
	submission = turf__v1__submission__unpack(&allocator, (size_t)message->payloadlen, message->payload);
	if (!submission || team == BENCH_TEAMS)
		return;
	if (expert.messages++ == 0)
		step(expert.begin);
	if (topic_client_id_valid(submission->receipt_to, strlen(submission->receipt_to)))
		answer = answer_of(submission->receipt_to);
	for (size_t i = 0; i < submission->n_events; i++) {
		enum verdict verdict = VERDICT_REFUSED_MALFORMED;

		if (proper(submission->events[i]))
			verdict = store(team, submission->events[i]) ? VERDICT_COUNTED : VERDICT_ALREADY_COUNTED;
		if (answer)
			add(answer, &submission->events[i]->id, verdict);
	}
}

/* Everything that is there, up to a batch; then what it asks for. */
static void turn(void)
{
	struct pollfd fd = {.fd = mosquitto_socket(expert.mosquitto), .events = POLLIN};
	size_t before;

	if (mosquitto_want_write(expert.mosquitto))
		fd.events |= POLLOUT;
	(void)poll(&fd, 1, 1000);
	do {
		before = expert.messages;
		if (mosquitto_loop_read(expert.mosquitto, 1) != MOSQ_ERR_SUCCESS)
			die("the connection is lost");
	} while (expert.messages > before && expert.messages < BATCH);
	if (expert.messages > 0) {
		commit();
		send_answers();
		expert.messages = 0;
	}
	(void)mosquitto_loop_write(expert.mosquitto, 1);
	(void)mosquitto_loop_misc(expert.mosquitto);
}

int main(int argc, char **argv)
{
	if (argc != 6)
		die("usage: bench-expert PORT CLIENT-ID USER PASSWORD DATABASE");
	open_database(argv[5]);
	(void)mosquitto_lib_init();
	expert.mosquitto = mosquitto_new(argv[2], false, NULL);
	if (!expert.mosquitto || mosquitto_username_pw_set(expert.mosquitto, argv[3], argv[4]) != 0)
		die("no memory");
	(void)mosquitto_int_option(expert.mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_message_callback_set(expert.mosquitto, arrived);
	if (mosquitto_connect(expert.mosquitto, "127.0.0.1", (int)number_argument(argv[1]), 60) != MOSQ_ERR_SUCCESS)
		die("no connection");
	for (;;)
		turn();
}
