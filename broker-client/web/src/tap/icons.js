// SPDX-License-Identifier: EUPL-1.2
// The icons of the page, drawn as strokes. The words beside an icon always say the same.
import { el } from '../core/dom.js';
import { domainPath } from './domain-icons.js';

const paths = {
  device: 'M7 3h10v18H7zM11 18h2',
  sent: 'M4 12h14M12 6l6 6-6 6',
  counted: 'M4 12.5l5 5L20 6.5',
  refused: 'M12 4v10M12 19v.5',
  retracted: 'M5 9h9a5 5 0 0 1 0 10H9M5 9l4-4M5 9l4 4',
  referred: 'M5 19V9a3 3 0 0 1 3-3h11M14 1l5 5-5 5',
  answered: 'M4 5h16v11H10l-5 4v-4H4z',
};
paths.late = paths.counted;
paths.retracting = paths.retracted;

const drawing = (name, d) =>
  el('svg', { class: `icon icon--${name}`, viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' }, el('path', { svg: true, d }));

export const icon = (name) => drawing(name, paths[name]);
export const domainIcon = (name) => drawing('domain', domainPath(name));
