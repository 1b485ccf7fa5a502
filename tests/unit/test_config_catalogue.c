/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Teams, domains and labels in turfd's configuration.
 */
#include "tests/unit/lib/config_file.h"

enum { YEAR_2017 = 17167, YEAR_2018 = 17532, YEAR_2019 = 17897, YEAR_2020 = 18262 };

#define TEAMS "teams = ( { id = \"oost\"; name = \"Oost\"; } );\n"

/* A configuration whose fifth line and following are `text`. */
static const char *with(const char *text)
{
	static char whole[1 << 18];
	int length = snprintf(whole, sizeof whole,
			      "org = \"de-kop\";\nname = \"De Kop\";\nstore = \"/var/lib/turf\";\n"
			      "broker = { address = \"mqtt://localhost\"; };\n%s\n",
			      text);

	assert_true(length > 0 && (size_t)length < sizeof whole);
	return whole;
}

static int setup(void **state)
{
	static struct config_file file;

	config_file_init(&file);
	*state = &file;
	return 0;
}

static int teardown(void **state)
{
	config_file_release(*state);
	return 0;
}

/* ---- Domains: the editions of the matrix ------------------------------------------------------------ */

/* The days of a domain, as a table tells them. ABSENT: the catalogue does not have it. */
struct days {
	uint32_t from, until;
};
enum { ABSENT = 99999 };

static void assert_days(const struct catalogue *catalogue, uint32_t code, struct days expected)
{
	const struct domain *domain = catalogue_domain(catalogue, code);

	if (expected.from == ABSENT) {
		if (domain)
			fail_msg("domain %u is there", code);
		return;
	}
	if (!domain)
		fail_msg("domain %u is not there", code);
	else if (domain->valid_from != expected.from || domain->valid_until != expected.until)
		fail_msg("domain %u is valid from %u until %u", code, domain->valid_from, domain->valid_until);
}

/* What becomes of domains 1 (in both editions), 2 (2013 only) and 12 (2017 only, rolls up to 2). */
static const struct {
	const char *zrm;
	struct days both, old, new;
} editions[] = {
	{"", {0, 0}, {0, YEAR_2017}, {YEAR_2017, 0}},
	{"zrm = ( { edition = \"2013\"; } );", {0, 0}, {0, 0}, {ABSENT, 0}},
	{"zrm = ( { edition = \"2017\"; } );", {0, 0}, {0, 1}, {0, 0}},
	{"zrm = ( { edition = \"2017\"; from = \"2018-01-01\"; until = \"2020-01-01\"; } );",
	 {YEAR_2018, YEAR_2020},
	 {0, 1},
	 {YEAR_2018, YEAR_2020}},
	{"zrm = ( { edition = \"2013\"; from = \"2018-01-01\"; }, { edition = \"2017\"; from = \"2019-01-01\"; } );",
	 {YEAR_2018, 0},
	 {YEAR_2018, YEAR_2019},
	 {YEAR_2019, 0}},
	{"zrm = ( { edition = \"2013\"; until = \"2020-01-01\"; }, { edition = \"2017\"; from = \"2019-01-01\"; } );",
	 {0, 0},
	 {0, YEAR_2020},
	 {YEAR_2019, 0}},
	{"zrm = ( { edition = \"2013\"; until = \"open\"; }, { edition = \"2017\"; } );", {0, 0}, {0, 0}, {0, 0}},
	{"zrm = ( { edition = \"2017\"; from = \"2018-01-01\"; }, { edition = \"2013\"; from = \"2019-01-01\"; } );",
	 {YEAR_2018, 0},
	 {YEAR_2019, 0},
	 {YEAR_2018, YEAR_2019}},
	{"zrm = ( { edition = \"2013\"; until = \"open\"; }, { edition = \"2017\"; from = \"2018-01-01\";"
	 " until = \"2019-01-01\"; } );",
	 {0, 0},
	 {0, 0},
	 {YEAR_2018, YEAR_2019}},
	{"zrm = ( ); domains = ( { code = 1; } );", {0, 0}, {ABSENT, 0}, {ABSENT, 0}},
	{"zrm = ( ); domains = ( { code = 12; } );", {ABSENT, 0}, {0, 1}, {0, 0}},
	{"zrm = ( { edition = \"2013\"; } ); domains = ( { code = 12; valid_from = \"2018-01-01\"; } );",
	 {0, 0},
	 {0, 0},
	 {YEAR_2018, 0}},
	{"zrm = ( { edition = \"2017\"; } ); domains = ( { code = 2; } );", {0, 0}, {0, 0}, {0, 0}},
	{"domains = ( { code = 2; name = \"Dag\"; }, { code = 12; valid_until = \"2019-01-01\"; } );",
	 {0, 0},
	 {0, YEAR_2017},
	 {YEAR_2017, YEAR_2019}},
	{"domains = ( { code = 2; valid_until = \"open\"; }, { code = 1; valid_from = \"2018-01-01\"; } );",
	 {YEAR_2018, 0},
	 {0, 0},
	 {YEAR_2017, 0}},
};

