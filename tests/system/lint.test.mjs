// SPDX-License-Identifier: EUPL-1.2
// tests/lint finds what it looks for: in a small project with one mistake or more for each check, it names all of them.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';

import { root, temporaryFolder } from './lib/paths.mjs';
import { run, succeed } from './lib/processes.mjs';

const licence = '/* SPDX-License-Identifier: EUPL-1.2 */\n';
const including = (...headers) => licence + headers.map((header) => `#include ${header}\n`).join('');

// A project in which lint finds nothing.
const sound = {
  'base/error.h': licence,
  'proto/rules.c': including('<protobuf-c/protobuf-c.h>', '"base/error.h"'),
  'store/store.h': including('"proto/rules.h"', '"base/error.h"'),
  'base/lmdb/lmdb.c': including('<lmdb.h>'),
  'broker-client/cli/turf.c': including('"broker-client/libturf/turf.h"', '"proto/topic.h"', '"base/error.h"'),
  'aggregator/ctl/turfctl.c': including('"store/store.h"'),
  'aggregator/daemon/turfd.c': including('"store/store.h"', '"aggregator/config/config.h"'),
  'page.mjs': `${licence}export const page = 1;\n`,
  'start.mjs': `${licence}import { page } from './page.mjs';\nconsole.log(page);\n`,
  Makefile: '# SPDX-License-Identifier: EUPL-1.2\nall:\n',
  'tests/manuals.mjs': `${licence}const missing = [];\n`,
  'start.sh': `# ${licence}true\n`,
};

