int of_the_host(void);
int plugin(void) { return of_the_host(); }
