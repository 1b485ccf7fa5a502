/* SPDX-License-Identifier: EUPL-1.2 */
/* turfdoor: the command line. It has the table of commands, and what each of them prints. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64url.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "base/options.h"
#include "base/standard.h"
#include "base/text.h"
#include "door/check.h"
#include "door/door.h"
#include "door/serve.h"

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Bits of the table of options; TURFDOOR: what the help of turfdoor as a whole lists. */
enum {
	TURFDOOR = 1 << 0,
	CREATE = 1 << 1,
	INVITE = 1 << 2,
	SERVE = 1 << 3,
	OTHERS = 1 << 4,
	CHECK = 1 << 5,
	WITH_DATABASE = CREATE | INVITE | SERVE | OTHERS,
};

/* With fewer devices than this in a scope of workers, a token tells too much about who holds it. */
enum { SCOPE_FLOOR = 5, SECONDS_A_DAY = 86400 };

enum { PREPARE_S = 3600, PREPARE_AGAIN_S = 60 }; /* how often keys are made and deleted; and after a fault */

struct command_options {
	const char *database, *org, *host, *role, *note, *listen, *keys, *spent;
	const char *teams[SCOPE_TEAMS_MAX];
	unsigned n_teams, batch;
	bool help, version;
	char **words; /* what follows the command */
	uint64_t now;
	uint32_t today;
};

struct command {
	const char *name;
	const char *words;   /* as in the help */
	const char *summary; /* one line */
	const char *details; /* what `turfdoor COMMAND --help` adds */
	int (*run)(const struct command_options *options, struct door *door, struct error *error);
	unsigned bit;
	int n_words;
};

/* ---- Saying what is wrong ------------------------------------------------------------------------------------ */

static int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void complain(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static void complain(const char *format, va_list args)
{
	text_print(stderr, "turfdoor: ");
	text_vprint(stderr, format, args);
}

static int fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return EXIT_FAILED;
}

static int usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	(void)fputs("; see turfdoor --help\n", stderr);
	return EXIT_USAGE;
}

/* ---- create, serve --------------------------------------------------------------------------------------------- */

static int run_create(const struct command_options *options, struct door *door, struct error *error)
{
	struct door_settings settings = {.batch = options->batch};

	(void)door;
	if (!options->org || !options->host)
		return usage("create needs --org ORG and --host HOST");
	if (strlen(options->org) >= sizeof settings.org || strlen(options->host) >= sizeof settings.host)
		return usage("--org or --host is too long");
	memcpy(settings.org, options->org, strlen(options->org) + 1);
	memcpy(settings.host, options->host, strlen(options->host) + 1);
	return door_create(options->database, &settings, error);
}

struct serving {
	struct door *door;
	int64_t prepare_at_ms; /* monotonic */
};

static long serving_body_length(void *context, const char *method, const char *path)
{
	const struct serving *serving = context;

	return service_body_length(serving->door, method, path);
}

static int serving_answer(void *context, const struct service_request *request, struct service_answer *answer,
			  struct error *error)
{
	const struct serving *serving = context;

	return service_answer(serving->door, request, answer, error);
}

static void prepare_if_due(void *context)
{
	struct serving *serving = context;
	uint64_t now = (uint64_t)time(NULL);
	struct error error;
	int rc;

	if (monotonic_ms() < serving->prepare_at_ms)
		return;
	rc = door_prepare(serving->door, now, (uint32_t)(now / SECONDS_A_DAY), &error);
	if (rc < 0)
		log_error("door-keys-not-made reason=\"%s\" turfdoor tries again in a minute", error.text);
	serving->prepare_at_ms = monotonic_ms() + (rc < 0 ? PREPARE_AGAIN_S : PREPARE_S) * INT64_C(1000);
}

static int run_serve(const struct command_options *options, struct door *door, struct error *error)
{
	struct serving serving = {.door = door};
	const struct serve_service service = {.name = "door",
					      .context = &serving,
					      .body_length = serving_body_length,
					      .answer = serving_answer,
					      .tick = prepare_if_due};

	return serve_run(&service, options->listen ? options->listen : "127.0.0.1:8090", error);
}

