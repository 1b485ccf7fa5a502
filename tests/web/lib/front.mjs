// SPDX-License-Identifier: EUPL-1.2
// What may stand between a phone and the pages' server, and answer in its place. Modes:
//   pass    everything goes to the server
//   portal  every address answers 200 with a page of the network's own, as before somebody agreed to its rules
//   login   whoever has no session is sent to a sign-on at another address, which brings them back with one
// With front.turfdoor, the port of a turfdoor, it passes that one's requests on to it, as deploy/door.conf does.
import http from 'node:http';
import net from 'node:net';

import { atEnd } from '../../system/lib/cleanup.mjs';

const PORTAL = '<!doctype html><title>Gastnetwerk</title><p id="portal">Welkom op het gastnetwerk</p>';

const listening = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));

export class Front {
  // front.url is the worker's page behind it, front.leaderUrl the leader's.
  static async start(t, site) {
    const front = new Front();
    front.mode = 'pass';
    front.answered = []; // paths that it answered in the server's place
    front.site = site;
    front.server = http.createServer((request, response) => front.#answer(request, response));
    front.server.on('upgrade', (request, socket) => front.#upgrade(request, socket));
    front.signOn = http.createServer((request, response) => front.#signIn(request, response));
    front.port = await listening(front.server);
    front.signOnPort = await listening(front.signOn);
    front.url = `http://127.0.0.1:${front.port}/`;
    front.leaderUrl = `${front.url}leader.html#oost/nu`;
    atEnd(t, () => {
      for (const server of [front.server, front.signOn]) {
        server.closeAllConnections();
        server.close();
      }
    });
    return front;
  }

  // Makes all earlier sessions invalid.
  endSessions() {
    this.session = `${Math.random()}`;
    this.mode = 'login';
  }

  #mayPass({ headers }) {
    return this.mode === 'pass' || (this.mode === 'login' && headers.cookie?.includes(`session=${this.session}`));
  }

  #answer(request, response) {
    if (this.#mayPass(request)) {
      this.#pass(request, response);
      return;
    }
    this.answered.push(request.url);
    if (this.mode === 'portal') response.writeHead(200, { 'Content-Type': 'text/html' }).end(PORTAL);
    else response.writeHead(302, { Location: `http://127.0.0.1:${this.signOnPort}/?back=${encodeURIComponent(request.url)}` }).end();
  }

  // The sign-on page: signs the worker in at once, and sends them back.
  #signIn(request, response) {
    const back = new URL(request.url, this.url).searchParams.get('back');
    response.writeHead(302, { 'Set-Cookie': `session=${this.session}; Path=/`, Location: new URL(back, this.url).href }).end();
  }

  #headers({ headers }) {
    return { ...headers, host: `127.0.0.1:${this.site.port}`, ...(headers.origin && { origin: this.site.origin }) };
  }

  #pass(request, response) {
    const forTurfdoor = this.turfdoor && /^\/(door|\.well-known)\//.test(request.url);
    const port = forTurfdoor ? this.turfdoor : this.site.port;
    const asking = http.request({ host: '127.0.0.1', port, method: request.method, path: request.url, headers: this.#headers(request) }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    asking.on('error', () => response.destroy());
    request.pipe(asking);
  }

  #upgrade(request, socket) {
    socket.on('error', () => {});
    if (!this.#mayPass(request)) {
      socket.end('HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n');
      return;
    }
    const server = net.connect(this.site.port, '127.0.0.1', () => {
      const headers = Object.entries(this.#headers(request)).map(([name, value]) => `${name}: ${value}\r\n`);
      server.write(`GET ${request.url} HTTP/1.1\r\n${headers.join('')}\r\n`);
      socket.pipe(server).pipe(socket);
    });
    server.on('error', () => socket.destroy());
    this.sockets = [...(this.sockets ?? []), socket];
  }

  // Cuts all connections.
  cut() {
    for (const socket of this.sockets ?? []) socket.destroy();
    this.sockets = [];
  }
}
