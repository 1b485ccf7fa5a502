/* SPDX-License-Identifier: EUPL-1.2 */
#include "proto/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "proto/catalogue_form.h"
#include "proto/turf.pb-c.h"
#include "proto/wire.h"

/* ---- Encoding: in the order of the fields' numbers -------------------------------------------- */

static void put_head(struct wire_writer *writer, const struct catalogue *catalogue)
{
	Turf__V1__Catalogue message = TURF__V1__CATALOGUE__INIT;

	message.version = catalogue->version;
	message.org = (char *)catalogue->org;
	message.name = (char *)catalogue->name;
	message.timezone = (char *)catalogue->timezone;
	wire_put(writer, &message.base);
}

static void put_team(struct wire_writer *writer, const struct team *team)
{
	Turf__V1__Catalogue catalogue = TURF__V1__CATALOGUE__INIT;
	Turf__V1__Team message = TURF__V1__TEAM__INIT;
	Turf__V1__Team *messages[] = {&message};

	message.id = (char *)team->id;
	message.name = (char *)team->name;
	message.valid_from = team->valid_from;
	message.valid_until = team->valid_until;
	catalogue.n_teams = 1;
	catalogue.teams = messages;
	wire_put(writer, &catalogue.base);
}

static void put_domain(struct wire_writer *writer, const struct domain *domain)
{
	Turf__V1__Catalogue catalogue = TURF__V1__CATALOGUE__INIT;
	Turf__V1__Domain message = TURF__V1__DOMAIN__INIT;
	Turf__V1__Domain *messages[] = {&message};

	message.code = domain->code;
	message.name = (char *)domain->name;
	message.valid_from = domain->valid_from;
	message.valid_until = domain->valid_until;
	message.rolls_up_to = domain->rolls_up_to;
	message.position = domain->position;
	catalogue.n_domains = 1;
	catalogue.domains = messages;
	wire_put(writer, &catalogue.base);
}

static void put_label(struct wire_writer *writer, const struct label *label)
{
	Turf__V1__Catalogue catalogue = TURF__V1__CATALOGUE__INIT;
	Turf__V1__Label message = TURF__V1__LABEL__INIT;
	Turf__V1__Label *messages[] = {&message};

	message.code = label->code;
	message.name = (char *)label->name;
	message.kind = (Turf__V1__LabelKind)label->kind;
	message.valid_from = label->valid_from;
	message.valid_until = label->valid_until;
	message.domain = label->domain;
	catalogue.n_labels = 1;
	catalogue.labels = messages;
	wire_put(writer, &catalogue.base);
}

static void put_settings(struct wire_writer *writer, const struct catalogue *catalogue)
{
	Turf__V1__Catalogue message = TURF__V1__CATALOGUE__INIT;

	message.accept_days = catalogue->accept_days;
	message.retract_days = catalogue->retract_days;
	message.grace_days = catalogue->grace_days;
	message.counting_since = catalogue->counting_since;
	wire_put(writer, &message.base);
}

size_t catalogue_encode(const struct catalogue *catalogue, uint8_t *out, size_t capacity)
{
	struct wire_writer writer = {.out = out, .capacity = capacity};

	put_head(&writer, catalogue);
	for (size_t i = 0; i < catalogue->n_teams; i++)
		put_team(&writer, &catalogue->teams[i]);
	for (size_t i = 0; i < catalogue->n_domains; i++)
		put_domain(&writer, &catalogue->domains[i]);
	for (size_t i = 0; i < catalogue->n_labels; i++)
		put_label(&writer, &catalogue->labels[i]);
	put_settings(&writer, catalogue);
	return wire_written(&writer);
}

/* ---- Decoding -------------------------------------------------------------------------------- */

static bool take_settings(const Turf__V1__Catalogue *message, struct catalogue *catalogue)
{
	catalogue->version = message->version;
	catalogue->accept_days = message->accept_days;
	catalogue->retract_days = message->retract_days;
	catalogue->grace_days = message->grace_days;
	catalogue->counting_since = message->counting_since;
	return wire_text_copy(catalogue->org, sizeof catalogue->org, message->org) &&
	       wire_text_copy(catalogue->name, sizeof catalogue->name, message->name) &&
	       wire_text_copy(catalogue->timezone, sizeof catalogue->timezone, message->timezone);
}

