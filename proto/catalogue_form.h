/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The form of a catalogue, whether it comes from a config file or over the wire: order, slugs, codes, names.
 */
#ifndef TURF_PROTO_CATALOGUE_FORM_H
#define TURF_PROTO_CATALOGUE_FORM_H

#include "proto/catalogue.h"

/* UTF-8 of 1 to NAME_BYTES - 1 bytes, without control characters. */
bool catalogue_name_valid(const char *text);

/* A slug that a team may have: not TEAM_ALL. */
bool catalogue_team_id_valid(const char *text);

/* Domains by position, then code; labels by code. */
void catalogue_sort(struct catalogue *catalogue);

/* 0: slugs, names, codes and days are within their limits, ids and codes are each there once; 1: not so;
 * or FAULT_MEMORY. The catalogue must be sorted. */
int catalogue_check(const struct catalogue *catalogue);

#endif
