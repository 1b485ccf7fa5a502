/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/cli/cli.h"

#include <string.h>

bool orgs_find(const struct orgs *orgs, const char *id, size_t *index)
{
	for (*index = 0; *index < orgs->n; ++*index)
		if (strcmp(orgs->all[*index].id, id) == 0)
			return true;
	return false;
}

size_t orgs_add(struct orgs *orgs, const char *id)
{
	size_t index;

	if (orgs_find(orgs, id, &index))
		return index;
	if (index == ORGS_MAX)
		index--;
	else
		orgs->n++;
	memset(&orgs->all[index], 0, sizeof orgs->all[index]);
	memcpy(orgs->all[index].id, id, strlen(id) + 1);
	return index;
}
