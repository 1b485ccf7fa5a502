// SPDX-License-Identifier: EUPL-1.2
// The main paths of both pages, and those of a closed door, in WebKitGTK, Safari's engine.
import { doorPaths } from './lib/engines/door-paths.mjs';
import { WebKit } from './lib/engines/webkit.mjs';
import { mainPaths } from './lib/engines/main-paths.mjs';

mainPaths(WebKit);
doorPaths(WebKit);