static void each_edition_holds_on_its_days(void **state)
{
	struct config_file *file = *state;
	char text[512];

	for (size_t i = 0; i < sizeof editions / sizeof editions[0]; i++) {
		(void)snprintf(text, sizeof text, TEAMS "%s", editions[i].zrm);
		config_file_load_good(file, with(text));
		assert_days(&file->config.catalogue, 1, editions[i].both);
		assert_days(&file->config.catalogue, 2, editions[i].old);
		assert_days(&file->config.catalogue, 12, editions[i].new);
	}
}

/* A 2017 figure is shown on the 2013 list, so its place there must have a name. */
static void what_a_domain_rolls_up_to_is_always_listed(void **state)
{
	struct config_file *file = *state;
	size_t rolling = 0;

	config_file_load_good(file, with(TEAMS "zrm = ( { edition = \"2017\"; } );"));
	for (size_t i = 0; i < file->config.catalogue.n_domains; i++) {
		uint32_t code = file->config.catalogue.domains[i].rolls_up_to;
		const struct domain *target = catalogue_domain(&file->config.catalogue, code);

		if (!code)
			continue;
		rolling++;
		assert_non_null(target);
		assert_false(catalogue_valid_on(target->valid_from, target->valid_until, YEAR_2018));
	}
	assert_int_equal(rolling, 5);
}

static void domains_come_in_the_order_of_the_screen(void **state)
{
	static const struct {
		uint32_t code;
		const char *name;
	} expected[] = {
		{1, "Financiën"},
		{2, "Dagbesteding"},
		{12, "Werk & opleiding"},
		{13, "Tijdsbesteding"},
		{3, "Huisvesting"},
		{4, "Huiselijke relaties"},
		{5, "Geestelijke gezondheid"},
		{6, "Lichamelijke gezondheid"},
		{7, "Verslaving"},
		{14, "Middelengebruik"},
		{8, "Activiteiten Dagelijks Leven"},
		{15, "Basale ADL"},
		{16, "Instrumentele ADL"},
		{9, "Sociaal netwerk"},
		{10, "Maatschappelijke participatie"},
		{11, "Justitie"},
	};
	struct config_file *file = *state;

	config_file_load_good(file, with(TEAMS));
	assert_int_equal(file->config.catalogue.n_domains, sizeof expected / sizeof expected[0]);
	for (size_t i = 0; i < file->config.catalogue.n_domains; i++) {
		assert_int_equal(file->config.catalogue.domains[i].code, expected[i].code);
		assert_int_equal(file->config.catalogue.domains[i].position, i + 1);
		assert_string_equal(file->config.catalogue.domains[i].name, expected[i].name);
	}
}

static void an_organisation_renames_and_adds_domains(void **state)
{
	struct config_file *file = *state;
	const struct domain *domain;

	config_file_load_good(
		file,
		with(TEAMS
		     "zrm = ( { edition = \"2013\"; } ); domains = (\n"
		     "{ code = 8; name = \"Zelfzorg\"; renamed_from = \"Activiteiten Dagelijks Leven\"; position = 999; },\n"
		     "{ code = 255; name = \"Inburgering\"; position = 1; rolls_up_to = 10;\n"
		     "  valid_until = \"2019-01-01\"; },\n"
		     "{ code = 17; name = \"Overig\"; } );"));
	domain = &file->config.catalogue.domains[12];
	assert_int_equal(domain->code, 8);
	assert_string_equal(domain->name, "Zelfzorg");
	assert_string_equal(domain->renamed_from, "Activiteiten Dagelijks Leven");
	domain = &file->config.catalogue.domains[1]; /* behind Financiën, on the same place */
	assert_int_equal(domain->code, 255);
	assert_int_equal(domain->rolls_up_to, 10);
	assert_int_equal(domain->valid_from, 0);
	assert_int_equal(domain->valid_until, YEAR_2019);
	domain = &file->config.catalogue.domains[11];
	assert_int_equal(domain->code, 17);
	assert_int_equal(domain->position, 17);
}

