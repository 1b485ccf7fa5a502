// SPDX-License-Identifier: EUPL-1.2
// Figures as the leader's page receives them: made by hand, or from what a replay of tests/data must give.
import { readFileSync } from 'node:fs';

import { dayOfDate, parsePeriod } from '../../../broker-client/web/src/core/calendar.js';
import { t, useTexts } from '../../../broker-client/web/src/core/language.js';
import { createFigures, takeCatalogue, takeSummary } from '../../../broker-client/web/src/leader/figures/figures.js';
import nl from '../../../broker-client/web/src/leader/texts.nl.js';
import { createWords } from '../../../broker-client/web/src/leader/figures/words.js';

const OPEN = 1;
export const PROVISIONAL = 2;
export const FINAL = 3;

export const day = (text) => dayOfDate(...text.split('-').map(Number));

export function dutch() {
  useTexts({ nl, en: async () => ({ default: {} }) });
  return createWords(t, 'nl', 'Europe/Amsterdam');
}

const names2013 = [[1, 'Financiën'], [2, 'Dagbesteding'], [3, 'Huisvesting'], [4, 'Huiselijke relaties'], [5, 'Geestelijke gezondheid'],
  [6, 'Lichamelijke gezondheid'], [7, 'Verslaving'], [8, 'Activiteiten Dagelijks Leven'], [9, 'Sociaal netwerk'],
  [10, 'Maatschappelijke participatie'], [11, 'Justitie']];

export const domainsOf2013 = names2013.map(([code, name]) => ({ code, name, valid_from: 0, valid_until: 0, rolls_up_to: 0, position: code }));

export function catalogue(changes = {}) {
  return {
    version: 1, org: 'proef', name: 'Proef', timezone: 'Europe/Amsterdam', counting_since: day('2018-01-01'),
    teams: [{ id: 'oost', name: 'Team Oost', valid_from: 0, valid_until: 0 }], domains: domainsOf2013, labels: [], ...changes,
  };
}

// `domains`: { code: [answered, referred] }; totals are their sum and the counts that are not shown by domain yet.
export function summary(team, period, domains, changes = {}) {
  const list = Object.entries(domains).map(([code, [answered, referred]]) => ({ domain: Number(code), answered, referred }));
  const sum = (name) => list.reduce((total, one) => total + one[name], 0);
  const { undistributed_answered = 0, undistributed_referred = 0 } = changes;
  return {
    org: 'proef', team, period, status: OPEN, revision: 0, generation: 1, as_of: 1577800000, late: 0, catalogue_version: 1, labels: [],
    answered: sum('answered') + undistributed_answered, referred: sum('referred') + undistributed_referred, domains: list,
    undistributed_answered, undistributed_referred, ...changes,
  };
}

export function figuresOf(given, summaries) {
  const figures = createFigures();
  takeCatalogue(figures, given);
  for (const one of summaries) takeSummary(figures, one);
  return figures;
}

// What turfd publishes after a replay of tests/data/NAME.csv: every domain of the list, zeros included.
export function replayed(name, teams) {
  const { counts } = JSON.parse(readFileSync(new URL(`../../data/${name}.expected.json`, import.meta.url), 'utf8'));
  const summaries = Object.entries(counts).flatMap(([team, periods]) =>
    Object.entries(periods).map(([period, { answered, referred, domains }]) => {
      const cells = domainsOf2013.map(({ code }) => [code, [domains[code]?.answered ?? 0, domains[code]?.referred ?? 0]]);
      return summary(team, period, Object.fromEntries(cells), { answered, referred });
    }),
  );
  const list = teams.map((id) => ({ id, name: `Team ${id}`, valid_from: 0, valid_until: 0 }));
  return { counts, figures: figuresOf(catalogue({ teams: list }), summaries.filter((one) => parsePeriod(one.period))) };
}
