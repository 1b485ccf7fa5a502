/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a disk was asked to do below one folder: every write, every sync and every change of a name, in order, with the
 * bytes. The seam records; power.h makes of a recording what may be left after the power failed.
 *
 * Paths are compared as text: give the code under test paths that begin with `root`.
 */
#ifndef TURF_TESTS_FAULT_LIB_RECORD_H
#define TURF_TESTS_FAULT_LIB_RECORD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { RECORD_NAME_BYTES = 256, RECORD_ROOT = 1 };

enum record_kind {
	RECORD_WRITE, /* `length` bytes of `object` at `offset`; `durable`: synced by itself (O_DSYNC) */
	RECORD_SIZE,  /* `object` was cut or stretched to `offset` */
	RECORD_NAME,  /* `name` in folder `parent` stands for `object`, or for nothing (0) */
	RECORD_SYNC,  /* `object` (a file's data, a folder's names) */
};

struct record_entry {
	enum record_kind kind;
	unsigned object; /* files and folders, from 1; RECORD_ROOT is the root */
	unsigned parent;
	unsigned change; /* names with the same number change at once, as rename does */
	bool folder;     /* a name's object is a folder */
	bool durable;
	bool failed; /* a write or sync that returned an error: it may have done its work, or half of it, or none */
	off_t offset;
	size_t length;
	uint8_t *bytes;
	char name[RECORD_NAME_BYTES];
};

/* Begins with what is below `root`, which is taken as durable: its names and contents are the first entries. */
void record_begin(const char *root);

/* Ends recording; the entries stay until the next record_begin or record_forget. */
void record_end(void);
void record_forget(void);

/* Entries so far: a moment in the recording. */
size_t record_length(void);
const struct record_entry *record_entry(size_t i);

/* ---- Told by the seam: a call that has returned ---------------------------------------------------- */

void record_opened(const char *path, int fd, bool was_there);
void record_wrote(int fd, const void *bytes, size_t length, off_t offset, bool failed);
void record_resized(int fd, off_t size);
void record_synced(int fd, bool failed);
void record_synced_all(bool failed);
void record_made_folder(const char *path);
void record_removed(const char *path);
void record_renamed(const char *from, const char *to);
void record_linked(const char *from, const char *to);
bool record_is_on(void);

#endif
