/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * libturf registers questions to social workers and shows an organisation's figures.
 *
 * A question is on disk, in a folder called the outbox, when turf_question returns. The library sends it until a receipt
 * of turfd gives the verdict on it: across lost connections, restarts and kill -9. Each question counts exactly once.
 * Questions are anonymous: an id is made from 16 random bytes, its secret, and nothing here knows, sends or logs who
 * tapped. The secret stays in the outbox; only a retraction sends it, to prove that its sender made the tap. The library
 * prints nothing. Paho, which it uses, makes the process ignore SIGPIPE.
 *
 *     struct turf_options options = {
 *             .size = sizeof options, .broker = "mqtts://mqtt.example.nl", .org = "de-kop", .outbox = "/var/lib/x" };
 *     struct turf_question question = {
 *             .size = sizeof question, .team = "oost", .day = day, .domain = 1, .outcome = TURF_ANSWERED };
 *
 *     if (turf_open(&turf, &options, &error) != TURF_DONE) ...
 *     turf_question(turf, &question, &id, &error);
 *     turf_wait(turf, 5000);
 *     turf_close(turf);
 *
 * Results: 0 is done, a positive result is an answer to be expected, a negative result is a fault. After a fault, `error`
 * (NULL: not wanted) holds a sentence for people.
 *
 * Threads: any thread may call any function on any handle, but turf_close only when no other call on the handle is
 * running. Each handle has a thread of its own; callbacks run there, and no lock is held. A process may have any number of
 * handles, each with its own outbox folder. Other programs may have the same outbox open; what both send counts once. A
 * handle must not be used in the child of a fork.
 *
 * Later versions may append members to each struct but turf_error, turf_id, turf_secret and turf_bookmark. Programs need not be
 * compiled again:
 *   - A struct of the program begins with `size`, which the program sets to sizeof the struct. The library neither reads
 *     nor writes beyond it. 0 is TURF_INPUT, and so is a member that is set and that this version does not have.
 *   - A struct of the library is reached by a pointer only; lists are lists of pointers.
 *
 * Days are numbers of days since 1970-01-01. Texts are UTF-8. A text or list that is not there is empty, never NULL, except
 * where it says so. An org and a team have an id of the form [a-z0-9][a-z0-9-]{0,30}.
 */
#ifndef TURF_H
#define TURF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#define TURF_API __attribute__((visibility("default")))

enum {
	TURF_ERROR_BYTES = 1024, /* the longest sentence of a fault, with its final zero */
	TURF_TEAM_BYTES = 32,    /* enough for the id of a team or an org, with its zero */
	TURF_NAME_BYTES = 128,   /* enough for a name or a time zone of the catalogue, with its zero */
	TURF_LABELS_MAX = 4,     /* labels of a question */
};

/* The team id that stands for the whole org, in figures only. */
#define TURF_TEAM_ALL "all"

enum turf_result {
	TURF_DONE = 0,

	TURF_TIMEOUT = 1,   /* the time passed first */
	TURF_UNKNOWN = 2,   /* there is no such tap, domain, label, bookmark or outbox */
	TURF_UNCHANGED = 3, /* nothing had to be changed */
	TURF_SEVERAL = 4,   /* what was typed fits more than one */
	TURF_WOKEN = 5,     /* the program's file descriptor can be read */

	/* Of an org whose broker asks for tokens. These too have a sentence in `error`, which says what to do. */
	TURF_NOT_JOINED = 6,       /* this outbox has not joined the org */
	TURF_NOT_INVITED = 7,      /* the org does not know the invitation */
	TURF_INVITATION_USED = 8,  /* by another device */
	TURF_INVITATION_ENDED = 9, /* it was not used in time */
	TURF_REVOKED = 10,         /* the org has ended this device's access */
	TURF_NO_TOKEN = 11,        /* no token is left, and none can be fetched */

