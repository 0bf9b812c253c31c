# make install: below DESTDIR and PREFIX.

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
