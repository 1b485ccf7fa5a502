// SPDX-License-Identifier: EUPL-1.2
// The names of the CSV files of a year: the quarters of the chosen team or of every team, as a whole or by domain. Each has one
// level of aggregation, so that the sum of a column is true.

export const FILES = ['quarters', 'domains', 'team-quarters', 'team-domains'];
