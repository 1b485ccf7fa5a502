// SPDX-License-Identifier: EUPL-1.2
// A scene (see charts.js) as an SVG file. Pure.
import { CHAR, EDGES, FONT_FAMILY, FONT_SIZE, PALETTE, placeOf } from '../figures/charts.js';
import { escape } from './export.js';

export const TITLE_HEIGHT = 30;
export const MARGIN = 16;

const round = (value) => Number(value.toFixed(2));
const attributes = (pairs) => Object.entries(pairs).filter(([, value]) => value !== undefined).map(([name, value]) => ` ${name}="${escape(typeof value === 'number' ? round(value) : value)}"`).join('');

function markAsSvg(mark) {
  const colour = PALETTE[mark.role];
  const place = placeOf(mark);
  if (mark.kind === 'line') return `<line${attributes({ ...place, stroke: colour })}/>`;
  if (mark.kind === 'rect') return `<rect${attributes({ ...place, fill: colour, stroke: EDGES[mark.role] })}/>`;
  const weight = mark.role === 'value' ? 'bold' : undefined;
  return `<text${attributes({ ...place, fill: colour, 'font-weight': weight })}>${escape(mark.content)}</text>`;
}

// White ground below a value, so that no line of the grid runs through it. LibreOffice and CairoSVG do not know the
// `paint-order` that would draw the white edge of the letters below them: there the edge hid the value.
function groundOf({ x, y, anchor, content }) {
  const width = content.length * CHAR + 4;
  const left = x - { start: 2, middle: width / 2, end: width - 2 }[anchor];
  return `<rect${attributes({ x: left, y: y - FONT_SIZE * 0.85, width, height: FONT_SIZE, fill: '#ffffff' })}/>`;
}

// An SVG file that stands on its own: colours as attributes, white ground, title and description for those who listen.
export function sceneAsSvg({ width, height, title, description, marks }) {
  const values = marks.filter((mark) => mark.role === 'value');
  const below = marks.filter((mark) => mark.role !== 'value');
  const outer = { width: width + 2 * MARGIN, height: round(height + TITLE_HEIGHT + 2 * MARGIN) };
  const box = { xmlns: 'http://www.w3.org/2000/svg', ...outer, viewBox: `0 0 ${outer.width} ${outer.height}` };
  return (
    `<svg${attributes({ ...box, role: 'img', 'font-family': FONT_FAMILY, 'font-size': FONT_SIZE })}>` +
    `<title>${escape(title)}</title><desc>${escape(description)}</desc>` +
    `<rect${attributes({ width: outer.width, height: outer.height, fill: '#ffffff' })}/>` +
    `<text${attributes({ x: MARGIN, y: MARGIN + 14, 'font-size': 16, 'font-weight': 'bold', fill: PALETTE.label })}>${escape(title)}</text>` +
    `<g transform="translate(${MARGIN} ${MARGIN + TITLE_HEIGHT})">${[...below.map(markAsSvg), ...values.map(groundOf), ...values.map(markAsSvg)].join('')}</g></svg>\n`
  );
}
