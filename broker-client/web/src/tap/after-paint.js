// SPDX-License-Identifier: EUPL-1.2
// The parts of the page that no tap needs: notices, totals, and what opens over the tiles. main.js loads them right after the
// first paint. They are one file in the build, because several files compress worse.
export { openLabels } from './labels.js';
export { renderNotices } from './notices.js';
export { openCatchUp, openList, openTeams } from './sheets.js';
export { teamChoice, welcome } from './team-choice.js';
export { renderGlance, renderTotal } from './total.js';
