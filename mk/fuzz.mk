# SPDX-License-Identifier: MIT
# Fuzz targets: libFuzzer, so clang.  Each is one program from the same flags.

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZ_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -fno-strict-aliasing \
	-fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all $(call INC,$(BUILD))
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
# variables lie together, for fuzz_check.c to put back after each input.  Newer
# clang gives each variable a section group of its own, which ld -r keeps apart.
FUZZ_RLD := $(patsubst %,build/fuzz/check/%.o,$(basename $(SRC_$(BUILD))))

build/fuzz/fuzz_check: build/fuzz/obj/tests/fuzz/fuzz_check.o build/fuzz/check/rld.o
	$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^

build/fuzz/check/rld.o: $(FUZZ_RLD) tests/fuzz/check/rld.lds
	$(LD) -r --force-group-allocation -T tests/fuzz/check/rld.lds -o $@ $(FUZZ_RLD)
	objcopy --keep-global-symbol=rld_start $@
	@! readelf -SW $@ | grep -E ' \.(data|bss)[. ]' || \
		{ echo "$@: variables that would not be put back" >&2; rm -f $@; exit 1; }

build/fuzz/check/%.o: %.c tests/fuzz/check/kernel.h $(RULES)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -include tests/fuzz/check/kernel.h \
		$(if $(filter rld/base/str.c,$<),-ffreestanding) -MMD -MP -c -o $@ $<

build/fuzz/check/%.o: %.S $(RULES)
	@mkdir -p $(@D)
	$(FUZZ_CC) -g $(call INC,$(BUILD)) -MMD -MP -c -o $@ $<

build/fuzz/obj/tests/fuzz/fuzz_check.o: build/fuzz/check/libdep.so build/fuzz/check/libc.so.6

build/fuzz/check/lib%: tests/fuzz/check/dep.c tests/fuzz/check/dep.map $(RULES)
	@mkdir -p $(@D)
	$(HOSTCC) -O1 -w -s -shared -fPIC -nostdlib -fno-builtin -Wl,-z,noseparate-code \
		-Wl,-soname,$(@F) -Wl,--version-script=tests/fuzz/check/dep.map -o $@ $<

build/fuzz/obj/%.o: %.c $(RULES)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

.SECONDARY: $(patsubst %.c,build/fuzz/obj/%.o,$(FUZZ_SRC)) $(FUZZ_ELF)
-include $(patsubst %.c,build/fuzz/obj/%.d,$(FUZZ_SRC)) $(FUZZ_ELF:.o=.d) \
	$(FUZZ_RLD:.o=.d)
