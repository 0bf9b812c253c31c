/* SPDX-License-Identifier: MIT */
/* What rld-show ps and core read of the objects: where it lies. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/diag/journal.h"
#include "rld/diag/layout.h"

#define AT(type, member) (uint16_t) offsetof(struct type, member)

extern API const struct rld_layout _rld_layout;

const struct rld_layout _rld_layout = {
	.magic = RLD_LAYOUT_MAGIC,
	.startup = D_STARTUP,
	.global = D_GLOBAL,
	.nodelete = D_NODELETE,
	.delayed = D_DELAYED,
	.missing = D_MISSING,
	.retired = D_RETIRED,
	.lingers = D_LINGERS,
	.self = D_SELF | D_HOST | D_VDSO,
	.link_map = AT(dso, lm),
	.flags = AT(dso, flags),
	.opens = AT(dso, opens),
	.need = AT(dso, need),
	.nneed = AT(dso, nneed),
	.filtee = AT(dso, filtee),
	.nfilter = AT(dso, nfilter),
	.group = AT(dso, group),
	.ngroup = AT(dso, ngroup),
	.users = AT(dso, users),
	.thread_destructors = AT(dso, tls_dtors),
	.group_n = AT(group, n),
	.group_member = AT(group, member),
	.user_from = AT(edge, from),
	.user_next = AT(edge, next),
	.user_unique = AT(edge, unique),
	.gone_first = AT(journal, kept),
	.gone_size = sizeof(struct rld_gone),
	.gone_kept = JOURNAL_KEPT,
	.gone_name = AT(rld_gone, name),
	.gone_lo = AT(rld_gone, lo),
	.gone_hi = AT(rld_gone, hi),
	.gone_order = AT(rld_gone, order),
	.gone_build_id = AT(rld_gone, build_id),
	.gone_build_id_size = AT(rld_gone, build_id_size),
};
