/* SPDX-License-Identifier: MIT */
/* Is this the only thread? */
#include "rld/base/base.h"
#include "rld/tls/tls.h"

#include <linux/sched.h>

/* More than one, and it is not known how many. */
enum { MANY_TASKS = 1000 };

static int emulator_tasks;

/* Threads of this process, those of an emulator included.  Where /proc does not
 * tell, the kernel does: to leave the thread group is nothing for the only
 * thread, and an error for others. */
static int tasks(void)
{
	struct statx st;

	if (!sys_statx(AT_FDCWD, "/proc/self/task", 0, &st))
		return (int)st.stx_nlink - 2;
	return sys1(__NR_unshare, CLONE_THREAD) ? MANY_TASKS : 1;
}

/* A thread that has been joined stays in the list until the kernel, or an
 * emulator on a busy machine, has buried it.  Who would have to refuse
 * something for its sake is patient. */
int rld_tls_alone(int patient)
{
	long ms[2] = { 0, 1000000 };
	int sleeps = !patient ? 0 : rld_state.vdso ? 50 : 1000;

	for (int i = 0; tasks() - emulator_tasks > 1; i++)
		if (i < 64)
			sys1(__NR_sched_yield, 0);
		else if (i < 64 + sleeps)
			sys3(__NR_nanosleep, (long)ms, 0, 0);
		else
			return 0;
	return 1;
}

void rld_tls_count_emulator(void)
{
	/* Where there is no vdso, an emulator may have threads of its own. */
	if (!rld_state.vdso && tasks() < MANY_TASKS)
		emulator_tasks = tasks() - 1;
}
