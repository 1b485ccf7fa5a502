# SPDX-License-Identifier: EUPL-1.2
# turf. `make help` lists the targets. Everything that is made goes to $(BUILD).

VERSION := 0.1.0

# ---- Knobs: give them on the command line -----------------------------------------------------
BUILD   ?= build
CC      ?= cc
CLANG   ?= clang
CFLAGS  ?= -O2 -g
LDFLAGS ?=
PREFIX  ?= /usr/local
DESTDIR ?=
MANDIR  ?= $(PREFIX)/share/man
# WERROR=1: warnings are errors (CI). SANITIZE=address,undefined or thread: instrument everything.
WERROR   ?=
SANITIZE ?=
# The manual pages contain the help that the programs print. When $(BUILD) is for another machine, HELP_FROM names a
# build whose programs run on this one.
HELP_FROM ?= $(BUILD)
# STEPS=1: programs that can be killed at each named step (base/step.h); for the crash campaign, never for use.
STEPS    ?=

PKG_CONFIG ?= pkg-config
PROTOC_C   ?= protoc-c
LDCONFIG   ?= ldconfig
OBJCOPY    ?= $(shell $(CC) -print-prog-name=objcopy)
# Debian's Paho has no pkg-config file. The last letters of a library's name: c for one thread that reads and writes
# (turfd), a for callbacks (libturf), s for TLS. turfd is linked with the archive if there is one, so that mqtt_paho.c
# can replace some of its functions. PAHO_SYNC=-lpaho-mqtt3cs links the shared library, which keeps its own functions.
paho_archive = $(filter /%,$(shell $(CC) -print-file-name=libpaho-mqtt3cs.a))
PAHO_SYNC  ?= $(if $(paho_archive),-u StackTrace_entry $(paho_archive) -lssl -lcrypto,-lpaho-mqtt3cs)
PAHO_ASYNC ?= -lpaho-mqtt3as

# ---- Flags -----------------------------------------------------------------------------------
warnings := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wformat=2 -Wundef $(if $(WERROR),-Werror)
hardening := -fstack-protector-strong -fPIC -fvisibility=hidden
fortify := $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
sanitizers := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
language := -std=c11 -D_GNU_SOURCE -DTURF_VERSION='"$(VERSION)"' $(if $(STEPS),-DTURF_STEPS) -I. -I$(BUILD)
cflags := $(language) $(warnings) $(hardening) $(fortify) $(sanitizers) $(CFLAGS)
linking := -Wl,-z,relro,-z,now,--as-needed
ldflags := $(linking) $(sanitizers) $(LDFLAGS)

# pkg-config is asked when something is linked, and only for what that links: a machine that builds the programs need not
# have the libraries of the tests, and `make help` needs none at all. So: `=` here, never `:=`.
pkg = $(shell $(PKG_CONFIG) --libs $(1))
libs_store = $(call pkg,lmdb)
libs_proto = $(call pkg,libprotobuf-c) $(call pkg,libutf8proc) $(call pkg,libcrypto) $(call pkg,jansson)
libs_daemon = $(PAHO_SYNC) $(call pkg,libconfig) $(call pkg,jansson) $(libs_store) $(libs_proto) -lpthread
libs_door = $(call pkg,lmdb) $(libs_proto) -lpthread
libs_phone = $(PAHO_ASYNC) $(call pkg,libcurl) $(call pkg,lmdb) $(call pkg,jansson) $(libs_proto) -lpthread

