/* Prints what dlopen says, or calls plugin(). */
#include <dlfcn.h>
#include <stdio.h>
#ifdef NEEDS
int f(void);
#endif
int main(int argc, char **argv)
{
	void *h = argc > 1 ? dlopen(argv[1], argc > 2 ? RTLD_NOW : RTLD_LAZY) : NULL;
#ifdef NEEDS
	f();
#endif
	if (!h)
		return puts(argc > 1 ? dlerror() : "ok") < 0;
	return ((int (*)(void))dlsym(h, "plugin"))();
}
