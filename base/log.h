/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The daemon's log: one line to stderr for each event, `<LEVEL>event key=value ...`, with the
 * level prefix that the journal reads. `error` means that someone must act. Never payloads, ids,
 * client ids or addresses of phones.
 *
 * Nothing waits for whoever reads the log: a line for which there is no room is dropped, and counted.
 */
#ifndef TURF_BASE_LOG_H
#define TURF_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6 };

/* Lines less urgent than `level` are left out from now on. The default is LOG_LEVEL_INFO. */
void log_limit(enum log_level level);

/* Writes a line that is made already, if there is room for it at once. Signal handlers may call it. */
bool log_write(const char *line, size_t length);

/* Says how many lines were dropped, if any and if there is room again. The next line does so too. */
void log_report_lost(void);

/* `format` gives the whole line, the event's name first: log_error("store-full path=%s", path). */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
