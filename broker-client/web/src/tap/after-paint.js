// SPDX-License-Identifier: EUPL-1.2
// The parts of the page that no tap needs: the door, notices, totals, and what opens over the tiles. main.js loads them right
// after the first paint. They are one file in the build, because several files compress worse.
export { Door } from '../core/door/door.js';
export { openCatchUp } from './catch-up.js';
export { openLabels } from './labels.js';
export { openList } from './list.js';
export { renderNotices } from './notices.js';
export { openTeams, teamChoice, welcome } from './teams.js';
export { renderGlance, renderTotal } from './total.js';