/* ---- check ----------------------------------------------------------------------------------------------------- */

struct checking {
	struct gate *gate;
	struct error complaint; /* the last that was logged, so that each is logged once */
};

static long checking_body_length(void *context, const char *method, const char *path)
{
	(void)context;
	return check_body_length(method, path);
}

static int checking_answer(void *context, const struct service_request *request, struct service_answer *answer,
			   struct error *error)
{
	const struct checking *checking = context;

	return check_answer(checking->gate, request, answer, error);
}

static void refresh(void *context)
{
	struct checking *checking = context;
	const struct gate_time now = {.unix_s = time(NULL), .monotonic_s = monotonic_ms() / 1000};
	struct error error = {{0}};
	bool changed;

	(void)gate_refresh(checking->gate, now, &changed, &error);
	if (error.text[0] != '\0' && strcmp(error.text, checking->complaint.text) != 0)
		log_error("door-check-fault reason=\"%s\"", error.text);
	checking->complaint = error;
}

static int run_check(const struct command_options *options, struct door *door, struct error *error)
{
	struct checking checking = {.gate = NULL};
	const struct serve_service service = {.name = "door-check",
					      .context = &checking,
					      .shorter_too = true,
					      .body_length = checking_body_length,
					      .answer = checking_answer,
					      .tick = refresh};
	int rc;

	(void)door;
	if (!options->keys || !options->spent)
		return usage("check needs --keys FOLDER and --spent FOLDER");
	rc = gate_open(&checking.gate, options->keys, options->spent, error);
	if (rc == 0)
		rc = serve_run(&service, options->listen ? options->listen : "127.0.0.1:8091", error);
	gate_close(checking.gate);
	return rc;
}

/* ---- publish ----------------------------------------------------------------------------------------------------- */

static int run_publish(const struct command_options *options, struct door *door, struct error *error)
{
	int rc = door_set_keys_folder(door, options->words[0], error);

	return rc == 0 ? door_prepare(door, options->now, options->today, error) : rc;
}

/* ---- list -------------------------------------------------------------------------------------------------------- */

static int print_device(void *context, const struct door_device *device)
{
	char since[DATE_TEXT_BYTES], revoked[DATE_TEXT_BYTES], week[16] = "-";
	bool *any = context;

	if (!*any)
		(void)printf("%6s  %-10s  %-10s  %-10s  %-20s  %s\n", "number", "since", "last batch", "revoked",
			     "scope", "note");
	*any = true;
	date_format(device->since, since);
	if (device->revoked)
		date_format(device->revoked_on, revoked);
	if (device->last_batch.year > 0)
		(void)snprintf(week, sizeof week, "%u-W%02u", device->last_batch.year, device->last_batch.week);
	text_print(stdout, "%6u  %-10s  %-10s  %-10s  %-20s  %s\n", device->number, since, week,
		   device->revoked ? revoked : "-", device->scope, device->note);
	return 0;
}

static int run_list(const struct command_options *options, struct door *door, struct error *error)
{
	bool any = false;
	int rc = door_list(door, print_device, &any, error);

	(void)options;
	if (rc == 0 && !any)
		(void)puts("No device has joined. turfdoor invite makes an invitation.");
	return rc;
}

/* ---- invite -------------------------------------------------------------------------------------------------------- */

struct counting {
	const char *scope;
	unsigned n;
};

static int count_device(void *context, const struct door_device *device)
{
	struct counting *counting = context;

	counting->n += !device->revoked && strcmp(device->scope, counting->scope) == 0;
	return 0;
}

