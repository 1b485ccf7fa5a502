/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/phones.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "base/text.h"

enum {
	DEAL_ROWS_MAX = 500, /* questions in one transaction */
	DEAL_MS = 100,       /* then phones_deal returns, so that its caller can look for signals */
	FILES_A_PHONE = 8,
	WALK_FDS = 8,
};

/* ---- Where it was ----------------------------------------------------------------------------------------------- */

/* The rows of a plan that the phone has got, by its bookmark. 0 or an exit status. */
static int rows_dealt(const struct phone *phone, const struct plan *plan, uint64_t *dealt)
{
	struct turf_bookmark bookmark;
	struct turf_error error;
	int rc = turf_get_bookmark(phone->turf, &bookmark, &error);

	*dealt = rc == 0 ? plan_dealt(plan, &bookmark) : 0;
	return rc < 0 ? cli_complain(EXIT_FAULT, "%s", error.text) : 0;
}

static int go_on(struct phones *phones)
{
	for (size_t i = 0; i < phones->n_dealing; i++) {
		struct phone *phone = &phones->phones[i];
		uint64_t dealt;

		if (rows_dealt(phone, &phones->plan, &dealt) != 0)
			return EXIT_FAULT;
		phone->dealt = dealt < phone->total ? (size_t)dealt : phone->total;
		phones->dealt_before += phone->dealt;
	}
	return 0;
}

/* Another replay may use the folder when all rows of the last one were given to phones: what waits there is still sent. */
static int check_ended(struct phones *phones, const struct plan *other)
{
	uint64_t all = 0, dealt;

	for (size_t i = 0; i < phones->n; i++) {
		if (rows_dealt(&phones->phones[i], other, &dealt) != 0)
			return EXIT_FAULT;
		all += dealt;
	}
	return all >= other->rows || all == 0
		       ? 0
		       : cli_complain(
				 EXIT_USAGE,
				 "%s holds a replay that is not finished (%llu rows, --clients %u). Run that replay "
				 "again to finish it, or use another --outbox",
				 phones->folder, (unsigned long long)other->rows, other->clients);
}

/* Continues the folder's replay, or begins a new one. A file without questions only sends what waits. */
static int take_plan(struct phones *phones)
{
	struct plan found;
	struct error error;
	int rc = phones->csv->n == 0 ? PLAN_NONE : plan_read(phones->folder_fd, &found, &error);

	if (phones->csv->n == 0)
		return 0;
	if (rc == 0 && plan_same(&found, phones->csv, (uint32_t)phones->n_dealing)) {
		phones->plan = found;
		return go_on(phones);
	}
	if (rc == 0 && check_ended(phones, &found) != 0)
		return EXIT_USAGE;
	phones->plan = (struct plan){
		.mark = phones->csv->mark,
		.rows = phones->csv->n,
		.clients = (uint32_t)phones->n_dealing,
	};
	if (rc >= 0)
		rc = plan_write(phones->folder_fd, &phones->plan, &error);
	return rc < 0 ? cli_complain(EXIT_FAULT, "%s/%s", phones->folder, error.text) : 0;
}

/* ---- Folders ---------------------------------------------------------------------------------------------------- */

