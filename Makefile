# rld, a user-space runtime dynamic linker.  `make help` lists the targets.
# Everything that is built lies under build/.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:

ifeq ($(origin CC),default)
CC = gcc
endif
HOSTCC ?= gcc
PREFIX ?= /usr/local
DESTDIR ?=

VERSION := $(or $(shell sed -n 's/^\#define RLD_VERSION[ \t]*"\(.*\)".*/\1/p' \
	rld/include/rld.h),0)

# ---------------------------------------------------------------------------
# Machines: for each its folder in arch/, its compiler and its own flags.

MACHINES := x86_64 aarch64 mips mipsel mipsn32 mipsn32el mips64 mips64el
HOST := $(shell uname -m)

DIR_x86_64 := x86_64
DIR_aarch64 := aarch64
DIR_mips := mips
DIR_mipsel := mips
DIR_mipsn32 := mips
DIR_mipsn32el := mips
DIR_mips64 := mips
DIR_mips64el := mips

CC_x86_64 := x86_64-linux-gnu-gcc
CC_aarch64 := aarch64-linux-gnu-gcc
CC_mips := mips-linux-gnu-gcc
CC_mipsel := mipsel-linux-gnu-gcc
CC_mipsn32 := mips64-linux-gnuabi64-gcc -mabi=n32
CC_mipsn32el := mips64el-linux-gnuabi64-gcc -mabi=n32
CC_mips64 := mips64-linux-gnuabi64-gcc
CC_mips64el := mips64el-linux-gnuabi64-gcc
# Not := : CC may come from the command line (make CC=clang).
CC_$(HOST) = $(CC)

# No vector registers: the lazy resolver runs between a caller and its callee.
ARCHFLAGS_x86_64 := -mgeneral-regs-only
# What runs once a start or once an object is to be small rather than quick: all
# that a small program's start touches of rld's file lies within 64 KiB then,
# which the kernel brings in at one page fault.  For gcc: the list of functions is
# of its making, and clang does not know the last flag.
ifeq (,$(findstring clang,$(shell $(CC_x86_64) --version 2>/dev/null)))
ARCHFLAGS_x86_64 += -falign-functions=1 -falign-loops=1 -falign-jumps=1
SMALL_x86_64 := $(addprefix rld/,search synth list start map room init options \
	etc debug marks vault msg entry delay statictls carrier guard iversion late \
	hostlibc) \
	$(addprefix elf/,dynamic head rldnote version)
endif
ARCHFLAGS_aarch64 := -mgeneral-regs-only -mbranch-protection=standard \
	-mno-outline-atomics

# Soft float, for the same reason, but fit for programs of either kind.
# There gcc makes no unwind tables unless it is told to: exceptions pass through
# callbacks that rld calls.
ARCHFLAGS_MIPS := -msoft-float -include arch/mips/nofloat.h \
	-fasynchronous-unwind-tables
ARCHFLAGS_mips := $(ARCHFLAGS_MIPS)
ARCHFLAGS_mipsel := $(ARCHFLAGS_MIPS)
ARCHFLAGS_mipsn32 := $(ARCHFLAGS_MIPS)
ARCHFLAGS_mipsn32el := $(ARCHFLAGS_MIPS)
ARCHFLAGS_mips64 := $(ARCHFLAGS_MIPS)
ARCHFLAGS_mips64el := $(ARCHFLAGS_MIPS)

HASH_x86_64 := gnu
HASH_aarch64 := gnu
HASH_mips := sysv
HASH_mipsel := sysv
HASH_mipsn32 := sysv
HASH_mipsn32el := sysv
HASH_mips64 := sysv
HASH_mips64el := sysv

, := ,
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wconversion -Werror
CFLAGS ?= -O2 -g
RLD_CFLAGS := -std=gnu11 -ffreestanding -fPIE -fvisibility=hidden \
	-fno-stack-protector -fno-common -fno-strict-aliasing \
	-ffunction-sections $(WARN)
# Not separate-code: two segments in place of four are fewer mappings and
# fewer pages to touch at each start.
RLD_LDFLAGS := -static-pie -nostdlib -Wl,--no-dynamic-linker -Wl,-e,_start \
	-Wl,-z,now,-z,noexecstack,-z,text -Wl,--export-dynamic \
	-Wl,-Bsymbolic -Wl,-z,noseparate-code -Wl,--build-id \
	-Wl,--eh-frame-hdr -Wl,--version-script=scripts/rld.map

