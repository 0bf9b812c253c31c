/* SPDX-License-Identifier: MIT */
/* The calls that run up: from the lock and from a thread's record to what stands
 * above them.  Written once, at the start, into sealed data.
 *
 * Beside them, five functions are called by nothing in rld/: arch/NAME/start.S
 * jumps to rld_start and rld_stage2, arch/NAME/resolve.S to rld_bind_slot,
 * rld_bind_got and rld_tls_slow.  scripts/layers knows these names and no
 * others. */
#ifndef RLD_UPCALL_H
#define RLD_UPCALL_H

struct rld;

struct upcalls {
	/* There may be a second thread by now: life/fork.c. */
	void (*watch_threads)(struct rld *r);
	/* libc's key destructor, of a thread's record: tls/dtors.c. */
	void (*thread_exit)(void *record);
};

#endif
