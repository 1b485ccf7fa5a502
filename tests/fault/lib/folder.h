/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Folders for tests that write a great deal and sync for show: in memory where there is such a place.
 */
#ifndef TURF_TESTS_FAULT_LIB_FOLDER_H
#define TURF_TESTS_FAULT_LIB_FOLDER_H

#include <limits.h>

enum { FOLDER_BYTES = PATH_MAX / 8 };

/* A new one. */
void folder_make(char path[static FOLDER_BYTES]);

/* With all that is in it; nothing there is fine. */
void folder_remove(const char *path);

/* An empty one, whatever was there. */
void folder_clear(const char *path);

/* `to` becomes what `from` is. */
void folder_copy(const char *from, const char *to);

/* Descriptors that this process has open, and maps of files below `path`. */
int folder_descriptors(void);
int folder_maps(const char *path);

#endif
