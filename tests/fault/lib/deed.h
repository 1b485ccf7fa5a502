/* SPDX-License-Identifier: EUPL-1.2 */
/* A thing that was asked for, and promised when the call returned. Moments are lengths of the recording (record.h). */
#ifndef TURF_TESTS_FAULT_LIB_DEED_H
#define TURF_TESTS_FAULT_LIB_DEED_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/fault/lib/record.h"

struct deed {
	uint32_t begun, done; /* NEVER */
};

#define NEVER UINT32_MAX
#define DEED_NOT_YET ((struct deed){NEVER, NEVER})

static inline uint32_t deed_now(void)
{
	return (uint32_t)record_length();
}

static inline bool deed_begun(struct deed deed, uint32_t moment)
{
	return deed.begun <= moment;
}

static inline bool deed_done(struct deed deed, uint32_t moment)
{
	return deed.done <= moment;
}

/* What the session after a cut knows of it: it was done, or it may have been, or it never was. */
static inline struct deed deed_before(struct deed deed, uint32_t moment)
{
	return (struct deed){deed_begun(deed, moment) ? 0 : NEVER, deed_done(deed, moment) ? 0 : NEVER};
}

/* The deed, begun now if it was not begun before. */
struct deed deed_begin(struct deed deed);

/* A call has returned: it has done its work, or the disk was told to fail. Otherwise the test fails with the text `fault`; NULL: it
 * may fail by itself. Whether the work is done. */
bool deed_returned(int rc, struct deed *deed, const char *fault);

#endif
