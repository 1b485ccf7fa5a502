// SPDX-License-Identifier: EUPL-1.2
// The main paths of both pages, and those of a closed door, in Firefox.
import { doorPaths } from './lib/engines/door-paths.mjs';
import { Firefox } from './lib/engines/firefox.mjs';
import { mainPaths } from './lib/engines/main-paths.mjs';

mainPaths(Firefox);
doorPaths(Firefox);
