// SPDX-License-Identifier: EUPL-1.2
// deploy/run --lan, from the code on the terminal to the first tap. Nothing leaves this machine: 127.0.0.2 is the local
// network here, and what listens on 127.0.0.1 does not answer there.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import jsqr from 'jsqr';

import { assertAccessible } from '../web/lib/axe.mjs';
import { Phone, chooseTeam, domain, workerReady } from '../web/lib/browser.mjs';
import { atEnd } from './lib/cleanup.mjs';
import { Client } from './lib/client.mjs';
import { command, deploy, refused, takenPort } from './lib/deploy.mjs';
import { program, root, temporaryFolder } from './lib/paths.mjs';
import { eventually, freePort, portAnswers, run, succeed } from './lib/processes.mjs';

const address = '127.0.0.2';
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

async function deployLan(t, options = {}) {
  const ports = options.lanPorts ?? [await freePort(), await freePort()];
  const args = ['--lan', '--lan-address', options.address ?? address, '--https-port', ports[0], '--start-port', ports[1], ...(options.args ?? [])];
  const stack = await deploy(t, { ...options, args });
  const authority = readFileSync(join(stack.dir, 'lan/ca.crt'), 'utf8');
  return { ...stack, authority, lanPorts: ports };
}

// The environment of `turf` of whoever started deploy/run.
const ofThisMachine = ({ ready, folder }) => ({ TURF_BROKER: ready.mqtt, XDG_STATE_HOME: join(folder, 'state'), TURF_OUTBOX: '', TURF_ORG: '' });

// {status, headers, body, authorized}; options as of https.request.
function ask(url, options = {}) {
  return new Promise((resolve, reject) => {
    const { hostname: host, port, pathname, search } = new URL(url);
    const whole = { host, port, path: pathname + search, agent: false, ...options }; // Node 18 takes no other path beside an address
    const request = (url.startsWith('https:') ? https : http).request(whole);
    request.once('error', reject);
    request.once('upgrade', ({ statusCode }, socket) => resolve({ status: statusCode }) || socket.destroy());
    request.once('response', (response) => {
      const pieces = [];
      response.on('data', (bytes) => pieces.push(bytes));
      response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) }));
    });
    request.end();
  });
}

