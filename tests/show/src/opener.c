/* Opens plug-ins, each with a group of its own, closes one, and waits. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	void *gone = dlopen("./gone.so", RTLD_NOW);
	void *plugin = dlopen("./plug.so", RTLD_NOW);
	int *held = plugin ? dlsym(plugin, "unique_one") : NULL;

	if (!gone || !plugin || !dlopen("./plug.so", RTLD_NOW) || !held || dlclose(gone))
		return puts(dlerror()), 1;
	puts("ready");
	fflush(stdout);
	sleep(60);
	return *held;
}
