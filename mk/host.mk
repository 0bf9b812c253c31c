# Host side: rld-mark, an ordinary hosted program, and librld.so.1.

HOST_CFLAGS := -std=gnu11 -O2 -g $(WARN) $(call INC,$(HOST))
MARK_SRC := $(sort $(wildcard elf/mark/*.c))
MARK_OBJ := $(patsubst %.c,build/host/%.o,$(MARK_SRC) $(wildcard elf/rldnote.c))

HAVE_LIBELF := $(if $(MARK_SRC),$(shell printf '\043include <libelf.h>\n' | \
	$(HOSTCC) -E - >/dev/null 2>&1 && echo yes))
TOOLS := $(if $(HAVE_LIBELF),build/rld-mark) build/$(HOST)/librld.so.1

tools: $(TOOLS) ## build rld-mark (where libelf is there) and librld.so.1

build/rld-mark: $(MARK_OBJ)
	$(HOSTCC) -o $@ $(MARK_OBJ) -lelf

build/host/%.o: %.c $(RULES)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

-include $(MARK_OBJ:.o=.d)
