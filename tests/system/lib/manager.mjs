// SPDX-License-Identifier: EUPL-1.2
// The service manager's side of sd_notify(3): a socket that writes down what a daemon says of itself. Node has no datagram
// sockets in the file system, so perl listens.
import { join } from 'node:path';

import { atEnd } from './cleanup.mjs';
import { temporaryFolder } from './paths.mjs';
import { Running, eventually } from './processes.mjs';

const listen = `
  socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) || die $!;
  bind($socket, sockaddr_un($ARGV[0])) || die $!;
  $| = 1;
  my $message = 'listening';
  do { print "$message\\n" } while defined recv($socket, $message, 4096, 0);
`;

export class Manager {
  static async start(t) {
    const manager = new Manager();
    manager.socket = join(temporaryFolder(t, 'turf-notify'), 'socket');
    manager.perl = new Running('perl', ['-MSocket', '-e', listen, manager.socket]);
    atEnd(t, () => manager.perl.kill('SIGKILL'));
    await eventually(() => manager.perl.stdout.includes('listening'), 'the notification socket');
    return manager;
  }

  // What a daemon gets to know of this manager. watchdogMs: it has to report within this time.
  environment({ watchdogMs } = {}) {
    return { NOTIFY_SOCKET: this.socket, ...(watchdogMs && { WATCHDOG_USEC: String(watchdogMs * 1000) }) };
  }

  // How often the daemon has said this so far.
  timesReceived(message) {
    return this.perl.stdout.split('\n').filter((line) => line === message).length;
  }
}
