# SPDX-License-Identifier: MIT
# Hosted programs and libraries: rld-mark, rld-quick, rld-show, and librld.so.1.  rld-mark is built for the
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
NO_LIBELF = rld-mark and rld-quick are left out, for want of libelf.h for $(1): Debian libelf-dev, \
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

# rld-show, for the machine that rld is for.  Its libraries are optional, as libelf is.
SHOW_SRC := $(sort $(wildcard tools/show/*.c))
SHOW_DIR := build/$(HOST)/show
SHOW := $(if $(filter $(HOST),$(BUILD)),build/rld-show,build/$(HOST)/rld-show)
SHOW_OBJ := $(patsubst %.c,$(SHOW_DIR)/%.o,$(SHOW_SRC) elf/rldnote.c) $(SHOW_DIR)/page.o
HAVE_SHOW := $(if $(SHOW_SRC),$(shell printf '%s\n' '#include <libelf.h>' \
	'#include <json-c/json.h>' '#include <sqlite3.h>' | \
	sed 's/^.043/#/' | $(CC) $(CPPFLAGS) -E - >/dev/null 2>&1 && echo yes))
NO_SHOW = rld-show is left out, for want of libelf, json-c or SQLite: Debian libelf-dev, \
	libjson-c-dev, libsqlite3-dev

$(SHOW): $(SHOW_OBJ)
	$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $(SHOW_OBJ) -lelf -ljson-c -lsqlite3
	$(if $(filter $(HOST),$(BUILD)),ln -sf ../rld-show build/$(HOST)/rld-show) # for rld --tree

$(SHOW_DIR)/%.o: %.c $(RULES)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -D_GNU_SOURCE -DRLD_LIBDIR='"$(RLDDIR)"' $(call INC,$(HOST)) \
		-MMD -MP -c -o $@ $<

$(SHOW_DIR)/page.o: tools/show/page.S tools/show/page.html $(RULES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

-include $(wildcard $(SHOW_DIR)/tools/show/*.d)

# rld-quick, for the machine that rld is for.
QUICK_SRC := $(sort $(wildcard tools/quick/*.c)) elf/quickfile.c
QUICK_DIR := build/$(HOST)/quick
QUICK := $(if $(filter $(HOST),$(BUILD)),build/rld-quick,build/$(HOST)/rld-quick)
QUICK_OBJ := $(patsubst %.c,$(QUICK_DIR)/%.o,$(QUICK_SRC))

$(QUICK): $(QUICK_OBJ)
	$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $(QUICK_OBJ) -lelf

$(QUICK_DIR)/%.o: %.c $(RULES)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -D_GNU_SOURCE -DRLD_LIBDIR='"$(RLDDIR)"' -DRLD_HOST='"$(HOST)"' \
		$(call INC,$(HOST)) -MMD -MP -c -o $@ $<

-include $(QUICK_OBJ:.o=.d)

TOOLS := $(if $(HAVE_LIBELF_$(HOST)),$(MARK)) $(if $(HAVE_SHOW),$(SHOW)) \
	$(if $(HAVE_LIBELF_$(HOST)),$(QUICK)) build/$(HOST)/librld.so.1

tools: $(TOOLS) ## build rld-mark, rld-quick and rld-show (where their libraries are there) and librld.so.1
	$(if $(HAVE_LIBELF_$(HOST)),,@echo 'rld: $(call NO_LIBELF,$(HOST))')
	$(if $(HAVE_SHOW),,@echo 'rld: $(NO_SHOW)')
