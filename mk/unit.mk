# SPDX-License-Identifier: MIT
# Unit tests: elf/ hosted, and what of arch/ is a reader, under the address and
# undefined-behaviour checkers.

# cmocka 2 calls names deprecated that cmocka 1 has no others for.
UNIT_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -fno-strict-aliasing \
	-Wno-deprecated-declarations \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	$(call INC,$(BUILD))
UNIT_ELF := $(patsubst %.c,build/unit/obj/%.o,$(sort $(wildcard elf/*.c)) \
	arch/mips/abiflags.c)
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BIN := $(patsubst tests/unit/%.c,build/unit/%,$(UNIT_SRC))

unit-build: $(UNIT_BIN)

unit: unit-build ## build and run the unit tests
	@scripts/run-unit $(UNIT_BIN)

build/unit/test_%: build/unit/obj/tests/unit/test_%.o $(UNIT_ELF)
	$(HOSTCC) -fsanitize=address,undefined -o $@ $^ -lcmocka

build/unit/obj/%.o: %.c $(RULES)
	@mkdir -p $(@D)
	$(HOSTCC) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<

.SECONDARY: $(patsubst tests/unit/%.c,build/unit/obj/tests/unit/%.o,$(UNIT_SRC)) $(UNIT_ELF)
-include $(patsubst %.c,build/unit/obj/%.d,$(UNIT_SRC)) $(UNIT_ELF:.o=.d)
