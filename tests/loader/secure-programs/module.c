/* Opens libpre along the directories of $MODULES. */
#include <dlfcn.h>
#include <stdio.h>
#include "rld.h"

int main(void)
{
	if (!rld_module_open("libpre", "$MODULES", RTLD_NOW, NULL, NULL, NULL))
		puts("no module");
	return 0;
}
