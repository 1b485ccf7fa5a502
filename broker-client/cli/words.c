/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/cli.h"

#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "proto/calendar.h"

enum { ID_DIGITS_SHOWN = 8 };

static const char *outcome_words(enum turf_outcome outcome)
{
	return outcome == TURF_REFERRED ? "doorverwezen / referred" : "beantwoord / answered";
}

const char *cli_verdict_words(enum turf_verdict verdict)
{
	switch (verdict) {
	case TURF_COUNTED:
		return "geteld / counted";
	case TURF_ALREADY_COUNTED:
		return "was al geteld / already counted";
	case TURF_RETRACTED:
		return "ongedaan gemaakt / taken back";
	case TURF_ALREADY_RETRACTED:
		return "was al ongedaan gemaakt / already taken back";
	case TURF_COUNTED_LATE:
		return "te laat, niet meegeteld / too late, not counted";
	case TURF_REFUSED_MALFORMED:
		return "geweigerd: onleesbaar / refused: malformed";
	case TURF_REFUSED_UNKNOWN_TEAM:
		return "geweigerd: onbekend team / refused: unknown team";
	case TURF_REFUSED_UNKNOWN_DOMAIN:
		return "geweigerd: onbekend domein / refused: unknown domain";
	case TURF_REFUSED_UNKNOWN_LABEL:
		return "geweigerd: onbekend label / refused: unknown label";
	case TURF_REFUSED_DAY_IN_FUTURE:
		return "geweigerd: dag in de toekomst / refused: day in the future";
	case TURF_REFUSED_DAY_TOO_OLD:
		return "geweigerd: te lang geleden / refused: day too old";
	case TURF_REFUSED_RETRACTION_TOO_LATE:
		return "te laat om ongedaan te maken / too late to take back";
	case TURF_NO_VERDICT:
	default:
		return "nog geen antwoord / no answer yet";
	}
}

bool cli_is_refusal(enum turf_verdict verdict)
{
	return verdict >= TURF_REFUSED_MALFORMED && verdict <= TURF_REFUSED_RETRACTION_TOO_LATE;
}

const char *cli_quarter_status_words(enum turf_quarter_status status)
{
	switch (status) {
	case TURF_QUARTER_OPEN:
		return "loopt nog / open";
	case TURF_QUARTER_PROVISIONAL:
		return "voorlopig / provisional";
	case TURF_QUARTER_FINAL:
		return "definitief / final";
	case TURF_QUARTER_UNKNOWN:
	default:
		return "";
	}
}

void cli_print_for_org(FILE *out, const struct cli *cli)
{
	text_print(out, ", voor / for %s\n", *cli->org_name ? cli->org_name : cli->org);
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
