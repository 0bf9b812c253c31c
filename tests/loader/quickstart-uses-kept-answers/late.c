extern int xdata;
extern int z(void);
int late(void) { return xdata + z(); }
