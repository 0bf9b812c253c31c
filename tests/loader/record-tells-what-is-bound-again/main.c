/* Prints what libuser.so is bound to: after each library that came, left, or took
 * another one's place. */
#include <dlfcn.h>
#include <stdio.h>
#include <rld.h>

static void *open_(const char *file, int mode)
{
	void *h = dlopen(file, mode);

	if (!h)
		puts(dlerror());
	return h;
}

int main(void)
{
	void *one = open_("./libone.so", RTLD_NOW | RTLD_GLOBAL), *user, *two, *last;
	int (*f)(void);

	if (!one || !(user = open_("./libuser.so", RTLD_NOW)))
		return 1;
	f = (int (*)(void))dlsym(user, "user");
	printf("%d ", f());
	dlclose(one);
	printf("%d ", f());
	two = open_("./libtwo.so", RTLD_NOW | RTLD_GLOBAL);
	if (!two)
		return 1;
	printf("%d ", f());
	if (rld_swap(two, "./libone.so", 0))
		return puts(dlerror()), 1;
	printf("%d ", f());
	printf("%s ", rld_swap(two, "./libless.so", 0) ? "refused" : "swapped");
	last = open_("./liblast.so", RTLD_NOW);
	printf("%d\n", f());
	return !last || dlclose(two);
}
