/* libx.so: functions whose first calls are told. */
#include <stdlib.h>
int first(int n) { return n + 1; }
int in_child(int n) { return n + 2; }
int in_handler(int n) { return n + 3; }
int after_close(int n) { return n + 4; }
int in_thread(int n) { return n + 5; }
int shared = 7;
static __attribute__((constructor)) void born(void) { setenv("BORN", "x", 1); }
