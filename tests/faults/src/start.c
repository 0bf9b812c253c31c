/* A program whose start is made to fail.  getppid marks where it is over.  If
 * rld's switch was set to a number that the start did not reach, it says so. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int mid(int);
extern unsigned rld_fail_call __attribute__((weak));
extern unsigned rld_fail_alloc __attribute__((weak));

int main(int argc, char **argv)
{
	syscall(SYS_getppid);
	(void)argv;
	if (argc > 1)
		_exit(0);
	if (&rld_fail_call && (rld_fail_call || rld_fail_alloc))
		puts("enough");
	printf("mid is %d\n", mid(1));
	return 0;
}
