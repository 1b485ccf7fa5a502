// SPDX-License-Identifier: EUPL-1.2
// A scene (see charts.js) as an SVG file. Pure.
import { EDGES, FONT_FAMILY, FONT_SIZE, PALETTE } from './charts.js';
import { escape } from './export.js';

export const TITLE_HEIGHT = 30;
export const MARGIN = 16;

const round = (value) => Number(value.toFixed(2));
const attributes = (pairs) => Object.entries(pairs).filter(([, value]) => value !== undefined).map(([name, value]) => ` ${name}="${escape(typeof value === 'number' ? round(value) : value)}"`).join('');

function markAsSvg(mark) {
  const colour = PALETTE[mark.role];
  if (mark.kind === 'line') {
    const { x1, y1, x2, y2 } = mark;
    return `<line${attributes({ x1, y1, x2, y2, stroke: colour })}/>`;
  }
  const { x, y } = mark;
  if (mark.kind === 'rect') return `<rect${attributes({ x, y, width: mark.width, height: mark.height, fill: colour, stroke: EDGES[mark.role] })}/>`;
  const weight = mark.role === 'value' ? { 'font-weight': 600, 'paint-order': 'stroke', stroke: '#ffffff', 'stroke-width': 3 } : {};
  return `<text${attributes({ x, y, 'text-anchor': mark.anchor, fill: colour, ...weight })}>${escape(mark.content)}</text>`;
}

// An SVG file that stands on its own: colours as attributes, white ground, title and description for those who listen.
export function sceneAsSvg({ width, height, title, description, marks }) {
  const outer = { width: width + 2 * MARGIN, height: round(height + TITLE_HEIGHT + 2 * MARGIN) };
  const box = { xmlns: 'http://www.w3.org/2000/svg', ...outer, viewBox: `0 0 ${outer.width} ${outer.height}` };
  return (
    `<svg${attributes({ ...box, role: 'img', 'font-family': FONT_FAMILY, 'font-size': FONT_SIZE })}>` +
    `<title>${escape(title)}</title><desc>${escape(description)}</desc>` +
    `<rect width="100%" height="100%" fill="#ffffff"/>` +
    `<text${attributes({ x: MARGIN, y: MARGIN + 14, 'font-size': 16, 'font-weight': 600, fill: PALETTE.label })}>${escape(title)}</text>` +
    `<g transform="translate(${MARGIN} ${MARGIN + TITLE_HEIGHT})">${marks.map(markAsSvg).join('')}</g></svg>\n`
  );
}
