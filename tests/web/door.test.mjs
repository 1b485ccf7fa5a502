// SPDX-License-Identifier: EUPL-1.2
// The page's road in, without a page: joining, fetching tokens, and what a connection logs in with. turfdoor, the clock and the
// random numbers are the test's; IndexedDB and the cryptography are as they are in a page.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { eventually } from '../system/lib/processes.mjs';
import { FakeTurfdoor } from './lib/fake-turfdoor.mjs';
import { maker } from './lib/token-maker.mjs';
import { turns } from './lib/web.mjs';

await import('../../broker-client/web/node_modules/fake-indexeddb/auto/index.mjs');
const { IDBFactory } = await import('../../broker-client/web/node_modules/fake-indexeddb/build/esm/index.js');
const { Door } = await import('../../broker-client/web/src/core/door/door.js');
const { fromText } = await import('../../broker-client/web/src/core/door/token.js');

const MONDAY_S = 1_575_244_800; // 2019-12-02
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const MINUTE_MS = 60_000;

let open = [];
let clock = 0;

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  clock = MONDAY_S * 1000 + DAY_MS; // a Tuesday
});

afterEach(() => {
  for (const page of open) page.door?.close();
  open = [];
});


// A page at this address, whose connection only counts what is asked of it.
class Page {
  static async start(turfdoor, { hash = '', role = 'worker', random = () => 0.5, ...more } = {}) {
    const page = new Page();
    page.location = { hash, pathname: '/', search: '' };
    page.history = { state: null, replaceState: (_state, _title, url) => Object.assign(page.location, { hash: url.includes('#') ? url.slice(url.indexOf('#')) : '' }) };
    page.connection = { running: true, state: 'offline', start: () => (page.connection.running = true), stop: () => (page.connection.running = false), wake: () => {} };
    page.door = await Door.open({
      org: 'proef', role, connection: page.connection, onChange: () => {}, now: () => clock, random, fetcher: turfdoor.fetch, maker,
      address: page, ...more,
    });
    open.push(page);
    return page;
  }

  // Resolves when the page says this.
  says(name) {
    return eventually(() => this.door.notice?.name === name, `the notice ${name}`);
  }

  // Shows a token and has it accepted. Resolves to its nonce; null: there was none to show.
  async enter() {
    const login = await this.door.login();
    if (!login?.password) return login;
    await this.door.accepted();
    return nonceOf(login);
  }
}

const nonceOf = ({ password }) => Buffer.from(fromText(password).subarray(2, 34)).toString('hex');

// A turfdoor with keys for this week and the next.
function turfdoorWithKeys(options) {
  const turfdoor = new FakeTurfdoor(options);
  turfdoor.addKeys('oost', MONDAY_S, 2);
  return turfdoor;
}

async function joined(turfdoor, options) {
  const page = await Page.start(turfdoor, { hash: `#join=${turfdoor.invite('oost')}`, ...options });
  await page.says('joined');
  page.door.dismiss();
  return page;
}

// ---- Joining --------------------------------------------------------------------------------------------

test('an invitation makes this browser a device, the address loses the code, and tokens are there', async () => {
  const turfdoor = turfdoorWithKeys();
  const page = await Page.start(turfdoor, { hash: `#join=${turfdoor.invite('oost')}` });
  assert.equal(page.location.hash, '');
  await page.says('joined');
  assert.deepEqual(page.door.notice.teams, ['oost']);
  const { username, password } = await page.door.login();
  assert.deepEqual([page.door.joined, page.door.teams], [true, ['oost']]);
  assert.equal(username, 'pass');
  assert.equal(password.length, 472);
});

test('a lost answer: the same credential is sent again, also by the page that is opened next', async () => {
  const turfdoor = turfdoorWithKeys();
  const hash = `#join=${turfdoor.invite('oost')}`;
  turfdoor.loses = '/door/join';
  const page = await Page.start(turfdoor, { hash });
  await page.says('later');
  assert.equal(page.location.hash, '', 'the invitation is stored');
  page.door.close();
  turfdoor.loses = '';
  const next = await Page.start(turfdoor);
  await next.says('joined');
  assert.equal(turfdoor.credentials.length, 1);
  next.door.close();
  const again = await Page.start(turfdoor, { hash });
  await again.says('joined-already');
  assert.equal(turfdoor.requests.filter((path) => path === '/door/join').length, 2);
});

test('without a network the invitation waits, and the network brings it', async () => {
  const turfdoor = turfdoorWithKeys();
  turfdoor.away = true;
  const page = await Page.start(turfdoor, { hash: `#join=${turfdoor.invite('oost')}` });
  await page.says('later');
  turfdoor.away = false;
  page.door.wake();
  await page.says('joined');
});

