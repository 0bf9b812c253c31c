/* What the linker's own names mean in this object: in data, in its GOT, by
 * dlsym. */
#define _GNU_SOURCE
#include <stddef.h>
#include "names.h"
#define CAT2(a, b) a##b
#define CAT(a, b)  CAT2(a, b)

#define X(n) extern char n[];
NAMES
#undef X
char *CAT(L, _data)[] = {
#define X(n) n,
	NAMES
#undef X
};

static void *const RTLD_NEXT_ = (void *)-1;

/* Ways: 0 data, 1 GOT, 2 RTLD_DEFAULT, 3 RTLD_NEXT */
void *CAT(L, _means)(int way, int i)
{
	void *(*look)(void *, const char *) =
		(void *(*)(void *, const char *))(void *)dlsym;

	if (way == 0)
		return CAT(L, _data)[i];
	if (way > 1) {
		void *p = look(way == 2 ? NULL : RTLD_NEXT_, name_of[i]);

		__asm__("" : : "r"(p)); /* no tail call: it asks for its caller */
		return p;
	}
	switch (i) {
#define X(n)        \
	case N_##n: \
		return n;
		NAMES
#undef X
	}
	return NULL;
}
