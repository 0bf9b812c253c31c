/* SPDX-License-Identifier: MIT */
/* Time two commands, one after the other, again and again:
 *
 *	spawn RUNS [NAME=VALUE...] -- COMMAND A... -- COMMAND B...
 *
 * Which comes first changes with every run.  One line a run on stdout:
 * nanoseconds from before the fork to after the wait, and minor page faults,
 * of A and then of B.  The commands have /dev/null for stdin, stdout and
 * stderr, and an environment of the given words and PATH.  Linked statically
 * so that the fork is a small one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

struct sample {
	long long ns;
	long faults;
	int status;
};

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct sample run(char **argv, char **envp,
			 const posix_spawn_file_actions_t *files)
{
	struct sample s;
	struct rusage usage;
	long long start = now();
	pid_t pid;
	int err = posix_spawn(&pid, argv[0], files, NULL, argv, envp);

	if (err) {
		fprintf(stderr, "spawn: %s: %s\n", argv[0], strerror(err));
		exit(2);
	}
	while (wait4(pid, &s.status, 0, &usage) < 0 && errno == EINTR)
		;
	s.ns = now() - start;
	s.faults = usage.ru_minflt;
	return s;
}

int main(int argc, char **argv)
{
	char *envp[64] = { "PATH=/usr/local/bin:/usr/bin:/bin",
			   "HOME=/nonexistent", "LANG=C.UTF-8" };
	int nenv = 3, runs, i, b;
	posix_spawn_file_actions_t files;
	int status[2] = { 0, 0 };

	if (argc < 6)
		goto usage;
	runs = atoi(argv[1]);
	for (i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (nenv >= 62)
			goto usage;
		envp[nenv++] = argv[i];
	}
	for (b = i + 1; b < argc && strcmp(argv[b], "--") != 0; b++)
		;
	if (b + 1 >= argc || b == i + 1)
		goto usage;
	argv[b] = NULL;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&files, 0, 1);
	posix_spawn_file_actions_adddup2(&files, 0, 2);

	for (int n = 0; n < runs; n++) {
		struct sample s[2];

		for (int k = 0; k < 2; k++) {
			int which = (n + k) & 1;
			char **cmd = argv + (which ? b : i) + 1;

			s[which] = run(cmd, envp, &files);
			if (s[which].status)
				status[which] = s[which].status;
		}
		printf("%lld %ld %lld %ld\n", s[0].ns, s[0].faults, s[1].ns,
		       s[1].faults);
	}
	/* The caller decides whether an exit status other than 0 matters. */
	printf("status %d %d\n", status[0], status[1]);
	return 0;
usage:
	fprintf(stderr, "usage: spawn RUNS [NAME=VALUE...] -- A... -- B...\n");
	return 2;
}