static int make_folder(struct phones *phones, const struct cli *cli)
{
	const char *temporary = getenv("TMPDIR");
	int length;

	if (cli->outbox) {
		phones->folder = strdup(cli->outbox);
		if (phones->folder && mkdir(phones->folder, 0700) != 0 && errno != EEXIST)
			return cli_complain(EXIT_FAULT, "--outbox %s: %s", cli->outbox, strerror(errno));
	} else {
		length = asprintf(&phones->folder, "%s/turf-replay-XXXXXX",
				  temporary && *temporary ? temporary : "/tmp");
		phones->folder = length < 0 ? NULL : phones->folder;
		phones->temporary = true;
		if (phones->folder && !mkdtemp(phones->folder))
			return cli_complain(EXIT_FAULT, "%s: %s", phones->folder, strerror(errno));
	}
	if (!phones->folder)
		return cli_complain(EXIT_FAULT, "no memory");
	phones->folder_fd = open(phones->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (phones->folder_fd < 0)
		return cli_complain(EXIT_FAULT, "%s: %s", phones->folder, strerror(errno));
	if (flock(phones->folder_fd, LOCK_EX | LOCK_NB) != 0)
		return cli_complain(EXIT_FAULT, "%s is in use by another replay", phones->folder);
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status, (void)kind, (void)walk;
	return remove(path);
}

/* How many phones an earlier run left: one more than the highest number. */
static size_t phones_left(const struct phones *phones)
{
	DIR *folder = opendir(phones->folder);
	struct dirent *entry;
	uint32_t number;
	size_t n = 0;

	while (folder && (entry = readdir(folder)))
		if (strncmp(entry->d_name, "phone-", 6) == 0 &&
		    text_number(entry->d_name + 6, 0, INT32_MAX - 1, &number) && number + 1 > n)
			n = number + 1;
	if (folder)
		(void)closedir(folder);
	return n;
}

/* ---- Phones ----------------------------------------------------------------------------------------------------- */

/* On the phones' threads. */
static void on_verdict(void *context, const struct turf_answer *answer)
{
	struct phones *phones = context;

	atomic_fetch_add(&phones->verdicts[answer->verdict % VERDICTS], 1);
	atomic_fetch_add(&phones->answered, 1);
}

/* Opens the usual outbox of this device if it has joined the org. Without it the phones connect as the command line says. */
static int open_tokens(struct phones *phones, const struct cli *cli)
{
	struct cli usual = *cli;
	char path[PATH_BYTES];

	usual.outbox = NULL; /* --outbox is the folder of the phones */
	if (cli->user || !cli_state_folder(path) || cli_find_outbox(&usual) != 0 ||
	    !cli_has_joined(usual.org, usual.outbox_path))
		return 0;
	return cli_open(&usual, &phones->tokens, false, NULL, NULL);
}

/* The phone shows this token for as long as it is connected: simulated phones need not be told apart from each other. */
static int take_token(const struct phones *phones, struct cli *phone, char token[static TURF_TOKEN_BYTES])
{
	static char user[] = "pass";
	struct turf_error error;
	int rc = phones->tokens ? turf_take_token(phones->tokens, token, &error) : 0;

	if (rc != 0)
		return cli_complain(rc < 0 ? cli_status_of_fault(rc) : EXIT_REFUSED,
				    "each phone needs a token, and there is none for phone %s: %s",
				    strrchr(phone->outbox, '-') + 1, error.text);
	if (phones->tokens) {
		phone->user = user;
		phone->password = token;
	}
	return 0;
}

static int open_phone(struct phones *phones, struct cli *cli, size_t index)
{
	struct phone *phone = &phones->phones[index];
	struct cli own = *cli;
	char path[PATH_BYTES], token[TURF_TOKEN_BYTES];
	struct turf_error error;
	size_t waiting = 0;
	int rc;

	if (snprintf(path, sizeof path, "%s/phone-%zu", phones->folder, index) >= (int)sizeof path)
		return cli_complain(EXIT_USAGE, "--outbox: the name is too long");
	own.outbox = path;
	rc = take_token(phones, &own, token);
	if (rc != 0)
		return rc;
	rc = cli_open(&own, &phone->turf, true, on_verdict, phones);
	if (rc != 0)
		return rc;
	if (index < phones->n_dealing)
		phone->total = phones->csv->n / phones->n_dealing + (index < phones->csv->n % phones->n_dealing);
	if (turf_pending(phone->turf, &waiting, &error) < 0)
		rc = cli_complain(EXIT_FAULT, "%s", error.text);
	phones->waited_before += waiting;
	return rc;
}

/* Allows as many open files as the phones need: each has two files and a connection. */
static void allow_files(size_t phones)
{
	struct rlimit limit;
	rlim_t needed = (rlim_t)phones * FILES_A_PHONE + 64;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
		return;
	limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* A signal that ends the command has come. Signals are blocked, and read only when all phones are open. */
static bool asked_to_end(void)
{
	sigset_t set;

	return sigpending(&set) == 0 && (sigismember(&set, SIGINT) == 1 || sigismember(&set, SIGTERM) == 1);
}

int phones_open(struct phones *phones, struct cli *cli, const struct csv *csv)
{
	int rc;

	*phones = (struct phones){.csv = csv, .n_dealing = cli->clients, .folder_fd = -1};
	rc = make_folder(phones, cli);
	if (rc != 0)
		return rc;
	phones->n = phones_left(phones) > phones->n_dealing ? phones_left(phones) : phones->n_dealing;
	phones->phones = calloc(phones->n, sizeof *phones->phones);
	if (!phones->phones)
		return cli_complain(EXIT_FAULT, "no memory for %zu phones", phones->n);
	allow_files(phones->n);
	rc = open_tokens(phones, cli);
	for (size_t i = 0; i < phones->n && rc == 0; i++)
		rc = asked_to_end() ? EXIT_STORED : open_phone(phones, cli, i);
	return rc != 0 ? rc : take_plan(phones);
}

void phones_close(struct phones *phones)
{
	size_t dealt = phones->phones ? phones_dealt(phones) : 0;
	bool at_an_end = dealt == 0 || dealt == phones->csv->n;
	bool remove_folder = phones->temporary && phones->folder && at_an_end && phones_waiting(phones) == 0;

	for (size_t i = 0; i < phones->n && phones->phones; i++)
		turf_close(phones->phones[i].turf);
	turf_close(phones->tokens);
	if (remove_folder)
		(void)nftw(phones->folder, remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS);
	if (phones->folder_fd >= 0)
		(void)close(phones->folder_fd);
	free(phones->phones);
	free(phones->folder);
}

/* Gives the phone its next rows before `until`, as many as fit in one transaction. 0 or an exit status. */
static int deal_some(struct phones *phones, size_t index, size_t until)
{
	struct phone *phone = &phones->phones[index];
	struct turf_question questions[DEAL_ROWS_MAX];
	struct turf_bookmark bookmark;
	struct turf_error error;
	size_t n = 0;
	int rc;

	for (size_t i = index + phone->dealt * phones->n_dealing; i < until && n < DEAL_ROWS_MAX;
	     i += phones->n_dealing, n++) {
		const struct csv_row *row = &phones->csv->rows[i];

		questions[n] = (struct turf_question){
			.size = sizeof(struct turf_question),
			.team = phones->csv->teams[row->team],
			.day = row->day + phones->shift,
			.domain = row->domain,
			.outcome = (enum turf_outcome)row->outcome,
		};
	}
	if (n == 0)
		return 0;
	bookmark = plan_bookmark(&phones->plan, phone->dealt + n);
	rc = turf_questions(phone->turf, questions, n, NULL, &bookmark, &error);
	if (rc < 0)
		return cli_complain(cli_status_of_fault(rc), "%s", error.text);
	phone->dealt += n;
	return 0;
}

/* The phones get rows in turn, so that none waits until another has all of its rows. */
int phones_deal(struct phones *phones, size_t until)
{
	int64_t until_ms = monotonic_ms() + DEAL_MS;
	size_t idle = 0;
	int rc = 0;

	while (rc == 0 && idle < phones->n_dealing && monotonic_ms() < until_ms) {
		const struct phone *phone = &phones->phones[phones->turn];
		size_t before = phone->dealt;

		rc = deal_some(phones, phones->turn, until);
		idle = phone->dealt == before ? idle + 1 : 0;
		phones->turn = (phones->turn + 1) % phones->n_dealing;
	}
	return rc;
}

size_t phones_dealt(const struct phones *phones)
{
	size_t dealt = 0;

	for (size_t i = 0; i < phones->n_dealing; i++)
		dealt += phones->phones[i].dealt;
	return dealt;
}

size_t phones_waiting(const struct phones *phones)
{
	size_t waiting = 0;

	for (size_t i = 0; i < phones->n && phones->phones; i++) {
		size_t n = 0;

		if (phones->phones[i].turf && turf_pending(phones->phones[i].turf, &n, NULL) < 0)
			n = 1; /* not known: then nothing is removed */
		waiting += n;
	}
	return waiting;
}

size_t phones_online(const struct phones *phones, struct turf_error *reason)
{
	struct turf_error why;
	size_t online = 0;

	*reason = (struct turf_error){""};
	for (size_t i = 0; i < phones->n; i++) {
		if (turf_connection(phones->phones[i].turf, &why) == TURF_ONLINE)
			online++;
		else if (*why.text)
			*reason = why;
	}
	return online;
}

int phones_finish(struct phones *phones)
{
	struct error error;

	if (phones->csv->n > 0 && plan_end(phones->folder_fd, &error) < 0)
		return cli_complain(EXIT_FAULT, "%s/%s", phones->folder, error.text);
	return 0;
}
