/* judge MIB COMMAND ARG...: runs COMMAND ARG... PATH for each line of standard
 * input and prints, for each, a line
 *
 *	status kib said PATH
 *
 * status is its exit status or, killed by signal n, -n (SIGALRM: it hung);
 * kib its largest resident size; said 1 if it wrote a line that begins with
 * "rld: ".  MIB limits its address space; 0 does not. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 20 };

static void child(char **argv, char *path, int out, rlim_t mib)
{
	struct rlimit core = { 0, 0 }, as = { mib << 20, mib << 20 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), n = 0;
	char *args[16];

	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	setrlimit(RLIMIT_CORE, &core);
	while (argv[n] && n < 14) {
		args[n] = argv[n];
		n++;
	}
	args[n++] = path;
	args[n] = NULL;
	alarm(SECONDS);
	if (mib)
		setrlimit(RLIMIT_AS, &as);
	execvp(args[0], args);
	_exit(126);
}

static int said(int fd)
{
	static char text[1 << 16];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = 0;
	return !strncmp(text, "rld: ", 5) ||
	       memmem(text, (size_t)n, "\nrld: ", 6);
}

int main(int argc, char **argv)
{
	char path[4096];
	int out;

	if (argc < 3)
		return 2;
	out = memfd_create("judge", MFD_CLOEXEC);
	while (fgets(path, sizeof path, stdin)) {
		struct rusage ru;
		int status;
		pid_t pid;

		path[strcspn(path, "\n")] = 0;
		if (ftruncate(out, 0) || lseek(out, 0, SEEK_SET))
			return 2;
		pid = vfork();
		if (pid < 0)
			return 2;
		if (pid == 0)
			child(argv + 2, path, out, (rlim_t)atol(argv[1]));
		if (wait4(pid, &status, 0, &ru) < 0)
			return 2;
		printf("%d %ld %d %s\n",
		       WIFEXITED(status) ? WEXITSTATUS(status) :
					   -WTERMSIG(status),
		       ru.ru_maxrss, said(out), path);
	}
	return 0;
}
