# stoa: `make serve` shows it, `make test` proves it; `make help` lists the rest.
#
#   BUILD=dir    where everything built goes; each variant (asan, tsan, ...) has a folder of its own
#   CFLAGS=...   optimisation and debugging; EXTRA=... comes after all other flags
#   T=name       only the tests of that name:  make unit T=str    make e2e T=files
#   SERVE=...    options for the server:       make serve SERVE='--lan -l :9000'
#   V=1          show the commands

BUILD   ?= build
PREFIX  ?= /usr/local
VERSION := $(shell sed -n 's/^\#define STOA_VERSION "\(.*\)"/\1/p' include/stoa.h)
SONAME  := libstoa.so.0
ifeq ($(origin CC),default)
CC      := gcc
endif

# What the distribution provides, by package; tools/need installs what is missing.
BUILD_PACKAGES := gcc libc6-dev liburing-dev
TEST_PACKAGES  := $(BUILD_PACKAGES) libcmocka-dev python3 curl wget iproute2 nftables procps nginx
CLANG_PACKAGES := $(BUILD_PACKAGES) libcmocka-dev clang libclang-rt-dev
BENCH_PACKAGES := $(BUILD_PACKAGES) python3 nginx wrk strace

WARN       := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wframe-larger-than=2048 \
              -Werror=implicit-function-declaration
CFLAGS     ?= -O2 -g
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -Iinclude -Isrc $(WARN) -fstack-clash-protection \
              -fvisibility=hidden -fno-omit-frame-pointer -pthread $(CFLAGS) $(EXTRA)
LDLIBS     := -luring -pthread

# The command and the shared library are optimised as one, by a gcc (LTO= builds them without): its
# requests take a twentieth less (docs/performance.md). All objects can be linked without it, too. How
# large a frame may be is watched where tasks run, in the library: the command has the main stack.
LTO     ?= $(if $(findstring gcc,$(CC)),-flto=auto)
OF_LTO  := $(if $(LTO),$(LTO) -ffat-lto-objects)
NOT_LTO := $(if $(LTO),-fno-lto)

# A make within make: as many jobs as there are CPUs, unless the caller chose a number.
submake = $(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# What a recipe shows: one short line, or with V=1 the whole command.
run = $(if $(V),,@$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,printf '  %s  %s\n' $(1) $@; ))

# A comma inside the arguments of a call.
, := ,

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

# ---- the library and the command ----

# The library's folders, lowest first: a file includes only its own folder and lower ones.
FLOORS   := base stage wire task io core probe net http app
LIB_SRC  := $(wildcard $(FLOORS:%=src/%/*.c) $(FLOORS:%=src/%/*.S))
LIB_OBJ  := $(LIB_SRC:%=$(BUILD)/obj/%.o)
PIC_OBJ  := $(LIB_SRC:%=$(BUILD)/pic/%.o)
TOOL_OBJ := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard src/tool/*.c src/tool/*/*.c))
LIBS     := $(BUILD)/libstoa.a $(BUILD)/libstoa.so

all: $(BUILD)/stoa $(LIBS)  ## build the command and the libraries

$(BUILD)/libstoa.a: $(LIB_OBJ) $(BUILD)/sources
	$(call run,AR)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/libstoa.so.$(VERSION): $(PIC_OBJ) $(BUILD)/sources
	$(call run,LD)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs $(ALL_CFLAGS) $(LTO) -o $@ $(PIC_OBJ) $(LDLIBS)

$(BUILD)/libstoa.so: $(BUILD)/libstoa.so.$(VERSION)
	@ln -sf $(<F) $(BUILD)/$(SONAME)
	@ln -sf $(<F) $@

$(BUILD)/stoa: $(TOOL_OBJ) $(BUILD)/libstoa.a
	$(call run,LD)$(CC) $(ALL_CFLAGS) $(LTO) -Wno-frame-larger-than -o $@ $^ $(LDLIBS)

$(BUILD)/obj/%.o: % $(BUILD)/flags
	@mkdir -p $(@D)
	$(call run,CC)$(CC) $(ALL_CFLAGS) $(if $(filter src/%,$<),$(OF_LTO)) $(if $(filter tests/%,$<),-Itests) -MMD -MP -c -o $@ $<

$(BUILD)/pic/%.o: % $(BUILD)/flags
	@mkdir -p $(@D)
	$(call run,CC)$(CC) $(ALL_CFLAGS) $(OF_LTO) -MMD -MP -fPIC -c -o $@ $<

