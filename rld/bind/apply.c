/* SPDX-License-Identifier: MIT */
/* Writing one relocation whose meaning is known. */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

int rld_bad_reloc(struct pass *p, struct dso *d, const struct reloc *rel,
		  const char *what)
{
	return rld_fail(p->e, "%s: %s (relocation type %u at offset 0x%lx)",
			dso_name(p->r, d), what, rel->type,
			(unsigned long)rel->off);
}

static int tpoff(struct pass *p, struct dso *d, const struct reloc *rel,
		 const struct def *def, uintptr_t *value)
{
	struct dso *o = def->dso;

	if (!o->tls_static) {
		if (p->r->mode != MODE_RUN)
			return *value = 0, 0;
		if (rld_tls_make_static(p->r, o, p->e))
			return -1;
	}
	(void)d;
	*value = (uintptr_t)o->tls_offset + def->sym->st_value +
		 (uintptr_t)rel->addend;
	return 0;
}

/* What a dynamic descriptor points to; goes with d. */
static uintptr_t *new_pair(struct dso *d)
{
	struct tlsdesc *t = rld_alloc(sizeof *t);

	if (!t)
		return NULL;
	dso_add_tlsdesc(d, t);
	return t->pair;
}

static int tlsdesc(struct pass *p, struct dso *d, const struct reloc *rel,
		   const struct def *def, uintptr_t *at)
{
	struct dso *o = def->dso;

	if (!o) {
		at[0] = (uintptr_t)arch_tlsdesc_undef;
		at[1] = (uintptr_t)rel->addend;
	} else if (o->tls_static) {
		at[0] = (uintptr_t)arch_tlsdesc_static;
		at[1] = (uintptr_t)o->tls_offset + def->sym->st_value +
			(uintptr_t)rel->addend;
	} else {
		uintptr_t *pair = (uintptr_t *)at[1];

		/* bound anew: its pair serves again, unless it is `lost` */
		if (at[0] != (uintptr_t)arch_tlsdesc_dynamic ||
		    !(d->flags & D_RELOCATED) || rld_tlsdesc_is_lost(at))
			pair = new_pair(d);
		if (!pair)
			return rld_fail(p->e, "%s: out of memory",
					dso_name(p->r, d));
		pair[0] = o->tls_mod;
		pair[1] = def->sym->st_value + (uintptr_t)rel->addend;
		at[0] = (uintptr_t)arch_tlsdesc_dynamic;
		at[1] = (uintptr_t)pair;
	}
	return 0;
}

/* The pair of descriptors whose variable is gone. */
static const uintptr_t lost[2] = { RLD_TLS_LOST, 0 };

void rld_tlsdesc_lost(uintptr_t *at, int weak, uintptr_t addend)
{
	at[0] = (uintptr_t)(weak ? arch_tlsdesc_undef : arch_tlsdesc_dynamic);
	at[1] = weak ? addend : (uintptr_t)lost;
}

int rld_tlsdesc_is_lost(const uintptr_t *at)
{
	return at[0] == (uintptr_t)arch_tlsdesc_undef ||
	       at[1] == (uintptr_t)lost;
}

static int narrow(struct pass *p, struct dso *d, const struct reloc *rel,
		  enum rkind kind, uintptr_t s, uintptr_t size, uintptr_t at)
{
	int64_t v = (int64_t)(s + (uintptr_t)rel->addend);
	int fits = 1;

	switch (kind) {
	case RK_ABS32U:
		fits = (uint64_t)v <= UINT32_MAX;
		break;
	case RK_ABS32S:
		fits = v >= INT32_MIN && v <= INT32_MAX;
		break;
	case RK_ABS32:
		fits = v >= INT32_MIN && v <= (int64_t)UINT32_MAX;
		break;
	case RK_PC32:
		v -= (int64_t)at;
		fits = v >= INT32_MIN && v <= INT32_MAX;
		break;
	case RK_PC64:
		v -= (int64_t)at;
		break;
	case RK_SIZE64:
	case RK_SIZE32:
		v = (int64_t)(size + (uintptr_t)rel->addend);
		break;
	default:
		break;
	}
	if (!fits)
		return rld_bad_reloc(p, d, rel, "has a reference out of range");
	if (kind == RK_ABS16)
		memcpy((void *)at, &(uint16_t){ (uint16_t)v }, 2);
	else if (kind == RK_ABS8)
		*(uint8_t *)at = (uint8_t)v;
	else if (kind == RK_PC64 || kind == RK_SIZE64)
		memcpy((void *)at, &v, 8);
	else
		memcpy((void *)at, &(uint32_t){ (uint32_t)v }, 4);
	return 0;
}

/* A function slot is bound before it is called; 0: *value is what it is to
 * hold. */
static __attribute__((cold, noinline)) int
ask_auditors(struct pass *p, struct dso *d, const uintptr_t *slot,
	     const struct def *def, uintptr_t *value)
{
	uintptr_t v = rld_audit_bind(p->r, d, def, *value,
				     LA_SYMB_NOPLTENTER | LA_SYMB_NOPLTEXIT);

	if (v != *value && rld_audit_note(d, slot, *value, v))
		return rld_fail(p->e, "%s: out of memory", dso_name(p->r, d));
	*value = v;
	return 0;
}

int rld_apply(struct pass *p, struct dso *d, const struct reloc *rel,
	      enum rkind kind, const struct def *def, uintptr_t ifunc)
{
	uintptr_t at = d->lm.l_addr + rel->off, s = 0, v;
	struct word *word = (struct word *)at;

	if (def->sym)
		s = ifunc	  ? ifunc :
		    rel->sym == 0 ? 0 :
				    rld_sym_addr(def->dso, def->sym);
	if (def->dso && def->dso->flags & D_HOST && !def->dso->tls_static &&
	    (kind == RK_DTPMOD || kind == RK_TPOFF || kind == RK_TLSDESC))
		rld_host_tls(p->r);
	switch (kind) {
	case RK_ABS:
		word->v = s + (uintptr_t)rel->addend;
		return 0;
	case RK_GLOB_DAT:
		word->v = s + (uintptr_t)rel->addend;
		return 0;
	case RK_JUMP_SLOT:
		if (rld_audits(p->r) && def->sym &&
		    ask_auditors(p, d, (uintptr_t *)at, def, &s))
			return -1;
		word->v = s;
		return 0;
	case RK_DTPMOD:
		word->v = def->dso ? def->dso->tls_mod : 0;
		return 0;
	case RK_DTPOFF:
		word->v = (def->sym ? def->sym->st_value : 0) +
			  (uintptr_t)rel->addend - ARCH_TLS_DTP_BIAS;
		return 0;
	case RK_TPOFF:
		if (!def->sym)
			return word->v = 0, 0;
		if (tpoff(p, d, rel, def, &v))
			return -1;
		word->v = v;
		return 0;
	case RK_TLSDESC:
		return tlsdesc(p, d, rel, def, (uintptr_t *)at);
	default:
		return narrow(p, d, rel, kind, s,
			      def->sym ? def->sym->st_size : 0, at);
	}
}
