#ifdef UNIQUE_ONLY
extern long unique_one, unique_two;
long user(void) { return unique_one + unique_two; }
#else
__attribute__((weak)) int value(void);
int needed(void);
int (*volatile pointer)(void) = value;
int user(void) { return pointer ? pointer() : 0; }
int (*volatile strong)(void) = needed;
#endif