/* ---- Teams and labels ------------------------------------------------------------------------------- */

static void teams_and_labels_are_taken_as_they_stand(void **state)
{
	struct config_file *file = *state;
	const struct catalogue *catalogue = &file->config.catalogue;

	config_file_load_good(
		file,
		with("teams = ( { id = \"zuid\"; name = \"Zuid\"; valid_until = \"2019-01-01\"; },\n"
		     "          { id = \"0-oost\"; name = \"Oost\xe2\x80\x99s\"; valid_from = \"2018-01-01\";\n"
		     "            valid_until = \"open\"; } );\n"
		     "labels = ( { code = 65535; name = \"IGSD\"; kind = \"referred-to\"; },\n"
		     "           { code = 7; name = \"DUO\"; renamed_from = \"IBG\"; kind = \"subject\"; domain = 1; },\n"
		     "           { code = 9; name = \"Deur\"; kind = \"origin\"; valid_from = \"2018-01-01\"; } );"));
	assert_int_equal(catalogue->n_teams, 2);
	assert_string_equal(catalogue->teams[0].id, "zuid");
	assert_int_equal(catalogue->teams[0].valid_until, YEAR_2019);
	assert_string_equal(catalogue->teams[1].name, "Oost’s");
	assert_int_equal(catalogue->teams[1].valid_from, YEAR_2018);
	assert_int_equal(catalogue->teams[1].valid_until, 0);
	assert_int_equal(catalogue->n_labels, 3);
	assert_int_equal(catalogue->labels[0].code, 7);
	assert_string_equal(catalogue->labels[0].renamed_from, "IBG");
	assert_int_equal(catalogue->labels[0].kind, LABEL_SUBJECT);
	assert_int_equal(catalogue->labels[0].domain, 1);
	assert_int_equal(catalogue->labels[1].kind, LABEL_ORIGIN);
	assert_int_equal(catalogue->labels[1].valid_from, YEAR_2018);
	assert_int_equal(catalogue->labels[2].kind, LABEL_REFERRED_TO);
	assert_int_equal(catalogue->labels[2].domain, 0);
}

/* ---- What is wrong ------------------------------------------------------------------------------------ */