	TURF_SYSTEM = -1,  /* the operating system refused something */
	TURF_MEMORY = -2,  /* no memory */
	TURF_INPUT = -3,   /* an argument is impossible */
	TURF_STORE = -4,   /* LMDB refused something */
	TURF_FULL = -5,    /* the disk is full; what was stored before is not lost */
	TURF_DAMAGED = -6, /* the outbox is damaged; it is left as it is */
	TURF_FOREIGN = -7, /* the outbox belongs to another org, a newer turf or another kind of machine */
	TURF_BUSY = -8,    /* this process has the outbox open already, or waits inside a callback */
	TURF_BROKER = -9,  /* the broker, or turfdoor, cannot be used */
};

struct turf_error {
	char text[TURF_ERROR_BYTES]; /* what was wrong, where, and what to do */
};

enum turf_outcome {
	TURF_ANSWERED = 1, /* on the spot */
	TURF_REFERRED = 2, /* to another organisation */
};

/* turfd's answer on one event. 1 to 15: accepted. From 16: refused, it does not count. */
enum turf_verdict {
	TURF_NO_VERDICT = 0,
	TURF_COUNTED = 1,
	TURF_ALREADY_COUNTED = 2,
	TURF_RETRACTED = 3,
	TURF_ALREADY_RETRACTED = 4,
	TURF_COUNTED_LATE = 5, /* the quarter was final: counted apart */
	TURF_REFUSED_MALFORMED = 16,
	TURF_REFUSED_UNKNOWN_TEAM = 17,   /* the team is not in use on that day */
	TURF_REFUSED_UNKNOWN_DOMAIN = 18, /* the domain is not in use on that day */
	TURF_REFUSED_UNKNOWN_LABEL = 19,  /* a label is not in use on that day */
	TURF_REFUSED_DAY_IN_FUTURE = 20,
	TURF_REFUSED_DAY_TOO_OLD = 21,
	TURF_REFUSED_RETRACTION_TOO_LATE = 22, /* the question stays counted */
};

/* ---- Taps ------------------------------------------------------------------------------------------------------- */

struct turf_id {
	unsigned char bytes[16];
};

/* What an id was made from. Whoever knows it can take the question back: never print, log or send it. */
struct turf_secret {
	unsigned char bytes[16];
};

/* A question to register. */
struct turf_question {
	size_t size;      /* sizeof(struct turf_question) */
	const char *team; /* its id in the catalogue, not TURF_TEAM_ALL */
	uint32_t day;     /* the worker's local date */
	uint32_t domain;  /* its code, 1 to 255 */
	enum turf_outcome outcome;
	uint32_t n_labels;
	uint32_t labels[TURF_LABELS_MAX]; /* codes, 1 to 65535; one that is given twice counts once */
};

enum turf_state {
	TURF_ON_DEVICE = 1, /* waits, and was not sent on this connection */
	TURF_SENT = 2,      /* this handle has sent it; there is no receipt yet */
	TURF_IS_COUNTED = 3,
	TURF_IS_REFUSED = 4,   /* does not count; `verdict` says why */
	TURF_RETRACTING = 5,   /* its retraction waits to be sent or answered */
	TURF_IS_RETRACTED = 6, /* taken back */
};

/* What the outbox remembers of a tap. */
struct turf_tap {
	size_t size; /* sizeof(struct turf_tap) */
	struct turf_id id;
	enum turf_state state;
	enum turf_verdict verdict;            /* on the question */
	enum turf_verdict retraction_verdict; /* on its retraction; a refusal is kept until turf_dismiss */
	int waiting;                          /* 1: its question or its retraction waits to be sent or answered */
	int has_question;                     /* 0: a question of another outbox; domain, outcome and labels are 0 */
	char team[TURF_TEAM_BYTES];
	uint32_t day;
	uint32_t domain;
	enum turf_outcome outcome;
	uint32_t n_labels;
	uint32_t labels[TURF_LABELS_MAX]; /* ascending, each once */
};

struct turf_taps {
	size_t n;
	const struct turf_tap *const *taps; /* oldest first */
};

