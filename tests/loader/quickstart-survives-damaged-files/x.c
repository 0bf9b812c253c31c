extern int z(void);
int x(void) { return VALUE * 10 + z(); }
