/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Hash tables: uthash, without its default of ending the program when there is no memory. After HASH_ADD, ask hash_added():
 * if it is false, the element is not in the table, and still the caller's. Elements stay in the order of their addition.
 * Tables are for memory only: no hash is ever kept in a file.
 */
#ifndef TURF_BASE_HASH_H
#define TURF_BASE_HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define hash_added(element) ((element)->hh.tbl != NULL)

#endif