# ---- Sources: a folder is a link unit ------------------------------------------------------------
# The sources of FOLDER make one archive, $(BUILD)/FOLDER.a, and a program is a list of such archives. Where a folder holds
# a program's main, the linker takes it only for that program: whatever else is linked with the archive has its own main.
objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(addsuffix /*.c,$(1))))
units = $(patsubst %,$(BUILD)/%.a,$(1))

contract   := $(call units,proto base)
phone      := $(call units,broker-client/mqtt base/lmdb) $(contract)
door       := $(call units,door door/gate base/lmdb) $(contract)
aggregator := $(call units,aggregator/figures aggregator/config broker-client/mqtt store store/files base/lmdb) $(contract)

web     := broker-client/web
web_sources := $(shell find $(web)/src -type f) $(web)/build.mjs proto/turf.proto

programs  := $(BUILD)/turfd $(BUILD)/turfctl $(BUILD)/turf $(BUILD)/turfdoor
libraries := $(BUILD)/libturf.a $(BUILD)/libturf.so
plugins   := $(BUILD)/turf_door.so
manuals   := $(addprefix $(BUILD)/man/,$(notdir $(wildcard docs/man/*.[1-8])) turfd.conf.5)

# ---- Rules -------------------------------------------------------------------------------------
.DELETE_ON_ERROR:
.PHONY: all man unit fault check lint bench bench-packages install clean help

all: $(programs) $(libraries) $(plugins) $(manuals)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(cflags) -MMD -MP -c -o $@ $<

# Generated code is not ours to warn about.
$(BUILD)/proto/turf.pb-c.c $(BUILD)/proto/turf.pb-c.h &: proto/turf.proto
	@mkdir -p $(@D)
	$(PROTOC_C) --c_out=$(BUILD) $<

$(BUILD)/proto/turf.pb-c.o: $(BUILD)/proto/turf.pb-c.c
	$(CC) $(cflags) -w -c -o $@ $<

$(call objects,proto tests/unit/lib): | $(BUILD)/proto/turf.pb-c.h

$(BUILD)/base.a:                  $(call objects,base)
$(BUILD)/base/lmdb.a:             $(call objects,base/lmdb)
$(BUILD)/proto.a:                 $(call objects,proto) $(BUILD)/proto/turf.pb-c.o
$(BUILD)/door.a:                  $(call objects,door)
$(BUILD)/door/gate.a:             $(call objects,door/gate)
$(BUILD)/store.a:                 $(call objects,store)
$(BUILD)/store/admin.a:           $(call objects,store/admin)
$(BUILD)/store/files.a:           $(call objects,store/files)
$(BUILD)/broker-client/mqtt.a:    $(call objects,broker-client/mqtt)
$(BUILD)/broker-client/libturf.a: $(call objects,broker-client/libturf)
$(BUILD)/broker-client/cli.a:     $(call objects,broker-client/cli)
$(BUILD)/aggregator/config.a:     $(call objects,aggregator/config)
$(BUILD)/aggregator/figures.a:    $(call objects,aggregator/figures)
$(BUILD)/aggregator/daemon.a:     $(call objects,aggregator/daemon)
$(BUILD)/aggregator/ctl.a:        $(call objects,aggregator/ctl)
$(BUILD)/tests/unit/lib.a:        $(call objects,tests/unit/lib)
$(BUILD)/tests/fault/lib.a:       $(call objects,tests/fault/lib)
$(BUILD)/libturf.a:               $(BUILD)/libturf.o
$(BUILD)/%.a:
	@mkdir -p $(@D)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/turfd: $(call units,aggregator/daemon) $(aggregator)
	$(CC) $(ldflags) -o $@ $^ $(libs_daemon)

$(BUILD)/turfctl: $(call units,aggregator/ctl store/admin) $(aggregator)
	$(CC) $(ldflags) -o $@ $^ $(libs_daemon)

$(BUILD)/turfdoor: $(door)
	$(CC) $(ldflags) -o $@ $^ $(call pkg,libmicrohttpd) $(libs_door)

$(BUILD)/turf: $(call units,broker-client/cli broker-client/libturf) $(phone)
	$(CC) $(ldflags) -o $@ $^ $(libs_phone)

# The broker has the functions that a plugin calls. It is not instrumented, and cannot load a plugin that is; what the plugin is made
# of is instrumented in the unit tests.
# A folder with plain/ is that of a sanitized build, also where make is called without SANITIZE, as deploy/run does.
ifeq ($(SANITIZE)$(wildcard $(BUILD)/plain),)
$(BUILD)/turf_door.so: $(call objects,door/plugin) $(call units,door/gate base/lmdb) $(contract)
	$(CC) -shared $(ldflags) -o $@ $^ $(libs_door)
else
.PHONY: plain_plugin
plain_plugin:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/plain SANITIZE= $(BUILD)/plain/turf_door.so

$(BUILD)/turf_door.so: plain_plugin
	@cmp -s $(BUILD)/plain/turf_door.so $@ || cp $(BUILD)/plain/turf_door.so $@
endif

$(BUILD)/libturf.so: $(call objects,broker-client/libturf) $(phone)
	$(CC) -shared -Wl,-soname,libturf.so.0 $(ldflags) -o $@ $^ $(libs_phone)

# As in libturf.so, only what turf.h names can be seen.
$(BUILD)/libturf.o: $(call objects,broker-client/libturf) $(phone)
	$(CC) -r -nostdlib -o $@ $^
	$(OBJCOPY) --localize-hidden $@

# ---- Manual pages: docs/man/ with the options that the programs print; turfd.conf(5) from docs/configuration.md -------
man: $(manuals)

fill_in_version = sed 's|@VERSION@|$(VERSION)|'

$(BUILD)/man/turfd.conf.5: docs/man/turfd.conf.awk docs/configuration.md
	@mkdir -p $(@D)
	LC_ALL=C awk -f $^ | $(fill_in_version) > $@

$(BUILD)/man/%: docs/man/options.awk docs/man/% $(programs)
	@mkdir -p $(@D)
	LC_ALL=C awk -v programs=$(HELP_FROM) -f docs/man/options.awk docs/man/$* | $(fill_in_version) > $@

# ---- The pages: need node and npm, which the programs do not, so that `all` leaves them out ----------------
.PHONY: web
web: $(BUILD)/web/sw.js

$(BUILD)/web/sw.js: $(web_sources) $(web)/node_modules/.package-lock.json
	BUILD=$(BUILD) node $(web)/build.mjs

$(web)/node_modules/.package-lock.json tests/node_modules/.package-lock.json: %/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

# ---- Tests: tests/run runs everything ------------------------------------------------------------
# Tests of libturf and turf link the phone's side, all others the daemon's: the two Paho flavours never meet.
test_programs = $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(wildcard $(1)/*.c)))
daemon_tested := $(call units,aggregator/daemon aggregator/ctl store/admin) $(aggregator)
door_tested   := $(call units,broker-client/libturf) $(door)
phone_tested  := $(call units,broker-client/cli broker-client/libturf) $(phone)

unit_daemon := $(call test_programs,tests/unit)
unit_phone  := $(call test_programs,tests/unit/phone)
unit_door   := $(call test_programs,tests/unit/door)
unit: $(unit_daemon) $(unit_phone) $(unit_door)

$(unit_daemon): $(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(BUILD)/tests/unit/lib.a $(daemon_tested)
	$(CC) $(ldflags) -o $@ $^ $(call pkg,cmocka) $(libs_daemon)

$(unit_phone): $(BUILD)/tests/%: $(BUILD)/tests/unit/phone/%.o $(BUILD)/tests/unit/lib.a $(phone_tested)
	$(CC) $(ldflags) -o $@ $^ $(call pkg,cmocka) $(libs_phone)

# The phone's half of a token is in libturf; of that these tests take what needs no Paho.
$(unit_door): $(BUILD)/tests/%: $(BUILD)/tests/unit/door/%.o $(BUILD)/tests/unit/lib.a $(door_tested)
	$(CC) $(ldflags) -o $@ $^ $(call pkg,cmocka) $(call pkg,jansson) $(libs_door)

# Tests that make calls fail: every call that a WRAP in tests/fault/lib names comes through there, those of the libraries
# too, which is why they are linked from their archives (libconfig, which does not survive a failed malloc, is not).
wrapped := $(shell sed -n 's/^WRAP.[^,]*, *\([A-Za-z0-9_]*\),.*/-Wl,--wrap=\1/p' tests/fault/lib/*.c)
libs_fault = -l:liblmdb.a -l:libjansson.a -l:libprotobuf-c.a -l:libutf8proc.a $(call pkg,libcrypto) $(call pkg,cmocka) -lpthread

fault_daemon := $(call test_programs,tests/fault)
fault_phone  := $(call test_programs,tests/fault/phone)
fault_door   := $(call test_programs,tests/fault/door)
fault: $(fault_daemon) $(fault_phone) $(fault_door)

$(fault_daemon): $(BUILD)/tests/%: $(BUILD)/tests/fault/%.o $(daemon_tested) $(BUILD)/tests/fault/lib.a $(BUILD)/tests/unit/lib.a
	$(CC) $(ldflags) $(wrapped) -o $@ -Wl,--start-group $^ $(libs_fault) -Wl,--end-group -lpaho-mqtt3cs $(call pkg,libconfig)

$(fault_phone): $(BUILD)/tests/%: $(BUILD)/tests/fault/phone/%.o $(phone_tested) $(BUILD)/tests/fault/lib.a
	$(CC) $(ldflags) $(wrapped) -o $@ -Wl,--start-group $^ $(libs_fault) -Wl,--end-group $(PAHO_ASYNC) $(call pkg,libcurl)

$(fault_door): $(BUILD)/tests/%: $(BUILD)/tests/fault/door/%.o $(door_tested) $(BUILD)/tests/unit/lib.a $(BUILD)/tests/fault/lib.a
	$(CC) $(ldflags) $(wrapped) -o $@ -Wl,--start-group $^ $(libs_fault) -Wl,--end-group

# Fuzz targets, with clang's libFuzzer and sanitizers: objects and programs of their own in $(BUILD)/fuzz/, whatever CC and
# SANITIZE are. tests/fuzz/run runs one.
fuzz_flags   := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
fuzz_cflags  := $(language) $(warnings) $(hardening) $(CFLAGS) $(fuzz_flags) -fsanitize=fuzzer-no-link
fuzz_ldflags := $(linking) $(LDFLAGS) $(fuzz_flags) -fsanitize=fuzzer
fuzz_objects  = $(patsubst $(BUILD)/%,$(BUILD)/fuzz/%,$(call objects,$(1)))
fuzz_programs = $(patsubst fuzz_%.c,$(BUILD)/fuzz/%,$(notdir $(wildcard $(1)/fuzz_*.c)))
fuzz_common  := tests/fuzz/lib broker-client/mqtt proto base/lmdb base
fuzz_daemon  := $(call fuzz_programs,tests/fuzz)
fuzz_phone   := $(call fuzz_programs,tests/fuzz/phone)

.PHONY: fuzz
fuzz: $(fuzz_daemon) $(fuzz_phone)

$(BUILD)/fuzz/%.o: %.c | $(BUILD)/proto/turf.pb-c.h
	@mkdir -p $(@D)
	$(CLANG) $(fuzz_cflags) -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/proto/turf.pb-c.o: $(BUILD)/proto/turf.pb-c.c
	@mkdir -p $(@D)
	$(CLANG) $(fuzz_cflags) -w -c -o $@ $<

$(BUILD)/fuzz/daemon.a: $(call fuzz_objects,tests/unit/lib aggregator/daemon aggregator/figures aggregator/config store store/admin store/files door door/gate $(fuzz_common)) \
		$(BUILD)/fuzz/proto/turf.pb-c.o
$(BUILD)/fuzz/phone.a: $(call fuzz_objects,broker-client/cli broker-client/libturf $(fuzz_common)) $(BUILD)/fuzz/proto/turf.pb-c.o

$(fuzz_daemon): $(BUILD)/fuzz/%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o $(BUILD)/fuzz/daemon.a
	$(CLANG) $(fuzz_ldflags) -o $@ $^ $(call pkg,cmocka) $(libs_daemon)

$(fuzz_phone): $(BUILD)/fuzz/%: $(BUILD)/fuzz/tests/fuzz/phone/fuzz_%.o $(BUILD)/fuzz/phone.a
	$(CLANG) $(fuzz_ldflags) -o $@ $^ $(libs_phone)

# ---- Bench: what docs/performance.md reports; ONLY=NAME runs one ----------------------------------
ONLY          ?=
BENCH_SCALE   ?= 1
BENCH_TRIALS  ?= 5
bench_programs := $(addprefix $(BUILD)/bench/,load watch latency store stages null null_async expert)
bench_common   := $(BUILD)/tests/bench/raw.o $(BUILD)/tests/bench/events.o

bench: $(programs) $(bench_programs) $(BUILD)/bench/turf_pb2.py $(BUILD)/bench/nodered/node_modules web tests/node_modules/.package-lock.json
	@BUILD=$(BUILD) ONLY=$(ONLY) BENCH_SCALE=$(BENCH_SCALE) BENCH_TRIALS=$(BENCH_TRIALS) node tests/bench/run.mjs

# Where turfd's processor time goes, by callgrind.
.PHONY: profile
profile: $(BUILD)/turfd $(BUILD)/turfctl $(addprefix $(BUILD)/bench/,load watch null) tests/node_modules/.package-lock.json
	@BUILD=$(BUILD) PHONES=$(PHONES) node tests/bench/profile.mjs

bench-packages:
	deploy/install-packages build run bench

$(call objects,tests/bench): | bench-packages $(BUILD)/proto/turf.pb-c.h

$(addprefix $(BUILD)/bench/,load watch latency null null_async expert): $(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(bench_common) $(contract)
	@mkdir -p $(@D)
	$(CC) $(ldflags) -o $@ $^ $(libs_proto) -lpthread $(bench_libs)
$(BUILD)/bench/null: bench_libs = $(PAHO_SYNC)
$(BUILD)/bench/null_async: bench_libs = $(PAHO_ASYNC)
$(BUILD)/bench/latency: $(BUILD)/tests/unit/lib/summary.o
$(BUILD)/bench/expert: bench_libs = $(call pkg,libmosquitto) $(call pkg,sqlite3)

$(addprefix $(BUILD)/bench/,store stages): $(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/tests/bench/folding.o $(bench_common) \
		$(call units,aggregator/daemon) $(aggregator)
	@mkdir -p $(@D)
	$(CC) $(ldflags) -o $@ $^ $(libs_daemon)

$(BUILD)/bench/turf_pb2.py: proto/turf.proto | bench-packages
	@mkdir -p $(@D)
	protoc --python_out=$(@D) --proto_path=proto $<

# sqlite3 is compiled here; where node's headers are installed, none are looked for elsewhere.
$(BUILD)/bench/nodered/node_modules: tests/bench/nodered/package.json | bench-packages
	@mkdir -p $(@D)
	cp $< $(@D)
	cd $(@D) && $(if $(wildcard /usr/include/node/common.gypi),npm_config_nodedir=/usr) npm install --no-audit --no-fund --no-package-lock
	touch $@

check:
	tests/run

lint:
	tests/lint

# ---- Install -----------------------------------------------------------------------------------
# Everything is for everybody to read, whatever the umask is: the service's user is not the one who installs. An absent
# parent folder gets its mode from the umask, the others from install.
share := $(DESTDIR)$(PREFIX)/share

.PHONY: install-web
install: all
	umask 022 && install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include $(share)/doc/turf
	install -m 755 $(programs) $(DESTDIR)$(PREFIX)/bin
	umask 022 && install -D -m 755 -t $(DESTDIR)$(PREFIX)/lib/turf $(plugins)
	install -m 644 $(BUILD)/libturf.a $(DESTDIR)$(PREFIX)/lib
	install -m 755 $(BUILD)/libturf.so $(DESTDIR)$(PREFIX)/lib/libturf.so.$(VERSION)
	ln -sf libturf.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libturf.so.0
	ln -sf libturf.so.0 $(DESTDIR)$(PREFIX)/lib/libturf.so
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@PAHO@|$(PAHO_ASYNC)|' broker-client/libturf/turf.pc.in \
		> $(DESTDIR)$(PREFIX)/lib/pkgconfig/turf.pc
	chmod 644 $(DESTDIR)$(PREFIX)/lib/pkgconfig/turf.pc
	install -m 644 broker-client/libturf/turf.h $(DESTDIR)$(PREFIX)/include
	install -m 644 docs/*.md $(share)/doc/turf
	umask 022 && for page in $(manuals); do \
		install -D -m 644 -t $(DESTDIR)$(MANDIR)/man$${page##*.} $$page || exit; done
	sed -n 's/^\.Nm \(turf_[a-z_]*\).*/\1/p' $(BUILD)/man/libturf.3 | sort -u | while read -r function; do \
		ln -sf libturf.3 $(DESTDIR)$(MANDIR)/man3/$$function.3; done
	$(if $(DESTDIR),,$(update_linker_cache))

# The cache of this machine's linker: not that of the machine for which a package is made, and only root may write it.
update_linker_cache = @[ "$$(id -u)" != 0 ] || PATH="$$PATH:/usr/sbin:/sbin" $(LDCONFIG)

# Assets of an earlier build stay: a page that is open still asks for them. sw.js is last, since with it the pages update.
install-web: web
	umask 022 && install -d $(share)/turf/web/assets
	install -m 644 $(BUILD)/web/assets/* $(share)/turf/web/assets
	find $(BUILD)/web -maxdepth 1 -type f ! -name sw.js -exec install -m 644 -t $(share)/turf/web {} +
	install -m 644 $(BUILD)/web/sw.js $(share)/turf/web

clean:
	rm -rf $(BUILD)

help:
	@echo 'make              build turfd, turfctl, turf, turfdoor and libturf in $(BUILD)/'
	@echo 'make web          build the pages in $(BUILD)/web/'
	@echo 'make check        run all tests (tests/run)'
	@echo 'make lint         check the module boundaries'
	@echo 'make fault        build the tests that make calls fail and cut the power in $(BUILD)/tests/ (docs/testing.md)'
	@echo 'make fuzz         build the fuzz targets in $(BUILD)/fuzz/ (docs/testing.md)'
	@echo 'make bench        measure (docs/performance.md); ONLY=NAME, BENCH_SCALE=0.1, BENCH_TRIALS=3'
	@echo 'make profile      where the processor time of a submission goes (docs/performance.md); PHONES=0'
	@echo 'make man          build the manual pages in $(BUILD)/man/'
	@echo 'make install      programs, libturf, the broker plugin, manual pages and documents to $$(DESTDIR)$$(PREFIX), now $(DESTDIR)$(PREFIX)'
	@echo 'make install-web  the pages to $$(DESTDIR)$$(PREFIX)/share/turf/web'
	@echo 'make clean        remove $(BUILD)/'
	@echo 'Knobs: BUILD CC CFLAGS LDFLAGS PREFIX DESTDIR MANDIR HELP_FROM WERROR=1 SANITIZE=address,undefined STEPS=1'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
