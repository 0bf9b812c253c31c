extern int first(int);
int plugin(int n) { return first(n) * 2; }
int first(int n) { return n - 1; } /* the program's libx.so comes first */
