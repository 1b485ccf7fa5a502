// SPDX-License-Identifier: EUPL-1.2
// A site with two years of counts, as a leader finds it on 20 January 2020: the published years 2018 and 2019, closed; the last quarter
// still provisional; a new list of domains and a new team since the first of January; labels, a revision, what came late.
import assert from 'node:assert/strict';

import { writeConfig } from '../../system/lib/config.mjs';
import { question } from '../../system/lib/messages.mjs';
import { data } from '../../system/lib/paths.mjs';
import { Site } from './site.mjs';

export const TODAY = '2020-01-20';

const settings = {
  name: 'Sociaal Werk De Kop',
  teams: [
    { id: 'noord', name: 'Team Noord' },
    { id: 'oost', name: 'Team Oost' },
    { id: 'west', name: 'Team West' },
    { id: 'zuid', name: 'Team Zuid' },
    { id: 'school', name: 'Schoolmaatschappelijk werk', valid_from: '2020-01-01' },
    { id: 'dorpen', name: 'Dorpenteam Vollenhove', valid_until: '2019-01-01' },
  ],
  zrm: [{ edition: '2013' }, { edition: '2017', from: '2020-01-01' }],
  labels: [
    { code: 1, name: 'Arbeidsongeschiktheidsuitkeringen', kind: 'subject', domain: 1 },
    { code: 2, name: 'Toeslagen', kind: 'subject', domain: 1 },
    { code: 3, name: 'Mantelzorg', kind: 'subject' },
    { code: 21, name: 'Inloopspreekuur', kind: 'origin' },
    { code: 22, name: 'Op straat of aan de deur', kind: 'origin' },
    { code: 41, name: 'IGSD', kind: 'referred-to' },
    { code: 42, name: 'Wmo-loket van de gemeente', kind: 'referred-to' },
  ],
};

// What team Oost counted in January 2020: [domain, referred, labels].
const january = [
  [1, false, [1, 21]], [1, false, [2]], [1, true, [2, 41]], [1, false, []], [1, true, [41]], [12, false, [21]], [12, true, [41, 42]],
  [13, false, [22]], [3, false, []], [5, false, [3]], [15, false, []], [16, true, [42]], [9, false, []], [10, false, [22]],
];

async function counted(phone, team, questions) {
  const verdicts = await phone.register(team, questions);
  assert.ok(verdicts.every((verdict) => /^VERDICT_COUNTED/.test(verdict)), verdicts.join());
  return verdicts;
}

// Every quarter stays open to questions until the past is in; then the days of grace are what they are elsewhere.
export async function siteWithPast(t, { cells } = {}) {
  const site = await Site.start(t, { ...settings, grace_days: 1100 }, { today: '2019-12-31' });
  const { stack } = site;
  const { code, stdout, stderr } = await stack.turf(['replay', data('steenwijkerland.csv'), '--clients', '20']);
  assert.equal(code, 0, stdout + stderr);
  await stack.turfd.stop();
  Object.assign(stack.options, { config: writeConfig(t, { ...settings, ...(cells && { cells }) }), today: TODAY });
  await stack.startTurfd();
  const phone = await stack.phone();
  const late = await counted(phone, 'oost', ['2018-11-20', '2018-12-04', '2019-05-14'].map((day) => question(day, 1)));
  assert.deepEqual(new Set(late), new Set(['VERDICT_COUNTED_LATE']));
  await stack.turfctl(['revise', '2018-Q4']);
  const event = ([domain, referred, labels], i) => question(`2020-01-${String(2 + i).padStart(2, '0')}`, domain, referred ? 'OUTCOME_REFERRED' : 'OUTCOME_ANSWERED', labels);
  await counted(phone, 'oost', january.map(event));
  await counted(phone, 'west', [question('2020-01-08', 5), question('2020-01-09', 14, 'OUTCOME_REFERRED')]);
  await counted(phone, 'school', [question('2020-01-14', 12)]);
  return site;
}