function write(folder, path, content) {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

// What lint says of a project with these files: for each check its result and the places that it names.
async function lint(t, files) {
  const folder = temporaryFolder(t, 'turf-lint');
  await succeed('git', ['init', '-q', folder]);
  for (const [path, content] of Object.entries(files)) write(folder, path, content);
  for (const path of ['.clang-format', 'tests/lint', 'tests/symbols.mjs', 'tests/unused.mjs']) copyFileSync(join(root, path), join(folder, path));
  const { stdout, code } = await run(join(folder, 'tests/lint'), [], { env: { BUILD: 'build' } });
  const checks = [...stdout.matchAll(/^((?: .*\n)*)(ok|not ok) - (.*)$/gm)];
  return { code, checks: Object.fromEntries(checks.map(([, places, result, name]) => [name, { result, places }])) };
}

// Compiles some files of base/, and then fails.
const failingMakefile = (...names) => `# SPDX-License-Identifier: EUPL-1.2
all:
	mkdir -p build/base
	for name in ${names.join(' ')}; do cc -c -o build/base/$$name.o base/$$name.c || exit; done
	@echo a mistake in base; false
`;

// For each check: a file, what is wrong in it, and the line by which lint names it.
const mistakes = {
  'folders include only what architecture allows': [
    ['store/fold.c', including('"aggregator/daemon/batch.h"'), /store\/fold\.c:2:#include "aggregator\/daemon\/batch\.h"/],
    ['aggregator/ctl/show.c', including('"aggregator/daemon/batch.h"'), /aggregator\/ctl\/show\.c:2:/],
    ['broker-client/mqtt/mqtt.c', including('"proto/topic.h"'), /broker-client\/mqtt\/mqtt\.c:2:/],
    ['broker-client/cli/watch.c', including('"broker-client/libturf/turf_impl.h"'), /broker-client\/cli\/watch\.c:2:#include "broker-client\/libturf\/turf_impl\.h"/],
    ['broker-client/cli/words.c', including('"proto/catalogue.h"'), /broker-client\/cli\/words\.c:2:/],
    ['aggregator/daemon/link.c', including('"link.h"'), /aggregator\/daemon\/link\.c:2:#include "link\.h"/],
    ['aggregator/mail/mail.c', licence, /aggregator\/mail: may_include in tests\/lint has no line for this folder/],
    ['aggregator/other.c', licence, /aggregator: may_include in tests\/lint has no line for this folder/],
  ],
  'everything builds': [['Makefile', failingMakefile('ping', 'pong', 'mail', 'mail_list', 'idle'), /a mistake in base/]],
  'no module includes itself through others, and no file uses itself through others': [
    ['proto/topic.h', including('"proto/wire.h"'), /include each other:\n +proto\/topic\n +proto\/wire\n/],
    ['proto/wire.c', including('"proto/topic.h"'), /include each other:/],
    ['base/ping.c', `${licence}void pong_back(void);\nvoid ping_on(void) { pong_back(); }\n`, /base\/ping\.c uses pong_back of base\/pong\.c, which uses base\/ping\.c in turn/],
    ['base/pong.c', `${licence}void ping_on(void);\nvoid pong_back(void) { ping_on(); }\n`, /base\/pong\.c uses ping_on of base\/ping\.c/],
  ],
  'every global name has a prefix of its file, and no other file has the name': [
    ['base/mail.c', `${licence}void mail_send(void) { }\nvoid send_mail(void) { }\n`, /^ +base\/mail\.c: send_mail has none of the prefixes of its file \(mail\)$/m],
    ['base/mail_list.c', `${licence}void mail_send(void) { }\n`, /base\/mail_list\.c: mail_send is also defined in base\/mail\.c/],
  ],
  'every global name of C and every export and package of JavaScript is used': [
    ['base/idle.c', `${licence}void idle_run(void) { }\n`, /base\/idle\.c: no other file uses idle_run/],
    ['idle.mjs', `${licence}export const idle = 1;\nexport { idle as busy };\n`, /idle\.mjs: nothing uses the export idle\n.*\n? *idle\.mjs: nothing uses the export busy/],
    ['package.json', '{ "devDependencies": { "left-pad": "1.0.0" } }\n', /package\.json: no module names the package left-pad/],
  ],
  "libraries' headers stay in their modules": [
    ['base/lmdb/lmdb.h', including('<lmdb.h>'), /base\/lmdb\/lmdb\.h:2:#include <lmdb\.h>/],
    ['broker-client/cli/tap.c', including('<MQTTAsync.h>'), /broker-client\/cli\/tap\.c:2:/],
    ['aggregator/ctl/export.c', including('<jansson.h>'), /aggregator\/ctl\/export\.c:2:/],
    ['store/moves.c', including('<uthash.h>'), /store\/moves\.c:2:/],
    ['proto/catalogue_match.c', including('<utf8proc.h>'), /proto\/catalogue_match\.c:2:/],
  ],
  'proto/ and store/ do no I/O that is not theirs': [
    ['proto/calendar.c', `${licence}long now = time(0);\n`, /proto\/calendar\.c:2:/],
    ['store/view.c', including('"base/log.h"'), /store\/view\.c:2:/],
  ],
  'no banned calls': [['base/copy.c', `${licence}void f(char *a) { strcpy(a, "a"); }\n`, /base\/copy\.c:2:/]],
  'every source file has its SPDX line': [['base/bare.c', 'int a;\n', /base\/bare\.c: no SPDX line on top/]],
  'LF, no trailing blanks, a newline at the end': [
    ['base/return.c', `${licence}int a;\r\n`, /base\/return\.c: carriage return/],
    ['base/blank.c', `${licence}int a; \n`, /base\/blank\.c:2:/],
    ['base/end.c', `${licence}int a;`, /base\/end\.c: the last line has no end/],
  ],
  'no file over 600 lines': [['base/long.c', licence + 'int a;\n'.repeat(600), /base\/long\.c: 601 lines/]],
  'C is formatted as clang-format does': [['base/space.c', `${licence}int  a;\n`, /base\/space\.c:2: clang-format would change this line/]],
  'no word to avoid': [
    ['base/word.c', `${licence}int a; /* the other world */\n`, /base\/word\.c:2:.*glossary/],
    ['word.mjs', `${licence}let tell_story;\n`, /word\.mjs:2:.*glossary/],
  ],
  'nothing is left for later': [['base/later.c', `${licence}/* ${'TO'}${'DO'} */\n`, /base\/later\.c:2:/]],
  'scripts parse and are executable': [
    ['start', `#!/usr/bin/env bash\n# ${licence}`, /start: has a #! line and is not executable/],
    ['stop.sh', `# ${licence}if\n`, /stop\.sh: line \d+: syntax error/],
    ['other.mjs', `${licence}const = 1;\n`, /other\.mjs:2/],
  ],
  'every command, option, setting and function has its place in the manual pages, and mandoc warns of nothing': [
    ['tests/manuals.mjs', `${licence}console.log('turf.1: a command is missing');\n`, /turf\.1: a command is missing/],
  ],
};

test('lint finds nothing in a project without a mistake', async (t) => {
  const { checks, code } = await lint(t, sound);
  assert.deepEqual(Object.keys(checks).sort(), Object.keys(mistakes).sort(), 'each check has its mistakes here');
  for (const [name, { result, places }] of Object.entries(checks)) assert.equal(result, 'ok', `${name}\n${places}`);
  assert.equal(code, 0);
});

test('lint names each mistake and fails', async (t) => {
  const planted = Object.values(mistakes).flatMap((files) => files.map(([path, content]) => [path, content]));
  const { checks, code } = await lint(t, { ...sound, ...Object.fromEntries(planted) });
  const { stdout: version } = await run('clang-format', ['--version']);
  for (const [name, files] of Object.entries(mistakes)) {
    if (name.startsWith('C is formatted') && !version.includes('version 14.')) continue; // tests/lint says why
    assert.equal(checks[name]?.result, 'not ok', name);
    for (const [, , message] of files) assert.match(checks[name].places, message);
  }
  assert.equal(code, 1);
});
