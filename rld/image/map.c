/* SPDX-License-Identifier: MIT */
/* Files to memory, and all that an object's headers and dynamic section say.
 * RELRO is closed later. */
#include "rld/base/base.h"
#include "rld/file/file.h"
#include "rld/image/image.h"

#include <errno.h>

static int learn_code(struct rld *r, struct dso *d)
{
	const struct elf_dyn *y = &d->dyn;
	uintptr_t bias = d->lm.l_addr;
	int ret;

	if (rld_unseal(r))
		return -1;
	ret = rld_code_new(r, d);
	if (!ret) {
		d->code->init = y->init ? bias + y->init : 0;
		d->code->fini = y->fini ? bias + y->fini : 0;
		d->code->init_array = bias + y->init_array;
		d->code->ninit = y->ninit;
		d->code->fini_array = bias + y->fini_array;
		d->code->nfini = y->nfini;
	}
	rld_seal(r);
	return ret;
}

/* The page of the dynamic section is written to in any case, with the GOT or
 * DT_DEBUG: ours at the first touch, in place of a fault to read it before. */
static void touch_dynamic(const struct dso *d)
{
	uintptr_t lo, hi;

	if (!(d->flags & (D_HOST | D_SELF | D_VDSO)) &&
	    rld_window(d, (uintptr_t)d->lm.l_ld, 0, &lo, &hi))
		arch_touch((char *)d->lm.l_ld);
}

/* What this machine cannot run, by a dynamic tag; NULL: nothing. */
static const char *refused_tag(const struct elf_dyn *dyn)
{
	const char *why = NULL;

#ifdef ARCH_HAS_REFUSED_TAGS
	for (size_t i = 0; i < dyn->ndyn && !why; i++)
		why = arch_refuses_tag((uintptr_t)dyn->dyn[i].d_tag);
#else
	(void)dyn;
#endif
	return why;
}

/* In one with what each start runs. */
static inline __attribute__((always_inline)) int
read_dynamic(const struct elf_view *v, const ElfW(Phdr) *dynamic, struct dso *d,
	     const char **why)
{
	struct elf_version few[48];
	long n;

	if (elf_dynamic(v, ARCH_MACHINE, dynamic->p_vaddr, dynamic->p_memsz,
			&d->dyn, why))
		return -1;
	n = elf_version_read(&d->dyn, few, sizeof few / sizeof few[0], why);
	if (n < 0)
		return -1;
	if (n == 0 || !d->dyn.versym)
		return 0;
	d->ver = rld_alloc((size_t)n * sizeof *d->ver);
	if (!d->ver) {
		*why = "out of memory";
		return -1;
	}
	if ((size_t)n <= sizeof few / sizeof few[0])
		memcpy(d->ver, few, (size_t)n * sizeof few[0]);
	else
		elf_version_fill(&d->dyn, d->ver, (size_t)n);
	d->nver = (unsigned)n;
	return 0;
}

int rld_read_dynamic(const struct elf_view *v, const ElfW(Phdr) *dynamic,
		     struct dso *d, const char **why)
{
	return read_dynamic(v, dynamic, d, why);
}

/* Everything about d that its headers and dynamic section say. */
static int learn(struct rld *r, struct dso *d, const struct elf_head *h,
		 struct rld_err *e)
{
	struct elf_view v = dso_view(r, d);
	const char *why;