static int note_small_scope(struct door *door, const struct scope *scope, struct error *error)
{
	char name[SCOPE_BYTES];
	struct counting counting = {name, 0};
	int rc;

	if (scope->leader)
		return 0;
	scope_format(scope, name);
	rc = door_list(door, count_device, &counting, error);
	if (rc == 0 && counting.n + 1 < SCOPE_FLOOR)
		(void)fprintf(
			stderr,
			"turfdoor: note: with this one, %u device%s will be in the scope %s. With fewer than %d, a token tells too "
			"much about who holds it: invite small teams together (--team oost --team west).\n",
			counting.n + 1, counting.n == 0 ? "" : "s", name, SCOPE_FLOOR);
	return rc;
}

static int run_invite(const struct command_options *options, struct door *door, struct error *error)
{
	uint8_t code[DOOR_CODE_BYTES];
	char text[BASE64URL_CHARS(DOOR_CODE_BYTES) + 1];
	struct scope scope;
	int rc;

	if (strcmp(options->role, "worker") != 0 && strcmp(options->role, "leader") != 0)
		return usage("--role takes worker or leader, not \"%s\"", options->role);
	if (options->n_teams == 0)
		return usage("invite needs --team TEAM");
	rc = scope_make(&scope, strcmp(options->role, "leader") == 0, options->teams, options->n_teams, error);
	if (rc == 0)
		rc = door_invite(door, &scope, options->note, options->now, code, error);
	if (rc == 0) /* the scope may be new */
		rc = door_prepare(door, options->now, options->today, error);
	if (rc == 0)
		rc = note_small_scope(door, &scope, error);
	if (rc < 0)
		return rc;
	base64url_encode(code, sizeof code, text);
	(void)printf("https://%s/#join=%s\n", door_settings(door)->host, text);
	return 0;
}

/* ---- revoke, rotate, renew ------------------------------------------------------------------------------------------ */

static int run_revoke(const struct command_options *options, struct door *door, struct error *error)
{
	char *end;
	unsigned long number = strtoul(options->words[0], &end, 10);
	int rc;

	if (options->words[0][0] < '0' || options->words[0][0] > '9' || *end || number > UINT32_MAX)
		return usage("revoke takes the number of a device, not \"%s\"", options->words[0]);
	rc = door_revoke(door, (uint32_t)number, options->today, error);
	if (rc == DOOR_NO_DEVICE)
		return fail("there is no device %lu that could be revoked; turfdoor list shows them", number);
	return rc;
}

static int run_rotate(const struct command_options *options, struct door *door, struct error *error)
{
	int rc = door_rotate(door, options->words[0], error);

	if (rc == DOOR_NO_KEYS)
		return fail("the scope \"%s\" has no keys; turfdoor list shows the scopes", options->words[0]);
	return rc == 0 ? door_prepare(door, options->now, options->today, error) : rc;
}

static int run_renew(const struct command_options *options, struct door *door, struct error *error)
{
	int rc = door_renew(door, options->now, error);

	return rc == 0 ? door_prepare(door, options->now, options->today, error) : rc;
}

/* ---- fingerprint ---------------------------------------------------------------------------------------------------- */

static int run_fingerprint(const struct command_options *options, struct door *door, struct error *error)
{
	char text[TOKEN_DIRECTORY_FINGERPRINT_BYTES];
	struct token_directory *directory;
	int rc = door_directory(door, options->today, &directory, error);

	if (rc == 0)
		rc = token_directory_fingerprint(directory, (int64_t)options->now, text, error);
	if (rc == 0)
		(void)puts(text);
	token_directory_free(directory);
	return rc;
}

/* ---- The command line ------------------------------------------------------------------------------------------------- */

