/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * libturf: the phone's side of turf. A tap is durable when turf_question returns, and is sent until the aggregator's
 * receipt says what became of it: across lost connections, restarts and kill -9. Questions are anonymous: an id is 16
 * random bytes, and nothing here knows, sends or logs who tapped. The library prints nothing; Paho, which it uses, has
 * the process ignore SIGPIPE.
 *
 *     struct turf_options options = { .broker = "mqtts://mqtt.example.nl", .org = "de-kop", .outbox = "/var/lib/x" };
 *     if (turf_open(&turf, &options, error, sizeof error) != 0) ...
 *     turf_question(turf, &(struct turf_question){ "oost", day, 1, TURF_ANSWERED }, &id, error, sizeof error);
 *     turf_wait(turf, 5000);
 *     turf_close(turf);
 *
 * Threads: any thread may call any function on any handle; turf_close only when no other call is under way. Each handle
 * has a thread of its own; callbacks run there, without locks. A process may have any number of handles, each with an
 * outbox folder of its own, which other programs may open too: what both send counts once. Not in the child of a fork.
 * Results: 0 done; > 0 an expected answer; < 0 a fault, with a sentence for people in `error` (at most `size` bytes,
 * zero included; NULL and 0 where none is wanted).
 */
#ifndef TURF_H
#define TURF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#define TURF_API __attribute__((visibility("default")))

enum { TURF_ERROR_BYTES = 1024, TURF_TEAM_BYTES = 32, TURF_LABELS_MAX = 4 };

enum turf_result {
	TURF_DONE = 0,
	TURF_TIMEOUT = 1, TURF_UNKNOWN = 2, TURF_NOTHING = 3, /* not in time; no such tap here; it is so already */
	TURF_SYSTEM = -1, TURF_MEMORY = -2, TURF_INPUT = -3,  /* refused by the system; an impossible argument */
	TURF_STORE = -4, TURF_FULL = -5, TURF_DAMAGED = -6,   /* the outbox: LMDB refused; disk full; left as it is */
	TURF_FOREIGN = -7, /* the outbox holds another org's taps, or is a newer turf's */
	TURF_BUSY = -8,    /* the outbox folder is open in this process already; or a wait inside a callback */
	TURF_BROKER = -9
};

enum turf_outcome { TURF_ANSWERED = 1, TURF_REFERRED = 2 };

/* The aggregator's answers. Up to 15: done. From 16: refused. COUNTED_LATE: its quarter was final; counted apart. */
enum turf_verdict {
	TURF_NO_VERDICT = 0, TURF_COUNTED = 1, TURF_ALREADY_COUNTED = 2, TURF_RETRACTED = 3, TURF_ALREADY_RETRACTED = 4,
	TURF_COUNTED_LATE = 5,
	TURF_REFUSED_MALFORMED = 16, TURF_REFUSED_UNKNOWN_TEAM = 17, TURF_REFUSED_UNKNOWN_DOMAIN = 18,
	TURF_REFUSED_UNKNOWN_LABEL = 19, TURF_REFUSED_DAY_IN_FUTURE = 20, TURF_REFUSED_DAY_TOO_OLD = 21,
	TURF_REFUSED_RETRACTION_TOO_LATE = 22
};

struct turf_id { unsigned char bytes[16]; };

struct turf_question {
	const char *team; /* its id in the catalogue */
	uint32_t day;     /* days since 1970-01-01 of the worker's local date */
	uint32_t domain;  /* 1..255 */
	enum turf_outcome outcome;
	uint32_t n_labels;
	uint32_t labels[TURF_LABELS_MAX]; /* 1..65535 each; one given twice counts once */
};

/* On the device: waits, not sent on this connection. Sent: by this handle, no receipt yet. Refused: not counted. */
enum turf_state { TURF_ON_DEVICE = 1, TURF_SENT, TURF_IS_COUNTED, TURF_IS_REFUSED, TURF_IS_RETRACTED };

struct turf_tap {
	struct turf_id id;
	enum turf_state state;
	enum turf_verdict verdict;            /* on the question; TURF_NO_VERDICT: none yet */
	enum turf_verdict retraction_verdict; /* on taking it back; a refusal is kept until turf_dismiss */
	int retracting;                       /* 1: taking it back waits to be sent or answered */
	int has_question;                     /* 0: taken back by id alone; domain, outcome and labels are 0 */
	char team[TURF_TEAM_BYTES];
	uint32_t day, domain;
	enum turf_outcome outcome;
	uint32_t n_labels, labels[TURF_LABELS_MAX];
};

