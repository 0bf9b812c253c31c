/* SPDX-License-Identifier: MIT */
/* A call of each function of the headers, in what C99 to C23 and C++11 to C++23
 * have in common. */
#include <dlfcn.h>
#include <rld.h>
#include <rld_interface.h>

static void *delayed(const struct rld_delay *d, void *arg)
{
	return d->what == RLD_DELAY_FAILED ? arg : NULL;
}

static void *told(const struct rld_event *e, void *arg)
{
	return e->what == RLD_EVENT_UNRESOLVED ? arg : NULL;
}

static int hook(struct rld_module *m, void *client, int what, void *arg)
{
	(void)m;
	(void)client;
	(void)arg;
	return what == RLD_MODULE_ATTACH ? 0 : -1;
}

static void report(int result, const char *path, void *handle, const char *text,
		   void *arg)
{
	(void)result;
	(void)path;
	(void)handle;
	(void)text;
	(void)arg;
}

static int each(struct rld_module *m, const char *path, void *arg)
{
	return m == NULL || path == arg;
}

int main(void)
{
	void *h = dlopen(NULL, RTLD_LAZY);
	struct rld_holder holders[2];
	struct rld_gone gone[2];
	struct rld_was was;
	struct rld_module *m;
	int bad = 0;

	bad += rld_holders(h, holders, 2) < 0;
	bad += rld_holders_sized(h, holders, sizeof holders[0], 2) < 0;
	bad += rld_journal(gone, 2) < 0;
	bad += rld_journal_sized(gone, sizeof gone[0], 2) < 0;
	bad += rld_was_at(&bad, &was) == 0;
	bad += rld_was_sized(&bad, &was, sizeof was) == 0;
	bad += rld_swap(h, NULL, RLD_SWAP_NOW | RLD_SWAP_SNAPSHOT) == 0;
	bad += rld_entry_free(rld_entry(h, "main")) != 0;
	bad += rld_notify(told, NULL, RLD_EVENT_ALL) != 0;
	(void)rld_delay_handler(delayed, NULL);
	m = rld_module_open("none", ".", RTLD_NOW, NULL, hook, NULL);
	if (m != NULL) {
		(void)dlsym(rld_module_handle(m), "f");
		bad += rld_module_uses(m, NULL, 1) != 1;
		bad += rld_module_reload(m, NULL, 0) != 0;
		bad += rld_module_close(m, NULL, RLD_MODULE_KEEP) != 0;
	}
	bad += rld_module_each(each, NULL) != 0;
	bad += rld_module_unload(m, 0) == 0;
	bad += rld_module_extension() == NULL;
	bad += rld_save("list") != 0;
	bad += rld_restore("list", RLD_RESTORE_CHANGED, report, NULL) != 0;
	(void)sgidladd("x", RTLD_NOW_REPORT_ERROR);
	(void)sgidlopen_version("x", RTLD_LAZY, "sgi1.0", LL_EXACT_MATCH);
	(void)sgigetdsoversion("x");
	(void)_rld_new_interface(_RLD_NOP);
	(void)__rld_libdl_interface(3, NULL, NULL, NULL, NULL);
	return rld_error() != NULL && bad != 0;
}
