// SPDX-License-Identifier: EUPL-1.2
// What both pages say of the door, in English.
export default {
  door_joining: 'This device is joining…',
  door_joined: 'This device has joined for {teams}.',
  'door_joined-all': 'This device has joined for all teams.',
  'door_joined-already': 'This device had joined with this invitation before. You need not do anything.',
  'door_joined-as-worker': 'This device has joined to count questions for {teams}. You do that on the page for counting.',
  'door_joined-as-leader': 'This device has joined to read the figures. You do that on the page with the figures.',
  'door_to-worker': 'To counting',
  'door_to-leader': 'To the figures',
  door_later: 'This device has not joined yet: the server did not answer. The invitation is kept. Joining goes on by itself as soon as there is a connection.',
  'door_not-stored': 'This device cannot keep what it needs to join, so the invitation has not been used yet. Open the link in a normal window, not in a private one, or free some space.',
  'door_invitation-unknown': 'This invitation is not known. Is the whole link there? Otherwise ask for a new invitation from whoever gave you this one.',
  'door_invitation-used': 'This invitation has been used already; it is for one device. Ask for a new one. Was it not you who used it? Then tell your administrator.',
  'door_invitation-ended': 'This invitation has ended: it is good for 72 hours. Ask for a new invitation from whoever gave you this one.',
  door_none: 'This server works without invitations. You can just go on.',
  'door_not-joined': 'Joining failed: the server did not accept the invitation ({word}). Ask your administrator.',

  door_outside: 'This device has not joined. Ask your team leader or administrator for an invitation, and open it on this device.',
  door_revoked: 'This device was revoked and gets no new access. Is that wrong? Ask your team leader or administrator for a new invitation.',
  door_unknown: 'The server no longer knows this device. Ask your team leader or administrator for a new invitation.',
  door_mismatch: 'The keys of the server do not agree with each other, so this device does not use them. Warn your administrator; then try again.',
  door_refused: 'The server does not let this device in now. It tries again by itself. Are the date and time of this device right? Otherwise ask your administrator.',
  'door_used-up': 'The access of this week is used up. From {day} there is new access; then it goes on by itself.',
  door_unreachable: 'This device cannot fetch new access now. It tries again by itself.',
  door_away: 'This device was away for long and has fetched new access. It uses it from {time}, so that nobody sees whose the taps are.',
  door_portions: 'Older taps leave in small portions, spread over some hours, so that nobody sees that they are of one device. The next portion goes after {time}, if this page is open then.',
  'door_taps-wait': 'Your taps wait safely on this device.',

  idle: 'Connects when there is something to send',
  barred: 'No access, see the top',

  door_retry: 'Try again',
  door_understood: 'Understood',
  door_fingerprint: 'Keys of this week: {fingerprint}',
  'door_fingerprint-help': 'Everybody in this organisation sees the same here this week. Does somebody see something else? Warn your administrator.',
};
