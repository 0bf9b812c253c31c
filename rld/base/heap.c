/* SPDX-License-Identifier: MIT */
/* The loader's own heap.  Small blocks come from size classes with free
 * lists, carved from chunks; large ones are mappings of their own.  A lock of
 * its own lets TLS blocks be allocated by any thread; a thread that is
 * interrupted inside it (a signal handler that touches TLS) gets a mapping. */
#include "rld/base/base.h"

/* Classes: 16 bytes apart up to 128, then four to a doubling up to 128 KiB. */
#define LINEAR	  128
#define MAX_SHIFT 17
#define CLASSES	  (LINEAR / 16 + (MAX_SHIFT - 7) * 4)
#define HEAD	  16
#define FIRST	  (48UL * 1024 + 3584)
#define CHUNK	  (256UL * 1024)
#define MAPPED	  1 /* low bit of size */

struct head {
	size_t size; /* whole block, bytes; a class size or a mapping */
	struct head *next;
};

_Static_assert(sizeof(struct head) <= HEAD, "a block begins behind it");

static struct {
	uintptr_t owner; /* thread, 0: free */
	int held;	 /* by a fork of that thread ... */
	int whole;	 /* ... which has it in order, so that it may be used */
	struct head *free[CLASSES];
	char *lo, *at; /* of the chunk, which is carved from its end down */
} heap;

/* The first chunk ends where rld's variables begin, and not at the end of a page:
 * what a small program's start writes to, from the heap's end over the variables
 * to the first modules with thread-local storage, fills three pages. */
static char first[FIRST] __attribute__((section(".bss.heap"), aligned(16)));

/* One word says both: a signal handler never meets it half taken.  -1: this
 * thread was interrupted in the midst of it. */
static int lock_heap(void)
{
	uintptr_t self = rld_self_id();

	for (unsigned spin = 0;; spin++) {
		uintptr_t owner = 0;

		if (__atomic_compare_exchange_n(&heap.owner, &owner, self, 0,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return 0;
		if (owner == self) { /* only fork lets it be taken again */
			int whole = heap.whole;

			heap.whole = 0;
			return whole ? 0 : -1;
		}
		if (spin < 100)
			arch_pause();
		else /* the thread that has it may have no processor */
			sys1(__NR_sched_yield, 0);
	}
}

static void unlock_heap(void)
{
	if (heap.held)
		heap.whole = 1;
	else
		__atomic_store_n(&heap.owner, (uintptr_t)0, __ATOMIC_RELEASE);
}

int rld_heap_hold(void)
{
	if (lock_heap())
		return -1;
	heap.held = heap.whole = 1;
	return 0;
}

void rld_heap_let_go(void)
{
	heap.held = heap.whole = 0;
	unlock_heap();
}

static void *map_block(size_t size)
{
	uintptr_t p;
	struct head *h;

	size = (size + HEAD + 4095) & ~(size_t)4095;
	p = sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (SYS_ERR(p))
		return NULL;
	keep_above(&rld_state, p);
	h = (struct head *)p;
	h->size = size | MAPPED;
	return (char *)p + HEAD;
}

/* The class that size fits in, and in *whole its blocks' size. */
static unsigned class_of(size_t size, size_t *whole)
{
	unsigned shift = 5, c = LINEAR / 16;
	size_t step;

	if (size <= LINEAR) {
		*whole = (size + 15) & ~(size_t)15;
		return (unsigned)(*whole / 16 - 1);
	}
	while (size > (size_t)8 << shift)
		shift++, c += 4;
	step = (size - 1) >> shift; /* 4 to 7 */
	*whole = (step + 1) << shift;
	return c + (unsigned)step - 4;
}

static struct head *carve(size_t size)
{
	if (!heap.at) {
		heap.lo = first;
		heap.at = first + sizeof first;
	}
	if ((size_t)(heap.at - heap.lo) < size) {
		uintptr_t p = sys_mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (SYS_ERR(p))
			return NULL;
		keep_above(&rld_state, p);
		heap.lo = (char *)p;
		heap.at = heap.lo + CHUNK;
	}
	heap.at -= size;
	return (struct head *)(void *)heap.at;
}

#ifdef RLD_FAULTS
/* For tests: which allocation from now on fails, 0 none. */
API unsigned rld_fail_alloc;

static int feigned(void)
{
	return rld_fail_alloc && --rld_fail_alloc == 0;
}
#else
static int feigned(void)
{
	return 0;
}
#endif

/* size bytes, zeroed, 16-aligned; NULL when memory is short. */
void *rld_alloc(size_t size)
{
	unsigned c;
	size_t whole;
	struct head *h;

	if (feigned())
		return NULL;
	if (size > ((size_t)1 << MAX_SHIFT) - HEAD)
		return size > SIZE_MAX / 2 ? NULL : map_block(size);
	c = class_of(size + HEAD, &whole);
	if (lock_heap())
		return map_block(size);
	h = heap.free[c];
	if (h) {
		heap.free[c] = h->next;
		unlock_heap();
		memset((char *)h + HEAD, 0, size);
	} else {
		h = carve(whole);
		unlock_heap();
		if (!h)
			return NULL;
	}
	h->size = whole;
	return (char *)h + HEAD;
}

const char rld_no_memory[] = "out of memory";

void rld_free(void *p)
{
	struct head *h;
	size_t whole;
	unsigned c;

	if (!p || p == rld_no_memory)
		return;
	h = (struct head *)(void *)((char *)p - HEAD);
	if (h->size & MAPPED) {
		sys_munmap((uintptr_t)h, h->size & ~(size_t)MAPPED);
		return;
	}
	c = class_of(h->size, &whole);
	if (lock_heap())
		return; /* interrupted heap: leak rather than corrupt */
	h->next = heap.free[c];
	heap.free[c] = h;
	unlock_heap();
}

void *rld_realloc(void *p, size_t size)
{
	void *q;
	size_t old;

	if (!p)
		return rld_alloc(size);
	old = ((struct head *)(void *)((char *)p - HEAD))->size;
	old = (old & ~(size_t)MAPPED) - HEAD;
	if (size <= old)
		return p;
	q = rld_alloc(size < old * 2 ? old * 2 : size);
	if (!q)
		return NULL;
	memcpy(q, p, old);
	rld_free(p);
	return q;
}

char *rld_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = rld_alloc(n);

	return p ? memcpy(p, s, n) : NULL;
}
