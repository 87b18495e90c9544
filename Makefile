# stoa: `make serve` shows it, `make test` proves it; `make help` lists the rest.

CC      ?= gcc
BUILD   ?= build
PREFIX  ?= /usr/local
VERSION := $(shell sed -n 's/^\#define STOA_VERSION "\(.*\)"/\1/p' include/stoa.h)

# What the distribution provides, by package.
BUILD_PACKAGES := gcc libc6-dev liburing-dev
TEST_PACKAGES  := libcmocka-dev curl python3 iproute2 procps

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wframe-larger-than=2048
CFLAGS  ?= -O2 -g
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -Iinclude -Isrc $(WARN) -fstack-clash-protection \
              -fvisibility=hidden -fno-omit-frame-pointer -pthread -MMD -MP $(CFLAGS) $(EXTRA)
LDLIBS  := -luring -pthread

# The library's folders, lowest first: a file may include only its own and those before it.
FLOORS  := base stage wire task io core net probe http app
LIB_SRC := $(wildcard $(FLOORS:%=src/%/*.c) $(FLOORS:%=src/%/*.S))
LIB_OBJ := $(LIB_SRC:%=$(BUILD)/obj/%.o)
PIC_OBJ := $(LIB_SRC:%=$(BUILD)/pic/%.o)
TOOL_OBJ := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard src/tool/*.c))

all: $(BUILD)/stoa $(BUILD)/libstoa.a $(BUILD)/libstoa.so

$(BUILD)/libstoa.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libstoa.so: $(PIC_OBJ)
	$(CC) -shared -Wl,-soname,libstoa.so.0 $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/stoa: $(TOOL_OBJ) $(BUILD)/libstoa.a
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/obj/%.o: %
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/pic/%.o: %
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -c -o $@ $<

# Unit tests: tests/unit/NAME.c becomes build/test/unit/NAME; `make unit` runs them all.
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/test/unit/%,$(wildcard tests/unit/*.c))

$(BUILD)/test/unit/%: $(BUILD)/obj/tests/unit/%.c.o $(BUILD)/libstoa.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

unit: $(UNIT)
	@for t in $(UNIT); do $$t || exit 1; done

.PHONY: all unit
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
