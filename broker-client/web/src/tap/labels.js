// SPDX-License-Identifier: EUPL-1.2
// The sheet in which labels of a question are chosen: its subject, its origin, and where it was referred to. Also the
// groups of labels and chips that the sheet "change" uses.
import { labelsFor } from '../core/catalogue.js';
import { dutch, el, fill } from '../core/dom.js';
import { t } from '../core/language.js';
import { LABELS_MAX, LabelKind } from '../core/messages.js';

const kinds = [['subject', LabelKind.LABEL_SUBJECT], ['origin', LabelKind.LABEL_ORIGIN], ['referredTo', LabelKind.LABEL_REFERRED_TO]];

export const chip = (key, text, pressed, onclick, disabled = false) =>
  el('button', { class: 'chip', 'data-key': key, 'aria-pressed': String(pressed), disabled, onclick }, text);

export const chipGroup = (title, chips) =>
  chips.length > 0 && [el('h3', {}, title), el('div', { class: 'choices', role: 'group', 'aria-label': title }, chips)];

// A group for each kind of label that fits `tap`: {day, domain, outcome, labels}. `choose({labels})`.
export function labelGroups(phone, tap, choose) {
  const toggle = (code) => (tap.labels.includes(code) ? tap.labels.filter((label) => label !== code) : [...tap.labels, code].sort((a, b) => a - b));
  const label = ({ code, name }) => {
    const pressed = tap.labels.includes(code);
    return chip(`label-${code}`, dutch(name), pressed, () => choose({ labels: toggle(code) }), !pressed && tap.labels.length === LABELS_MAX);
  };
  return kinds.map(([word, kind]) => chipGroup(t(word), labelsFor(phone.catalogue, tap).filter((one) => one.kind === kind).map(label)));
}

// For a tap that was just made, which has a `title` too. `act`: isWanted(), false when the tap has gone on meanwhile;
// choose(labels), done(), closed().
export function openLabels(sheet, phone, tap, act) {
  if (!act.isWanted()) return;
  const chosen = { ...tap };
  const groups = el('div', { class: 'catch-up-form' });
  const hint = el('p', { class: 'soft', role: 'status' });
  const redraw = () => {
    fill(groups, labelGroups(phone, chosen, choose));
    hint.textContent = t(chosen.labels.length === LABELS_MAX ? 'labelsMax' : 'labelsTitle');
  };
  const choose = ({ labels }) => {
    chosen.labels = labels;
    act.choose(labels);
    redraw();
  };
  redraw();
  sheet.show(t('addLabel'), el('p', {}, el('strong', {}, tap.title)), groups, hint,
    el('button', { class: 'button button--primary go', 'data-key': 'done', onclick: act.done }, t('done')));
  sheet.onClose = act.closed;
}
