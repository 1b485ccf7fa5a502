/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * turfd --check and --check-reload: what is wrong with a configuration, what of it may be meant otherwise, and whether a
 * running turfd would take it.
 */
#ifndef TURF_AGGREGATOR_DAEMON_CHECK_H
#define TURF_AGGREGATOR_DAEMON_CHECK_H

#include <stdbool.h>

#include "aggregator/daemon/options.h"

/* Prints "configuration OK" and notes on stdout; mistakes, warnings and faults on stderr. `against_store`: what a reload
 * would refuse is a mistake too. True: there is no mistake. */
bool check_config(const struct daemon_options *options, bool against_store);

#endif