// What a camera reads from the terminal, of each code.
function readCodes(text) {
  const block = /(?:^\x1b\[[0-9;]*m[ █▀▄]+\x1b\[0m\n)+/gm;
  return (text.match(block) ?? []).map((code) => readCode(code.trimEnd().split('\n').map((line) => line.replace(/\x1b\[[0-9;]*m/g, ''))));
}

// Two rows of dots in each line of blocks, light on dark.
function readCode(lines) {
  const rows = lines.flatMap((line) => ['█▀', '█▄'].map((light) => [...line].map((block) => light.includes(block))));
  const size = 4; // points a dot
  const pixels = rows.flatMap((row) => Array(size).fill(row.flatMap((light) => Array(size).fill(light)))).flat();
  const picture = Uint8ClampedArray.from(pixels.flatMap((light) => [light ? 255 : 0, light ? 255 : 0, light ? 255 : 0, 255]));
  return jsqr(picture, rows[0].length * size, rows.length * size)?.data;
}

// Debian's Chromium on a machine that trusts this authority, as a phone does that took it in; or one that does not.
async function browser(t, stack, { trusts = true } = {}) {
  const home = temporaryFolder(t, 'turf-home');
  const database = join(home, '.pki/nssdb');
  mkdirSync(database, { recursive: true });
  await succeed('certutil', ['-N', '-d', `sql:${database}`, '--empty-password']);
  if (trusts) await succeed('certutil', ['-A', '-d', `sql:${database}`, '-t', 'C,,', '-n', 'turf', '-i', join(stack.dir, 'lan/ca.crt')]);
  const site = { url: stack.ready.https, origin: new URL(stack.ready.https).origin };
  return Phone.start(t, site, { ownBrowser: true, env: { ...process.env, HOME: home } });
}

test('what the terminal shows leads a phone to the pages, and each on the way is what it should be', async (t) => {
  const stack = await deployLan(t);
  const { ready, running, authority: ca } = stack;
  const origin = `https://${address}:${stack.lanPorts[0]}`;
  assert.deepEqual([ready.https, ready.start], [`${origin}/`, `http://${address}:${stack.lanPorts[1]}/`]);
  await eventually(() => /--lan --background/.test(running.stdout), 'the last line');
  const [code, ...invitations] = readCodes(running.stdout);
  assert.equal(code, ready.start);
  assert.deepEqual(invitations, running.stdout.match(/https\S+#join=\S+/g));
  assert.deepEqual(invitations.map((link) => link.replace(/[\w-]{22}$/, '')), Array(2).fill(`${ready.https}#join=`));
  assert.doesNotMatch(running.stdout, /password/);
  for (const url of [ready.start, ready.https, `${ready.https}leader.html`]) assert.ok(running.stdout.includes(url), url);

  const start = await ask(ready.start);
  assert.deepEqual([start.status, start.headers['content-type'], start.headers['content-security-policy']], [200, 'text/html; charset=utf-8', policy]);
  const [, file] = String(start.body).match(/href="([^"]+\.crt)"/);
  assert.deepEqual([...String(start.body).matchAll(/href="(https:[^"]+)"/g)].map(([, url]) => url), [`${origin}/`, `${origin}/leader.html`]);
  const given = await ask(new URL(file, ready.start).href);
  assert.equal(given.headers['content-type'], 'application/x-x509-ca-cert');
  const certificate = new X509Certificate(given.body);
  assert.equal(certificate.fingerprint256, new X509Certificate(ca).fingerprint256);
  assert.ok(running.stdout.includes(certificate.fingerprint256));
  const [, name] = certificate.subject.match(/^CN=(.*)$/);
  assert.ok(String(start.body).includes(name), 'the page calls the authority as the phone will');

  const page = await ask(ready.https, { ca });
  assert.match(String(page.body), /<script type="module" src="assets\//);
  assert.equal(page.headers['strict-transport-security'], undefined);
  assert.equal(page.headers['content-security-policy'], (await ask(ready.http)).headers['content-security-policy']);
  await assert.rejects(ask(ready.https), /unable to verify|self.signed/);
  const lost = await ask(`http://${address}:${stack.lanPorts[0]}/`);
  assert.deepEqual([lost.status, lost.headers.location], [302, ready.start], 'who forgets the s');

  const { stdout: token } = await succeed(program('turf'), ['token'], { env: ofThisMachine(stack) });
  const url = `wss://${address}:${stack.lanPorts[0]}/mqtt`;
  await assert.rejects(Client.connect(t, url, { ca }), /[Nn]ot authorized/);
  const screen = await Client.connect(t, url, { ca, username: 'pass', password: token.trim() });
  await screen.subscribe(`turf/v1/${ready.org}/status/aggregator`);
  await screen.until((messages) => messages.some(({ payload }) => JSON.parse(payload).online), 'online status');
});

test('the certificate is for this address and name, and the keys are for nobody else', async (t) => {
  const { dir, ready, authority: ca, ports, lanPorts } = await deployLan(t);
  const site = new X509Certificate(readFileSync(join(dir, 'lan/site.crt')));
  assert.match(site.subjectAltName, /^IP Address:127\.0\.0\.2, DNS:[a-z0-9-]+\.local$/);
  const days = (Date.parse(site.validTo) - Date.parse(site.validFrom)) / 86_400_000;
  assert.ok(days > 300 && days <= 397, `${days} days`);
  const host = site.subjectAltName.split('DNS:')[1];
  const named = { ca, servername: host, headers: { Host: `${host}:${lanPorts[0]}` } };
  assert.equal((await ask(ready.https, named)).status, 200);

  assert.deepEqual(readdirSync(join(dir, 'lan')).sort(), ['ca.crt', 'ca.key', 'site.crt', 'site.key']);
  assert.equal(statSync(join(dir, 'lan')).mode & 0o777, 0o700);
  for (const key of ['ca.key', 'site.key']) {
    assert.equal(statSync(join(dir, 'lan', key)).mode & 0o777, 0o600, key);
    for (const path of [key, `keys/${key}`, `lan/${key}`, `../keys/${key}`, `%2e%2e/keys/${key}`, `../../lan/${key}`, `assets/../../keys/${key}`]) {
      for (const base of [ready.https, ready.start, ready.http]) {
        const answer = await ask(base, { ca, path: `/${path}` });
        assert.ok([400, 404].includes(answer.status), `${base}${path}: ${answer.status} ${String(answer.body).slice(0, 60)}`);
      }
    }
  }
  for (const port of ports) assert.equal(await portAnswers(port, address), false, `${port} is for this machine only`);
});

// Only root opens ports below 1024, and a phone's addresses have none with 443 and 80.
test('as root the pages have ports below 1024, served by one who may do just that', { skip: process.getuid() !== 0 && 'only root can open them' }, async (t) => {
  const low = async () => {
    for (;;) {
      const port = 600 + Math.floor(Math.random() * 424);
      if (!(await portAnswers(port, address))) return port;
    }
  };
  const stack = await deployLan(t, { lanPorts: [await low(), await low()] });
  assert.equal((await ask(stack.ready.https, { ca: stack.authority })).status, 200);
  const rights = (pid) => readFileSync(`/proc/${pid}/status`, 'utf8').match(/^(CapEff|NoNewPrivs):\t\w+$/gm).join(' ');
  assert.equal(rights(stack.ready.web_pid), `CapEff:\t${'400'.padStart(16, '0')} NoNewPrivs:\t1`);
  for (const pid of [stack.ready.turfd_pid, stack.ready.broker_pid]) assert.equal(rights(pid), `CapEff:\t${'0'.repeat(16)} NoNewPrivs:\t1`);
});

test('foreign pages and foreign names are turned away on the local network too', async (t) => {
  const { ready, authority: ca, lanPorts } = await deployLan(t);
  const upgrade = {
    Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Protocol': 'mqtt',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const checkServerIdentity = () => undefined; // node would look for Host in the certificate
  const knock = async (headers) => (await ask(`${ready.https}mqtt`, { ca, checkServerIdentity, headers: { ...upgrade, ...headers } })).status;
  const own = `https://${address}:${lanPorts[0]}`;
  assert.equal(await knock({ Origin: own }), 101);
  for (const Origin of ['https://evil.example', own.replace('https', 'http'), ready.start.slice(0, -1), 'null', `${own}.evil.example`]) {
    assert.equal(await knock({ Origin }), 403, Origin);
  }
  assert.equal(await knock({ Origin: 'https://evil.example', Host: 'evil.example' }), 421);
  assert.equal((await ask(ready.https, { ca, headers: { Host: 'evil.example' }, checkServerIdentity })).status, 421);
});

// nginx tells of some of these as crit: a record longer than TLS has any, and what is no TLS at all.
test('whoever breaks TLS is named in no log', async (t) => {
  const stack = await deployLan(t);
  const tooLong = Buffer.concat([Buffer.from([0x16, 3, 1, 0xff, 0xff]), Buffer.alloc(100)]);
  for (const bytes of [tooLong, Buffer.from('\x16\x03\x01\x00\x04\x01\x00\x00\x00', 'latin1'), Buffer.alloc(64, 0xff)]) {
    await new Promise((resolve) => net.connect(stack.lanPorts[0], address).on('error', () => {}).on('close', resolve).resume().end(bytes));
  }
  assert.equal((await ask(stack.ready.https, { ca: stack.authority })).status, 200);
  for (const log of ['web.log', 'broker.log', 'turfd.log']) assert.doesNotMatch(readFileSync(join(stack.dir, log), 'utf8'), /client|127\.0\.0\.2/, log);
});

test('a phone that took in the authority taps, and the tap is counted', async (t) => {
  const stack = await deployLan(t);
  const stranger = await browser(t, stack, { trusts: false });
  await assert.rejects(stranger.open(), /ERR_CERT_AUTHORITY_INVALID/);

  await eventually(() => /--lan --background/.test(stack.running.stdout), 'the last line');
  const [, invitation] = readCodes(stack.running.stdout);
  const phone = await browser(t, stack);
  const start = await phone.context.newPage();
  await start.goto(stack.ready.start);
  for (const details of await start.locator('details').all()) await details.locator('summary').click();
  await assertAccessible(start, 'start');
  await start.getByRole('link', { name: 'Naar de telpagina' }).click();
  await start.waitForURL(stack.ready.https);
  await start.getByText('Dit toestel is niet aangemeld').first().waitFor();
  await start.goto('about:blank'); // a camera opens the address in a new page
  await start.goto(invitation);
  await start.getByText('Dit toestel is aangemeld voor').first().waitFor();
  await start.locator('[data-key="door"]').click();
  await chooseTeam(start, 'Team Oost');
  await workerReady(start);
  await domain(start, 1).click();
  await start.getByText('Opgeslagen op dit toestel', { exact: true }).waitFor();
  await start.reload(); // leaving sends at once
  await start.getByText('Alles is geteld').waitFor();
  const { stdout } = await succeed(program('turf'), ['watch', '--team', 'oost', '--once', '--json'], { env: ofThisMachine(stack) });
  assert.equal(JSON.parse(stdout).questions, 1);
});

test('in the background it shows the code too, and again to who asks again; never of one that runs without', async (t) => {
  const dir = join(temporaryFolder(t), 'run');
  const [mqtt, web, secure, begin] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const typed = (...args) =>
    run(command, ['--dir', dir, '--mqtt-port', mqtt, '--http-port', web, ...args].map(String), { env: { XDG_STATE_HOME: `${dir}.state`, TURF_OUTBOX: '' } });
  const withLan = ['--background', '--lan-address', address, '--https-port', secure, '--start-port', begin];
  atEnd(t, () => typed('--stop'));
  const seen = new Set();
  for (const words of [/--stop ends it/, /already/]) {
    const { code, stdout, stderr } = await typed(...withLan);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, words);
    const [beginning, ...invitations] = readCodes(stdout);
    assert.equal(beginning, `http://${address}:${begin}/`);
    for (const link of invitations) seen.add(link);
  }
  assert.equal(seen.size, 4, 'each time two new invitations');
  assert.equal((await typed('--stop')).code, 0);
  assert.equal((await typed('--background')).code, 0);
  const { code, stdout, stderr } = await typed(...withLan);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /running in .* already, without --lan/);
});

test('the code of an earlier run is not shown for one of which it is not', async (t) => {
  const folder = temporaryFolder(t, 'turf-lan');
  const [dir, ports] = [join(folder, 'run'), [await freePort(), await freePort()]];
  const args = ['--dir', dir, '--mqtt-port', ports[0], '--http-port', ports[1]];
  atEnd(t, () => run(command, ['--stop', '--dir', dir]));
  const env = { XDG_STATE_HOME: join(folder, 'state'), TURF_OUTBOX: '' };
  const earlier = ['--lan-address', '127.0.0.3', '--https-port', await freePort(), '--start-port', await freePort()];
  assert.match((await succeed(command, [...args, '--background', ...earlier].map(String), { env })).stdout, /http:\/\/127\.0\.0\.3:/);
  await succeed(command, ['--stop', '--dir', dir]);
  const stack = await deployLan(t, { folder, ports });
  assert.equal((await ask(stack.ready.start)).status, 200);
  assert.doesNotMatch((await succeed(command, [...args, '--background', '--lan'].map(String), { env })).stdout, /127\.0\.0\.3/);
  assert.deepEqual(await stack.running.stop(), { code: 0, signal: null });
});

test('a second run has the same authority; an address outside its limits asks for another, and that is said', async (t) => {
  const first = await deployLan(t);
  await first.running.stop();
  const again = await deployLan(t, { folder: first.folder, args: ['--fresh'] });
  assert.equal(again.authority, first.authority);
  assert.doesNotMatch(again.running.stdout, /take it in again/);
  await again.running.stop();
  const moved = await deployLan(t, { folder: first.folder, address: '127.0.0.3' });
  assert.notEqual(moved.authority, first.authority);
  assert.equal((await ask(moved.ready.https, { ca: moved.authority })).status, 200);
  await eventually(() => /--lan --background/.test(moved.running.stdout), 'the last line');
  assert.match(moved.running.stdout, /phones must take it in again/);
});

test('within its limits an authority follows the machine from network to network, and vouches for nobody else', async (t) => {
  const folder = temporaryFolder(t);
  const dir = join(folder, 'lan');
  const certify = async (...args) => (await succeed(join(root, 'deploy/lan-certificate'), [dir, ...args])).stdout;
  const files = () => Object.fromEntries(['ca.crt', 'site.crt', 'site.key'].map((name) => [name, readFileSync(join(dir, name), 'utf8')]));
  assert.equal(await certify('192.168.1.20', 'balie'), '');
  const first = files();
  assert.equal(await certify('192.168.1.20', 'balie'), '');
  assert.deepEqual(files(), first);
  for (const place of [['10.3.2.1', 'balie'], ['172.31.0.9', 'balie'], ['172.31.0.9', 'loket']]) {
    const before = files();
    assert.equal(await certify(...place), '', place.join());
    const { 'ca.crt': ca, 'site.crt': site } = files();
    assert.equal(ca, first['ca.crt']);
    assert.notEqual(site, before['site.crt']);
    assert.equal(new X509Certificate(site).subjectAltName, `IP Address:${place[0]}, DNS:${place[1]}.local`);
  }
  const openssl = (args) => run('openssl', args, { cwd: dir });
  for (const [name, fits] of [['IP:192.168.9.9', true], ['DNS:example.org', false], ['DNS:localhost', false], ['IP:203.0.113.5', false], ['IP:::1', false]]) {
    writeFileSync(join(dir, 'form'), `subjectAltName = ${name}\n`);
    await openssl(['req', '-new', '-key', 'site.key', '-subj', '/CN=turf', '-out', 'request']);
    assert.equal((await openssl(['x509', '-req', '-in', 'request', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-extfile', 'form', '-out', 'other.crt'])).code, 0);
    assert.equal((await openssl(['verify', '-CAfile', 'ca.crt', 'other.crt'])).code === 0, fits, name);
  }
});

// A machine with these addresses; `from`: the one from which it goes out.
async function choose(t, addresses, from, wanted = '') {
  const bin = temporaryFolder(t);
  const shown = addresses.map((one, i) => `${i + 2}: eth${i}    inet ${one}/24 brd 192.168.1.255 scope global eth${i}`);
  const route = from ? `1.1.1.1 via 192.168.1.1 dev eth0 src ${from} uid 0` : '';
  writeFileSync(join(bin, 'ip'), `#!/bin/sh\ncase "$*" in *address*) printf '%s\\n' '${shown.join("' '")}' ;; *) echo '${route}' ;; esac\n`);
  chmodSync(join(bin, 'ip'), 0o755);
  const script = `fail() { echo "$*"; exit 1; }; lan_address=${wanted}; . deploy/lan.sh; choose_lan_address; echo "$lan_address"`;
  const { stdout } = await run('bash', ['-c', script], { env: { PATH: `${bin}:${process.env.PATH}` } });
  return stdout.trim();
}

test('which address is taken, and what is said when there is none or no telling', async (t) => {
  assert.equal(await choose(t, ['192.168.1.20', '172.17.0.1'], '192.168.1.20'), '192.168.1.20');
  assert.equal(await choose(t, ['192.168.1.20'], ''), '192.168.1.20');
  assert.match(await choose(t, [], ''), /no IPv4 address on a local network/);
  assert.match(await choose(t, ['192.168.1.20', '10.0.0.2'], ''), /more than one address: 192\.168\.1\.20, 10\.0\.0\.2; choose with --lan-address/);
  assert.match(await choose(t, ['192.168.1.20'], '192.168.1.20', '192.168.1.99'), /192\.168\.1\.99 is not an address of this machine; it has 192\.168\.1\.20\./);
});

// The authority's name holds the machine's, and has 64 characters at most.
test('a machine may have the longest name there is', async (t) => {
  for (const [length, name] of [[48, 'a'.repeat(48)], [49, 'turf'], [63, 'turf']]) {
    const { stdout: host } = await run('bash', ['-c', '. deploy/lan.sh; lan_host'], { env: { HOSTNAME: 'a'.repeat(length) } });
    assert.equal(host, name);
    const folder = temporaryFolder(t);
    await succeed(join(root, 'deploy/lan-certificate'), [folder, address, host]);
    assert.match(new X509Certificate(readFileSync(join(folder, 'ca.crt'))).subject, new RegExp(`^CN=Turf op ${name} \\(proef\\)$`));
  }
});

test('a taken port and an address of another machine end in one sentence', async (t) => {
  const dir = join(temporaryFolder(t), 'run');
  const ports = [await freePort(), await freePort()];
  const free = await freePort();
  const taken = await takenPort(t, address);
  for (const [option, args] of [['--https-port', [taken, free]], ['--start-port', [free, taken]]]) {
    const said = await refused(dir, ports, ['--lan-address', address, '--https-port', args[0], '--start-port', args[1]]);
    assert.match(said, new RegExp(`port ${taken} is taken.*${option}`));
  }
  assert.match(await refused(dir, ports, ['--lan-address', '192.0.2.255']), /192\.0\.2\.255 is not an address of this machine/);
});

test('wrong usage of --lan has exit status 2', async () => {
  for (const args of [['--lan-address'], ['--lan-address', 'here'], ['--lan-address', '0.0.0.0'], ['--lan', '--https-port', '0'],
    ['--lan', '--start-port', '18443'], ['--lan', '--https-port', '18830']]) {
    const { code, stderr } = await run(command, args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, /^deploy\/run: .*\n$/);
  }
});
