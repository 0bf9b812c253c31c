/* SPDX-License-Identifier: MIT */
/* Where traces go, and LD_DEBUG, as users of glibc know it: taken as --trace. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/start/start.h"

int rld_set_log(struct rld *r, const char *file)
{
	char *name = rld_with_pid(file);
	int fd = name ? sys_open(name, O_WRONLY | O_CREAT | O_APPEND) : -ENOMEM;

	rld_free(name);
	if (fd >= 0)
		r->log_fd = fd;
	else if (r->on_command_line)
		rld_die(r, "%s: the log cannot be opened: %s", file,
			sys_strerror(fd));
	else
		rld_print(r, 2,
			  "rld: %s: %s: the log cannot be opened: %s: "
			  "ignored\n",
			  r->prog, file, sys_strerror(fd));
	return 0;
}

/* What glibc's LD_DEBUG asks for, as our own traces. */
static unsigned debug_bit(const char *w, size_t n)
{
	static const struct {
		const char name[12];
		unsigned bit;
	} all[] = { { "libs", TR_SEARCH },   { "files", TR_MAP },
		    { "bindings", TR_BIND }, { "symbols", TR_BIND },
		    { "reloc", TR_BIND },    { "versions", TR_BIND },
		    { "tls", TR_TLS },	     { "scopes", TR_MAP },
		    { "unused", TR_UNLOAD }, { "statistics", TR_STAT },
		    { "all", TR_ALL },	     { "help", 0 } };

	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strlen(all[i].name) == n && !strncmp(all[i].name, w, n))
			return all[i].bit | TR_NOTE;
	return 0;
}

void rld_debug_variable(struct rld *r, const char *list)
{
	const char *log = rld_getenv(r, "LD_DEBUG_OUTPUT");
	unsigned got = 0, one;
	size_t n;

	for (const char *p = list; *p; p += n + (p[n] != 0)) {
		for (n = 0; p[n] && !strchr(", :\t", p[n]);)
			n++;
		one = debug_bit(p, n);
		if (n && !one)
			rld_print(r, 2,
				  "rld: %s: LD_DEBUG: %s: unknown word: "
				  "ignored\n",
				  r->prog, p);
		got |= one;
	}
	if (log && *log) {
		char *file = rld_format("%s.%%p", log);

		if (file)
			rld_set_log(r, file);
		rld_free(file);
	}
	rld_trace_more(r, got & ~(unsigned)TR_NOTE);
	rld_trace(r,
		  "LD_DEBUG=%s is taken as --trace:%s%s%s%s%s%s (rld --help)\n",
		  list, got & TR_SEARCH ? " search" : "",
		  got & TR_MAP ? " map" : "", got & TR_BIND ? " bind" : "",
		  got & TR_TLS ? " tls" : "", got & TR_INIT ? " init" : "",
		  got & TR_UNLOAD ? " unload" : "");
}
