// SPDX-License-Identifier: EUPL-1.2
import '../core/tokens.css';
import { Outbox } from '../core/outbox.js';
import { Connection } from '../core/connection.js';
import { decodeCatalogue } from '../core/messages.js';
console.log(Outbox, Connection, decodeCatalogue);
