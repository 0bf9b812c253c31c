/* What debuggers read: r_debug, and the function they break on. */
#include "rld/internal.h"

API struct r_debug _r_debug;
API void _dl_debug_state(void);

__attribute__((noinline)) void _dl_debug_state(void)
{
	__asm__ volatile("");
}

void rld_debug_state(struct rld *r, int state)
{
	_r_debug.r_version = 1;
	_r_debug.r_map = &r->head->lm;
	_r_debug.r_brk = (ElfW(Addr))_dl_debug_state;
	_r_debug.r_ldbase = r->self->lm.l_addr;
	_r_debug.r_state = (__typeof__(_r_debug.r_state))state;
	_dl_debug_state();
}
