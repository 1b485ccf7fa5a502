/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A program that is started with a standard stream closed would give its number to the next file that it opens, and
 * then write its messages into that: into a database, say.
 */
#ifndef TURF_BASE_STANDARD_H
#define TURF_BASE_STANDARD_H

/* Occupies the numbers 0, 1 and 2 where they are free, with something that can be neither read nor written. To be called
 * before anything is opened. 0, or -1 with errno. */
int standard_hold(void);

#endif
