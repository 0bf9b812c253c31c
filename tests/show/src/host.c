/* A plug-in host.  It is linked without -rdynamic, though its plug-in calls it:
 * the first of three faults. */
#include <dlfcn.h>
#include <stdio.h>

int shared_table[4] = { 1 }; /* libold.so.1 had four; the second fault is below */
int host_service(int n);
int library_number(void);
extern int library_sizes[];

int host_service(int n)
{
	return n + library_sizes[0];
}

int main(int argc, char **argv)
{
	void *h = dlopen(argc > 1 ? argv[1] : "./plugin.so", RTLD_NOW);

	if (!h)
		puts(dlerror());
	printf("%d\n", host_service(library_number()));
	return !h;
}
