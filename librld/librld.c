/* SPDX-License-Identifier: MIT */
/* librld.so.1 where rld is not the linker: every function of rld.h fails with
 * a text that says so.  Under rld this file is never loaded, since rld itself
 * answers to its name. */
#include "rld.h"

static __thread const char *last;

static const char text[] = "librld.so.1: this program was not started by rld: "
			   "what <rld.h> declares needs rld as its dynamic "
			   "linker";

#define API __attribute__((visibility("default")))

static void *none(void)
{
	last = text;
	return NULL;
}

API const char *rld_error(void)
{
	return last;
}

API void *sgidladd(const char *path, int mode)
{
	(void)path;
	(void)mode;
	return none();
}

API void *sgidlopen_version(const char *path, int mode, const char *version,
			    int flags)
{
	(void)path;
	(void)mode;
	(void)version;
	(void)flags;
	return none();
}

API char *sgigetdsoversion(const char *soname)
{
	(void)soname;
	return none();
}

API rld_delay_fn *rld_delay_handler(rld_delay_fn *fn, void *arg)
{
	(void)fn;
	(void)arg;
	none();
	return NULL;
}

API int rld_holders_sized(void *handle, struct rld_holder *out, size_t size,
			  size_t max)
{
	(void)handle;
	(void)out;
	(void)size;
	(void)max;
	none();
	return -1;
}

API int rld_journal_sized(struct rld_gone *out, size_t size, size_t max)
{
	(void)out;
	(void)size;
	(void)max;
	none();
	return -1;
}

API int rld_was_sized(const void *addr, struct rld_was *out, size_t size)
{
	(void)addr;
	(void)out;
	(void)size;
	none();
	return -1;
}

/* These two are inline functions of the header now. */
API int rld_holders_0_1(void *handle, struct rld_holder *out,
			size_t max) __asm__("rld_holders");

int rld_holders_0_1(void *handle, struct rld_holder *out, size_t max)
{
	return rld_holders_sized(handle, out, sizeof *out, max);
}

API int rld_journal_0_1(struct rld_gone *out,
			size_t max) __asm__("rld_journal");

int rld_journal_0_1(struct rld_gone *out, size_t max)
{
	return rld_journal_sized(out, sizeof *out, max);
}

API int rld_swap(void *handle, const char *path, unsigned flags)
{
	(void)handle;
	(void)path;
	(void)flags;
	none();
	return -1;
}

API void *rld_entry(void *handle, const char *name)
{
	(void)handle;
	(void)name;
	return none();
}

API int rld_entry_free(void *entry)
{
	(void)entry;
	none();
	return -1;
}

API int rld_notify(rld_event_fn *fn, void *arg, unsigned what)
{
	(void)fn;
	(void)arg;
	(void)what;
	none();
	return -1;
}

API struct rld_module *rld_module_open(const char *name, const char *search,
				       int mode, void *client,
				       rld_module_hook *hook, void *arg)
{
	(void)name;
	(void)search;
	(void)mode;
	(void)client;
	(void)hook;
	(void)arg;
	return none();
}

API int rld_module_close(struct rld_module *module, void *client,
			 unsigned flags)
{
	(void)module;
	(void)client;
	(void)flags;
	none();
	return -1;
}

API int rld_module_unload(struct rld_module *module, unsigned flags)
{
	(void)module;
	(void)flags;
	none();
	return -1;
}

API int rld_module_each(int (*fn)(struct rld_module *module, const char *path,
				  void *arg),
			void *arg)
{
	(void)fn;
	(void)arg;
	none();
	return -1;
}

API int rld_module_reload(struct rld_module *module, const char *path,
			  unsigned flags)
{
	(void)module;
	(void)path;
	(void)flags;
	none();
	return -1;
}

API void *rld_module_handle(const struct rld_module *module)
{
	(void)module;
	return none();
}

API unsigned rld_module_uses(const struct rld_module *module,
			     const void *client, int any)
{
	(void)module;
	(void)client;
	(void)any;
	none();
	return 0;
}

API int rld_save(const char *file)
{
	(void)file;
	none();
	return -1;
}

API int rld_restore(const char *file, unsigned flags, rld_restore_fn *report,
		    void *arg)
{
	(void)file;
	(void)flags;
	(void)report;
	(void)arg;
	none();
	return -1;
}

API const char *rld_module_extension(void)
{
	return ".so";
}

API void *_rld_new_interface(unsigned op, ...)
{
	(void)op;
	return none();
}

API void *__rld_libdl_interface(int what, void *a1, void *a2, void *a3,
				void *a4)
{
	(void)what;
	(void)a1;
	(void)a2;
	(void)a3;
	(void)a4;
	return none();
}
