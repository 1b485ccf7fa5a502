/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Named steps: where the crash campaign (tests/system/lib/campaign.mjs) ends or halts a program.
 *
 * In a build without STEPS=1 a step is nothing. With it, the environment says which passing of which step is the
 * last: TURF_DIE_AT=NAME:N is SIGKILL at the N-th, TURF_HALT_AT=NAME:N is SIGSTOP, until somebody sends SIGCONT.
 */
#ifndef TURF_BASE_STEP_H
#define TURF_BASE_STEP_H

#ifdef TURF_STEPS
void step_reached(const char *name);
#else
static inline void step_reached(const char *name)
{
	(void)name;
}
#endif

#endif
