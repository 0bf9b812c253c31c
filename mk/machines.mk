# SPDX-License-Identifier: MIT
# rld and librld for each machine, in build/MACHINE/.  A name may carry a variant:
# MACHINE-faults (switches that let an allocation or a system call fail, for
# tests/faults), MACHINE-clang, MACHINE-undefined (ends with SIGILL or SIGTRAP where
# something undefined is done), MACHINE-coverage (for scripts/coverage).  What a
# variant has in files of its own is tests/variants/VARIANT.c.

MACHINES := x86_64 aarch64 mips mipsel mipsn32 mipsn32el mips64 mips64el

# Each name in $(1): its compiler, and its directory below arch/.
CC_x86_64 := x86_64-linux-gnu-gcc
CC_aarch64 := aarch64-linux-gnu-gcc
CC_mips := mips-linux-gnu-gcc
CC_mipsel := mipsel-linux-gnu-gcc
CC_mipsn32 := mips64-linux-gnuabi64-gcc -mabi=n32
CC_mipsn32el := mips64el-linux-gnuabi64-gcc -mabi=n32
CC_mips64 := mips64-linux-gnuabi64-gcc
CC_mips64el := mips64el-linux-gnuabi64-gcc

# BUILD is the machine that make runs on, HOST the one that rld is for: that of the
# compiler, unless the command line says HOST=NAME.  Then the compiler is the one
# above, unless there is a CC, too.
machine_of = $(strip $(or $(patsubst mips64%,mipsn32%,$(firstword $(subst -, ,$(filter \
	%abin32,$(1))))),$(if $(filter %gnux32,$(1)),x32),$(patsubst arm64,aarch64,\
	$(firstword $(subst -, ,$(1)))),$(shell uname -m)))
BUILD := $(call machine_of,$(shell $(HOSTCC) -dumpmachine 2>/dev/null))
ifeq ($(origin CC),default)
CC := gcc
ifeq ($(origin HOST),command line)
ifneq ($(HOST),$(BUILD))
CC := $(or $(CC_$(HOST)),gcc)
endif
endif
endif
ifneq ($(origin HOST),command line)
HOST := $(call machine_of,$(shell $(CC) -dumpmachine 2>/dev/null))
endif
CC_$(HOST) := $(CC)

# What is of use without a compiler for a machine that rld knows.
ifneq ($(if $(MAKECMDGOALS),$(filter-out built clean format help lint build/%,\
	$(MAKECMDGOALS)),default),)
ifeq ($(filter $(HOST),$(MACHINES)),)
$(error rld has not been ported to $(HOST). It knows: $(MACHINES). \
	CC=COMPILER or HOST=NAME chooses another machine)
endif
endif

base = $(firstword $(subst -, ,$(1)))
variant = $(word 2,$(subst -, ,$(1)))
arch = $(if $(filter mips%,$(1)),mips,$(base))
compiler = $(if $(filter %-clang,$(1)),clang,$(CC_$(base)))
is_gcc = $(if $(findstring clang,$(shell $(compiler) --version 2>/dev/null)),,yes)

# No vector registers: the lazy resolver runs between a caller and its callee.
# And landing pads for indirect branches, for processors that want them.
FLAGS_x86_64 := -mgeneral-regs-only -fcf-protection
FLAGS_aarch64 := -mgeneral-regs-only -mbranch-protection=standard \
	-mno-outline-atomics
# Soft float, for the same reason, but fit for programs of either kind.
# There gcc makes no unwind tables unless it is told to: exceptions pass through
# callbacks that rld calls.
FLAGS_mips := -msoft-float -include arch/mips/nofloat.h \
	-fasynchronous-unwind-tables
HASH_mips := sysv

# The checker traps, for its functions need a libc, and its tables relocations
# before rld has relocated itself.
VARIANT_faults := -DRLD_FAULTS
VARIANT_undefined := -fsanitize=undefined -fsanitize-undefined-trap-on-error
VARIANT_coverage := -DRLD_FAULTS -fsanitize-coverage=trace-pc \
	-DCOVERAGE_FILE='"$(CURDIR)/build/coverage.marks"'