static bool take_teams(const Turf__V1__Catalogue *message, struct catalogue *catalogue)
{
	for (size_t i = 0; i < message->n_teams; i++) {
		const Turf__V1__Team *from = message->teams[i];
		struct team *team = &catalogue->teams[i];

		if (!wire_text_copy(team->id, sizeof team->id, from->id) ||
		    !wire_text_copy(team->name, sizeof team->name, from->name))
			return false;
		team->valid_from = from->valid_from;
		team->valid_until = from->valid_until;
	}
	return true;
}

static bool take_domains(const Turf__V1__Catalogue *message, struct catalogue *catalogue)
{
	for (size_t i = 0; i < message->n_domains; i++) {
		const Turf__V1__Domain *from = message->domains[i];
		struct domain *domain = &catalogue->domains[i];

		if (!wire_text_copy(domain->name, sizeof domain->name, from->name))
			return false;
		domain->code = from->code;
		domain->valid_from = from->valid_from;
		domain->valid_until = from->valid_until;
		domain->rolls_up_to = from->rolls_up_to;
		domain->position = from->position;
	}
	return true;
}

static enum label_kind known_kind(int kind)
{
	return kind >= LABEL_SUBJECT && kind <= LABEL_REFERRED_TO ? (enum label_kind)kind : LABEL_UNSPECIFIED;
}

static bool take_labels(const Turf__V1__Catalogue *message, struct catalogue *catalogue)
{
	for (size_t i = 0; i < message->n_labels; i++) {
		const Turf__V1__Label *from = message->labels[i];
		struct label *label = &catalogue->labels[i];

		if (!wire_text_copy(label->name, sizeof label->name, from->name))
			return false;
		label->code = from->code;
		label->kind = known_kind((int)from->kind);
		label->valid_from = from->valid_from;
		label->valid_until = from->valid_until;
		label->domain = from->domain;
	}
	return true;
}

/* Room for what the message holds; its counts are within the limits. calloc(0) may be NULL: not asked. */
static bool make_room_for_catalogue(const Turf__V1__Catalogue *message, struct catalogue *catalogue)
{
	catalogue->n_teams = message->n_teams;
	catalogue->n_domains = message->n_domains;
	catalogue->n_labels = message->n_labels;
	catalogue->teams = message->n_teams ? calloc(message->n_teams, sizeof *catalogue->teams) : NULL;
	catalogue->domains = message->n_domains ? calloc(message->n_domains, sizeof *catalogue->domains) : NULL;
	catalogue->labels = message->n_labels ? calloc(message->n_labels, sizeof *catalogue->labels) : NULL;
	return (catalogue->teams || !message->n_teams) && (catalogue->domains || !message->n_domains) &&
	       (catalogue->labels || !message->n_labels);
}

/* 0, MESSAGE_MALFORMED or FAULT_MEMORY. After these two as well, release what `to` holds. */
static int take_catalogue(const ProtobufCMessage *base, void *to)
{
	const Turf__V1__Catalogue *message = (const Turf__V1__Catalogue *)base;
	struct catalogue *catalogue = to;
	int check;

	if (message->n_domains > DOMAIN_CODE_MAX || message->n_labels > LABELS_MAX)
		return MESSAGE_MALFORMED;
	if (!make_room_for_catalogue(message, catalogue))
		return FAULT_MEMORY;
	if (!take_settings(message, catalogue) || !take_teams(message, catalogue) ||
	    !take_domains(message, catalogue) || !take_labels(message, catalogue))
		return MESSAGE_MALFORMED;
	catalogue_sort(catalogue);
	check = catalogue_check(catalogue);
	return check > 0 ? MESSAGE_MALFORMED : check;
}

int catalogue_decode(const uint8_t *bytes, size_t length, struct catalogue *catalogue)
{
	int rc;

	memset(catalogue, 0, sizeof *catalogue);
	rc = wire_decode(&turf__v1__catalogue__descriptor, bytes, length, CATALOGUE_BYTES_MAX, take_catalogue,
			 catalogue);
	if (rc != 0)
		catalogue_release(catalogue);
	return rc;
}