	if (h->tls) {
		d->tls_image = (const void *)(d->lm.l_addr + h->tls->p_vaddr);
		d->tls_filesz = h->tls->p_filesz;
		d->tls_memsz = h->tls->p_memsz;
		d->tls_align = h->tls->p_align ? h->tls->p_align : 1;
		d->tls_misalign = h->tls->p_vaddr & (d->tls_align - 1);
	}
	if (h->relro) {
		d->relro = page_down(r, d->lm.l_addr + h->relro->p_vaddr);
		d->relro_size = page_down(r, d->lm.l_addr + h->relro->p_vaddr +
						     h->relro->p_memsz);
		if (d->relro_size > d->hi)
			d->relro_size = d->hi;
		d->relro_size -= d->relro;
	}
	d->relro_open = !(d->flags & (D_HOST | D_SELF | D_VDSO));
	d->stack_flags = h->stack ? (int)h->stack->p_flags : -1;
	if (rld_check_abi(r, d, e))
		return -1;
	if (!h->dynamic)
		return d->flags & D_PROGRAM ?
			       0 :
			       rld_fail(e, "%s: has no dynamic section",
					dso_name(r, d));
	d->lm.l_ld = (void *)(d->lm.l_addr + h->dynamic->p_vaddr);
	touch_dynamic(d);
	if (read_dynamic(&v, h->dynamic, d, &why))
		return rld_fail(e, "%s: %s", dso_name(r, d), why);
	why = refused_tag(&d->dyn);
	if (why)
		return rld_fail(e, "%s: %s", dso_name(r, d), why);
	for (size_t i = 0; i < d->phnum && !d->window_hi; i++)
		if (d->ph[i].p_type != PT_LOAD || !(d->ph[i].p_flags & PF_W) ||
		    !rld_window(d, d->lm.l_addr + d->ph[i].p_vaddr, 0,
				&d->window_lo, &d->window_hi))
			d->window_lo = d->window_hi = 0;
	if (!(d->flags & (D_HOST | D_SELF | D_VDSO)) && learn_code(r, d))
		return rld_fail(e, "%s: out of memory", dso_name(r, d));
	d->soname = d->dyn.soname;
	if (d->dyn.symbolic)
		d->flags |= D_SYMBOLIC;
	if (d->dyn.bind_now)
		d->flags |= D_NOW;
	if (d->dyn.flags_1 & DF_1_NODELETE)
		d->flags |= D_NODELETE;
	return 0;
}

/* Its program headers: where they are in memory, else a copy. */
static int keep_headers(struct dso *d, const struct elf_head *h)
{
	const ElfW(Phdr) *in_memory = NULL;

	for (size_t i = 0; i < h->phnum; i++) {
		const ElfW(Phdr) *p = &h->ph[i];

		if (p->p_type == PT_LOAD &&
		    (p->p_flags & (PF_R | PF_W)) == PF_R &&
		    h->phoff >= p->p_offset &&
		    h->phoff + h->phnum * sizeof *p <=
			    p->p_offset + p->p_filesz)
			in_memory = (const void *)(d->lm.l_addr + p->p_vaddr +
						   h->phoff - p->p_offset);
	}
	d->phnum = h->phnum;
	if (in_memory) {
		d->ph = in_memory;
	} else {
		ElfW(Phdr) *copy = rld_alloc(h->phnum * sizeof *copy);

		if (!copy)
			return -1;
		memcpy(copy, h->ph, h->phnum * sizeof *copy);
		d->ph = d->ph_copy = copy;
	}
	return 0;
}

static __attribute__((cold)) void tell_mapped(struct rld *r, struct dso *d)
{
	TRACE(r, TR_MAP, "map: %s at %p to %p\n", dso_name(r, d), (void *)d->lo,
	      (void *)d->hi);
	if (rld_recording(r) && r->program)
		rld_record_loaded(r, d);
}

int rld_map(struct rld *r, struct dso *d, int fd, const struct statx *st,
	    struct rld_err *e)
{
	static const struct elf_want want_proto = {
		ARCH_CLASS, ARCH_DATA,	      ARCH_MACHINE,
		0,	    ARCH_EFLAGS_MASK, ARCH_EFLAGS
	};
	struct elf_want want = want_proto;
	struct elf_head h;
	const char *why;
	char *big = NULL;
	int ret;
	long n, head;
	const void *aligned = rld_first_bytes(fd, &n);

	/* what libc's own loader maps is its own business */
	if (!r->started && !r->guarded && !(d->flags & D_HOST)) {
		r->guarded = 1;
		rld_guard(r, 1);
	}
	rld_first_bytes_forget();

