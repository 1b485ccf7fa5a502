// SPDX-License-Identifier: EUPL-1.2
// Saves tables and charts as files, and copies tables to the clipboard. Nothing goes over the network.
import { EDGES, FONT_FAMILY, FONT_SIZE, PALETTE } from '../figures/charts.js';
import { MARGIN, sceneAsSvg, TITLE_HEIGHT } from './svg.js';

export function download(name, type, content) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export const downloadSvg = (name, scene) => download(name, 'image/svg+xml', sceneAsSvg(scene));

function drawMark(context, mark) {
  context.fillStyle = PALETTE[mark.role];
  context.strokeStyle = PALETTE[mark.role];
  if (mark.kind === 'rect') {
    context.fillRect(mark.x, mark.y, mark.width, mark.height);
    context.strokeStyle = EDGES[mark.role] ?? 'transparent';
    context.strokeRect(mark.x, mark.y, mark.width, mark.height);
  } else if (mark.kind === 'line') {
    context.beginPath();
    context.moveTo(mark.x1, mark.y1);
    context.lineTo(mark.x2, mark.y2);
    context.stroke();
  } else {
    context.font = `${mark.role === 'value' ? 600 : 400} ${FONT_SIZE}px ${FONT_FAMILY}`;
    context.textAlign = { start: 'left', middle: 'center', end: 'right' }[mark.anchor];
    if (mark.role === 'value') {
      context.strokeStyle = '#ffffff';
      context.lineWidth = 3;
      context.strokeText(mark.content, mark.x, mark.y);
      context.lineWidth = 1;
    }
    context.fillText(mark.content, mark.x, mark.y);
  }
}

// Drawn mark by mark: an SVG file in an image would need a policy that lets images come from elsewhere.
export function downloadPng(name, scene, scale = 3) {
  const canvas = document.createElement('canvas');
  const width = scene.width + 2 * MARGIN;
  const height = scene.height + TITLE_HEIGHT + 2 * MARGIN;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  context.scale(scale, scale);
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);
  context.fillStyle = PALETTE.label;
  context.font = `600 16px ${FONT_FAMILY}`;
  context.fillText(scene.title, MARGIN, MARGIN + 14);
  context.translate(MARGIN, MARGIN + TITLE_HEIGHT);
  for (const mark of scene.marks) drawMark(context, mark);
  canvas.toBlob((blob) => blob && download(name, 'image/png', blob), 'image/png');
}

// The older way works where the clipboard is closed to pages that came over plain HTTP.
function copyByCommand(text, html) {
  const give = (event) => {
    event.preventDefault();
    event.clipboardData.setData('text/plain', text);
    event.clipboardData.setData('text/html', html);
  };
  document.addEventListener('copy', give);
  try {
    return document.execCommand('copy');
  } finally {
    document.removeEventListener('copy', give);
  }
}

// Resolves to whether it worked.
export async function copyTable(text, html) {
  const blob = (type, content) => new Blob([content], { type });
  try {
    await navigator.clipboard.write([
      new ClipboardItem({ 'text/plain': blob('text/plain', text), 'text/html': blob('text/html', html) }),
    ]);
    return true;
  } catch {
    return copyByCommand(text, html);
  }
}
