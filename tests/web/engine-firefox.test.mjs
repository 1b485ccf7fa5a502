// SPDX-License-Identifier: EUPL-1.2
// The main paths of both pages in Firefox.
import { Firefox } from './lib/engines/firefox.mjs';
import { mainPaths } from './lib/engines/main-paths.mjs';

mainPaths(Firefox);
