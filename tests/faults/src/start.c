/* A program whose start is made to fail.  getppid marks where it is over. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int mid(int);

int main(int argc, char **argv)
{
	syscall(SYS_getppid);
	(void)argv;
	if (argc > 1)
		_exit(0);
	printf("mid is %d\n", mid(1));
	return 0;
}
