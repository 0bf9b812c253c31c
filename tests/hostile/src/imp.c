/* Uses another's variable, twice. */
extern int counter;
int *first = &counter, *second = &counter;
