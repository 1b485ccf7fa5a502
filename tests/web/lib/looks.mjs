// SPDX-License-Identifier: EUPL-1.2
// Takes pictures of a page into $BUILD/screenshots, for people, and measures what can be measured of its layout.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { build } from '../../system/lib/paths.mjs';

const folder = join(build, 'screenshots');
mkdirSync(folder, { recursive: true });

const both = ['light', 'dark'];
const sizes = [
  { name: '360', width: 360, height: 740, schemes: both },
  { name: '360-large', width: 360, height: 740, text: '200%', schemes: ['light'] },
  { name: '768', width: 768, height: 1024, schemes: ['light'] },
  { name: '1440', width: 1440, height: 900, schemes: both },
];

// Runs in the page. What a careful eye would find: text that is cut, lies on other text or leaves the screen, and targets
// that are too small for a thumb or lie on one another.
function faultsOf() {
  const found = [];
  const name = (element) => `${element.tagName.toLowerCase()}.${element.className.baseVal ?? element.className}: ${element.textContent.trim().slice(0, 40)}`;
  const dialog = document.querySelector('dialog[open]');
  const forListeners = (element) => element && (getComputedStyle(element).clipPath === 'inset(50%)' || forListeners(element.parentElement));
  const hidden = (element) =>
    !element.checkVisibility({ visibilityProperty: true }) || element.closest('.skip:not(:focus), option, title, desc') || forListeners(element) ||
    (dialog && !dialog.contains(element));
  const layerOf = (element) => element.closest('dialog, footer, .said') ?? document.body;
  const crosses = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
  const scrolls = (element) => element.closest('.table-frame');
  // The part of a box that is visible inside the scrolling elements around it.
  const seen = (element, { left, right, top, bottom }) => {
    const box = { left, right, top, bottom };
    for (let around = element.parentElement; around && around !== document.body; around = around.parentElement) {
      if (getComputedStyle(around).overflowY === 'visible') continue;
      const frame = around.getBoundingClientRect();
      box.left = Math.max(box.left, frame.left);
      box.right = Math.min(box.right, frame.right);
      box.top = Math.max(box.top, frame.top);
      box.bottom = Math.min(box.bottom, frame.bottom);
    }
    return box;
  };

  const root = document.scrollingElement;
  if (root.scrollWidth > innerWidth) found.push(`the page is ${root.scrollWidth} wide in ${innerWidth}`);
  const pairs = (list, what) => {
    for (const [i, a] of list.entries())
      for (const b of list.slice(i + 1))
        if (a.layer === b.layer && a.of !== b.of && !a.of.contains(b.of) && !b.of.contains(a.of) && crosses(a.box, b.box)) found.push(`${what} on one another: ${name(a.of)} / ${name(b.of)}`);
  };

  const targets = [...document.querySelectorAll('button, select, input, a[href]')].filter((element) => !hidden(element));
  for (const element of targets) {
    const { width, height } = element.getBoundingClientRect();
    if (width < 43.5 || height < 43.5) found.push(`a target of ${width.toFixed(0)}×${height.toFixed(0)}: ${name(element)}`);
  }
  pairs(targets.map((of) => ({ of, box: seen(of, of.getBoundingClientRect()), layer: layerOf(of) })), 'targets');

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const of = node.parentElement;
    if (!node.data.trim() || hidden(of)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      texts.push({ of, box: seen(of, box), layer: layerOf(of) });
      if (!scrolls(of) && (box.left < -0.5 || box.right > innerWidth + 0.5)) found.push(`text beyond the edge: ${name(of)}`);
    }
    for (let box = of; box && box !== document.body; box = box.parentElement) {
      const { overflowX } = getComputedStyle(box);
      if (overflowX !== 'visible' && !scrolls(box) && box.scrollWidth > box.clientWidth + 1) found.push(`cut: ${name(box)}`);
    }
  }
  pairs(texts, 'texts');
  return [...new Set(found)];
}

// The pictures of one page, and what is wrong in them.
export class Gallery {
  #faults = [];

  // Every size, in light and mostly also in dark mode; `full`: the whole page, not the screen alone.
  async picture(page, state, { full = false } = {}) {
    for (const { name, width, height, schemes, text = '' } of sizes) {
      await page.setViewportSize({ width, height });
      await page.evaluate((size) => document.documentElement.style.setProperty('font-size', size), text);
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
        await page.screenshot({ path: join(folder, `${state}-${name}-${colorScheme}.png`), fullPage: full, animations: 'disabled' });
      }
      this.#faults.push(...(await page.evaluate(faultsOf)).map((fault) => `${state} at ${name}: ${fault}`));
    }
    await page.evaluate(() => document.documentElement.style.removeProperty('font-size'));
    await page.setViewportSize(sizes[0]);
  }

  sound() {
    assert.deepEqual(this.#faults, []);
  }
}