static const struct command commands[] = {
	{"create", "--org ORG --host HOST [--batch N]", "make the database of an organisation",
	 "The folder must be new or empty. Organisation and host become part of every token, so they stay as they are.\n",
	 run_create, CREATE, 0},
	{"publish", "FOLDER", "write the public keys into a folder, now and whenever they change",
	 "The broker reads FOLDER/ORG.json. The folder is made if it is absent, and remembered in the database.\n",
	 run_publish, OTHERS, 1},
	{"invite", "--team TEAM... [--role worker|leader] [--note TEXT]", "print the link of a new invitation",
	 "The link is good once, for 72 hours. Who opens it joins the scope of these teams and this role: a token tells\n"
	 "the scope and nothing finer, so teams with fewer than five workers are better invited together.\n",
	 run_invite, INVITE, 0},
	{"list", "", "list the devices that have joined",
	 "For each: number, since when, the latest week for which it took tokens, when it was revoked, scope, note.\n",
	 run_list, OTHERS, 0},
	{"revoke", "NUMBER", "give a device no further tokens",
	 "The tokens that it has are good for three weeks at most; turfdoor rotate ends them at once.\n", run_revoke,
	 OTHERS, 1},
	{"rotate", "SCOPE", "end all tokens of a scope at once",
	 "Every device of the scope fetches new tokens by itself, but for those that were revoked.\n", run_rotate,
	 OTHERS, 1},
	{"renew", "", "end all tokens and open invitations, after a restore or a theft",
	 "Run it after you have put back a copy of the database of an older day, and when a copy was stolen: an older copy\n"
	 "takes tokens and invitations for unused that were used since. Devices fetch new tokens by themselves.\n",
	 run_renew, OTHERS, 0},
	{"fingerprint", "", "print the fingerprint of this week's keys",
	 "A team leader's page shows the same at the bottom. If it shows another, somebody gives that leader other keys.\n",
	 run_fingerprint, OTHERS, 0},
	{"serve", "[--listen ADDRESS:PORT]", "answer devices over HTTP until SIGTERM or SIGINT",
	 "On a loopback address (127.0.0.1:8090), behind a web server that speaks TLS.\n", run_serve, SERVE, 0},
	{"check", "--keys FOLDER --spent FOLDER [--listen ADDRESS:PORT]",
	 "judge tokens for EMQX or RabbitMQ over HTTP until SIGTERM or SIGINT",
	 "On a loopback address (127.0.0.1:8091). It needs no database, and no user that can read one.\n", run_check,
	 CHECK, 0},
};

enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

#define MEMBER(name) offsetof(struct command_options, name)

static const struct option_spec specs[] = {
	{"database", "DIR", OPTION_TEXT, MEMBER(database), WITH_DATABASE | TURFDOOR, "the folder of the database", 0, 0,
	 0},
	{"org", "ORG", OPTION_TEXT, MEMBER(org), CREATE, "the id of the organisation, as in turfd's configuration", 0,
	 0, 0},
	{"host", "HOST", OPTION_TEXT, MEMBER(host), CREATE, "the host name in the links, and in every token", 0, 0, 0},
	{"batch", "N", OPTION_NUMBER, MEMBER(batch), CREATE, "how many tokens each device gets for a week (100)", 1,
	 DOOR_BATCH_MAX, 0},
	{"team", "TEAM", OPTION_TEXTS, MEMBER(teams), INVITE, "a team's id; may be given up to 8 times", 0,
	 SCOPE_TEAMS_MAX, MEMBER(n_teams)},
	{"role", "ROLE", OPTION_TEXT, MEMBER(role), INVITE, "what the device may do: worker or leader (worker)", 0, 0,
	 0},
	{"note", "TEXT", OPTION_TEXT, MEMBER(note), INVITE, "whose device it is, for the list", 0, 0, 0},
	{"listen", "ADDRESS:PORT", OPTION_TEXT, MEMBER(listen), SERVE | CHECK, "where to listen", 0, 0, 0},
	{"keys", "FOLDER", OPTION_TEXT, MEMBER(keys), CHECK, "the folder that turfdoor publish named", 0, 0, 0},
	{"spent", "FOLDER", OPTION_TEXT, MEMBER(spent), CHECK, "where it keeps which tokens are spent", 0, 0, 0},
	{"help", NULL, OPTION_FLAG, MEMBER(help), OPTIONS_EVERY_COMMAND, NULL, 0, 0, 0},
	{"version", NULL, OPTION_FLAG, MEMBER(version), OPTIONS_EVERY_COMMAND, NULL, 0, 0, 0},
};