/* The final verdict on an event. */
struct turf_answer {
	struct turf_id id;
	int retraction; /* 1: on the retraction; 0: on the question */
	enum turf_verdict verdict;
};

/* Bytes of the program's own, stored together with questions: how far it is in a file, for example. */
struct turf_bookmark {
	unsigned char bytes[32];
};

/* ---- Handles ---------------------------------------------------------------------------------------------------- */

/* Zero is each member's default. Strings are copied. */
struct turf_options {
	size_t size;           /* sizeof(struct turf_options) */
	const char *broker;    /* mqtt://HOST[:1883] or mqtts://HOST[:8883]; NULL: never connect, only store */
	const char *org;       /* its id; required */
	const char *outbox;    /* a folder, which is made when it is missing; required for turf_open */
	const char *user;      /* NULL: none */
	const char *password;  /* NULL: none */
	const char *ca_file;   /* PEM of the authority that signed an mqtts broker's certificate; NULL: the system's */
	uint32_t retry_ms;     /* an event without a receipt is sent again after this long; 0: 10,000 */
	uint32_t retry_max_ms; /* each time it takes twice as long, up to this; 0: 300,000 */
	uint32_t reconnect_ms; /* the same for connecting; 0: 500 */
	uint32_t reconnect_max_ms; /* up to this; 0: 30,000 */
	uint32_t window;           /* submissions of up to 64 events that are on their way at once, 1 to 16; 0: 8 */
	void (*on_verdict)(void *context,
			   const struct turf_answer *answer); /* a verdict was stored; NULL: not wanted */
	void *context;                                        /* for on_verdict */
};

struct turf;

/* Opens the outbox, starts to connect, and sends what waits there. Sets `*out` before the first callback, and to NULL
 * after a fault. */
TURF_API int turf_open(struct turf **out, const struct turf_options *options, struct turf_error *error);

/* Waits for a callback that is running, ends the connection and frees the handle. What waits stays in the outbox. Not
 * inside a callback. NULL is allowed. */
TURF_API void turf_close(struct turf *turf);

/* Frees what a function says is freed with it. NULL is allowed. */
TURF_API void turf_free(void *memory);

TURF_API const char *turf_version(void);

/* ---- Joining an org whose broker asks for tokens ---------------------------------------------------------------- */

enum {
	TURF_TOKEN_BYTES = 473,  /* a token's text, with its zero */
	TURF_SCOPE_BYTES = 264,  /* enough for the name of a scope, with its zero */
	TURF_ORIGIN_BYTES = 272, /* enough for https://HOST:PORT, with its zero */
	TURF_TOKEN_WEEKS_MAX = 8,
};

/* An invitation that is about to be used. */
struct turf_invitation {
	size_t size;        /* sizeof(struct turf_invitation) */
	const char *link;   /* https://HOST/#join=CODE, as the org gave it */
	const char *outbox; /* a folder, which is made when it is missing; no handle of this process may have it open */
	const char *ca_file; /* PEM of the authority that signed the certificate of HOST; NULL: the system's */
};

/* Gives the id of the org that an invitation is for. Does not use the invitation. TURF_INPUT: it is none. */
TURF_API int turf_invitation_org(const struct turf_invitation *invitation, char org[TURF_TEAM_BYTES],
				 struct turf_error *error);

/* Joins the org: from now on a handle with this outbox shows a new token of the org each time that it connects, unless the program
 * gives it a user and a password. Also fetches the first tokens; if only that fails, a handle does it later. After a fault,
 * call it again with the same link: the invitation is not lost. TURF_NOT_INVITED, TURF_INVITATION_USED,
 * TURF_INVITATION_ENDED, TURF_REVOKED; TURF_FOREIGN: the outbox is of another org. */
TURF_API int turf_join(const struct turf_invitation *invitation, struct turf_error *error);

struct turf_token_week {
	uint32_t iso_year, week; /* of UTC; good from the week's Monday for three weeks */
	uint32_t tokens;         /* left */
};