/* The first mistake that is told, and how many there are. */
static const struct {
	const char *text, *told;
	int mistakes;
} wrong[] = {
	{"", "1: missing setting \"teams\"; expected a list", 1},
	{"teams = ( );", "5: no teams; expected one at least", 1},
	{"teams = [ ];", "5: \"teams\" is an array [ ]; expected a list of groups", 1},
	{"teams = ( \"oost\" );", "5: an entry of \"teams\" is text; expected a group", 1},
	{"teams = ( { } );", "5: missing setting \"id\"; expected 1 to 31 characters", 2},
	{"teams = ( { id = \"all\"; name = \"Alle\"; } );", "5: \"all\" stands for all teams together; expected", 1},
	{"teams = ( { id = \"Oost\"; name = \"Oost\"; } );", "5: \"id\" is \"Oost\"; expected 1 to 31 characters", 1},
	{"teams = (\n{ id = \"a\"; name = \"A\"; },\n{ id = \"b\"; name = \"B\"; },\n{ name = \"A\";\nid = \"a\"; } );",
	 "9: team \"a\" was given already, on line 6; expected", 1},
	{"teams = ( { id = \"a\"; name = \"A\"; valid_form = \"2018-01-01\"; } );",
	 "5: unknown setting \"valid_form\"; did you mean \"valid_from\"?", 1},
	{"teams = ( { id = \"a\"; name = \"A\"; valid_from = \"2018-06-31\"; valid_until = \"open\"; } );",
	 "5: \"valid_from\" is \"2018-06-31\", which is not a date; expected", 1},
	{"teams = ( { id = \"a\"; name = \"A\";\n valid_from = \"2018-01-02\";\n valid_until = \"2018-01-02\"; } );",
	 "7: it ends on 2018-01-02 and begins on 2018-01-02; expected", 1},
	{"teams = ( { id = \"a\"; name = \"A\"; valid_until = \"1970-01-01\"; } );",
	 "5: \"valid_until\" is 1970-01-01, the first day there is; expected a later one", 1},
	{"teams = ( { id = \"a\"; name = \"A\"; valid_until = \"forever\"; } );",
	 "5: \"valid_until\" is \"forever\", which is not a date; expected the first day that does not count any more",
	 1},

	{TEAMS "zrm = ( { edition = 2013; } );", "6: \"edition\" is a number; expected \"2013\" or \"2017\"", 1},
	{TEAMS "zrm = ( { edition = \"2015\"; } );", "6: no such edition; expected \"2013\" or \"2017\"", 1},
	{TEAMS "zrm = ( { from = \"2018-01-01\"; } );", "6: missing setting \"edition\"; expected", 1},
	{TEAMS "zrm = ( );", "1: no domains; expected", 1},
	{TEAMS "zrm = ( { edition = \"2013\"; },\n{ edition = \"2017\"; } );", "7: missing setting \"from\"; expected",
	 1},
	{TEAMS "zrm = ( { edition = \"2013\"; from = \"2019-01-01\"; },\n"
	       "{ edition = \"2017\"; from = \"2018-01-01\"; } );",
	 "7: begins before the edition above it; expected", 1},
	{TEAMS "zrm = ( { edition = \"2013\"; from = \"2018-01-01\"; },\n"
	       "{ edition = \"2017\"; from = \"2018-01-01\"; } );",
	 "7: begins on the same day as the edition above it; expected", 1},
	{TEAMS "zrm = ( { edition = \"2013\"; from = \"2018-01-01\"; until = \"2017-01-01\"; } );",
	 "6: it ends on 2017-01-01 and begins on 2018-01-01; expected", 1},
	{TEAMS "zrm = ( { edition = \"2013\"; until = \"2018-01-01\"; },\n"
	       "{ edition = \"2017\"; from = \"2019-01-01\"; } );",
	 "7: domain 1, \"Financiën\", ends on 2018-01-01 and begins again later; expected", 1},
	{TEAMS "zrm = ( { edition = \"2013\"; }, { edition = \"2017\"; from = \"2018-01-01\"; },\n"
	       "{ edition = \"2013\"; from = \"2019-01-01\"; } );",
	 "7: domain 2, \"Dagbesteding\", ends on 2018-01-01 and begins again later; expected", 1},
	/* What refers to a domain is not called wrong for an edition's sake. */
	{TEAMS "zrm = ( { edition = \"?\"; } );\n"
	       "labels = ( { code = 1; name = \"a\"; kind = \"origin\"; domain = 9; } );",
	 "6: no such edition; expected", 1},

	{TEAMS "domains = ( { name = \"X\"; } );", "6: missing setting \"code\"; expected a whole number from 1 to 255",
	 1},
	{TEAMS "domains = ( { code = 0; name = \"X\"; } );", "6: \"code\" is out of range; expected", 1},
	{TEAMS "domains = ( { code = 256; name = \"\"; } );", "6: \"code\" is out of range; expected", 2},
	{TEAMS "domains = ( { code = 17; } );", "6: missing setting \"name\"; expected", 1},
	{TEAMS "domains = (\n{ code = 8; name = \"X\"; },\n{ code = 8; name = \"Y\"; } );",
	 "8: domain 8 was given already, on line 7; expected", 1},
	{TEAMS "domains = ( { code = 8; position = 0; } );", "6: \"position\" is out of range; expected", 1},
	{TEAMS "domains = ( { code = 12; rolls_up_to = 3; } );",
	 "6: domain 12 is of the matrix, which says itself what", 1},
	{TEAMS "domains = ( { code = 17; name = \"X\"; rolls_up_to = 18; } );", "6: there is no domain 18; expected",
	 1},
	{TEAMS "domains = ( { code = 17; name = \"X\"; rolls_up_to = 17; } );",
	 "6: domain 17 rolls up to domain 17 in turn", 1},
	{TEAMS "domains = ( { code = 17; name = \"X\"; rolls_up_to = 12; } );",
	 "6: domain 12 rolls up to domain 2 in turn", 1},
	{TEAMS "domains = ( { code = 17; name = \"X\"; renamed_from = \"X\"; } );",
	 "6: \"renamed_from\" is the name itself; expected", 1},
	{TEAMS "domains = ( { code = 2; valid_from = \"2018-01-01\"; } );",
	 "6: it ends on 2017-01-01 and begins on 2018-01-01; expected", 1},

	{TEAMS "labels = ( { code = 0; name = \"X\"; kind = \"origin\"; },\n"
	       "{ code = 0; name = \"Y\"; kind = \"origin\"; } );",
	 "6: \"code\" is out of range; expected", 2},
	{TEAMS "labels = { };", "6: \"labels\" is a group; expected a list of groups", 1},
	{TEAMS "labels = ( { } );", "6: missing setting \"code\"; expected a whole number from 1 to 65535", 3},
	{TEAMS "labels = ( { code = 65536; name = \"X\"; kind = \"origin\"; } );",
	 "6: \"code\" is out of range; expected", 1},
	{TEAMS "labels = ( { code = 1; name = \"X\"; kind = \"herkomst\"; } );",
	 "6: \"kind\" has a wrong value; expected \"subject\", \"origin\" or \"referred-to\"", 1},
	{TEAMS "labels = ( { code = 1; name = \"X\"; kind = \"unspecified\"; } );", "6: \"kind\" has a wrong value", 1},
	{TEAMS "labels = ( { code = 1; name = \"X\"; kind = \"origin\"; domain = 40; } );",
	 "6: there is no domain 40; expected", 1},
	{TEAMS "labels = ( { code = 1; name = \"X\"; kind = \"origin\"; domain = 0; } );",
	 "6: \"domain\" is out of range", 1},
	{TEAMS "labels = (\n{ code = 1; name = \"X\"; kind = \"origin\"; },\n"
	       "{ code = 1; name = \"Y\"; kind = \"subject\"; } );",
	 "8: label 1 was given already, on line 7; expected", 1},
};

