/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * These functions replace Paho's own ones in turfd. Paho writes down each call of its functions (StackTrace.c), so that
 * mistakes in Paho can be found: some 90 calls for each message that turfd receives. Nothing reads that, but it took a
 * fifth of turfd's processor time in a flood (docs/performance.md). Paho's build option PAHO_HIGH_PERFORMANCE leaves it
 * out, but Debian builds without that option.
 *
 * The linker takes these functions because it meets them before Paho's archive (PAHO_SYNC in the Makefile). If a later
 * Paho needs another function of StackTrace.c, the linker reports that these are defined twice. With Paho's shared
 * library nothing uses this file.
 */

void StackTrace_entry(const char *name, int line, int trace_level);
void StackTrace_exit(const char *name, int line, void *rc, int trace_level);

void StackTrace_entry(const char *name, int line, int trace_level)
{
	(void)name;
	(void)line;
	(void)trace_level;
}

void StackTrace_exit(const char *name, int line, void *rc, int trace_level)
{
	(void)name;
	(void)line;
	(void)rc;
	(void)trace_level;
}
