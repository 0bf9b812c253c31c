#include <stdio.h>
extern int z(void);
int only_weak(void) __attribute__((weak));
int nowhere __attribute__((weak));
int xdata = 5;
__thread int xtls = 7;
int *xaddress(void) { return &xdata; }
static int chosen(void) { return 11; }
static void *choose(void) { return chosen; }
int xifunc(void) __attribute__((ifunc("choose")));
/* interposed by the program */
int hook(void) { return 1; }
int call_hook(void) { return hook(); }
int (*hook_slot)(void) = hook;
int x(void) { return VALUE * 100 + z() * 10 + (only_weak ? only_weak() : 3); }
