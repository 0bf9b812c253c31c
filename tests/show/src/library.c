/* Built twice: the program is linked to the one whose array is short. */
#ifndef SIZES
#define SIZES 4
#endif
int library_sizes[SIZES] = { 7 };

int library_number(void)
{
	return 35;
}