/* What an outbox knows of its access. */
struct turf_access {
	size_t size;                    /* sizeof(struct turf_access) */
	char origin[TURF_ORIGIN_BYTES]; /* where it joined */
	char scope[TURF_SCOPE_BYTES];   /* the teams, "oost.west"; "leader:" before those of leaders */
	int revoked;                    /* 1: no further tokens are given; those that are left can be used */
	uint32_t tokens;                /* that are good now */
	uint32_t n_weeks;
	struct turf_token_week weeks[TURF_TOKEN_WEEKS_MAX]; /* ascending */
};

/* Fills in what is known, without asking anybody. `access->size` is set. TURF_NOT_JOINED. */
TURF_API int turf_get_access(struct turf *turf, struct turf_access *access, struct turf_error *error);

/* Takes a token out of the outbox, for another program that connects to the broker: user "pass", password the token. It is good
 * for one connection. Fetches tokens when there are none, which can take a minute. TURF_NOT_JOINED, TURF_REVOKED,
 * TURF_NO_TOKEN. */
TURF_API int turf_take_token(struct turf *turf, char token[TURF_TOKEN_BYTES], struct turf_error *error);

/* ---- Registering and taking back -------------------------------------------------------------------------------- */

/* Registers questions in one transaction, all of them or none. They are on disk when it returns. `ids` (NULL: not wanted)
 * gets the n ids. All `n` questions have the same size. `bookmark` (NULL: none) is stored in the same transaction;
 * turf_get_bookmark gives the last one that was stored in this outbox, or TURF_UNKNOWN. */
TURF_API int turf_question(struct turf *turf, const struct turf_question *question, struct turf_id *id,
			   struct turf_error *error);
TURF_API int turf_questions(struct turf *turf, const struct turf_question *questions, size_t n, struct turf_id *ids,
			    const struct turf_bookmark *bookmark, struct turf_error *error);
TURF_API int turf_get_bookmark(struct turf *turf, struct turf_bookmark *bookmark, struct turf_error *error);

/* Takes a tap of this outbox back. The retraction is on disk when it returns. TURF_UNKNOWN: there is no such tap.
 * TURF_UNCHANGED: the tap was taken back before, or was refused.
 * A version of turf without secrets may have stored the tap. If this version has not sent it, it is deleted and there is
 * no retraction. Else the retraction has no proof, and turfd refuses it as TURF_REFUSED_MALFORMED unless its setting
 * retraction_proof is "optional"; the question stays counted. */
TURF_API int turf_retract(struct turf *turf, const struct turf_id *id, struct turf_error *error);

/* Takes a tap of another outbox back. `secret` is from turf_get_secret in that outbox, else TURF_INPUT; NULL: not known,
 * which turfd refuses as above. `day` is the day of the question; `team` may be any team. After a refusal it may be called
 * again with another day. */
TURF_API int turf_retract_other(struct turf *turf, const struct turf_id *id, const struct turf_secret *secret,
				const char *team, uint32_t day, struct turf_error *error);

/* Gives the secret of a tap, for turf_retract_other in another outbox. TURF_UNKNOWN: there is no such tap, or it has no
 * secret. */
TURF_API int turf_get_secret(struct turf *turf, const struct turf_id *id, struct turf_secret *secret,
			     struct turf_error *error);

/* Forgets a refusal that the worker has seen. TURF_UNKNOWN: there is no such tap. TURF_UNCHANGED: nothing of it was
 * refused. */
TURF_API int turf_dismiss(struct turf *turf, const struct turf_id *id, struct turf_error *error);

/* ---- Looking ---------------------------------------------------------------------------------------------------- */

/* Counts the events without a final verdict, those of other processes in this outbox included. */
TURF_API int turf_pending(struct turf *turf, size_t *n, struct turf_error *error);

/* What goes later, on a device that has joined: taps of earlier days that waited, and what a restored store must get again. A handle
 * with a broker sends them a few at a time, over some hours, so that nobody can tell that they are of one device. */
