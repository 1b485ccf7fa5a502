/* SPDX-License-Identifier: EUPL-1.2 */
#include "aggregator/config/zrm.h"

#include <string.h>

const struct zrm_domain zrm_domains[] = {
	{1, "Financiën", ZRM_2013 | ZRM_2017, 0, 1},
	{2, "Dagbesteding", ZRM_2013, 0, 2},
	{3, "Huisvesting", ZRM_2013 | ZRM_2017, 0, 5},
	{4, "Huiselijke relaties", ZRM_2013 | ZRM_2017, 0, 6},
	{5, "Geestelijke gezondheid", ZRM_2013 | ZRM_2017, 0, 7},
	{6, "Lichamelijke gezondheid", ZRM_2013 | ZRM_2017, 0, 8},
	{7, "Verslaving", ZRM_2013, 0, 9},
	{8, "Activiteiten Dagelijks Leven", ZRM_2013, 0, 11},
	{9, "Sociaal netwerk", ZRM_2013 | ZRM_2017, 0, 14},
	{10, "Maatschappelijke participatie", ZRM_2013 | ZRM_2017, 0, 15},
	{11, "Justitie", ZRM_2013 | ZRM_2017, 0, 16},
	{12, "Werk & opleiding", ZRM_2017, 2, 3},
	{13, "Tijdsbesteding", ZRM_2017, 2, 4},
	{14, "Middelengebruik", ZRM_2017, 7, 10},
	{15, "Basale ADL", ZRM_2017, 8, 12},
	{16, "Instrumentele ADL", ZRM_2017, 8, 13},
};

const size_t zrm_n_domains = sizeof zrm_domains / sizeof zrm_domains[0];

const struct zrm_domain *zrm_domain(uint32_t code)
{
	for (size_t i = 0; i < zrm_n_domains; i++)
		if (zrm_domains[i].code == code)
			return &zrm_domains[i];
	return NULL;
}

unsigned zrm_edition_of_name(const char *name)
{
	if (!strcmp(name, "2013"))
		return ZRM_2013;
	if (!strcmp(name, "2017"))
		return ZRM_2017;
	return 0;
}