# clang turns a switch over strings into a table of addresses, which would have to be
# relocated, unless it may not make jump tables.

# What runs once a start or once an object is to be small rather than quick: all
# that a small program's start touches of rld's file lies within 64 KiB then,
# which the kernel brings in at one page fault.  For gcc: the list of functions is
# of its making, and clang does not know the last flag.
SMALL_FLAGS_x86_64 := -falign-functions=1 -falign-loops=1 -falign-jumps=1
SMALL_x86_64 := $(addprefix rld/,file/search host/synth list/list start/start \
	image/map image/segments life/init start/options file/cache diag/debugger \
	load/marks base/sealed base/msg call/entry load/delay tls/static tls/carrier \
	image/guard load/version bind/late host/handover life/order image/stack \
	file/tunable host/procexe life/linger life/fork base/process file/head \
	file/libc load/adopt host/interpose load/load load/needed load/discard \
	load/revive life/news life/fini bind/entries image/code tls/alone \
	quick/use quick/make) $(addprefix \
	elf/,dynamic head rldnote version)

# A packager's CPPFLAGS, CFLAGS and LDFLAGS come behind what can be chosen, and
# before what the loader cannot do without.  It calls no libc, so it bears no
# stack protector, no checked string functions, no sanitizer, profile or coverage
# counters.  Its order in the file, and the symbols that its assembler code names,
# are lost with link-time optimisation.  It relocates itself by a few lines that
# know no packed relocations.
RLD_CFLAGS := -std=gnu11 $(WARN)
RLD_NEEDS := -ffreestanding -fPIE -fvisibility=hidden -fno-common \
	-fno-strict-aliasing -ffunction-sections -fno-data-sections \
	-fasynchronous-unwind-tables \
	-fno-stack-protector -U_FORTIFY_SOURCE -fno-lto -fno-sanitize=all \
	-fno-profile-arcs -fno-test-coverage
# The same bytes in whatever directory.
SAME_PATHS := -ffile-prefix-map=$(CURDIR)=.
ASM_CFLAGS = -g $(SAME_PATHS) $(CPPFLAGS) \
	$(filter -g% -ffile-prefix-map=% -fdebug-prefix-map=%,$(CFLAGS))
LINK_FLAGS = $(subst -Wl$(,)-z$(,)pack-relative-relocs,,$(LDFLAGS))
# Not separate-code: two segments in place of four are fewer mappings and
# fewer pages to touch at each start.
RLD_LDFLAGS := -nostdlib -Wl,--no-dynamic-linker -Wl,-e,_start \
	-Wl,-z,now,-z,noexecstack,-z,text -Wl,--export-dynamic \
	-Wl,-Bsymbolic -Wl,-z,noseparate-code -Wl,--build-id \
	-Wl,--eh-frame-hdr -Wl,--version-script=scripts/rld.map

# Linked as a program it would have a DT_DEBUG that stays 0, and a gdb on the
# command rld would look no further for the list of objects.  On MIPS ld forgets
# the entry point of what is shared, and that tag is another one.
KIND_mips := -static-pie

INC = -I. -Irld/include -Iarch/$(arch)
# Where rld --tree looks for rld-show when it is not beside rld.
build/%/asktool.o: override CFLAGS += -DRLD_BINDIR='"$(BINDIR)"'

BUILT := $(foreach m,$(MACHINES),$(if $(wildcard arch/$(call arch,$(m))),\
	$(if $(shell command -v $(firstword $(CC_$(m)))),$(m))))

# What a start runs lies together and first, its variables before large ones:
# each page that a start touches is paid for by every program.  By function
# where there is a linker script (rld/start.order), else by object.
START := base/heap image/map image/segments file/cache diag/debugger \
	image/guard start/start start/options file/search list/list host/handover \
	host/synth base/str sym/lookup bind/relocate bind/rebind tls/tls tls/thread \
	tls/static life/init base/msg base/lock base/sys base/sealed bind/late \
	call/lazy load/version bind/apply load/marks base/state base/process file/libc \
	load/load load/needed load/adopt host/interpose life/fini

