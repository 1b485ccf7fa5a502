// SPDX-License-Identifier: EUPL-1.2
// The lock that lets one tab send, where a browser refuses or takes it.
import assert from 'node:assert/strict';
import test from 'node:test';

import { turns } from './lib/web.mjs';

const { SenderLock } = await import('../../broker-client/web/src/phone/sender-lock.js');

const MANY = 1_000; // after so many requests the lock's tests give up: an endless loop of microtasks would end with nothing else

// As navigator.locks in WebKit: gives the lock until the page is left, and from then on refuses every request at once.
class LocksOfALeftPage {
  requests = 0;
  left = false;
  #lose = () => {};

  request(_name, _options, held) {
    if (++this.requests > MANY) return new Promise(() => {});
    const refused = Promise.reject(new DOMException('the page is being left', 'InvalidStateError'));
    refused.catch(() => {});
    if (this.left) return refused;
    held();
    return new Promise((_, reject) => (this.#lose = reject));
  }

  leave() {
    this.left = true;
    this.#lose(new DOMException('the page is being left', 'AbortError'));
  }
}

function page(locks) {
  Object.defineProperty(globalThis, 'navigator', { value: { locks }, configurable: true });
  const changes = [];
  return { lock: new SenderLock('turf', (mine) => changes.push(mine)), changes };
}

test('a page that is left loses the lock and is refused it: it does not ask again and again', async () => {
  const locks = new LocksOfALeftPage();
  const { lock, changes } = page(locks);
  lock.take();
  locks.leave();
  await turns();
  assert.deepEqual(changes, [true, false]);
  assert.ok(locks.requests < 5, `${locks.requests} requests`);
});

test('a page that was refused the lock asks for it when it is seen again, and when the network is back', async () => {
  for (const ask of ['take', 'wait']) {
    const locks = new LocksOfALeftPage();
    const { lock } = page(locks);
    locks.left = true;
    lock.take();
    await turns();
    assert.equal(lock.mine, false);
    locks.left = false;
    lock[ask]();
    await turns();
    assert.equal(lock.mine, true, ask);
  }
});
