// SPDX-License-Identifier: EUPL-1.2
// The icons of the page, drawn as strokes. The words beside an icon always say the same.
import { el } from '../core/dom.js';

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

// ---- Domains --------------------------------------------------------------------------------------
// A drawing for each domain of the ZRM's two lists, by its name, so that a worker finds a tile at a glance. Other domains get a ring.

const HOUSE = 'M3 11.5 12 4l9 7.5M6 9.5V20h12V9.5';
const PERSON = 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M3 20c0-4 2-6 6-6s6 2 6 6';
const RING = 'M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12';

const domainPaths = {
  financiën: 'M18 6.5a7 7 0 1 0 0 11M3.5 10.5H13M3.5 13.5H12', // euro
  dagbesteding: 'M4 6h16v14H4zM4 10.5h16M8.5 3.5v4M15.5 3.5v4', // calendar
  huisvesting: `${HOUSE}M10 20v-5h4v5`,
  'huiselijke relaties': `${HOUSE}M12 17.5 9.5 15a1.6 1.6 0 0 1 2.5-2 1.6 1.6 0 0 1 2.5 2z`, // a heart in a house
  'geestelijke gezondheid': 'M9 21v-3H7.5a2 2 0 0 1-2-2v-2.5L4 12.5l2-3a6.8 6.8 0 1 1 10.5 6V21M12.5 7v5M10 9.5h5', // a head
  'lichamelijke gezondheid': 'M12 20 4.5 12.5a4.6 4.6 0 0 1 7.5-5.2 4.6 4.6 0 0 1 7.5 5.2z', // heart
  verslaving: 'M9.5 3h5M10.5 3v5L8 11.5V21h8v-9.5L13.5 8V3M8 15h8', // bottle
  'activiteiten dagelijks leven': 'M7 3v6a2.5 2.5 0 0 0 5 0V3M9.5 11.5V21M17 21V3c-2.5 2-2.5 7.5 0 9.5', // fork and knife
  'sociaal netwerk': 'M12 8.5a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5M5.75 21a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5M18.25 21a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5M10.75 8.5 7 15.5M13.25 8.5 17 15.5M8.5 18.25h7',
  'maatschappelijke participatie': `${PERSON}M15.5 4.2a3.5 3.5 0 0 1 0 6.6M17.5 14.2c2.3.6 3.5 2.6 3.5 5.8`, // people
  justitie: 'M12 4v16M8 20h8M5 7h14M5 7l-3 7a3 3 0 0 0 6 0zM19 7l-3 7a3 3 0 0 0 6 0z', // scales
  'werk & opleiding': 'M3 8h18v12H3zM9 8V5h6v3M3 13h18', // briefcase
  tijdsbesteding: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M12 7.5V12l3 2', // clock
  middelengebruik: 'M5 12l7-7a5 5 0 0 1 7 7l-7 7a5 5 0 0 1-7-7zM8.5 8.5l7 7', // pill
  'basale adl': 'M3 12h18v2a5 5 0 0 1-5 5H8a5 5 0 0 1-5-5zM6 12V6a2 2 0 0 1 4 0M7.5 19 7 21M16.5 19l.5 2', // bath
  'instrumentele adl': 'M3 9h18l-2 11H5zM7.5 9 11 3M16.5 9 13 3M12 12.5v4', // basket
};

export const domainIcon = (name) => drawing('domain', domainPaths[name.trim().toLowerCase()] ?? RING);