# $(1): machine, with its variant
define machine
SRC_$(1) := $$(sort $$(wildcard rld/*/*.c elf/*.c arch/$(arch)/*.c arch/$(arch)/*.S \
	$(if $(variant),tests/variants/$(variant).c)))
OBJ_$(1) := $$(patsubst %,build/$(1)/obj/%.o,$$(basename $$(SRC_$(1))))
ORDER_$(1) := $$(START:%=build/$(1)/obj/rld/%.o) \
	$$(filter-out build/$(1)/obj/rld/%,$$(OBJ_$(1)))
ORDER_$(1) += $$(filter-out $$(ORDER_$(1)),$$(OBJ_$(1)))
LDS_$(1) := $$(wildcard arch/$(arch)/rld.lds)
GCC_$(1) := $(if $(SMALL_$(arch)),$(is_gcc))
ARCHFLAGS_$(1) := $$(FLAGS_$(arch)) $$(if $$(GCC_$(1)),$$(SMALL_FLAGS_$(arch))) \
	$(if $(is_gcc),-fno-instrument-functions,-fno-jump-tables) $$(VARIANT_$(variant))
COMPILE_$(1) = $(compiler) $$(RLD_CFLAGS) $$(SAME_PATHS) $(INC) $$(CPPFLAGS) \
	$$(CFLAGS) $$(RLD_NEEDS) $$(ARCHFLAGS_$(1))

build/$(1)/rld: $$(OBJ_$(1)) scripts/rld.map $$(LDS_$(1)) \
		$$(LDS_$(1):%=build/$(1)/order.lds)
	$(compiler) $$(CFLAGS) $$(RLD_NEEDS) $$(ARCHFLAGS_$(1)) \
		$(or $(KIND_$(arch)),-shared) $$(LINK_FLAGS) $$(RLD_LDFLAGS) \
		$$(or $$(LDS_$(1):%=-Wl$$(,)-T$$(,)% -Lbuild/$(1)), \
			-Wl$$(,)-z$$(,)relro) \
		-Wl,--hash-style=$(or $(HASH_$(arch)),gnu) \
		-o $$@ $$(ORDER_$(1))

build/$(1)/order.lds: rld/start.order
	@mkdir -p $$(@D)
	sed 's/.*/*(.text.& .text.&.*)/' $$< >$$@

build/$(1)/obj/%.o: %.c $(RULES)
	@mkdir -p $$(@D)
	$$(COMPILE_$(1)) $$(if $$(GCC_$(1)),$$(if $$(filter $$*,$$(SMALL_$(arch))),-Os)) \
		-MMD -MP -c -o $$@ $$<

build/$(1)/obj/%.o: %.S $(RULES)
	@mkdir -p $$(@D)
	$(compiler) $$(ASM_CFLAGS) $$(ARCHFLAGS_$(1)) $(INC) -MMD -MP -c -o $$@ $$<

-include $$(OBJ_$(1):.o=.d)

build/$(1)/librld.so.1: librld/librld.c librld/librld.map $(wildcard rld/include/*.h) \
		$(RULES)
	@mkdir -p $$(@D)
	$(compiler) -std=gnu11 $$(WARN) $$(SAME_PATHS) -Irld/include $$(CPPFLAGS) \
		$$(CFLAGS) -fPIC -fvisibility=hidden -shared \
		-Wl,-soname,librld.so.1 \
		-Wl,--version-script=librld/librld.map -Wl,-z,relro,-z,now,-z,noexecstack \
		$$(LDFLAGS) -o $$@ $$<
	ln -sf librld.so.1 build/$(1)/librld.so
endef
$(foreach m,$(MACHINES) $(MACHINES:%=%-faults) \
	$(MACHINES:%=%-undefined) $(BUILD)-coverage $(BUILD)-clang,$(eval $(call machine,$(m))))
