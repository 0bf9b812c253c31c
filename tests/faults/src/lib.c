/* Needed by the others; pages of everything that a loader reads. */
int shared = 5;
int *where = &shared;
static char zeros[9000];
__thread int tv = 6;

int dep(int x)
{
	return x + *where + zeros[x & 63] + tv - 6;
}
