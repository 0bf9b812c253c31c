#ifndef VALUE
#define VALUE 1
#endif
int z(void) { return VALUE; }
/* libc's own calls go to whoever stands before it */
char *getenv(const char *name) { (void)name; return (char *)"z's"; }