static void each_mistake_is_told_with_its_line(void **state)
{
	struct config_file *file = *state;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		int told = config_file_load(file, with(wrong[i].text));

		if (told != wrong[i].mistakes ||
		    strncmp(config_file_told(file, 0), wrong[i].told, strlen(wrong[i].told)) != 0)
			fail_msg("%s: told %d mistakes, the first %s", wrong[i].text, told,
				 told ? file->told[0] : "none");
	}
}

/* A configuration with `n` labels, whose names have `bytes` bytes, and the last one's `last_bytes`. */
static const char *many_labels(unsigned n, int bytes, int last_bytes)
{
	static char text[1 << 17];
	size_t used = (size_t)snprintf(text, sizeof text, TEAMS "labels = ( ");

	for (unsigned i = 1; i <= n; i++) {
		int length = snprintf(text + used, sizeof text - used,
				      "{ code = %u; name = \"%0*u\"; kind = \"origin\"; }%s", i,
				      i < n ? bytes : last_bytes, i, i < n ? "," : ");");

		assert_true(length > 0 && (size_t)length < sizeof text - used);
		used += (size_t)length;
	}
	return with(text);
}

static void there_may_be_so_many_labels(void **state)
{
	struct config_file *file = *state;

	config_file_load_good(file, many_labels(LABELS_MAX, 60, 60));
	assert_int_equal(file->config.catalogue.n_labels, LABELS_MAX);
	assert_int_equal(config_file_load(file, many_labels(LABELS_MAX + 1, 60, 60)), 1);
	assert_string_equal(config_file_told(file, 0), "6: 513 labels; expected 512 at most, ended ones included");
}

/* The largest catalogue that is let in fits in its message, to the byte, whatever its version will be. */
static void the_catalogue_fits_in_its_message(void **state)
{
	struct config_file *file = *state;
	static uint8_t bytes[CATALOGUE_BYTES_MAX];
	unsigned n = 400;
	int last = 3;

	while (config_file_load(file, many_labels(n + 1, 127, last)) == 0)
		n++;
	assert_non_null(strstr(config_file_told(file, 0), "do not fit in the catalogue's 65536 bytes; expected fewer"));
	config_file_load_good(file, many_labels(n, 127, last));
	while (config_file_load(file, many_labels(n, 127, last + 1)) == 0)
		last++;
	config_file_load_good(file, many_labels(n, 127, last));
	file->config.catalogue.version = UINT32_MAX;
	file->config.catalogue.counting_since = CALENDAR_DAY_MAX;
	assert_int_equal(catalogue_encode(&file->config.catalogue, bytes, sizeof bytes), sizeof bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_edition_holds_on_its_days, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_domain_rolls_up_to_is_always_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(domains_come_in_the_order_of_the_screen, setup, teardown),
		cmocka_unit_test_setup_teardown(an_organisation_renames_and_adds_domains, setup, teardown),
		cmocka_unit_test_setup_teardown(teams_and_labels_are_taken_as_they_stand, setup, teardown),
		cmocka_unit_test_setup_teardown(each_mistake_is_told_with_its_line, setup, teardown),
		cmocka_unit_test_setup_teardown(there_may_be_so_many_labels, setup, teardown),
		cmocka_unit_test_setup_teardown(the_catalogue_fits_in_its_message, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