static const struct option_table table = {specs, sizeof specs / sizeof specs[0]};

static void print_help(void)
{
	(void)puts("turfdoor: let only enrolled devices in, without knowing later whose tap is whose.\n"
		   "\n"
		   "Usage: turfdoor --database DIR COMMAND [...]     (or TURF_DOOR=DIR in the environment)\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		(void)printf("  %-13s %s\n", commands[i].name, commands[i].summary);
	(void)puts("\n"
		   "  turfdoor COMMAND --help says more about one of them.\n"
		   "\n"
		   "Options:");
	options_print(stdout, &table, TURFDOOR, 0);
	(void)puts("  --help, --version\n"
		   "\n"
		   "Exit status: 0 done; 1 it failed, or there was nothing to do; 2 wrong command line.");
}

static void print_command_help(const struct command *command)
{
	(void)printf("Usage: turfdoor %s%s%s%s\n\n%c%s.\n", command->bit == CHECK ? "" : "--database DIR ",
		     command->name, command->words[0] ? " " : "", command->words, toupper(command->summary[0]),
		     command->summary + 1);
	if (command->details[0])
		(void)printf("\n%s", command->details);
	(void)puts("\nOptions:");
	options_print(stdout, &table, command->bit, 0);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int check_command_line(const struct command *command, const struct command_options *options, unsigned takers,
			      int n_words)
{
	if (!(takers & command->bit))
		return usage("%s does not take one of these options; its usage: turfdoor %s %s", command->name,
			     command->name, command->words);
	if (n_words != command->n_words)
		return usage("%s: too %s arguments; its usage: turfdoor %s %s", command->name,
			     n_words < command->n_words ? "few" : "many", command->name, command->words);
	if (command->bit != CHECK && (!options->database || !options->database[0]))
		return usage("say which database: --database DIR, or TURF_DOOR=DIR in the environment");
	return EXIT_DONE;
}

/* What a command returns: a fault, whose message is in `error`, or an exit status. */
static int run_command(const struct command *command, struct command_options *options)
{
	struct door *door = NULL;
	struct error error;
	int rc = 0;

	options->now = (uint64_t)time(NULL);
	options->today = (uint32_t)(options->now / SECONDS_A_DAY);
	if (command->bit != CREATE && command->bit != CHECK)
		rc = door_open(options->database, &door, &error);
	if (rc == 0)
		rc = command->run(options, door, &error);
	door_close(door);
	return rc < 0 ? fail("%s", error.text) : rc;
}

static int run(int argc, char **argv)
{
	struct command_options options = {
		.database = getenv("TURF_DOOR"), .role = "worker", .note = "", .batch = DOOR_BATCH_DEFAULT};
	struct command_line line = {.name = "turfdoor", .argc = argc, .argv = argv, .command = OPTIONS_EVERY_COMMAND};
	const struct command *command = NULL;
	struct error error;
	int rc;

	if (options_parse(&table, &line, &options, &error) < 0)
		return usage("%s", error.text);
	if (options.version) {
		(void)puts("turfdoor " TURF_VERSION);
		return EXIT_DONE;
	}
	if (line.n_arguments > 0) {
		command = find_command(line.arguments[0]);
		if (!command)
			return usage("there is no command \"%s\"", line.arguments[0]);
	}
	if (options.help) {
		if (command)
			print_command_help(command);
		else
			print_help();
		return EXIT_DONE;
	}
	if (!command)
		return usage("say what to do, for example: turfdoor --database DIR list");
	options.words = line.arguments + 1;
	rc = check_command_line(command, &options, line.takers, line.n_arguments - 1);
	return rc == EXIT_DONE ? run_command(command, &options) : rc;
}

int main(int argc, char **argv)
{
	int rc = standard_hold() < 0 ? EXIT_FAILED : run(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout))
		return fail("cannot write the output: %s", strerror(errno));
	return rc;
}