	want.page = r->page;
	if (n < 0)
		return rld_fail(e, "%s: cannot be read: %s", dso_name(r, d),
				sys_strerror(n));
	head = n;
	ret = elf_head(aligned, (size_t)n, st->stx_size, &want, &h, &why);
	if (ret == 1) { /* the table lies far into the file */
		size_t size = h.phnum * sizeof(ElfW(Phdr));

		big = rld_alloc(size);
		if (!big)
			return rld_fail(e, "%s: out of memory", dso_name(r, d));
		n = sys_pread(fd, big, size, h.phoff);
		if (n < 0) {
			rld_free(big);
			return rld_fail(e, "%s: cannot be read: %s",
					dso_name(r, d), sys_strerror(n));
		}
		ret = (size_t)n < size ?
			      1 :
			      elf_phdrs((const void *)big, h.phnum,
					st->stx_size, r->page, &h, &why);
	}
	if (ret) {
		char *hint = rld_hint_file(d, aligned, (size_t)head);

		rld_fail(e, "%s: %s%s", dso_name(r, d),
			 ret > 0 ? "is truncated" : why, hint);
		rld_free(hint);
		rld_free(big);
		return -1;
	}
	d->type = h.type;
	r->mapping = dso_name(r, d);
	r->mapping_size = st->stx_size;
	if (h.type == ET_EXEC && !(d->flags & D_PROGRAM))
		ret = rld_fail(e, "%s: is a program, not a shared object",
			       dso_name(r, d));
	else
		ret = rld_lay(r, d, fd, &h, e);
	if (!ret && keep_headers(d, &h))
		ret = rld_fail(e, "%s: out of memory", dso_name(r, d));
	if (!ret) {
		d->entry = h.entry + d->lm.l_addr;
		/* the host's loader is learnt about when it is adopted */
		if (!(d->flags & D_HOST))
			ret = learn(r, d, &h, e);
	}
	if (!ret)
		ret = rld_stack_serves(r, d, e);
	if (!ret && !(d->flags & D_PROGRAM) && (d->dyn.flags_1 & DF_1_PIE))
		ret = rld_fail(e, "%s: is a program, not a shared object",
			       dso_name(r, d));
	r->mapping = NULL;
	rld_free(big);
	if (ret)
		return -1;
	if (__builtin_expect(r->trace & (TR_MAP | TR_RECORD), 0))
		tell_mapped(r, d);
	return 0;
}

int rld_map_adopt(struct rld *r, struct dso *d, uintptr_t bias,
		  const ElfW(Phdr) *ph, size_t phnum, struct rld_err *e)
{
	struct elf_head h = { 0 };
	const char *why;

	if (elf_phdrs(ph, phnum, UINT64_MAX, 1, &h, &why))
		return rld_fail(e, "%s: %s", dso_name(r, d), why);
	d->lm.l_addr = bias;
	d->lo = page_down(r, bias + h.lo);
	d->hi = page_up(r, bias + h.hi);
	d->ph = ph;
	d->phnum = (unsigned)phnum;
	return learn(r, d, &h, e);
}

void rld_unmap(struct rld *r, struct dso *d)
{
	if (d->hi > d->lo &&
	    !(d->flags & (D_HOST | D_KERNEL | D_SELF | D_VDSO))) {
		if (!r->tombstone || d->flags & D_NEW || r->stuck ||
		    SYS_ERR(sys_mmap((void *)d->lo, d->hi - d->lo, PROT_NONE,
				     MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS |
					     MAP_NORESERVE,
				     -1, 0)))
			rld_unmap_later(r, d->lo, d->hi);
	}
	TRACE(r, TR_MAP | TR_UNLOAD, "unmap: %s from %p\n", dso_name(r, d),
	      (void *)d->lo);
	if (rld_recording(r))
		rld_record_unloaded(r, d);
	d->lo = d->hi = 0;
}

