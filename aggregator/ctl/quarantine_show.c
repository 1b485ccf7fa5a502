/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/ctl/quarantine.h"

#include <inttypes.h>

#include "aggregator/figures/table.h"
#include "base/bytes.h"
#include "base/text.h"

enum { HEX_LINE_BYTES = 32 };

const char *quarantine_flaw(int flaw)
{
	switch (flaw) {
	case SUBMISSION_TOO_LONG:
		return "longer than a submission may be";
	case SUBMISSION_EMPTY:
		return "a submission without events";
	case SUBMISSION_TOO_MANY:
		return "more events than a submission may hold";
	default:
		return "not a submission (no protobuf)";
	}
}

/* ---- list ------------------------------------------------------------------------------------- */

/* An event's day comes from a phone and may be any number. */
static void day_text(uint32_t day, char text[static 32])
{
	if (day <= CALENDAR_DAY_MAX)
		date_format(day, text);
	else
		(void)snprintf(text, 32, "day number %u", day);
}

static void content_text(const struct kept *entry, char text[static 64])
{
	struct submission submission;
	int flaw = submission_decode(entry->bytes, entry->length, &submission);
	char day[32];

	if (flaw != 0) {
		(void)snprintf(text, 64, "%s", quarantine_flaw(flaw));
	} else if (submission.n_events > 1) {
		(void)snprintf(text, 64, "%u events", submission.n_events);
	} else if (submission.events[0].malformed) {
		(void)snprintf(text, 64, "a malformed event");
	} else {
		day_text(submission.events[0].event.day, day);
		(void)snprintf(text, 64, "a %s of %s",
			       submission.events[0].event.act == ACT_RETRACTION ? "retraction" : "question", day);
	}
}

int quarantine_list(const struct entries *entries, struct error *error)
{
	struct table table;
	char text[64];
	int rc;

	table_init(&table, "llll");
	table_text(&table, "Entry");
	table_text(&table, "Arrived");
	table_text(&table, "Team");
	table_text(&table, "What");
	for (size_t i = 0; i < entries->n; i++) {
		const struct kept *entry = entries->list[i];

		table_format(&table, "%s/%" PRIu64, words_verdict(entry->reason), entry->sequence);
		day_text(entry->day, text);
		table_text(&table, text);
		table_text(&table, entry->team[0] ? entry->team : "(no team)");
		content_text(entry, text);
		table_text(&table, text);
	}
	rc = table_print(&table, stdout, error);
	table_release(&table);
	(void)printf("\n%zu entries. `turfctl quarantine show ENTRY` shows one in full.\n", entries->n);
	return rc;
}

/* ---- show ------------------------------------------------------------------------------------- */

static const char *advice(enum verdict reason)
{
	switch (reason) {
	case VERDICT_REFUSED_MALFORMED:
		return "It does not follow the wire format, or it is a retraction that did not prove that its sender made the\n"
		       "tap. turf's own phones send this only for a tap that they stored before they kept proofs. Look at the\n"
		       "client, then drop it: retry does not count it.";
	case VERDICT_REFUSED_UNKNOWN_TEAM:
		return "The team was not in the catalogue on that day. If it should be: correct its dates in the\n"
		       "configuration, reload turfd (SIGHUP), then retry.";
	case VERDICT_REFUSED_UNKNOWN_DOMAIN:
		return "The domain was not in the catalogue on that day. If it should be: correct its dates in the\n"
		       "configuration, reload turfd (SIGHUP), then retry.";
	case VERDICT_REFUSED_UNKNOWN_LABEL:
		return "A label was not in the catalogue on that day, or belongs to another domain. If it is right:\n"
		       "correct the configuration, reload turfd (SIGHUP), then retry.";
	case VERDICT_REFUSED_DAY_IN_FUTURE:
		return "The phone's date was ahead. Its worker saw the refusal and may have tapped it again: then drop it, since\n"
		       "retry would count it twice. Otherwise retry counts it once the day is there.";
	case VERDICT_REFUSED_DAY_TOO_OLD:
		return "Before counting began, or older than accept_days. If it must count: raise accept_days, reload\n"
		       "turfd (SIGHUP), then retry. What was purged stays refused.";
	case VERDICT_REFUSED_RETRACTION_TOO_LATE:
		return "It came after retract_days, or its quarter was final. The question stays counted; drop it.";
	default:
		return "A reason that this version does not know.";
	}
}

static void print_hex(const uint8_t *bytes, size_t length)
{
	char text[2 * HEX_LINE_BYTES + 1];

	for (size_t at = 0; at < length; at += HEX_LINE_BYTES) {
		hex_encode(bytes + at, length - at < HEX_LINE_BYTES ? length - at : HEX_LINE_BYTES, text);
		(void)printf("    %s\n", text);
	}
}

static void print_question(const struct event *event, const struct catalogue *catalogue)
{
	char name[NAME_BYTES];

	figures_domain_name(catalogue, event->domain, name);
	text_print(stdout, "  question  domain %u (%s), %s\n", event->domain,
		   catalogue_domain(catalogue, event->domain) ? name : "not in the catalogue",
		   words_outcome(event->outcome));
	for (uint32_t i = 0; i < event->n_labels; i++) {
		figures_label_name(catalogue, event->labels[i], name);
		text_print(stdout, "  label     %u (%s)\n", event->labels[i],
			   catalogue_label(catalogue, event->labels[i]) ? name : "not in the catalogue");
	}
}

static void print_event(const struct submitted_event *submitted, const struct catalogue *catalogue)
{
	char id[2 * RESULT_ID_BYTES_MAX + 1], day[32];

	hex_encode(submitted->id, submitted->id_length, id);
	(void)printf("  id        %s\n", submitted->id_length > 0 ? id : "none, or too long");
	if (submitted->malformed) {
		(void)puts("  malformed");
		return;
	}
	day_text(submitted->event.day, day);
	(void)printf("  day       %s\n", day);
	if (submitted->event.act == ACT_RETRACTION)
		(void)puts("  retraction (its proof is never kept)");
	else
		print_question(&submitted->event, catalogue);
}

int quarantine_show(const struct kept *entry, const struct catalogue *catalogue)
{
	struct submission submission;
	char day[32];
	int flaw = submission_decode(entry->bytes, entry->length, &submission);

	day_text(entry->day, day);
	(void)printf("%s/%" PRIu64 "\n", words_verdict(entry->reason), entry->sequence);
	(void)printf("  arrived   %s, for %s%s\n", day, entry->team[0] ? "team " : "no team that could be one",
		     entry->team);
	if (flaw != 0)
		(void)printf("  content   %s\n", quarantine_flaw(flaw));
	for (uint32_t i = 0; flaw == 0 && i < submission.n_events; i++)
		print_event(&submission.events[i], catalogue);
	(void)printf("  bytes     %zu\n", entry->length);
	print_hex(entry->bytes, entry->length);
	(void)printf("%s\n", advice(entry->reason));
	return 0;
}
