/* SPDX-License-Identifier: MIT */
/* GLIBC_TUNABLES: "name=value:name=value".  A secure program has none. */
#include "rld/base/base.h"
#include "rld/file/file.h"

const char *rld_tunable(struct rld *r, const char *name, size_t *len)
{
	const char *s = r->secure ? NULL : rld_getenv(r, "GLIBC_TUNABLES");
	const char *found = NULL;
	size_t n = strlen(name);

	while (s && *s) {
		const char *value = s + n + 1;
		size_t k = 0;

		while (s[k] && s[k] != ':')
			k++;
		if (k > n && !strncmp(s, name, n) && s[n] == '=') {
			found = value; /* the last one counts */
			*len = k - n - 1;
		}
		s += k + (s[k] == ':');
	}
	return found;
}

unsigned rld_hwcap_level(struct rld *r)
{
	static unsigned level; /* + 1: 0 is not known yet */

	if (!level) {
		size_t len = 0;
		const char *s = rld_tunable(r, "glibc.cpu.hwcaps", &len);

		level = arch_hwcap_level(s, len) + 1;
	}
	return level - 1;
}