struct turf_later {
	size_t size;   /* sizeof(struct turf_later) */
	size_t events; /* as in turf_pending, of which they are a part; 0: none */
	int64_t from;  /* the next of them may be sent at this moment (unix seconds) or after it; 0: not planned yet */
	int away;      /* 1: this device was away for weeks, and nothing at all is sent before that moment */
};

/* Fills it in, without asking anybody. `later->size` is set. */
TURF_API int turf_get_later(struct turf *turf, struct turf_later *later, struct turf_error *error);

/* Gives what the outbox remembers: what waits, what was refused and not dismissed, and the taps of the days that can still
 * be taken back. Free `*taps` with turf_free. */
TURF_API int turf_list(struct turf *turf, struct turf_taps **taps, struct turf_error *error);

/* Fills in one tap, whose `size` is set. TURF_UNKNOWN. */
TURF_API int turf_get(struct turf *turf, const struct turf_id *id, struct turf_tap *tap, struct turf_error *error);

/* Gives the id of the org whose outbox is in a folder. TURF_UNKNOWN: there is none; nothing is created. */
TURF_API int turf_outbox_org(const char *folder, char org[TURF_TEAM_BYTES]);

/* ---- Waiting and the connection --------------------------------------------------------------------------------- */

/* Waits until nothing is pending, or nothing of one tap, and on_verdict has returned for the last verdict. TURF_TIMEOUT
 * after timeout_ms (< 0: never); TURF_BUSY inside a callback; or a fault of the outbox. Without a broker: looks once. */
TURF_API int turf_wait(struct turf *turf, int timeout_ms);
TURF_API int turf_wait_for(struct turf *turf, const struct turf_id *id, int timeout_ms);

enum turf_connection {
	TURF_OFFLINE = 0,
	TURF_CONNECTING = 1,
	TURF_ONLINE = 2,
};

/* How the connection is. `reason` (NULL: not wanted) gets the last failure, or an empty text. */
TURF_API enum turf_connection turf_connection(struct turf *turf, struct turf_error *reason);

/* Connects at once if the handle is offline: for a program that knows that the network is back. */
TURF_API void turf_reconnect_now(struct turf *turf);

/* Checks the form of a broker's address: 0 or TURF_INPUT. Connects to nothing. */
TURF_API int turf_check_broker(const char *broker, struct turf_error *error);

/* Reads a file of two lines, "user = NAME" and "password = WORD". Free both with turf_free. */
TURF_API int turf_read_credentials(const char *file, char **user, char **password, struct turf_error *error);

/* ---- The catalogue and the date --------------------------------------------------------------------------------- */

enum turf_label_kind {
	TURF_LABEL_UNKNOWN = 0,     /* of a kind that this version does not know */
	TURF_LABEL_SUBJECT = 1,     /* what the question was about */
	TURF_LABEL_ORIGIN = 2,      /* how it reached the team */
	TURF_LABEL_REFERRED_TO = 3, /* where it was referred to */
};

/* Teams, domains and labels are valid from `valid_from` up to the day before `valid_until` (0: no end). */
struct turf_team {
	const char *id;
	const char *name;
	uint32_t valid_from;
	uint32_t valid_until;
};

struct turf_domain {
	uint32_t code;
	const char *name;
	uint32_t valid_from;
	uint32_t valid_until;
	uint32_t rolls_up_to; /* the code of an older domain; 0: none */
};

struct turf_label {
	uint32_t code;
	const char *name;
	enum turf_label_kind kind;
	uint32_t valid_from;
	uint32_t valid_until;
	uint32_t domain; /* the code of the only domain that it suits; 0: it suits all */
};

struct turf_catalogue {
	uint32_t version;
	const char *org;
	const char *name;        /* of the org */
	const char *timezone;    /* of the zone database; empty: the default, "Europe/Amsterdam" */
	uint32_t accept_days;    /* a question counts for this many days after its own day */
	uint32_t retract_days;   /* it can be taken back for this many days */
	uint32_t grace_days;     /* a quarter is final this many days after its end */
	uint32_t counting_since; /* the first day that counts */
	size_t n_teams;
	const struct turf_team *const *teams; /* in the organisation's order */
	size_t n_domains;
	const struct turf_domain *const *domains; /* in the organisation's order */
	size_t n_labels;
	const struct turf_label *const *labels; /* ascending by code */
};