test('a server that never answers does not keep the connection waiting, and later brings the invitation', async (t) => {
  const ends = [];
  t.mock.method(AbortSignal, 'timeout', () => {
    const controller = new AbortController();
    ends.push(() => controller.abort(new DOMException('too late', 'TimeoutError')));
    return controller.signal;
  });
  const turfdoor = turfdoorWithKeys();
  turfdoor.silent = true;
  const page = await Page.start(turfdoor, { hash: `#join=${turfdoor.invite('oost')}` });
  const login = page.door.login();
  const answered = login.then(() => true);
  await eventually(async () => {
    for (const end of ends.splice(0)) end();
    return Promise.race([answered, turns(1)]);
  }, 'what to log in with');
  assert.deepEqual(await login, {}, 'as anybody');
  turfdoor.silent = false;
  page.door.wake();
  await page.says('joined');
});

test('an invitation that is unknown, cut off, used or ended: each has its sentence', async () => {
  const turfdoor = turfdoorWithKeys();
  const used = turfdoor.invite('oost');
  const ended = turfdoor.invite('oost');
  turfdoor.endInvitation(ended);
  await (await Page.start(turfdoor, { hash: `#join=${used}` })).says('joined');
  globalThis.indexedDB = new IDBFactory(); // another browser
  for (const [code, name] of [[used, 'invitation-used'], [ended, 'invitation-ended'], ['A'.repeat(22), 'invitation-unknown'], [used.slice(1), 'invitation-unknown']]) {
    const page = await Page.start(turfdoor, { hash: `#join=${code}` });
    await page.says(name);
    assert.equal(page.location.hash, '');
    page.door.dismiss();
    assert.equal(page.door.notice, null);
    assert.equal(page.door.joined, false);
  }
});

test('a server without a door says so, and the page connects as anybody', async () => {
  const turfdoor = new FakeTurfdoor();
  turfdoor.open = true;
  const page = await Page.start(turfdoor, { hash: `#join=${'A'.repeat(22)}` });
  await page.says('none');
  assert.deepEqual(await page.door.login(), {});
});

