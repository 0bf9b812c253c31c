#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern int x(void), xifunc(void), call_hook(void), (*hook_slot)(void);
extern int xdata, *xaddress(void);
extern __thread int xtls;
int hook(void) { return 2; }

int main(int argc, char **argv)
{
	char buf[4096];
	long n = readlink("/proc/self/exe", buf, sizeof buf);
	void *h;
	int (*late)(void);

	printf("x %d data %d %d tls %d ifunc %d hook %d %d\n", x(), xdata,
	       xaddress() == &xdata, xtls, xifunc(), call_hook(), hook_slot());
	printf("getenv %s\n", getenv("PATH"));
	printf("exe %s\n", n > 1 && buf[n - 1] == 'p' ? "p" : "another");
	if (argc > 1) {
		h = dlopen(argv[1], RTLD_NOW);
		late = h ? (int (*)(void))dlsym(h, "late") : 0;
		printf("late %d\n", late ? late() : -1);
		if (h)
			dlclose(h);
	}
	return 0;
}
