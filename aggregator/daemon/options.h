/* SPDX-License-Identifier: EUPL-1.2 */
/* What turfd's command line says beside its configuration file. */
#ifndef TURF_AGGREGATOR_DAEMON_OPTIONS_H
#define TURF_AGGREGATOR_DAEMON_OPTIONS_H

/* NULL: as the config file says. The strings stay the caller's. */
struct daemon_options {
	const char *config_path;
	const char *store_path;
	const char *broker;
	const char *credentials_file;
	const char *today; /* struct org_date's pin */
};

#endif
