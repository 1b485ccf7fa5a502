// SPDX-License-Identifier: EUPL-1.2
// Makes sure that one touch does one thing, and does it to the button on which it began. Browsers do more: they repeat the click
// of a held Enter, see a touch that bounces as two, and click on what is below the finger when it is lifted.

export const DOUBLE_MS = 300; // two touches that are nearer to each other in time are one
const DOUBLE_PX = 40; // and so is what lies between their places, for touches on different buttons

const controlOf = (target) => target.closest?.('button, dialog') ?? null;
const isSame = (a, b) => a === b || Boolean(a?.dataset.key && a.dataset.key === b?.dataset.key);

export function guardTouches(root = globalThis) {
  let began = new Map(); // pointer id: {control, bounced} of a touch that is under way, or was just lifted
  let acted = null; // the last click that came through: {control, at, x, y}

  // The second of a double touch, on a button that the first one has put there.
  const bounced = (event, control) =>
    acted !== null && event.timeStamp - acted.at < DOUBLE_MS && !isSame(control, acted.control) &&
    Math.hypot(event.clientX - acted.x, event.clientY - acted.y) < DOUBLE_PX;

  root.addEventListener('pointerdown', (event) => {
    if (event.isPrimary) began = new Map();
    const control = controlOf(event.target);
    began.set(event.pointerId, { control, bounced: bounced(event, control) });
  }, { capture: true });

  // Older Safaris do not say which pointer made a click: it is the last one's. Keys and screen readers click without any.
  root.addEventListener('click', (event) => {
    const control = controlOf(event.target);
    const pointer = event.pointerId ?? [...began.keys()].at(-1);
    const touch = began.get(pointer);
    began.delete(pointer);
    if (touch && control && (touch.bounced || touch.control !== control)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (touch) acted = { control, at: event.timeStamp, x: event.clientX, y: event.clientY };
  }, { capture: true });

  root.addEventListener('keydown', (event) => {
    if (event.repeat && (event.key === 'Enter' || event.key === ' ') && controlOf(event.target)?.matches('button')) event.preventDefault();
  }, { capture: true });
}
