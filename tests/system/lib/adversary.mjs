// SPDX-License-Identifier: EUPL-1.2
// Somebody who has stolen everything that is written anywhere (worker-weeks.mjs), and who was told of one tap of each worker and
// day who made it, as a colleague might who stood beside it. He guesses who made the others. He knows the code, so he knows where
// each byte comes from; he does not know the truth.
import { createHash } from 'node:crypto';

import { dayOf, decode } from './messages.mjs';
import { leafPages } from './lmdb-pages.mjs';

const DAY = 86400;

// ---- The store and its backups -----------------------------------------------------------------------------------------

const CRC = 4;
const FOUND_IN_IDS = 20; // the length of a key: day, id

// What the pages of a store say of each id: { day, team (its number), domain, outcome, label }.
function readIds(file) {
  const ids = new Map();
  const teams = new Map();
  for (const { key, value } of leafPages(file).flat()) {
    if (key.length === FOUND_IN_IDS && value.length >= 1 + CRC) {
      const [id, detail] = [key.toString('hex', 4), value.subarray(1, -CRC)];
      if (ids.has(id) && detail.length < 4) continue;
      ids.set(id, {
        day: key.readUInt32BE(0),
        ...(detail.length >= 4 && { team: detail.readUInt16BE(0), domain: detail[2], outcome: detail[3], label: detail.length >= 6 ? detail.readUInt16BE(4) : 0 }),
      });
    }
    if (/^[a-z][a-z0-9-]*$/.test(key.toString('latin1')) && value.length === 2 + CRC) teams.set(value.readUInt16BE(0), key.toString('latin1'));
  }
  for (const record of ids.values()) record.team = teams.get(record.team);
  return ids;
}

// ---- The figures --------------------------------------------------------------------------------------------------------

const cellsOf = (summary) => summary.domains.flatMap(({ domain, answered, referred }) => [[`${domain}/1`, answered], [`${domain}/2`, referred]]);
const labelsOf = (summary) => summary.labels.map(({ label, count }) => [label, count]);

// What is in `now` and was not in `before`: a list with each cell as often as it was counted.
function added(now, before) {
  const old = new Map(before);
  return now.flatMap(([cell, n]) => Array(Math.max(0, n - (old.get(cell) ?? 0))).fill(cell));
}

// Each moment at which a team's figures rose: { team, at, cells, labels }.
function readArrivals(states) {
  const newest = new Map();
  const arrivals = [];
  for (const { topic, payload } of states) {
    const [, team] = topic.match(/\/summary\/([^/]+)\/\d{4}-Q\d$/) ?? [];
    if (!team || team === 'all' || !payload.length) continue;
    const now = decode('Summary', payload);
    const before = newest.get(topic) ?? { domains: [], labels: [] };
    newest.set(topic, now);
    const cells = added(cellsOf(now), cellsOf(before));
    if (cells.length > 0) arrivals.push({ team, at: now.as_of, cells, labels: added(labelsOf(now), labelsOf(before)) });
  }
  return arrivals;
}

// ---- The memory of the broker ----------------------------------------------------------------------------------------------

const clientId = /^[A-Za-z0-9_-]{22}$/;

function* positions(bytes, pattern) {
  for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) yield at;
}

const text = (bytes, from, to) => bytes.toString('latin1', Math.max(0, from), to);

// The members that stand one after the other in a submission or a receipt: { ids, end }.
function readMembers(bytes, start) {
  const ids = [];
  let at = start;
  while (bytes[at] === 0x0a && bytes[at + 2] === 0x0a && bytes[at + 3] === 0x10 && bytes[at + 20] === 0x10) {
    ids.push(bytes.toString('hex', at + 4, at + 20));
    at += 2 + bytes[at + 1];
  }
  return { ids, end: at };
}

// Whose they are: the receipt_to behind the events of a submission, or the topic before a receipt.
function clientOf(bytes, start, end) {
  const behind = bytes[end] === 0x12 && bytes[end + 1] === 22 ? text(bytes, end + 2, end + 24) : '';
  if (clientId.test(behind)) return behind;
  return text(bytes, start - 40, start).match(/receipt\/([A-Za-z0-9_-]{22})[^]{0,2}$/)?.[1];
}

// Ids that lie together in memory, with the client id that is beside them if there is one.
function readMessages(bytes) {
  const messages = [];
  let end = 0;
  for (const at of positions(bytes, Buffer.from([0x0a, 0x10]))) {
    const start = at - 2;
    if (start < end || bytes[start] !== 0x0a) continue;
    const members = readMembers(bytes, start);
    if (members.ids.length === 0) continue;
    end = members.end;
    messages.push({ ids: members.ids, client: clientOf(bytes, start, end) });
  }
  return messages;
}

// Submissions of one event whose memory was freed, so that malloc has written over the first 16 bytes: the last 4 bytes of the id, and
// the client id: a list of [tail, client].
function readFreedMessages(bytes) {
  const found = [];
  for (const at of positions(bytes, Buffer.from([0x12, 22]))) {
    const client = text(bytes, at + 2, at + 24);
    if (!clientId.test(client) || bytes[at + 24] !== 0x7a) continue;
    let question = at - 6;
    while (question > at - 40 && !(bytes[question] === 0x1a && bytes[question - 4] === 0x10)) question--;
    found.push([bytes.toString('hex', question - 8, question - 4), client]);
  }
  return found;
}

