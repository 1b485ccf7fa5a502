/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/deed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/fault/lib/seam.h"

struct deed deed_begin(struct deed deed)
{
	deed.begun = deed_now() < deed.begun ? deed_now() : deed.begun;
	return deed;
}

bool deed_returned(int rc, struct deed *deed, const char *fault)
{
	const char *failed = seam_disarm();

	if (rc < 0 && fault && !failed)
		fail_msg("%s", fault);
	if (rc == 0 && deed->done == NEVER)
		deed->done = deed_now();
	return rc == 0;
}
