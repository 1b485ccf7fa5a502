// SPDX-License-Identifier: EUPL-1.2
// The way to a login that stands before the pages.
import { loginAddress } from '../core/config.js';
import { el } from '../core/dom.js';
import { t } from '../core/language.js';

export const loginAdvice = () => [
  el('p', {}, t('login')),
  el('div', { class: 'notice__buttons' }, el('a', { class: 'button button--primary', href: loginAddress(location), 'data-key': 'login' }, t('loginNow'))),
];
