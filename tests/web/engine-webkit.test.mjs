// SPDX-License-Identifier: EUPL-1.2
// The main paths of both pages in WebKitGTK, Safari's engine.
import { WebKit } from './lib/engines/webkit.mjs';
import { mainPaths } from './lib/engines/main-paths.mjs';

mainPaths(WebKit);
