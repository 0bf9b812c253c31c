/* SPDX-License-Identifier: MIT */
/* Blocks of thread-local storage: one a thread and library that was opened.
 * They come from rld's heap.  Where a runtime of the sanitizers or of valgrind is
 * in the list, that would be read wrongly: a race detector would take two threads
 * that have the same memory one after the other for two that share it, and the
 * leak detector would not look there.  Such a program's blocks are mappings, made
 * and unmade by its own mmap and munmap, which its runtime sees, and the leak
 * detector is told of each.  They do not come from its malloc, as under the
 * system's linker: a signal handler may make the first touch, and malloc may be
 * what it has interrupted. */
#include "rld/base/base.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

#include <stdbool.h>

/* The program's functions; NULL: it has none. */
struct tool {
	void *(*map)(void *, size_t, int, int, int, ElfW(Off));
	int (*unmap)(void *, size_t);
	void (*add_root)(const void *, size_t);
	void (*remove_root)(const void *, size_t);
};

static struct tool tool;
static int is_tool_known;

/* In front of each block, which may begin at any address.  Size 0: from the
 * heap. */
struct __attribute__((packed)) before {
	size_t size; /* of the mapping */
	void *raw;   /* its beginning, or the heap's block */
};

/* Two words, and not 16 bytes into a page: there the runtimes look for what old
 * releases of glibc put in front of a block. */
enum { BEFORE = 32 };

_Static_assert(BEFORE >= sizeof(struct before), "it lies there");

static uintptr_t program_function(struct rld *r, const char *name)
{
	struct ref ref = { .name = name, .newest = 1, .is_call = 1 };
	struct def def;
	uintptr_t at;
	int k = rld_read_begin(r);

	ref.hash = elf_gnu_hash(name);
	at = rld_lookup(r, &ref, &def) ? rld_sym_addr(def.dso, def.sym) : 0;
	rld_read_end(r, k);
	return at;
}

/* The sanitizers' runtimes have this function, linked in or not; valgrind's
 * race detectors preload a library. */
static bool has_runtime(struct rld *r)
{
	bool has = program_function(r, "__sanitizer_get_allocated_size") != 0;
	int k = rld_read_begin(r);

	for (const struct dso *d = r->head; d && !has; d = dso_next(d))
		has = d->flags & D_STARTUP &&
		      str_starts(str_base(d->lm.l_name), "vgpreload_");
	rld_read_end(r, k);
	return has;
}

/* Runtimes come with the program, so one look will do.  Threads that look at
 * the same time find the same. */
static const struct tool *the_tool(struct rld *r)
{
	struct tool t = { 0 };

	if (!__atomic_load_n(&is_tool_known, __ATOMIC_ACQUIRE)) {
		if (has_runtime(r)) {
			t.map = (void *(*)(void *, size_t, int, int, int,
					   ElfW(Off)))program_function(r,
								       "mmap");
			t.unmap = (int (*)(void *, size_t))program_function(
				r, "munmap");
			t.add_root = (void (*)(const void *, size_t))
				program_function(r,
						 "__lsan_register_root_region");
			t.remove_root = (void (*)(const void *, size_t))
				program_function(
					r, "__lsan_unregister_root_region");
		}
		tool = t;
		__atomic_store_n(&is_tool_known, 1, __ATOMIC_RELEASE);
	}
	return tool.map && tool.unmap ? &tool : NULL;
}

/* The leak detector takes a lock of its own there. */
static void tell_root(void (*tell)(const void *, size_t), void *p, size_t size)
{
	struct sigs was;

	if (!tell)
		return;
	rld_block_signals(&was);
	tell(p, size);
	sys_sigmask(SIG_SETMASK, &was, NULL);
}

static void *map_raw(const struct tool *t, size_t size)
{
	void *p = t->map(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	tell_root(t->add_root, p, size);
	return p;
}

void *rld_tls_new_block(struct rld *r, const struct dso *d)
{
	size_t align = d->tls_align < 16 ? 16 : d->tls_align;
	size_t size = d->tls_memsz + align * 2 + BEFORE;
	const struct tool *t = the_tool(r);
	struct before *before;
	char *raw;
	uintptr_t at;

	if (t)
		size = page_up(r, size);
	raw = t ? map_raw(t, size) : rld_alloc(size);
	if (!raw)
		return NULL;
	at = ((uintptr_t)raw + BEFORE + align - 1) & ~(align - 1);
	at += d->tls_misalign;
	before = (struct before *)at - 1;
	before->size = t ? size : 0;
	before->raw = raw;
	memcpy((void *)at, d->tls_image, d->tls_filesz);
	memset((char *)at + d->tls_filesz, 0, d->tls_memsz - d->tls_filesz);
	return (void *)at;
}

/* Those that wait for a moment without a lock. */
static void *waiting;

void rld_tls_free_block(void *block)
{
	struct before b = ((struct before *)block)[-1];

	if (!b.size) {
		rld_free(b.raw);
		return;
	}
	tell_root(tool.remove_root, b.raw, b.size);
	tool.unmap(b.raw, b.size);
}

void rld_tls_free_block_later(void *block)
{
	if (!((struct before *)block)[-1].size) {
		rld_tls_free_block(block);
		return;
	}
	*(void **)((struct before *)block)[-1].raw = waiting;
	waiting = block;
}

void rld_tls_free_waiting(void)
{
	void *block;

	if (!__atomic_load_n(&waiting, __ATOMIC_RELAXED))
		return;
	rld_tls_lock();
	block = waiting;
	waiting = NULL;
	rld_tls_unlock();
	while (block) {
		void *next = *(void **)((struct before *)block)[-1].raw;

		rld_tls_free_block(block);
		block = next;
	}
}