/* A verdict that ended an event. `retraction`: on taking the tap back, not on the question. */
struct turf_answer { struct turf_id id; int retraction; enum turf_verdict verdict; };

enum turf_connection { TURF_OFFLINE = 0, TURF_CONNECTING = 1, TURF_ONLINE = 2 };

/* Zero is each member's default. Strings are copied. */
struct turf_options {
	const char *broker;   /* mqtt://HOST[:1883] or mqtts://HOST[:8883]; NULL: never connect, only store */
	const char *org;      /* required: [a-z0-9][a-z0-9-]{0,30} */
	const char *outbox;   /* required: folder, made when missing */
	const char *user, *password; /* NULL: none */
	const char *ca_file;  /* mqtts: PEM; NULL: the system's. The broker's certificate must name HOST */
	uint32_t retry_ms, retry_max_ms; /* no receipt: send again, doubling up to the second; 0: 10,000 and 300,000 */
	uint32_t reconnect_ms, reconnect_max_ms; /* likewise for connecting; 0: 500 and 30,000 */
	uint32_t window;      /* submissions of up to 64 events under way at once, 1..16; 0: 8 */
	void (*on_verdict)(void *context, const struct turf_answer *answer); /* an event ended, and that is stored */
	void *context;
};

struct turf;

/* Opens the outbox, connects and sends what waits there. `*out`: set before the first callback; NULL after a fault. */
TURF_API int turf_open(struct turf **out, const struct turf_options *options, char *error, size_t size);

/* Ends the connection once a callback under way has returned. What waits stays. Not inside a callback. NULL is fine. */
TURF_API void turf_close(struct turf *turf);

/* Registers questions in one transaction, all or none: on return they are on disk, synced. `ids`: n, or NULL. */
TURF_API int turf_question(struct turf *turf, const struct turf_question *question, struct turf_id *id,
			   char *error, size_t size);
TURF_API int turf_questions(struct turf *turf, const struct turf_question *questions, size_t n, struct turf_id *ids,
			    char *error, size_t size);

/* Takes a tap of this outbox back; durable on return. TURF_UNKNOWN; TURF_NOTHING: taken back already, or refused. */
TURF_API int turf_retract(struct turf *turf, const struct turf_id *id, char *error, size_t size);

/* The same for another outbox's tap; again with another day if refused. `day` is the question's; any team will do. */
TURF_API int turf_retract_other(struct turf *turf, const struct turf_id *id, const char *team, uint32_t day,
				char *error, size_t size);

/* Forgets a refusal that the worker has seen. TURF_UNKNOWN; TURF_NOTHING: nothing refused about it. */
TURF_API int turf_dismiss(struct turf *turf, const struct turf_id *id, char *error, size_t size);

/* Events without a final verdict: questions and retractions, those of other processes in this outbox included. */
TURF_API int turf_pending(struct turf *turf, size_t *n, char *error, size_t size);

/* What this outbox remembers, oldest first: what waits, what was refused and not dismissed, and the taps of the last
 * retract_days. `*taps` is heap: turf_free it. One tap: 0 or TURF_UNKNOWN. */
TURF_API int turf_list(struct turf *turf, struct turf_tap **taps, size_t *n, char *error, size_t size);
TURF_API int turf_get(struct turf *turf, const struct turf_id *id, struct turf_tap *tap, char *error, size_t size);
TURF_API void turf_free(void *memory);

/* Waits until nothing (of one tap) is pending and on_verdict has returned for the last. 0, or TURF_TIMEOUT after
 * timeout_ms (< 0: never), or TURF_BUSY inside a callback, or a fault of the outbox. Without a broker: looks once. */
TURF_API int turf_wait(struct turf *turf, int timeout_ms);
TURF_API int turf_wait_for(struct turf *turf, const struct turf_id *id, int timeout_ms);

/* How the connection stands; `reason` (NULL: not wanted) gets the last failure, or an empty text. */
TURF_API enum turf_connection turf_connection(struct turf *turf, char *reason, size_t size);

/* The network is back, say: connects now if offline, and does not wait out its turn. */
TURF_API void turf_hurry(struct turf *turf);

TURF_API const char *turf_version(void);

#ifdef __cplusplus
}
#endif

#endif
