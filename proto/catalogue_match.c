/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/catalogue.h"

#include <string.h>

/* ---- Folding: the letters a person would type ------------------------------------------------- */

/* From the previous `last` on, up to and including this one; NULL: stays as it is. Upper case of U+00C0 to
 * U+00DE stands for its lower case, 0x20 further on. */
struct fold {
	uint16_t last;
	const char *base;
};

static const struct fold folds[] = {
	{ 0x00bf, NULL }, { 0x00c5, "a" },  { 0x00c6, "ae" }, { 0x00c7, "c" }, { 0x00cb, "e" },  { 0x00cf, "i" },
	{ 0x00d0, "d" },  { 0x00d1, "n" },  { 0x00d6, "o" },  { 0x00d7, NULL }, { 0x00d8, "o" }, { 0x00dc, "u" },
	{ 0x00dd, "y" },  { 0x00de, "th" }, { 0x00df, "ss" }, { 0x00fe, NULL }, { 0x00ff, "y" }, { 0x0105, "a" },
	{ 0x010d, "c" },  { 0x0111, "d" },  { 0x011b, "e" },  { 0x0123, "g" }, { 0x0127, "h" },  { 0x0131, "i" },
	{ 0x0133, "ij" }, { 0x0135, "j" },  { 0x0138, "k" },  { 0x0142, "l" }, { 0x014b, "n" },  { 0x0151, "o" },
	{ 0x0153, "oe" }, { 0x0159, "r" },  { 0x0161, "s" },  { 0x0167, "t" }, { 0x0173, "u" },  { 0x0175, "w" },
	{ 0x0178, "y" },  { 0x017e, "z" },  { 0x017f, "s" },
};

static const char *base_letters(uint32_t character)
{
	if (character >= 0xe0 && character <= 0xfe && character != 0xf7)
		character -= 0x20;
	for (size_t i = 0; i < sizeof folds / sizeof folds[0]; i++)
		if (character <= folds[i].last)
			return folds[i].base;
	if (character >= 0x0300 && character <= 0x036f)
		return ""; /* an accent of its own, after its letter */
	return NULL;
}

/* Writes `text` folded: never longer than it was, for no two-byte character has a base of more than two
 * letters. False when it does not fit. */
static bool fold_text(const char *text, char folded[static NAME_BYTES])
{
	size_t used = 0;

	if (strnlen(text, NAME_BYTES) == NAME_BYTES)
		return false;
	while (*text) {
		uint8_t first = (uint8_t)text[0], second = (uint8_t)text[1];
		const char *base = NULL;

		if ((first & 0xe0) == 0xc0 && (second & 0xc0) == 0x80)
			base = base_letters((uint32_t)(first & 0x1f) << 6 | (second & 0x3f));
		if (base) {
			memcpy(folded + used, base, strlen(base));
			used += strlen(base);
			text += 2;
			continue;
		}
		folded[used++] = (char)(*text >= 'A' && *text <= 'Z' ? *text + 'a' - 'A' : *text);
		text++;
	}
	folded[used] = '\0';
	return true;
}

/* ---- Matching --------------------------------------------------------------------------------- */

/* What was found so far. An exact name wins over names that merely hold what was typed. */
struct search {
	char typed[NAME_BYTES]; /* folded */
	size_t exact, partial;
	uint32_t exact_code, partial_code;
};

static bool search_begin(struct search *search, const char *typed)
{
	memset(search, 0, sizeof *search);
	return typed[0] != '\0' && fold_text(typed, search->typed) && search->typed[0] != '\0';
}

static void search_name(struct search *search, const char *name, uint32_t code)
{
	char folded[NAME_BYTES];

	if (!fold_text(name, folded))
		return;
	if (strcmp(folded, search->typed) == 0) {
		search->exact++;
		search->exact_code = code;
	} else if (strstr(folded, search->typed)) {
		search->partial++;
		search->partial_code = code;
	}
}

static enum match search_end(const struct search *search, uint32_t *code)
{
	size_t found = search->exact ? search->exact : search->partial;

	if (found == 0)
		return MATCH_NONE;
	if (found > 1)
		return MATCH_SEVERAL;
	*code = search->exact ? search->exact_code : search->partial_code;
	return MATCH_ONE;
}

/* Whether only digits were typed: then it is a code. One that no code can be becomes UINT32_MAX. */
static bool typed_code(const char *typed, uint32_t *code)
{
	uint32_t value = 0;

	for (const char *at = typed; *at; at++) {
		if (*at < '0' || *at > '9')
			return false;
		if (value <= LABEL_CODE_MAX)
			value = value * 10 + (uint32_t)(*at - '0');
	}
	*code = value <= LABEL_CODE_MAX ? value : UINT32_MAX;
	return typed[0] != '\0';
}

enum match catalogue_match_domain(const struct catalogue *catalogue, uint32_t day, const char *typed, uint32_t *code)
{
	struct search search;
	uint32_t wanted;

	if (typed_code(typed, &wanted)) {
		const struct domain *domain = catalogue_domain(catalogue, wanted);

		if (!domain || !catalogue_valid_on(domain->valid_from, domain->valid_until, day))
			return MATCH_NONE;
		*code = wanted;
		return MATCH_ONE;
	}
	if (!search_begin(&search, typed))
		return MATCH_NONE;
	for (size_t i = 0; i < catalogue->n_domains; i++) {
		const struct domain *domain = &catalogue->domains[i];

		if (catalogue_valid_on(domain->valid_from, domain->valid_until, day))
			search_name(&search, domain->name, domain->code);
	}
	return search_end(&search, code);
}

bool catalogue_label_suits(const struct label *label, uint32_t day, uint32_t domain)
{
	return catalogue_valid_on(label->valid_from, label->valid_until, day) &&
	       (label->domain == 0 || label->domain == domain);
}

enum match catalogue_match_label(const struct catalogue *catalogue, uint32_t day, uint32_t domain, const char *typed,
				 uint32_t *code)
{
	struct search search;
	uint32_t wanted;

	if (typed_code(typed, &wanted)) {
		const struct label *label = catalogue_label(catalogue, wanted);

		if (!label || !catalogue_label_suits(label, day, domain))
			return MATCH_NONE;
		*code = wanted;
		return MATCH_ONE;
	}
	if (!search_begin(&search, typed))
		return MATCH_NONE;
	for (size_t i = 0; i < catalogue->n_labels; i++) {
		const struct label *label = &catalogue->labels[i];

		if (catalogue_label_suits(label, day, domain))
			search_name(&search, label->name, label->code);
	}
	return search_end(&search, code);
}