test('a storage that keeps nothing: the invitation is not used, and stays in the address', async (t) => {
  const turfdoor = turfdoorWithKeys();
  t.mock.method(IDBObjectStore.prototype, 'put', () => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  const hash = `#join=${turfdoor.invite('oost')}`;
  const page = await Page.start(turfdoor, { hash });
  await page.says('not-stored');
  assert.equal(page.location.hash, hash);
  assert.deepEqual(turfdoor.requests, []);
});

test("a leader's invitation on the page for counting: the device is the leader's page's", async () => {
  const turfdoor = turfdoorWithKeys();
  turfdoor.addKeys('leader:oost', MONDAY_S, 2);
  const page = await Page.start(turfdoor, { hash: `#join=${turfdoor.invite('leader:oost')}` });
  await page.says('joined-as-leader');
  assert.equal(page.door.joined, false);
  await page.door.login();
  await page.door.refused();
  assert.equal(page.door.notice.name, 'joined-as-leader', 'also when the broker does not let this page in');
  const leader = await Page.start(turfdoor, { role: 'leader' });
  assert.ok((await leader.door.login()).password);
});

// ---- Without an invitation ------------------------------------------------------------------------------

test('a page that has no invitation asks turfdoor nothing, until the broker refuses it', async () => {
  const turfdoor = turfdoorWithKeys();
  const page = await Page.start(turfdoor);
  assert.deepEqual(await page.door.login(), {});
  assert.deepEqual(turfdoor.requests, []);
  await page.door.refused();
  assert.equal(page.door.notice.name, 'outside');
  assert.equal(await page.door.login(), null);
});

test('a broker that refuses everybody, without a door: the page says nothing of an invitation', async () => {
  const turfdoor = new FakeTurfdoor();
  turfdoor.open = true;
  const page = await Page.start(turfdoor);
  await page.door.refused();
  assert.equal(page.door.notice, null);
  assert.deepEqual(await page.door.login(), {});
});

// ---- Tokens -----------------------------------------------------------------------------------------------

test('each connection has a token of its own; one whose answer was lost is shown again, also after a reload', async () => {
  const turfdoor = turfdoorWithKeys();
  const page = await joined(turfdoor);
  const first = nonceOf(await page.door.login());
  assert.equal(nonceOf(await page.door.login()), first);
  page.door.close();
  const next = await Page.start(turfdoor);
  assert.equal(nonceOf(await next.door.login()), first);
  await next.door.accepted();
  const seen = [first, await next.enter(), await next.enter()];
  assert.equal(new Set(seen).size, 3);
  assert.equal(await next.enter(), null);
  assert.equal(next.door.notice.name, 'used-up');
  assert.equal(next.door.notice.from, MONDAY_S * 1000 + WEEK_MS);
});

test('the batch of next week is fetched at a random moment of this week, and is used from Monday on', async () => {
  const turfdoor = turfdoorWithKeys();
  const page = await joined(turfdoor, { random: () => 0.5 });
  await eventually(async () => turfdoor.batches.length === 1, 'the batch of this week');
  const before = await page.enter();
  clock += 0.29 * 6 * DAY_MS;
  page.door.wake();
  await turns(100);
  assert.equal(turfdoor.batches.length, 1);
  clock += 0.02 * 6 * DAY_MS;
  page.door.wake();
  await eventually(() => turfdoor.batches.length === 2, 'the batch of next week');
  await turns(100);
  clock = MONDAY_S * 1000 + WEEK_MS + MINUTE_MS;
  const asked = turfdoor.requests.length;
  const nonces = [await page.enter(), await page.enter(), await page.enter()];
  assert.equal(turfdoor.requests.length, asked, 'the tokens were here');
  assert.equal(new Set([before, ...nonces]).size, 4);
});

test('a lost answer to a batch: the same is asked for again, and nothing is lost', async () => {
  const turfdoor = turfdoorWithKeys();
  turfdoor.loses = '/door/batch';
  const page = await Page.start(turfdoor, { hash: `#join=${turfdoor.invite('oost')}` });
  await page.says('joined');
  page.door.dismiss();
  assert.equal(await page.door.login(), null);
  assert.equal(page.door.notice.name, 'unreachable');
  page.door.close();
  turfdoor.loses = '';
  const next = await Page.start(turfdoor);
  assert.ok((await next.door.login()).password);
  assert.equal(new Set(turfdoor.batches).size, 1);
  assert.ok(turfdoor.batches.length >= 2);
});

test('two tabs that fetch at the same moment ask for the same batch', async () => {
  const turfdoor = turfdoorWithKeys();
  turfdoor.loses = '/door/batch';
  const one = await joined(turfdoor);
  await eventually(() => turfdoor.batches.length > 0, 'a request');
  const other = await Page.start(turfdoor);
  turfdoor.loses = '';
  await Promise.all([one.door.retry(), other.door.retry()]);
  await eventually(async () => (await one.door.login())?.password && (await other.door.login())?.password, 'tokens in both');
  assert.equal(new Set(turfdoor.batches).size, 1);
});

test('a device that was away for more than three weeks waits a while after fetching', async () => {
  const turfdoor = turfdoorWithKeys();
  const page = await joined(turfdoor);
  await page.enter();
  page.door.close();
  const later = MONDAY_S + 5 * 7 * 86_400;
  turfdoor.addKeys('oost', later, 2);
  clock = later * 1000 + DAY_MS;
  const back = await Page.start(turfdoor, { random: () => 0.25 });
  assert.equal(await back.door.login(), null);
  assert.deepEqual([back.door.notice.name, back.door.notice.from - clock], ['away', 9 * MINUTE_MS]);
  clock += 9 * MINUTE_MS;
  assert.ok((await back.door.login()).password);
});

test('a device that was away for a week shows the tokens of its week until it has new ones', async () => {
  const turfdoor = turfdoorWithKeys();
  const page = await joined(turfdoor);
  await page.enter();
  page.door.close();
  clock += WEEK_MS;
  turfdoor.away = true;
  const back = await Page.start(turfdoor);
  assert.ok((await back.door.login()).password);
});

test('a revoked device is told so, and shows the tokens that it has', async () => {
  const turfdoor = turfdoorWithKeys();
  const page = await joined(turfdoor);
  await page.enter();
  turfdoor.revokeAll();
  clock += 6 * DAY_MS - MINUTE_MS; // the batch of next week is due
  page.door.wake();
  await page.says('revoked');
  assert.ok((await page.door.login()).password);
  const asked = turfdoor.requests.length;
  page.door.wake();
  await turns(100);
  assert.equal(turfdoor.requests.length, asked, 'it asks no more');
});

test('a scope that was rotated: the device forgets the tokens that the broker refuses, and fetches new ones', async () => {
  const turfdoor = turfdoorWithKeys();
  const page = await joined(turfdoor);
  await page.enter();
  turfdoor.rotate('oost');
  assert.ok((await page.door.login()).password);
  await page.door.refused();
  assert.ok((await page.door.login()).password);
  assert.equal(turfdoor.batches.length, 2);
  assert.equal(new Set(turfdoor.batches).size, 2);
});

test('a broker that refuses one token after another: the device waits, says so, and shows them again when no others are left', async () => {
  const turfdoor = turfdoorWithKeys({ batch: 4 });
  const page = await joined(turfdoor);
  const refused = [];
  for (let i = 0; i < 4; i++) {
    if (i === 3) {
      assert.equal(await page.door.login(), null);
      assert.equal(page.door.notice.name, 'refused');
      clock += 11 * MINUTE_MS;
    }
    refused.push(nonceOf(await page.door.login()));
    await page.door.refused();
  }
  assert.equal(new Set(refused).size, 4);
  clock += 11 * MINUTE_MS;
  assert.equal(await page.enter(), refused[0]);
  assert.equal(await page.enter(), refused[1], 'those that were not shown again yet');
});

test('a token that was refused is dropped when the broker lets in the next one', async () => {
  const turfdoor = turfdoorWithKeys({ batch: 2 });
  const page = await joined(turfdoor);
  await page.door.login();
  await page.door.refused();
  await page.enter();
  assert.equal(await page.enter(), null);
  assert.equal(page.door.notice.name, 'used-up');
});

test('a network that comes and goes uses six tokens in ten minutes, and no more', async () => {
  const turfdoor = turfdoorWithKeys({ batch: 10 });
  const page = await joined(turfdoor);
  for (let i = 0; i < 6; i++) assert.ok(await page.enter());
  assert.equal(await page.enter(), null);
  assert.equal(page.door.notice, null);
  clock += 10 * MINUTE_MS;
  assert.ok(await page.enter());
});

// ---- Keys -------------------------------------------------------------------------------------------------

const published = (turfdoor) => ({ bytes: new TextEncoder().encode(JSON.stringify(turfdoor.directory())) });

test('the keys at the broker are those of turfdoor: the fingerprint is shown', async () => {
  const turfdoor = turfdoorWithKeys();
  const page = await joined(turfdoor);
  await page.enter();
  await page.door.keysArrived(published(turfdoor));
  assert.match(page.door.fingerprint, /^([0-9a-f]{4} ){7}[0-9a-f]{4}$/);
  assert.equal(page.door.notice, null);
});

test('a key that only this device was given: it stops, says so, and goes on when the keys agree', async () => {
  const turfdoor = turfdoorWithKeys();
  const page = await joined(turfdoor);
  await page.enter();
  const others = new FakeTurfdoor();
  others.addKeys('oost', MONDAY_S, 2);
  await page.door.keysArrived(published(others));
  assert.equal(page.door.notice.name, 'mismatch');
  assert.equal(await page.door.login(), null);
  page.door.close();
  const next = await Page.start(turfdoor);
  assert.equal(await next.door.login(), null, 'after a reload too');
  await next.door.retry();
  await next.enter();
  await next.door.keysArrived(published(turfdoor));
  assert.equal(next.door.notice, null);
});

test('other keys at the broker after a rotation: the device takes those', async () => {
  const turfdoor = turfdoorWithKeys();
  const page = await joined(turfdoor);
  await page.enter();
  turfdoor.rotate('oost');
  await page.door.keysArrived(published(turfdoor));
  assert.equal(page.door.notice, null);
  assert.ok((await page.door.login()).password);
  assert.equal(new Set(turfdoor.batches).size, 2);
});

test('a directory with two keys for a scope and week, or of another form, is not used', async () => {
  const changes = {
    'a second key of the week': (directory, extra) => directory['token-keys'].push({ ...extra, 'not-before': MONDAY_S + 60 }),
    'another org': (directory) => (directory['turf-org'] = 'elders'),
    'a batch of none': (directory) => (directory['turf-batch'] = 0),
    'another type of token': (directory) => (directory['token-keys'][0]['token-type'] = 1),
    'a key that is cut off': (directory) => (directory['token-keys'][0]['token-key'] = directory['token-keys'][0]['token-key'].slice(0, -4)),
    'times that are none': (directory) => (directory['token-keys'][0]['turf-not-after'] = 'later'),
    'a scope that is none': (directory) => (directory['token-keys'][0]['turf-scope'] = '#'),
  };
  const other = new FakeTurfdoor();
  other.addKeys('oost', MONDAY_S);
  for (const [what, change] of Object.entries(changes)) {
    globalThis.indexedDB = new IDBFactory();
    const turfdoor = turfdoorWithKeys();
    const right = turfdoor.directory.bind(turfdoor);
    turfdoor.directory = () => {
      const directory = structuredClone(right());
      change(directory, other.directory()['token-keys'][0]);
      return directory;
    };
    const page = await Page.start(turfdoor, { hash: `#join=${turfdoor.invite('oost')}` });
    await page.says('joined');
    page.door.dismiss();
    assert.equal(await page.door.login(), null, what);
    assert.equal(page.door.notice.name, 'mismatch', what);
    assert.deepEqual(turfdoor.batches, [], what);
    page.door.close();
  }
});
