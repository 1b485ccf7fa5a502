// SPDX-License-Identifier: EUPL-1.2
// The bar at the bottom, always in view: how many taps wait, the connection, and the buttons for catching up and "my taps".
import { el, renderWhen, setAttribute, setHidden, setText } from '../core/dom.js';
import { number } from '../core/format.js';
import { language, t } from '../core/language.js';
import { stateOf } from '../phone/tap.js';
import { icon } from './icons.js';

// Two texts: the taps on this device ("3 op dit toestel") and the taps under way ("2 onderweg, nog niet bevestigd"). A text is
// '' if there are no such taps. If no tap waits, the first text says so, or says that every tap is counted.
function waitingTexts(phone) {
  const { all, device, sent } = phone.waiting;
  if (all === 0 && phone.refused) return ['', ''];
  const late = phone.unseen.filter((tap) => stateOf(tap) === 'late').length;
  if (all === 0 && late) return [t('allCountedLate', { n: number(late, language) }), ''];
  if (all === 0) return [t(phone.taps.length ? 'allCounted' : 'nothingWaits'), ''];
  return [device ? t('waitDevice', { n: number(device, language) }) : '', sent ? t(phone.overdue ? 'waitOverdue' : 'waitSent', { n: number(sent, language) }) : ''];
}

function waitingIcon(phone) {
  const { all, device } = phone.waiting;
  if (all > 0) return device ? 'device' : 'sent';
  if (phone.refused) return '';
  return phone.taps.length ? 'counted' : '';
}

function layOutBar(parent) {
  const state = el('div', { class: 'bar__state', id: 'waiting' }, el('div', { class: 'bar__sign' }), el('p', { class: 'bar__waiting' }), el('p', { class: 'bar__sent' }), el('p', {}));
  parent.append(state, el('div', { class: 'bar__buttons' }));
  return parent.children;
}

// `open`: {list, catchUp}; before there is a team there is nothing to catch up with.
export function renderBar(parent, phone, ready, open) {
  const texts = waitingTexts(phone);
  const sign = waitingIcon(phone);
  const [state, buttons] = parent.children.length ? parent.children : layOutBar(parent);
  const [mark, waiting, sent, connection] = state.children;
  renderWhen(mark, sign, () => (sign ? [icon(sign)] : []));
  [waiting, sent].forEach((line, i) => {
    setHidden(line, !texts[i]);
    setText(line, texts[i]);
  });
  setAttribute(connection, 'class', `bar__connection bar__connection--${phone.link}`);
  setText(connection, t(phone.link));
  // Apart from what changes with every tap: a press that is under way must find its button again.
  renderWhen(buttons, [ready, language], () => [
    ready && el('button', { class: 'button', 'data-key': 'catch-up', 'aria-label': `${t('catchUp')}: ${t('catchUpLabel')}`, onclick: open.catchUp }, t('catchUp')),
    el('button', { class: 'button', 'data-key': 'list', onclick: open.list }, t('myTaps')),
  ]);
}
