# SPDX-License-Identifier: MIT
# make install, make uninstall: below DESTDIR.  doc/packaging.md tells what each
# directory is for.

BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/rld
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
# Programs name the file below it as their interpreter: the same on every system,
# whatever LIBDIR is there.
RLDDIR ?= $(PREFIX)/lib/rld

# Not INSTALL, which packagers set to install(1).
INSTALL_ENV := DESTDIR PREFIX BINDIR LIBDIR INCLUDEDIR MANDIR DOCDIR PKGCONFIGDIR \
	RLDDIR DATADIR HOST VERSION MACHINES MARK SHOW QUICK
RUN_INSTALL = $(foreach v,$(INSTALL_ENV),$(v)='$($(v))') scripts/install

install: default ## install below DESTDIR and PREFIX (/usr/local)
	@$(RUN_INSTALL) put

uninstall: ## remove what make install, with the same directories, has put there
	@$(RUN_INSTALL) remove
