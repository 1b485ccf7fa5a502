/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfd's configuration file: read with libconfig, checked completely before anything starts.
 * docs/configuration.md describes every setting; deploy/turfd.conf is the commented example.
 */
#ifndef TURF_AGGREGATOR_CONFIG_CONFIG_H
#define TURF_AGGREGATOR_CONFIG_CONFIG_H

#include "proto/catalogue.h"
#include "store/store.h"

struct config {
	char *store_path;       /* in the file, relative paths start at its own folder */
	char *broker;           /* mqtt://… or mqtts://… */
	char *credentials_file; /* NULL: none */
	char *ca_file;          /* NULL: the system's */
	uint32_t keepalive_s;
	uint32_t retry_ms;            /* between attempts to commit when the disk is full, first wait to reconnect */
	uint32_t batch_messages;      /* at most this many messages in one transaction */
	uint32_t summary_interval_ms; /* each summary at most once in this time: 200 */
	uint32_t quarantine_limit;
	uint32_t compact_days; /* a compacting copy after this many days with deletions; 0: never */
	struct cells cells;
	bool proof_optional; /* a retraction without proof is admitted: rule 4 (docs/wire-format.md) */
	char **notes; /* lines of text: what settings mean that may be read otherwise, in the order of the file */
	size_t n_notes;
	bool counting_since_given;  /* else catalogue.counting_since is 0: the quarter of the store's creation */
	struct catalogue catalogue; /* version 0 */
};

/*
 * Reads and checks. Every mistake is told to `problem` as one line, "FILE:LINE: what is wrong; what was expected",
 * in the order of the file; a file that cannot be read or parsed is one mistake. Returns 0 (release it), the number
 * of mistakes (`config` is empty), or FAULT_MEMORY. (libconfig has the name config_read.)
 */
int config_load(const char *path, struct config *config, void (*problem)(void *context, const char *line),
		void *context);
void config_release(struct config *config); /* clears it; an empty one is fine */

#endif
