/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A backup's MANIFEST: a text file that says what its data file is, and proves it.
 *
 *     turf store backup
 *     format 1
 *     org steenwijkerland
 *     epoch 0f1e2d3c4b5a69788796a5b4c3d2e1f0
 *     generation 1850000000000000
 *     sha256 data.mdb 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
 */
#ifndef TURF_STORE_ADMIN_MANIFEST_H
#define TURF_STORE_ADMIN_MANIFEST_H

#include "store/store.h"

enum { SHA256_TEXT_BYTES = 65 };

struct manifest {
	uint32_t format;
	char org[SLUG_BYTES];
	char epoch[EPOCH_TEXT_BYTES];
	uint64_t generation;
	char sha256[SHA256_TEXT_BYTES]; /* lower-case hex */
};

/* A new file in `directory`, synced; reading takes exactly this form. */
int manifest_write(const char *directory, const struct manifest *manifest, struct error *error);
void manifest_remove(const char *directory);
int manifest_read(const char *directory, struct manifest *manifest, struct error *error);

/* Reads `from` to its end, writes it to `to` (-1: nowhere), and gives the SHA-256 of it. The names are for messages. */
int manifest_sha256_copy(int from, int to, const char *name, char sha256[static SHA256_TEXT_BYTES],
			 struct error *error);

#endif