/* Waits until there is a catalogue: the one of an earlier connection, or, if `from_broker` is not 0, one that came on this
 * handle. `*catalogue` is the program's; free it with turf_catalogue_free. TURF_TIMEOUT: none within timeout_ms, or the
 * broker cannot be reached. */
TURF_API int turf_catalogue(struct turf *turf, int from_broker, int timeout_ms, struct turf_catalogue **catalogue,
			    struct turf_error *error);
TURF_API void turf_catalogue_free(struct turf_catalogue *catalogue);

/* The entry with this id or code, whether it is valid or not; NULL: there is none. It lives as long as the catalogue. */
TURF_API const struct turf_team *turf_find_team(const struct turf_catalogue *catalogue, const char *id);
TURF_API const struct turf_domain *turf_find_domain(const struct turf_catalogue *catalogue, uint32_t code);
TURF_API const struct turf_label *turf_find_label(const struct turf_catalogue *catalogue, uint32_t code);

/* What a person typed for a domain that is valid on `day`, or for a label that suits `domain` then: a code, a name, or a
 * part of a name, case and accents aside ("financ"). 0 and its code; TURF_UNKNOWN; TURF_SEVERAL. */
TURF_API int turf_match_domain(const struct turf_catalogue *catalogue, uint32_t day, const char *typed, uint32_t *code);
TURF_API int turf_match_label(const struct turf_catalogue *catalogue, uint32_t day, uint32_t domain, const char *typed,
			      uint32_t *code);

/* 1 or 0. */
TURF_API int turf_valid_on(uint32_t valid_from, uint32_t valid_until, uint32_t day);
TURF_API int turf_label_suits(const struct turf_label *label, uint32_t day, uint32_t domain);

/* Waits until turfd has told the organisation's date on this handle. TURF_TIMEOUT as for turf_catalogue. By then the taps
 * are forgotten that are too old, and those requeued that a restored store must get again. */
TURF_API int turf_today(struct turf *turf, int timeout_ms, uint32_t *today);

/* ---- Watching figures ------------------------------------------------------------------------------------------- */

/* A year is open or provisional as long as one of its quarters is. */
enum turf_quarter_status {
	TURF_QUARTER_UNKNOWN = 0,     /* one that this version does not know */
	TURF_QUARTER_OPEN = 1,        /* the quarter is not over */
	TURF_QUARTER_PROVISIONAL = 2, /* it is over, and questions for it still count */
	TURF_QUARTER_FINAL = 3,       /* its figures change by a revision only */
};

struct turf_domain_count {
	uint32_t domain; /* its code */
	const char *name;
	uint64_t answered;
	uint64_t referred;
};

struct turf_label_count {
	uint32_t label; /* its code */
	const char *name;
	enum turf_label_kind kind;
	uint64_t count;
};

/* The figures of a team, or of the whole org, in a period. */
struct turf_summary {
	const char *org_name;
	const char *team; /* its id, or TURF_TEAM_ALL */
	const char *team_name;
	const char *period; /* "2019-Q4" or "2019" */
	enum turf_quarter_status status;
	uint32_t revision;   /* more than 1: the final figures were revised */
	uint64_t generation; /* rises with every change of turfd's store */
	int64_t as_of;       /* when turfd published them, in seconds since 1970-01-01 UTC */
	uint64_t answered;
	uint64_t referred;
	uint64_t late;                   /* counted apart, since the quarter was final */
	uint64_t undistributed_answered; /* in the totals, but not shown by domain and label yet */
	uint64_t undistributed_referred;
	uint32_t catalogue_version; /* whose names these are */
	size_t n_domains;
	const struct turf_domain_count *const *domains;
	size_t n_labels;
	const struct turf_label_count *const *labels;
	const char *json; /* all of it as one line of JSON, as the topics summary-json/... have it */
};