// The ids of the keys that the broker published last.
function readKeyIds(states) {
  const { payload } = states.findLast(({ topic }) => topic.endsWith('/door/keys'));
  const keys = JSON.parse(payload)['token-keys'].map((key) => key['token-key']);
  return keys.map((key) => createHash('sha256').update(Buffer.from(key, 'base64url')).digest('hex'));
}

// Client ids beside a key: in a CONNECT with its token, and in what the plugin knows of a connection.
function readKeysOfClients(bytes, keyIds) {
  const found = [];
  for (const at of positions(bytes, Buffer.from('\0\x04pass\x01\xd8', 'latin1'))) {
    const client = text(bytes, at - 22, at);
    const token = Buffer.from(text(bytes, at + 8, at + 480), 'base64url');
    if (clientId.test(client) && token.length === 354) found.push([client, token.toString('hex', 66, 98)]);
  }
  for (const id of keyIds) {
    for (const at of positions(bytes, Buffer.from(id, 'hex'))) {
      for (const [client] of text(bytes, at - 400, at).matchAll(/(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{22}(?=\0)/g)) found.push([client, id]);
    }
  }
  return found;
}

// What he takes from a core dump, with the states of the retained topics so far. The dump itself is not kept: there are hundreds.
export function readCore(bytes, states) {
  return { messages: readMessages(bytes), freed: readFreedMessages(bytes), keys: readKeysOfClients(bytes, readKeyIds(states)) };
}

// ---- turfdoor's database, and the tokens that were spent -----------------------------------------------------------------

const shortText = (bytes, at) => bytes.toString('latin1', at + 2, at + 2 + bytes.readUInt16BE(at));

// { devices: number -> { scope, note }, keys: id -> scope }; by the lengths of keys and values.
function readDoor(file) {
  const devices = new Map();
  const keys = new Map();
  for (const { key, value } of leafPages(file).flat()) {
    if (key.length === 4 && key[0] === 0 && value.length > 47) {
      const scope = shortText(value, 43);
      devices.set(key.readUInt32BE(0), { scope, note: shortText(value, 45 + scope.length) });
    }
    if (key.at(-4) === 0 && value.length > 600) keys.set(value.toString('hex', 0, 32), key.toString('latin1', 0, key.length - 4));
  }
  return { devices, keys };
}

// How many tokens of each key were spent: the first 8 bytes of its id -> number.
function readSpent(file) {
  const marks = new Set(leafPages(file).flat().filter(({ key }) => key.length === 24).map(({ key }) => key.toString('hex')));
  const spent = new Map();
  for (const mark of marks) spent.set(mark.slice(0, 16), (spent.get(mark.slice(0, 16)) ?? 0) + 1);
  return spent;
}

// ---- Sets that belong together ---------------------------------------------------------------------------------------------

class Groups {
  parents = new Map();

  find(member) {
    let at = member;
    while (this.parents.has(at)) at = this.parents.get(at);
    return at;
  }

  join(members) {
    const [first, ...others] = members.map((member) => this.find(member));
    for (const other of others) if (this.find(other) !== this.find(first)) this.parents.set(this.find(other), this.find(first));
  }
}

// The value that comes most often in a list; one of them when several do. undefined: the list is empty.
function mostFrequent(list, chance) {
  const n = new Map();
  for (const value of list) n.set(value, (n.get(value) ?? 0) + 1);
  const most = Math.max(...n.values());
  const best = [...n.keys()].filter((value) => n.get(value) === most);
  return best.length > 0 ? chance.oneOf(best) : undefined;
}

// ---- The adversary ------------------------------------------------------------------------------------------------------------

export class Adversary {
  // written: of WorkerWeeks.steal; seen: id -> name of a worker; chance: decides between what is equal.
  constructor(written, seen, chance) {
    Object.assign(this, { written, seen, chance, groups: new Groups(), keyOf: new Map(), clients: new Map() });
    this.#readDoor();
    this.#readStore();
    this.#readCores();
    this.#placeArrivals();
  }

  #readDoor() {
    Object.assign(this, readDoor(this.written.door));
    this.spent = readSpent(this.written.spent);
    // A key of a scope that one person alone has.
    const notesOf = (scope) => new Set([...this.devices.values()].filter((device) => device.scope === scope).map(({ note }) => note));
    this.personOfKey = new Map([...this.keys].map(([id, scope]) => [id, notesOf(scope)]).filter(([, notes]) => notes.size === 1).map(([id, [note]]) => [id, note]));
  }

  #readCores() {
    const byTail = new Map([...this.ids.keys()].map((id) => [id.slice(-8), id]));
    for (const { messages, freed, keys } of this.written.cores) {
      const mended = freed.map(([tail, client]) => ({ ids: [byTail.get(tail)].filter(Boolean), client }));
      for (const { ids, client } of [...messages, ...mended]) {
        this.groups.join(client ? [`client ${client}`, ...ids] : ids);
        if (client) for (const id of ids) this.clients.set(id, client);
      }
      for (const [client, key] of keys) this.keyOf.set(client, key);
    }
  }

  // this.ids: what is known of each id; this.news: day -> the ids that the backup of that evening has and the one before had not.
  #readStore() {
    this.ids = new Map();
    this.news = new Map();
    let before = new Map();
    for (const { day, folder, restored } of this.written.backups) {
      const now = readIds(`${folder}/data.mdb`);
      if (restored) {
        before = now;
        continue;
      }
      this.news.set(day, new Set([...now.keys()].filter((id) => !before.has(id))));
      for (const [id, record] of now) this.ids.set(id, { ...this.ids.get(id), ...Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) });
      before = now;
    }
  }

  // When each id arrived, by the figures of its team: this.times, id -> list of unix seconds. What arrived at once belongs together.
  #placeArrivals() {
    this.times = new Map();
    const placed = new Map();
    for (const { team, at, cells, labels } of readArrivals(this.written.states)) {
      const day = Math.floor(at / DAY);
      const taken = placed.get(day) ?? placed.set(day, new Set()).get(day);
      const candidates = [...(this.news.get(day) ?? [])].filter((id) => !taken.has(id) && this.ids.get(id).team === team);
      const together = [];
      for (const cell of cells) {
        const fits = candidates.filter((id) => !taken.has(id) && `${this.ids.get(id).domain}/${this.ids.get(id).outcome}` === cell);
        const exact = fits.filter((id) => (this.ids.get(id).label ? labels.includes(this.ids.get(id).label) : labels.length < cells.length));
        const id = exact[0] ?? fits[0];
        if (!id) continue;
        taken.add(id);
        together.push(id);
        this.times.set(id, [...(this.times.get(id) ?? []), at]);
      }
      if (together.length > 1) this.groups.join(together);
    }
    this.seenInGroup = new Map();
    for (const [id, worker] of this.seen) {
      const group = this.groups.find(id);
      this.seenInGroup.set(group, [...(this.seenInGroup.get(group) ?? []), worker]);
    }
  }

  // At most n others that were sent together with each tap that somebody saw.
  besideSeen(n) {
    const members = new Map();
    for (const id of this.ids.keys()) {
      const group = this.groups.find(id);
      if (!this.seen.has(id) && this.seenInGroup.has(group)) members.set(group, [...(members.get(group) ?? []), id]);
    }
    return new Set([...members].flatMap(([group, ids]) => ids.slice(0, n * this.seenInGroup.get(group).length)));
  }

  // ---- Guessing ----

  // By a key that only one person has.
  #byKey(id) {
    return this.personOfKey.get(this.keyOf.get(this.clients.get(id)));
  }

  // By what was sent together with a tap that somebody saw.
  #byGroup(id) {
    return mostFrequent(this.seenInGroup.get(this.groups.find(id)) ?? [], this.chance);
  }

  // The workers of a scope of whom there is most of something; none when it is the same for all.
  #byAmount(team, amounts) {
    const known = [...this.#workersOf(team)].map((worker) => [worker, amounts.get(worker) ?? 0]);
    const most = Math.max(...known.map(([, n]) => n));
    const best = known.filter(([, n]) => n === most).map(([worker]) => worker);
    return best.length < known.length ? this.chance.oneOf(best) : undefined;
  }

  #workersOf(team) {
    return new Set([...this.devices.values()].filter(({ scope }) => scope.split('.').includes(team)).map(({ note }) => note));
  }

  // Who has spent most with a key of his own, or has joined most often to buy more: he taps most.
  #byUse(team) {
    const used = new Map();
    for (const [key, worker] of this.personOfKey) used.set(worker, (used.get(worker) ?? 0) + (this.spent.get(key.slice(0, 16)) ?? 0));
    const joined = new Map();
    for (const { note } of this.devices.values()) joined.set(note, (joined.get(note) ?? 0) + 1);
    return this.#byAmount(team, used) ?? this.#byAmount(team, joined);
  }

  // The nearest in time of the taps of that team that somebody saw, by when they were counted last.
  #byTime(id) {
    const { team } = this.ids.get(id);
    const timeOf = (other) => this.times.get(other)?.at(-1) ?? 0;
    const near = [...this.seen.keys()].filter((other) => this.ids.get(other)?.team === team);
    near.sort((a, b) => Math.abs(timeOf(a) - timeOf(id)) - Math.abs(timeOf(b) - timeOf(id)));
    return this.seen.get(near[0]) ?? this.chance.oneOf([...this.#workersOf(team)]);
  }

  // { worker, by }
  guess(id) {
    const { team } = this.ids.get(id);
    for (const [by, worker] of [['key', this.#byKey(id)], ['group', this.#byGroup(id)], ['use', this.#byUse(team)]]) if (worker) return { worker, by };
    return { worker: this.#byTime(id), by: 'time' };
  }
}