INC = -I. -Irld/include -Iarch/$(DIR_$(1))
BUILT := $(foreach m,$(MACHINES),$(if $(wildcard arch/$(DIR_$(m))),\
	$(if $(shell command -v $(firstword $(CC_$(m)))),$(m))))

default: build/$(HOST)/rld tools ## build rld for this machine, and the host tools

all: $(BUILT:%=build/%/rld) $(BUILT:%=build/%/librld.so.1) tools ## build rld for every machine whose compiler is installed

# What a start runs lies together and first, its variables before large ones:
# each page that a start touches is paid for by every program.  By function
# where there is a linker script (rld/start.order), else by object.
START := mem map room etc debug guard start options search list hostlibc synth str \
	lookup bind rebind tls thread statictls init msg lock sys vault late lazy iversion apply marks

# $(1): machine
define machine
SRC_$(1) := $$(sort $$(wildcard rld/*.c elf/*.c arch/$(DIR_$(1))/*.c \
	arch/$(DIR_$(1))/*.S))
OBJ_$(1) := $$(patsubst %,build/$(1)/obj/%.o,$$(basename $$(SRC_$(1))))
ORDER_$(1) := $$(START:%=build/$(1)/obj/rld/%.o) \
	$$(filter-out build/$(1)/obj/rld/%,$$(OBJ_$(1)))
ORDER_$(1) += $$(filter-out $$(ORDER_$(1)),$$(OBJ_$(1)))

LDS_$(1) := $$(wildcard arch/$(DIR_$(1))/rld.lds)

build/$(1)/rld: $$(OBJ_$(1)) scripts/rld.map $$(LDS_$(1)) \
		$$(LDS_$(1):%=build/$(1)/order.lds)
	$$(CC_$(1)) $(CFLAGS) $(ARCHFLAGS_$(1)) $(RLD_LDFLAGS) \
		$$(or $$(LDS_$(1):%=-Wl$$(,)-T$$(,)% -Lbuild/$(1)), \
			-Wl$$(,)-z$$(,)relro) \
		-Wl,--hash-style=$(HASH_$(1)) \
		-o $$@ $$(ORDER_$(1))

build/$(1)/order.lds: rld/start.order
	@mkdir -p $$(@D)
	sed 's/.*/*(.text.& .text.&.*)/' $$< >$$@

build/$(1)/obj/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(CC_$(1)) $(RLD_CFLAGS) $(CFLAGS) $$(if $$(filter $$*,$(SMALL_$(1))),-Os) \
		$(ARCHFLAGS_$(1)) $(call INC,$(1)) -MMD -MP -c -o $$@ $$<

build/$(1)/obj/%.o: %.S Makefile
	@mkdir -p $$(@D)
	$$(CC_$(1)) -g $(ARCHFLAGS_$(1)) $(call INC,$(1)) -MMD -MP -c -o $$@ $$<

-include $$(OBJ_$(1):.o=.d)

build/$(1)/librld.so.1: librld/librld.c rld/include/rld.h Makefile
	@mkdir -p $$(@D)
	$$(CC_$(1)) -std=gnu11 $(WARN) $(CFLAGS) -Irld/include -fPIC \
		-fvisibility=hidden -shared -Wl,-soname,librld.so.1 \
		-Wl,-z,relro,-z,noexecstack -o $$@ $$<
	ln -sf librld.so.1 build/$(1)/librld.so
endef
$(foreach m,$(MACHINES),$(eval $(call machine,$(m))))

built: # the machines that `make all` builds for
	@echo $(BUILT)

clang: ## build rld for this machine with clang, in build/MACHINE-clang/
	$(MAKE) CC=clang build/$(HOST)-clang/rld

HOSTCLANG := $(HOST)-clang
DIR_$(HOSTCLANG) := $(DIR_$(HOST))
CC_$(HOSTCLANG) := clang
ARCHFLAGS_$(HOSTCLANG) := $(ARCHFLAGS_$(HOST))
HASH_$(HOSTCLANG) := $(HASH_$(HOST))
$(eval $(call machine,$(HOSTCLANG)))

# For tests/faults alone: rld with switches that let an allocation or a system
# call fail, in build/MACHINE-faults/.
define faults
DIR_$(1)-faults := $(DIR_$(1))
CC_$(1)-faults = $$(CC_$(1))
ARCHFLAGS_$(1)-faults := $(ARCHFLAGS_$(1)) -DRLD_FAULTS
HASH_$(1)-faults := $(HASH_$(1))
endef
$(foreach m,$(MACHINES),$(eval $(call faults,$(m))))
$(foreach m,$(MACHINES),$(eval $(call machine,$(m)-faults)))

# ---------------------------------------------------------------------------
# Host side: rld-mark and librld.so.1, ordinary hosted programs.

HOST_CFLAGS := -std=gnu11 -O2 -g $(WARN) -I. -Irld/include -Iarch/$(DIR_$(HOST))
MARK_SRC := $(sort $(wildcard elf/mark/*.c))
MARK_OBJ := $(patsubst %.c,build/host/%.o,$(MARK_SRC) $(wildcard elf/rldnote.c))

HAVE_LIBELF := $(if $(MARK_SRC),$(shell printf '\043include <libelf.h>\n' | \
	$(HOSTCC) -E - >/dev/null 2>&1 && echo yes))
TOOLS := $(if $(HAVE_LIBELF),build/rld-mark) build/$(HOST)/librld.so.1

tools: $(TOOLS) ## build rld-mark (where libelf is there) and librld.so.1

build/rld-mark: $(MARK_OBJ)
	$(HOSTCC) -o $@ $(MARK_OBJ) -lelf

build/host/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

-include $(MARK_OBJ:.o=.d)

# ---------------------------------------------------------------------------
# Unit tests: elf/ hosted, and what of arch/ is a reader, under the address and
# undefined-behaviour checkers.

UNIT_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -fno-strict-aliasing \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-I. -Irld/include -Iarch/$(DIR_$(HOST))
UNIT_ELF := $(patsubst %.c,build/unit/obj/%.o,$(sort $(wildcard elf/*.c)) \
	arch/mips/abiflags.c)
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BIN := $(patsubst tests/unit/%.c,build/unit/%,$(UNIT_SRC))

unit-build: $(UNIT_BIN)

unit: unit-build ## build and run the unit tests
	@scripts/run-unit $(UNIT_BIN)

build/unit/test_%: build/unit/obj/tests/unit/test_%.o $(UNIT_ELF)
	$(HOSTCC) -fsanitize=address,undefined -o $@ $^ -lcmocka

build/unit/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(HOSTCC) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<

.SECONDARY: $(patsubst tests/unit/%.c,build/unit/obj/tests/unit/%.o,$(UNIT_SRC)) $(UNIT_ELF)
-include $(patsubst %.c,build/unit/obj/%.d,$(UNIT_SRC)) $(UNIT_ELF:.o=.d)

# ---------------------------------------------------------------------------
# Fuzz targets: libFuzzer, so clang.  Each is one program from the same flags.

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZ_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -fno-strict-aliasing \
	-fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -I. -Irld/include -Iarch/$(DIR_$(HOST))
FUZZ_ELF := $(patsubst %.c,build/fuzz/obj/%.o,$(sort $(wildcard elf/*.c)))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(FUZZ_SRC))

fuzz-build: $(FUZZ_BIN)

fuzz: ## fuzz each reader of files for FUZZ_SECONDS (60), from the kept corpus
	@scripts/setup check
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run

build/fuzz/fuzz_%: build/fuzz/obj/tests/fuzz/fuzz_%.o $(FUZZ_ELF)
	$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^

# fuzz_check: all of rld in one object, of which one name can be seen and whose
# variables lie together.
FUZZ_RLD := $(patsubst %,build/fuzz/check/%.o,$(basename $(SRC_$(HOST))))

build/fuzz/fuzz_check: build/fuzz/obj/tests/fuzz/fuzz_check.o build/fuzz/check/rld.o
	$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^

build/fuzz/check/rld.o: $(FUZZ_RLD) tests/fuzz/check/rld.lds
	$(LD) -r -T tests/fuzz/check/rld.lds -o $@ $(FUZZ_RLD)
	objcopy --keep-global-symbol=rld_start $@

build/fuzz/check/%.o: %.c tests/fuzz/check/kernel.h Makefile
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -include tests/fuzz/check/kernel.h \
		$(if $(filter rld/str.c,$<),-ffreestanding) -MMD -MP -c -o $@ $<

build/fuzz/check/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(FUZZ_CC) -g $(call INC,$(HOST)) -MMD -MP -c -o $@ $<

build/fuzz/obj/tests/fuzz/fuzz_check.o: build/fuzz/check/libdep.so build/fuzz/check/libc.so.6

build/fuzz/check/lib%: tests/fuzz/check/dep.c tests/fuzz/check/dep.map Makefile
	@mkdir -p $(@D)
	$(HOSTCC) -O1 -w -s -shared -fPIC -nostdlib -fno-builtin -Wl,-z,noseparate-code \
		-Wl,-soname,$(@F) -Wl,--version-script=tests/fuzz/check/dep.map -o $@ $<

build/fuzz/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

.SECONDARY: $(patsubst %.c,build/fuzz/obj/%.o,$(FUZZ_SRC)) $(FUZZ_ELF)
-include $(patsubst %.c,build/fuzz/obj/%.d,$(FUZZ_SRC)) $(FUZZ_ELF:.o=.d) \
	$(FUZZ_RLD:.o=.d)

# ---------------------------------------------------------------------------
# Tests and measurements.  Each suite closes with "N passed, N failed, N skipped".

RLD ?= build/$(HOST)/rld

check: ## build everything and run every test; the last line has the counts
	+@scripts/check

soak: default ## the long forms: storms of threads, mutants, faults, leak cycles, fuzzing; about two hours
	@scripts/setup check
	@scripts/soak

check-binary: default ## look at rld's own ELF file: no interpreter, no text relocations, ...
	@scripts/check-binary $(RLD)

loader: default ## run the whole-loader tests (tests/run)
	@tests/run

programs: default ## run real programs at depth: python3, perl, git, gcc, gdb, ...
	@tests/programs/deep

clients: default ## run Tcl, ECL, SBCL, Lua, Erlang, R, Python, PostgreSQL, Apache and replace their plug-ins
	@scripts/setup clients
	@tests/clients/run

libraries: default ## open and close libraries of other people, natively and under rld
	@scripts/setup libraries
	@tests/libraries/run

world: default ## open all libraries of /usr/lib; a Debian system of rld's beside an untouched one
	@scripts/setup libraries world
	@tests/libraries/run --all /usr/lib
	@scripts/world

sweep: default ## run every program of /usr/bin and /usr/sbin with --version or --help
	@tests/programs/sweep

demo: ## set up, build, and show a plug-in replaced under a running program
	+@scripts/demo

bench: default ## measure against the system's linker; table in build/bench/table.md
	@scripts/setup bench
	@bench/run $(BENCHFLAGS)

lint: ## formatting, cppcheck, gcc and clang warnings, shellcheck
	@scripts/setup lint
	@scripts/lint

format: ## rewrite our C as .clang-format says
	clang-format -i $(wildcard rld/*.[ch] rld/include/*.h elf/*.[ch] \
		elf/mark/*.[ch] arch/*.h arch/*/*.[ch] librld/*.[ch] bench/*.c bench/src/*.[ch] \
		tests/unit/*.[ch] tests/fuzz/*.[ch] tests/fuzz/check/*.[ch] \
		tests/hostile/src/*.c \
		tests/faults/src/*.c tests/leaks/src/*.c fixtures/demo/*.c)

# ---------------------------------------------------------------------------

libdir := $(DESTDIR)$(PREFIX)/lib
MAN := $(wildcard man/*.[1-8])

install: default ## install below DESTDIR and PREFIX (/usr/local)
	install -d $(libdir)/rld/$(HOST) $(DESTDIR)$(PREFIX)/bin \
		$(DESTDIR)$(PREFIX)/include
	for m in $(MACHINES); do \
		if [ -f build/$$m/rld ]; then \
			install -d $(libdir)/rld/$$m && \
			install -m 755 build/$$m/rld $(libdir)/rld/$$m/rld || exit 1; \
		fi; \
	done
	ln -sf ../lib/rld/$(HOST)/rld $(DESTDIR)$(PREFIX)/bin/rld
	set -e; for h in $(wildcard rld/include/*.h); do \
		install -m 644 $$h $(DESTDIR)$(PREFIX)/include; done
	set -e; for p in $(MAN); do \
		d=$(DESTDIR)$(PREFIX)/share/man/man$${p##*.}; \
		install -d $$d; install -m 644 $$p $$d; done
ifneq ($(filter build/rld-mark,$(TOOLS)),)
	install -m 755 build/rld-mark $(DESTDIR)$(PREFIX)/bin/rld-mark
endif
	install -m 755 build/$(HOST)/librld.so.1 $(libdir)/librld.so.1
	ln -sf librld.so.1 $(libdir)/librld.so
	install -d $(libdir)/pkgconfig
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
		scripts/rld.pc.in >$(libdir)/pkgconfig/rld.pc

clean: ## remove build/
	rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | \
		awk -F '\t' '{ printf "  %-14s %s\n", $$1, $$2 }'
	@echo '  build/MACHINE/rld for one of: $(MACHINES)'

.PHONY: default all built clang tools unit unit-build fuzz fuzz-build soak check \
	check-binary loader programs clients libraries world sweep demo bench lint format install \
	clean help