# The page is taken in by the assembler, of which -MMD knows nothing.
$(BUILD)/obj/src/app/live.S.o $(BUILD)/pic/src/app/live.S.o: src/app/live.html

# These files change only when their text does: other flags, or another list of sources.
$(BUILD)/flags: text = $(CC) $(filter-out -Werror,$(ALL_CFLAGS)) $(LTO)
$(BUILD)/sources: text = $(LIB_SRC)
$(BUILD)/flags $(BUILD)/sources: always
	@mkdir -p $(@D)
	@echo '$(text)' | cmp -s - $@ || echo '$(text)' > $@

-include $(shell find $(BUILD)/obj $(BUILD)/pic -name '*.d' 2>/dev/null)

SERVE ?= --list
serve:  ## install what is missing, build, serve examples/site until Ctrl-C
	@tools/need $(BUILD_PACKAGES)
	@$(submake) $(BUILD)/stoa
	@$(BUILD)/stoa serve $(SERVE) examples/site

# ---- programs: tests, examples, benchmarks (docs/testing.md) ----

named    = $(wildcard $(1)/$(or $(T),*).$(2))
program  = $(patsubst tests/%.c,$(BUILD)/test/%,$(call named,$(1),c))
UNIT     := $(call program,tests/unit)
FAULT    := $(call program,tests/fault)
FUZZ     := $(call program,tests/fuzz)
SIM      := $(if $(wildcard tests/sim/*.c),$(BUILD)/test/sim)
EXAMPLES := $(patsubst %.c,$(BUILD)/%,$(wildcard examples/*.c))
BENCH    := $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*.c))
E2E      := $(shell find tests/e2e tests/net -maxdepth 1 -name '$(or $(T),*).*' -perm -u+x 2>/dev/null | sort)
BROWSER  := $(shell find tests/browser -name '$(or $(T),*).mjs' -perm -u+x 2>/dev/null | sort)
OF_TOOLS := $(call named,tests/tools,sh)
# For unit, fault, fuzz and sim programs: an archive, so that each links only what it uses (some put
# something else in the place of a folder of src/). The command's own files are in it, too.
SUPPORT_OBJ := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard tests/support/*.c)) \
               $(filter-out %/main.c.o,$(TOOL_OBJ))
SUPPORT     := $(if $(SUPPORT_OBJ),$(BUILD)/test/support.a)

$(BUILD)/test/support.a: $(SUPPORT_OBJ)
	@mkdir -p $(@D)
	$(call run,AR)rm -f $@ && $(AR) rcs $@ $^

$(UNIT) $(FAULT) $(FUZZ): $(BUILD)/test/%: $(BUILD)/obj/tests/%.c.o $(SUPPORT) $(BUILD)/libstoa.a
	@mkdir -p $(@D)
	$(call run,LD)$(CC) $(ALL_CFLAGS) $(NOT_LTO) -o $@ $^ $(if $(filter $@,$(FUZZ)),-fsanitize=fuzzer) -lcmocka $(LDLIBS)

$(SIM): $(patsubst %,$(BUILD)/obj/%.o,$(wildcard tests/sim/*.c)) $(SUPPORT) $(BUILD)/libstoa.a
	@mkdir -p $(@D)
	$(call run,LD)$(CC) $(ALL_CFLAGS) $(NOT_LTO) -o $@ $^ $(LDLIBS)

$(EXAMPLES) $(BENCH): $(BUILD)/%: $(BUILD)/obj/%.c.o $(BUILD)/libstoa.a
	@mkdir -p $(@D)
	$(call run,LD)$(CC) $(ALL_CFLAGS) $(NOT_LTO) -o $@ $^ $(LDLIBS)

# ---- running them ----

# SEEDS: how many the simulator runs; SEED: the one to replay. WRAP: a command to run each under.
SEEDS ?= 2000
RUN    = STOA=$(abspath $(BUILD)/stoa) BUILD=$(abspath $(BUILD)) $(UNSHUFFLED) \
         tools/run-tests $(if $(WRAP),'--wrap=$(WRAP)')
INNER  = $(SIM:%='% --seeds $(SEEDS)') $(UNIT) $(FAULT)

test:  ## install what is missing, build, pass every test
	@tools/need $(TEST_PACKAGES)
	@$(submake) tests all
	@$(RUN) $(INNER) $(E2E) $(OF_TOOLS)

unit: $(UNIT)  ## the unit tests
	@$(RUN) $^

fault: $(FAULT)  ## the tests that make each operation fail in turn
	@$(RUN) $^

sim: $(SIM)  ## the simulator: SEEDS=n of them, or SEED=n to replay one
	$(SIM) $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

e2e: $(BUILD)/stoa $(EXAMPLES)  ## real clients against the command
	@$(RUN) $(E2E)

# node and its package manager come from wherever they are; a Debian without them gets Debian's.
BROWSER_PACKAGES := chromium python3 $(if $(shell command -v node),,nodejs) $(if $(shell command -v npm),,npm)
PLAYWRIGHT       := $(BUILD)/browser/node_modules/playwright-core

browser:  ## the live page in headless Chromium, after installing what is missing
	@tools/need $(BROWSER_PACKAGES)
	@$(submake) $(BUILD)/stoa $(PLAYWRIGHT)
	@$(RUN) -j 1 -t 600 $(BROWSER)

$(PLAYWRIGHT):
	@mkdir -p $(BUILD)/browser
	@npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix $(BUILD)/browser playwright-core@1.65.1

tests: $(UNIT) $(FAULT) $(SIM) $(EXAMPLES) $(if $(TOOL_OBJ),$(BUILD)/stoa)

examples: $(EXAMPLES)  ## build the examples

bench:  ## measure against nginx, in less than six minutes; QUICK=1 for a first look
	@tools/need $(BENCH_PACKAGES)
	@$(submake) $(BUILD)/stoa $(BENCH)
	@BUILD=$(BUILD) bench/run $(if $(QUICK),--quick)

# ---- the same under other eyes: each in a folder of its own ----

SANITIZE := -fno-sanitize-recover=all -Wno-frame-larger-than
watched  = $(submake) BUILD=build/$(1) CFLAGS='-O1 -g' EXTRA='$(2)' LTO= UNSHUFFLED='$(unshuffled)'
# The sanitizers' fixed addresses want an address space that is not shuffled.
unshuffled = $(shell setarch -R true 2>/dev/null && echo setarch -R)

asan:  ## all of `make test` under AddressSanitizer and UBSan
	@tools/need $(TEST_PACKAGES)
	@$(call watched,asan,-fsanitize=address$(,)undefined $(SANITIZE)) watch SEEDS=200

tsan:  ## all of `make test` under ThreadSanitizer
	@tools/need $(TEST_PACKAGES)
	@$(call watched,tsan,-fsanitize=thread $(SANITIZE)) watch SEEDS=100

watch: tests
	@$(RUN) $(INNER) $(E2E)

valgrind:  ## unit and fault tests, and a few seeds, under valgrind
	@tools/need $(TEST_PACKAGES) valgrind
	@$(call watched,valgrind) watch-memory SEEDS=10 \
	    WRAP='valgrind -q --error-exitcode=99 --leak-check=full'

watch-memory: $(UNIT) $(FAULT) $(SIM)
	@$(RUN) -t 600 $(INNER)

FUZZ_SECONDS ?= 60
fuzz:  ## each parser against libFuzzer for FUZZ_SECONDS
	@tools/need $(CLANG_PACKAGES) python3
	@$(call watched,fuzz,-fsanitize=fuzzer-no-link$(,)address$(,)undefined $(SANITIZE)) watch-fuzz CC=clang

# What is found new is kept in build/fuzz/corpus; tests/fuzz/corpus is the part that git keeps.
# (libFuzzer's own exit for a crash is 77.)
watch-fuzz: $(FUZZ)
	@for f in $(notdir $^); do mkdir -p $(BUILD)/corpus/$$f tests/fuzz/corpus/$$f; done
	@$(RUN) -t $$(($(FUZZ_SECONDS) * 2 + 60)) $(foreach f,$(notdir $^),'$(BUILD)/test/fuzz/$(f) \
	    -error_exitcode=1 -timeout=10 -artifact_prefix=$(BUILD)/$(f)- -verbosity=1 \
	    -max_total_time=$(FUZZ_SECONDS) $(BUILD)/corpus/$(f) tests/fuzz/corpus/$(f)')

coverage:  ## lines of src/wire and src/task that no unit or fault test reaches
	@tools/need $(TEST_PACKAGES)
	@find build/coverage -name '*.gcda' -delete 2>/dev/null || true
	@$(submake) BUILD=build/coverage LTO= CFLAGS='-O0 -g' EXTRA='--coverage -fprofile-update=atomic' watch-lines

watch-lines: $(UNIT) $(FAULT)
	@$(RUN) $^
	@tools/coverage $(BUILD) src/wire src/task

# ---- checks ----

SOURCES = $(shell find $(wildcard include src tests examples bench tools) -name '*.[ch]')
HEADERS = $(shell find include src -name '*.h')

format:  ## bring every file into shape
	@tools/need clang-format-14
	@clang-format-14 -i $(SOURCES)

check-format:  ## every file is in shape
	@tools/need clang-format-14
	@clang-format-14 --dry-run -Werror $(SOURCES)

check-layers:  ## includes go downwards; only the rooms meant for it talk to the kernel
	@tools/need python3
	@tools/check-layers

check-symbols: $(LIBS)  ## no writable globals; only STOA_API leaves the shared library
	@tools/check-symbols $(BUILD) $(VERSION)

check-gcc:  ## all of it builds with gcc without a warning
	@tools/need $(TEST_PACKAGES)
	@$(submake) CC=gcc BUILD=build/check-gcc EXTRA=-Werror compile check-headers

check-clang:  ## and with clang
	@tools/need $(CLANG_PACKAGES)
	@$(submake) CC=clang BUILD=build/check-clang EXTRA=-Werror compile check-headers

compile: tests $(LIBS) $(BENCH) $(patsubst %,$(BUILD)/obj/%.o,$(wildcard tests/fuzz/*.c))

check-headers:  ## each header stands by itself
	@for h in $(HEADERS); do $(CC) $(ALL_CFLAGS) -fsyntax-only -include $$h -x c /dev/null || exit 1; done

# ---- installing ----

LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
# One page is made from the catalogue of causes, so that it cannot say anything else.
CAUSES_MAN := $(if $(wildcard src/base/cause.c),$(BUILD)/man/stoa-causes.7)
MANUALS    := $(wildcard man/*.[1-9]) $(CAUSES_MAN)

$(BUILD)/man/stoa-causes.7: $(BUILD)/causes-man
	@mkdir -p $(@D)
	@$< > $@

$(BUILD)/causes-man: $(BUILD)/obj/tools/causes-man.c.o $(BUILD)/libstoa.a
	$(call run,LD)$(CC) $(ALL_CFLAGS) $(NOT_LTO) -o $@ $^ $(LDLIBS)

install: all $(CAUSES_MAN)  ## command, libraries, headers, manual pages, to DESTDIR and PREFIX
	install -Dm755 $(BUILD)/stoa $(DESTDIR)$(PREFIX)/bin/stoa
	install -Dm644 -t $(DESTDIR)$(INCLUDEDIR) include/stoa.h
	install -Dm644 -t $(DESTDIR)$(INCLUDEDIR)/stoa include/stoa/*.h
	install -Dm644 -t $(DESTDIR)$(LIBDIR) $(BUILD)/libstoa.a
	install -Dm755 -t $(DESTDIR)$(LIBDIR) $(BUILD)/libstoa.so.$(VERSION)
	ln -sf libstoa.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf libstoa.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libstoa.so
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	sed 's|@includedir@|$(INCLUDEDIR)|; s|@libdir@|$(LIBDIR)|; s|@version@|$(VERSION)|' \
	    tools/stoa.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/stoa.pc
	@for m in $(MANUALS); do install -Dm644 -t $(DESTDIR)$(MANDIR)/man$${m##*.} $$m || exit 1; done

uninstall:  ## remove what install put there
	rm -rf $(DESTDIR)$(PREFIX)/bin/stoa $(DESTDIR)$(INCLUDEDIR)/stoa.h $(DESTDIR)$(INCLUDEDIR)/stoa \
	    $(DESTDIR)$(LIBDIR)/libstoa.a $(DESTDIR)$(LIBDIR)/libstoa.so $(DESTDIR)$(LIBDIR)/$(SONAME) \
	    $(DESTDIR)$(LIBDIR)/libstoa.so.$(VERSION) $(DESTDIR)$(LIBDIR)/pkgconfig/stoa.pc
	@for m in $(MANUALS); do rm -f $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/}; done

clean:  ## remove everything built
	rm -rf build $(BUILD)

help:  ## this list
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*  ## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

.PHONY: all serve test unit fault sim e2e browser tests examples bench asan tsan watch valgrind watch-memory \
        fuzz watch-fuzz coverage watch-lines format check-format check-layers check-symbols check-gcc \
        check-clang compile check-headers install uninstall clean help always
