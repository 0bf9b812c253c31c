# SPDX-License-Identifier: MIT
# Hosted programs and libraries: rld-mark, and librld.so.1.  rld-mark is built for the
# machine that make runs on (build/rld-mark, which the tests use) and, where rld is
# for another one, for that as well (build/HOST/rld-mark, which is installed).

# Hardening that the compiler may not have on by itself; a packager's flags win.
# Checked string functions want an optimizing compiler.
HARDEN = -fPIE -fstack-protector-strong $(if $(findstring FORTIFY_SOURCE,\
	$(CPPFLAGS) $(CFLAGS)),,$(if $(filter -O1 -O2 -O3 -Os -Oz,$(CFLAGS)),\
	-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
HARDEN_LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack
HOST_CFLAGS = -std=gnu11 $(WARN) $(SAME_PATHS) $(HARDEN) $(CPPFLAGS) $(CFLAGS)
MARK_SRC := $(sort $(wildcard elf/mark/*.c))

has_libelf = $(if $(MARK_SRC),$(shell printf '\043include <libelf.h>\n' | \
	$(1) $(CPPFLAGS) -E - >/dev/null 2>&1 && echo yes))
NO_LIBELF = rld-mark is left out, for want of libelf.h for $(1): Debian libelf-dev, \
	Fedora elfutils-libelf-devel, Alpine elfutils-dev, Arch libelf, openSUSE libelf-devel

# $(1): machine, $(2): compiler, $(3): what is built, $(4): directory for objects
define mark
MARK_OBJ_$(1) := $$(patsubst %.c,$(4)/%.o,$$(MARK_SRC) $$(wildcard elf/rldnote.c))
HAVE_LIBELF_$(1) := $$(call has_libelf,$(2))

$(3): $$(MARK_OBJ_$(1))
	$(2) $$(CFLAGS) $$(HARDEN_LINK) $$(LDFLAGS) -o $$@ $$(MARK_OBJ_$(1)) -lelf

$(4)/%.o: %.c $$(RULES)
	@mkdir -p $$(@D)
	$(2) $$(HOST_CFLAGS) $$(call INC,$(1)) -MMD -MP -c -o $$@ $$<

-include $$(MARK_OBJ_$(1):.o=.d)
endef

MARK := build/rld-mark
ifeq ($(HOST),$(BUILD))
$(eval $(call mark,$(BUILD),$(CC),build/rld-mark,build/host))
else
MARK := build/$(HOST)/rld-mark
$(eval $(call mark,$(BUILD),$(HOSTCC),build/rld-mark,build/host))
$(eval $(call mark,$(HOST),$(CC),$(MARK),build/$(HOST)/host))
endif

TOOLS := $(if $(HAVE_LIBELF_$(HOST)),$(MARK)) build/$(HOST)/librld.so.1

tools: $(TOOLS) ## build rld-mark (where libelf is there) and librld.so.1
	$(if $(HAVE_LIBELF_$(HOST)),,@echo 'rld: $(call NO_LIBELF,$(HOST))')
