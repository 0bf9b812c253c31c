/* open LIB: what dlsym finds in it, and what it returns itself. */
#include <dlfcn.h>
#include <stdio.h>

static const char *const names[] = { "answer", "var", "two", "other" };

int main(int argc, char **argv)
{
	void *h = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	int (*other)(void);

	if (!h) {
		puts(dlerror());
		return 1;
	}
	for (int i = 0; i < 4; i++)
		if (dlsym(h, names[i]))
			printf("%s ", names[i]);
	other = (int (*)(void))dlsym(h, "other");
	printf("%d\n", other ? other() : -1);
	return 0;
}
