/* SPDX-License-Identifier: MIT */
/* Whether an object can be in this process: what it says of the processor and
 * of floating point is compared with what the processor is, and with what
 * all other objects say.  Machines whose objects say nothing of it need no such
 * thing. */
#include "rld/base/base.h"
#include "rld/image/image.h"

#ifdef ARCH_HAS_ABI

static int compare(struct rld *r, const struct dso *d, const struct dso *o,
		   unsigned *modes, struct rld_err *e)
{
	const char *o_has, *has = arch_abi_clash(&d->abi, &o->abi, &o_has);

	*modes &= arch_abi_modes(&o->abi);
	if (!has)
		return 0;
	return rld_fail(e, "%s: %s, but %s %s: they cannot be mixed",
			dso_name(r, d), has, dso_name(r, o), o_has);
}

int rld_check_abi(struct rld *r, struct dso *d, struct rld_err *e)
{
	const struct elf_view v = dso_view(r, d);
	unsigned modes;
	const char *why;
	long err;

	if (d->flags & (D_SELF | D_VDSO))
		return 0;
	if (arch_abi_read(&v, &d->abi, &why))
		return rld_fail(e, "%s: %s", dso_name(r, d), why);
	why = arch_abi_lacks(&d->abi, rld_aux(r, AT_HWCAP),
			     (const char *)rld_aux(r, ARCH_AT_BASE_PLATFORM));
	if (why)
		return rld_fail(e, "%s: %s", dso_name(r, d), why);
	modes = arch_abi_modes(&d->abi);
	for (struct dso *o = r->head; o; o = dso_next(o))
		if (o != d && compare(r, d, o, &modes, e))
			return -1;
	/* whose filtees come before they are in the list themselves */
	for (struct dso *o = d->loader; o && !o->serial; o = o->loader)
		if (compare(r, d, o, &modes, e))
			return -1;
	if (arch_abi_modes(&d->abi) == ARCH_ABI_MODES || r->mode != MODE_RUN)
		return 0;
	err = arch_abi_enter(modes);
	return err ? rld_fail(e, "%s: %s, a mode that cannot be entered: %s",
			      dso_name(r, d), arch_abi_text(&d->abi),
			      sys_strerror(err)) :
		     0;
}

#endif