int rld_relro_open(struct rld *r, struct dso *d)
{
	long err = d->relro_open || !d->relro_size ?
			   0 :
			   sys_mprotect(d->relro, d->relro_size,
					PROT_READ | PROT_WRITE);

	if (err) {
		TRACE(r, TR_BIND,
		      "bind: %s: its RELRO cannot be made writable: %s\n",
		      dso_name(r, d), sys_strerror(err));
		return -1;
	}
	d->relro_open++;
	return 0;
}

int rld_relro_close(struct rld *r, struct dso *d)
{
	long err = --d->relro_open || !d->relro_size ?
			   0 :
			   sys_mprotect(d->relro, d->relro_size, PROT_READ);

	if (err)
		TRACE(r, TR_BIND, "bind: %s: its RELRO stays writable: %s\n",
		      dso_name(r, d), sys_strerror(err));
	return err ? -1 : 0;
}

int rld_window(const struct dso *d, uintptr_t at, int text, uintptr_t *lo,
	       uintptr_t *hi)
{
	uintptr_t ph = (uintptr_t)d->ph, ph_end = (uintptr_t)(d->ph + d->phnum);
	uintptr_t zero = (uintptr_t)d->dyn.strtab + d->dyn.strsz - 1;

	for (unsigned i = 0; i < d->phnum; i++) {
		const ElfW(Phdr) *p = &d->ph[i];

		*lo = d->lm.l_addr + p->p_vaddr;
		*hi = *lo + p->p_memsz;
		if (p->p_type != PT_LOAD || at < *lo || at >= *hi ||
		    !(p->p_flags & PF_W || text))
			continue;
		if (d->dyn.strtab) {
			if (at <= zero && *hi > zero)
				*hi = zero;
			else if (at > zero && *lo <= zero)
				*lo = zero + 1;
		}
		if (at<ph_end && * hi> ph)
			*hi = ph;
		else if (at >= ph_end && *lo < ph_end)
			*lo = ph_end;
		return at < *hi;
	}
	return 0;
}

/* How many bytes can be read from `at` on, to the end of a segment's last
 * page. */
static uintptr_t readable_at(const struct rld *r, const struct dso *d,
			     uintptr_t at)
{
	for (unsigned i = 0; i < d->phnum; i++) {
		const ElfW(Phdr) *p = &d->ph[i];
		uintptr_t lo = d->lm.l_addr + p->p_vaddr;
		uintptr_t hi = page_up(r, lo + p->p_memsz);

		lo = page_down(r, lo);
		if (p->p_type == PT_LOAD && p->p_memsz && p->p_flags & PF_R &&
		    at >= lo && at < hi)
			return hi - at;
	}
	return 0;
}

int rld_readable(const struct rld *r, const struct dso *d, uintptr_t at,
		 size_t size)
{
	while (size) {
		uintptr_t n = readable_at(r, d, at);

		if (!n)
			return 0;
		at += n;
		size -= n < size ? n : size;
	}
	return 1;
}

/* A file that is overwritten in place changes under the programs that map it. */
int rld_snapshot(int fd, uint64_t size)
{
	int copy = sys_memfd_create("rld-snapshot");
	enum { PIECE = 64 * 1024 };
	char *buf = copy < 0 ? NULL : rld_alloc(PIECE);
	uint64_t at = 0;
	long n = 0;

	if (copy >= 0 && !buf) {
		sys_close(copy);
		return -ENOMEM;
	}
	while (copy >= 0 && at < size) {
		n = sys_pread(fd, buf, PIECE, at);
		if (n <= 0)
			break;
		for (long put = 0, k; put < n; put += k) {
			k = sys_write(copy, buf + put, (size_t)(n - put));
			if (k <= 0) {
				n = k ? k : -EIO;
				goto out;
			}
		}
		at += (uint64_t)n;
	}
out:
	rld_free(buf);
	if (n < 0 && copy >= 0) {
		sys_close(copy);
		return (int)n;
	}
	return copy;
}
