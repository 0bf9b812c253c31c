# SPDX-License-Identifier: MIT
# rld, a user-space runtime dynamic linker.  `make help` lists the targets.
# Everything that is built lies under build/.  mk/ has the rules: machines.mk the
# loader, host.mk the tools beside it, unit.mk and fuzz.mk, install.mk.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:

HOSTCC ?= gcc
CFLAGS ?= -O2 -g
CPPFLAGS ?=
LDFLAGS ?=
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := $(or $(shell sed -n 's/^\#define RLD_VERSION[ \t]*"\(.*\)".*/\1/p' \
	rld/include/rld.h),0)
# Packagers, whose compilers are not ours: make WERROR=
WERROR ?= -Werror
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wconversion $(WERROR)
RULES := Makefile $(wildcard mk/*.mk)
, := ,

.DEFAULT_GOAL := default
FLOORS := $(if $(filter x86_64,$(HOST)),build/floors)

include mk/machines.mk mk/host.mk mk/unit.mk mk/fuzz.mk mk/install.mk

default: build/$(HOST)/rld tools build/compile_commands.json $(FLOORS) ## build rld for this machine, and the host tools

all: default $(BUILT:%=build/%/rld) $(BUILT:%=build/%/librld.so.1) ## build rld for every machine whose compiler is installed

built: # the machines that `make all` builds for
	@echo $(BUILT)

clang: build/$(BUILD)-clang/rld ## build rld for this machine with clang, in build/MACHINE-clang/

# For editors (clangd): how each file of the loader is compiled.
build/compile_commands.json: $(RULES) $(SRC_$(HOST))
	@mkdir -p $(@D)
	@scripts/compile-commands "$(COMPILE_$(HOST))" $(filter %.c,$^) >$@

# The picture in rld/README.md shows what the objects say.
build/floors: build/x86_64/rld scripts/layers rld/README.md
	@scripts/layers --picture rld/floors.svg build/x86_64/obj
	@touch $@

RLD ?= build/$(HOST)/rld

# Tests and measurements.  Each suite closes with "N passed, N failed, N skipped".

quick: default unit-build ## the unit tests and the whole-loader tests: three minutes
	@scripts/run-unit $(UNIT_BIN)
	@tests/run

check: ## build everything and run every test; the last line has the counts
	+@scripts/check

soak: default ## the long forms: storms of threads, mutants, faults, leak cycles, fuzzing; about two hours
	@scripts/setup check
	@scripts/soak

coverage: default ## which lines of the loader its tests run; COVERAGEFLAGS=--list names the others
	@scripts/setup check
	@scripts/coverage $(COVERAGEFLAGS)

check-binary: default ## look at rld's own ELF file: no interpreter, no text relocations, ...
	@scripts/check-binary $(if $(filter -O2,$(CFLAGS)),,--any-order) $(RLD)

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

releases: ## build and test in chroots of other Debian releases (as root, an hour)
	@scripts/setup world
	@scripts/releases

world: default ## open all libraries of /usr/lib; a Debian system of rld's beside an untouched one
	@scripts/setup libraries world
	@tests/libraries/run --all /usr/lib
	@scripts/world

sweep: default ## run every program of /usr/bin and /usr/sbin with --version or --help
	@tests/programs/sweep

check-repro: ## build twice in two directories and compare the files
	+@scripts/check-repro

compilers: ## build with each gcc and clang that there is, distributions' flags, musl's headers
	@scripts/setup compilers
	+@scripts/compilers

dist: ## the release as one file, in build/dist, from which packages are made
	@scripts/dist

sbom: ## the bill of materials of a release (SPDX), in build/rld.spdx.json
	@mkdir -p build
	@scripts/sbom >build/rld.spdx.json
	@scripts/sbom --check build/rld.spdx.json && echo build/rld.spdx.json

packages: ## build by the RPM spec, the APKBUILD and the PKGBUILD, as far as Debian's tools go
	@scripts/setup packages
	@tests/packaging/run --build

deb: ## the Debian packages, in build/deb, with lintian's word on them
	@scripts/deb

deb-test: ## the same, and install and test them in a Debian tree (as root)
	@scripts/deb --test

demo: ## set up, build, and show a plug-in replaced under a running program
	+@scripts/demo

bindings: default ## build and run the examples of the bindings for Python, C++, Rust and CMake
	@scripts/setup bindings
	@tests/bindings/run

docs: default ## run the commands and examples of the pages, look at links and manuals
	@scripts/setup docs
	@tests/docs/run

site: ## the pages and manuals as a site, in build/site
	@scripts/setup docs
	@scripts/site

bench: default ## measure against the system's linker; table in build/bench/table.md
	@scripts/setup bench
	@bench/run $(BENCHFLAGS)

lint: default ## formatting, cppcheck, gcc and clang warnings, shellcheck, layers
	@scripts/setup lint
	@scripts/lint

format: ## rewrite our C as .clang-format says
	clang-format -i $(wildcard rld/*.h rld/*/*.[ch] elf/*.[ch] \
		elf/mark/*.[ch] tools/show/*.[ch] tools/quick/*.[ch] arch/*.h arch/*/*.[ch] librld/*.[ch] bench/*.c bench/src/*.[ch] \
		tests/unit/*.[ch] tests/fuzz/*.[ch] tests/fuzz/check/*.[ch] \
		tests/hostile/src/*.c \
		tests/faults/src/*.c tests/leaks/src/*.c tests/variants/*.c fixtures/demo/*.c)

clean: ## remove build/
	rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(RULES) | \
		awk -F '\t' '{ printf "  %-14s %s\n", $$1, $$2 }'
	@echo '  build/MACHINE/rld for one of: $(MACHINES)'

.PHONY: default all built clang tools unit unit-build fuzz fuzz-build quick check soak coverage \
	check-binary loader programs clients libraries releases world sweep demo bindings docs site bench \
	lint format install uninstall check-repro compilers dist sbom packages deb deb-test clean help
