// SPDX-License-Identifier: EUPL-1.2
// What the screen shows besides the tiles, and what opens over it: it comes right after the first paint, so that no tap
// waits for it. One file, since several compress worse.
export { openLabels } from './labels.js';
export { renderNotices } from './notices.js';
export { openCatchUp, openList, openTeams } from './sheets.js';
export { teamChoice, welcome } from './team-choice.js';
export { renderGlance, renderTotal } from './total.js';