struct turf_week {
	uint32_t week; /* 1 to 53 */
	uint64_t questions;
};

/* The weekly course: questions per ISO week. A working figure, which is never final. */
struct turf_weekly {
	const char *team;
	uint32_t iso_year;
	uint64_t generation;
	size_t n_weeks;
	const struct turf_week *const *weeks; /* ascending */
};

struct turf_status {
	int online; /* 0: turfd does not run, and the figures are its last */
	int has_today;
	uint32_t today; /* the organisation's date */
};

enum turf_news_kind {
	TURF_NEWS_NONE = 0,      /* the time passed */
	TURF_NEWS_ONLINE = 1,    /* the broker has accepted a subscription of the watch */
	TURF_NEWS_OFFLINE = 2,   /* there is no connection; `reason`. The watch connects again by itself */
	TURF_NEWS_STATUS = 3,    /* `status` */
	TURF_NEWS_CATALOGUE = 4, /* `catalogue` */
	TURF_NEWS_SUMMARY = 5,   /* `summary` */
	TURF_NEWS_WEEKLY = 6,    /* `weekly` */
	TURF_NEWS_WOKEN = 7,     /* the program's file descriptor can be read */
	TURF_NEWS_REFUSED = 8,   /* the broker refuses the news of the kind `refused`; `reason` names the topic */
};

/* What came. A pointer is NULL until the first news of its kind, and what it points to stays until the next news of that
 * kind; the news themselves and `reason` stay until the next call. */
struct turf_news {
	enum turf_news_kind kind;
	const char *reason;
	enum turf_news_kind refused;
	const struct turf_status *status;
	const struct turf_catalogue *catalogue;
	const struct turf_summary *summary;
	const struct turf_weekly *weekly;
};

/* A connection that only reads, without an outbox. One thread at a time may use it. */
struct turf_watch;

/* Makes a watch for options.org; those of sending are not used. It connects in turf_watch_next. reconnect_max_ms 0: 15,000. If
 * options.outbox has joined the org and no handle of this process has it open, each connection shows a token of it; if it has
 * none, this call fetches some. */
TURF_API int turf_watch_open(struct turf_watch **out, const struct turf_options *options, struct turf_error *error);
TURF_API void turf_watch_close(struct turf_watch *watch);

/* What to watch, from now on and after each reconnect: turfd's status, the catalogue, the summary of one team in one
 * period, the weekly course of one team in one ISO year. A second summary or course takes the place of the first.
 * 0, or TURF_INPUT: `team` or `period` is impossible. */
TURF_API void turf_watch_status(struct turf_watch *watch);
TURF_API void turf_watch_catalogue(struct turf_watch *watch);
TURF_API int turf_watch_summary(struct turf_watch *watch, const char *team, const char *period);
TURF_API int turf_watch_weekly(struct turf_watch *watch, const char *team, uint32_t iso_year);

/* Waits for news, for timeout_ms at most (< 0: without end), or until `wake_fd` (a file descriptor of the program, such as a
 * signalfd; -1: none) can be read. Never NULL. What was published before comes at once after connecting. */
TURF_API const struct turf_news *turf_watch_next(struct turf_watch *watch, int wake_fd, int timeout_ms);

struct turf_organisation {
	const char *id;
	const char *name;     /* empty: not known */
	const char *timezone; /* empty: not known */
};

struct turf_organisations {
	size_t n; /* 64 at most */
	const struct turf_organisation *const *organisations;
};

/* Asks the broker which orgs have a catalogue or a status there, with the options of the connection. TURF_WOKEN: `wake_fd`
 * (-1: none) can be read. TURF_BROKER: the connection was lost, or the broker did not answer within timeout_ms. Then, too,
 * `*found` holds those that were found; after other faults it is NULL. Free it with turf_free. */
TURF_API int turf_organisations(const struct turf_options *options, int wake_fd, int timeout_ms,
				struct turf_organisations **found, struct turf_error *error);

#ifdef __cplusplus
}
#endif

#endif
