/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/cli.h"

#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/text.h"
#include "proto/calendar.h"

enum { ID_DIGITS_SHOWN = 8, MOMENT_BYTES = 64 };

static const char *outcome_words(enum turf_outcome outcome)
{
	return outcome == TURF_REFERRED ? "doorverwezen / referred" : "beantwoord / answered";
}

const char *cli_verdict_words(enum turf_verdict verdict)
{
	static const char *const words[] = {
		[TURF_COUNTED] = "geteld / counted",
		[TURF_ALREADY_COUNTED] = "was al geteld / already counted",
		[TURF_RETRACTED] = "ongedaan gemaakt / taken back",
		[TURF_ALREADY_RETRACTED] = "was al ongedaan gemaakt / already taken back",
		[TURF_COUNTED_LATE] = "te laat, niet meegeteld / too late, not counted",
		[TURF_REFUSED_MALFORMED] = "geweigerd: onleesbaar / refused: malformed",
		[TURF_REFUSED_UNKNOWN_TEAM] = "geweigerd: onbekend team / refused: unknown team",
		[TURF_REFUSED_UNKNOWN_DOMAIN] = "geweigerd: onbekend domein / refused: unknown domain",
		[TURF_REFUSED_UNKNOWN_LABEL] = "geweigerd: onbekend label / refused: unknown label",
		[TURF_REFUSED_DAY_IN_FUTURE] = "geweigerd: dag in de toekomst / refused: day in the future",
		[TURF_REFUSED_DAY_TOO_OLD] = "geweigerd: te lang geleden / refused: day too old",
		[TURF_REFUSED_RETRACTION_TOO_LATE] = "te laat om ongedaan te maken / too late to take back",
	};
	const char *found = verdict < sizeof words / sizeof *words ? words[verdict] : NULL;

	return found ? found : "nog geen antwoord / no answer yet";
}

const char *cli_retraction_words(enum turf_verdict verdict)
{
	if (verdict == TURF_REFUSED_MALFORMED)
		return "blijft geteld: dit toestel kan niet bewijzen dat het dit tikte / "
		       "stays counted: this device cannot prove that it made the tap";
	return cli_verdict_words(verdict);
}

bool cli_is_refusal(enum turf_verdict verdict)
{
	return verdict >= TURF_REFUSED_MALFORMED && verdict <= TURF_REFUSED_RETRACTION_TOO_LATE;
}

const char *cli_quarter_status_words(enum turf_quarter_status status)
{
	static const char *const words[] = {
		[TURF_QUARTER_UNKNOWN] = "",
		[TURF_QUARTER_OPEN] = "loopt nog / open",
		[TURF_QUARTER_PROVISIONAL] = "voorlopig / provisional",
		[TURF_QUARTER_FINAL] = "definitief / final",
	};

	return status < sizeof words / sizeof *words ? words[status] : "";
}

void cli_print_for_org(FILE *out, const struct cli *cli)
{
	text_print(out, ", voor / for %s\n", *cli->org_name ? cli->org_name : cli->org);
}

/* "14:20", or with the date before it if that is another day; local time. */
static void format_moment(int64_t at, char text[static MOMENT_BYTES])
{
	time_t moment = (time_t)at, now = time(NULL);
	struct tm then, today;

	(void)localtime_r(&moment, &then);
	(void)localtime_r(&now, &today);
	(void)strftime(text, MOMENT_BYTES, then.tm_yday == today.tm_yday ? "%H:%M" : "%Y-%m-%d %H:%M", &then);
}

void cli_print_later(struct turf *turf)
{
	struct turf_later later = {.size = sizeof later};
	char moment[MOMENT_BYTES];

	if (turf_get_later(turf, &later, NULL) != 0 || later.events == 0)
		return;
	if (later.away) {
		format_moment(later.from, moment);
		(void)printf(
			"  dit toestel was lang weg; wat wacht, gaat niet weg voor / this device was away for long; "
			"what waits is not sent before %s\n",
			moment);
		return;
	}
	(void)printf("  daarvan later, verspreid over enkele uren / of these later, spread over some hours: %zu\n",
		     later.events);
	if (later.from <= (int64_t)time(NULL)) {
		(void)puts("  de volgende zodra turf verbinding heeft / the next as soon as turf connects");
		return;
	}
	format_moment(later.from, moment);
	(void)printf("  de volgende niet voor / the next not before %s\n", moment);
}

void cli_print_tap(FILE *out, const struct turf_tap *tap, const struct turf_catalogue *catalogue)
{
	const struct turf_domain *domain = catalogue && tap->domain ? turf_find_domain(catalogue, tap->domain) : NULL;
	char day[DATE_TEXT_BYTES], id[2 * sizeof tap->id.bytes + 1];

	if (domain)
		(void)text_print_columns(out, domain->name, TURF_NAME_BYTES);
	else if (tap->has_question)
		(void)fprintf(out, "domein / domain %u", tap->domain);
	else
		(void)fputs("vraag / question", out);
	if (tap->has_question)
		(void)fprintf(out, ", %s", outcome_words(tap->outcome));
	for (uint32_t i = 0; i < tap->n_labels; i++) {
		const struct turf_label *label = catalogue ? turf_find_label(catalogue, tap->labels[i]) : NULL;

		(void)fputs(", ", out);
		if (label)
			(void)text_print_columns(out, label->name, TURF_NAME_BYTES);
		else
			(void)fprintf(out, "label %u", tap->labels[i]);
	}
	if (tap->day <= CALENDAR_DAY_MAX)
		date_format(tap->day, day);
	else
		(void)snprintf(day, sizeof day, "%u", tap->day);
	hex_encode(tap->id.bytes, sizeof tap->id.bytes, id);
	(void)fprintf(out, ", team %s, %s (%.*s)", tap->team, day, ID_DIGITS_SHOWN, id);
}
