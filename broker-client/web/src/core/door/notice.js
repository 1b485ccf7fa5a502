// SPDX-License-Identifier: EUPL-1.2
// The door's notice in words, for both pages.
import { time, longDate } from '../format.js';
import { language, t } from '../language.js';
import { todayIn } from '../calendar.js';

const PAGES = { worker: './', leader: 'leader.html' };
const OF_INVITATION = new Set(['joining', 'joined', 'joined-already', 'joined-as-worker', 'joined-as-leader', 'later', 'not-stored', 'none', 'invitation-unknown', 'invitation-used', 'invitation-ended']);
const TO_RETRY = new Set(['later', 'unreachable', 'refused', 'mismatch']);
const GOOD = new Set(['joining', 'joined', 'joined-already', 'joined-as-worker', 'joined-as-leader', 'none', 'away', 'used-up', 'portions']);

// {key, isGood, text, link: {href, text}, button: {text, act}}; without a link, or a button, that is undefined. Null: the door has
// nothing to say.
// `teamName`: of an id; `waits`: taps of this device wait.
export function doorNotice(door, { teamName, timezone, waits }) {
  const { notice } = door;
  if (!notice) return null;
  const { name, from, role, teams } = notice;
  const isOutcome = role !== undefined;
  const key = isOutcome && !OF_INVITATION.has(name) ? 'not-joined' : name;
  const values = {
    word: name,
    teams: teams?.map(teamName).join(', '),
    day: longDate(todayIn(timezone, from), language),
    time: time(from / 1000, language, timezone),
  };
  const text = t(`door_${key === 'joined' && !teams ? 'joined-all' : key}`, values);
  return {
    key,
    isGood: GOOD.has(key),
    text: waits && !isOutcome ? `${text} ${t('door_taps-wait')}` : text,
    link: key.startsWith('joined-as-') ? { href: PAGES[role], text: t(`door_to-${role}`) } : undefined,
    button: buttonOf(door, key, isOutcome),
  };
}

function buttonOf(door, key, isOutcome) {
  if (TO_RETRY.has(key)) return { text: t('door_retry'), act: () => door.retry() };
  return isOutcome && key !== 'joining' ? { text: t('door_understood'), act: () => door.dismiss() } : undefined;
}
