/* liba.so, libb.so */
int f(void) { return 1; }
#ifdef KEEPS
__attribute__((visibility("hidden"))) int hidden(void) { return 2; }
#endif
