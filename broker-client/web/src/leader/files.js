// SPDX-License-Identifier: EUPL-1.2
// The CSV files of a year, by name. Each has one level of aggregation, so that the sum of a column is true: the quarters of
// the team that is looked at, or of every team, as a whole or by domain.

export const FILES = ['quarters', 'domains', 'team-quarters', 'team-domains'];
