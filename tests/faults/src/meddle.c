/* meddle N HOW FILE COMMAND ARG...: run the command and, when it stops at its
 * Nth system call (entry) after it has opened FILE, do something to the file:
 * cut (to nothing), half (to a page), swap (another, unfit file in its place).
 * Stops counting at getppid.  Exit status: the command's, 128 + signal, or 99
 * if there were not so many calls. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static void peek_string(pid_t pid, unsigned long at, char *to, size_t n)
{
	size_t got = 0;

	while (got + sizeof(long) < n) {
		long w = ptrace(PTRACE_PEEKDATA, pid, at + got, 0);

		memcpy(to + got, &w, sizeof w);
		if (memchr(&w, 0, sizeof w))
			return;
		got += sizeof w;
	}
	to[0] = 0;
}

static void act(const char *how, const char *file)
{
	char other[4096];
	int fd;

	if (!strcmp(how, "swap")) {
		snprintf(other, sizeof other, "%s.other", file);
		fd = open(other, O_CREAT | O_WRONLY | O_TRUNC, 0755);
		if (fd < 0 || write(fd, "\177ELF nothing", 12) != 12 ||
		    rename(other, file))
			_exit(98);
		close(fd);
	} else if (truncate(file, !strcmp(how, "half") ? 4096 : 0)) {
		_exit(98);
	}
}

int main(int argc, char **argv)
{
	struct user_regs_struct u;
	int status, entry = 0, seen = 0, done = 0;
	long left;
	pid_t pid;

	if (argc < 5)
		return 97;
	left = atol(argv[1]);
	pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execv(argv[4], argv + 4);
		_exit(96);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (int sig = 0;;) {
		ptrace(done ? PTRACE_CONT : PTRACE_SYSCALL, pid, 0, sig);
		if (waitpid(pid, &status, 0) < 0)
			return 95;
		if (WIFEXITED(status))
			break;
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		sig = WSTOPSIG(status);
		if (sig != (SIGTRAP | 0x80)) {
			if (sig == SIGTRAP)
				sig = 0; /* execve */
			continue;
		}
		sig = 0;
		entry = !entry;
		ptrace(PTRACE_GETREGS, pid, 0, &u);
		if (!entry || done)
			continue;
		if (seen && left-- == 0) {
			act(argv[2], argv[3]);
			done = 1;
		}
		if (!seen && u.orig_rax == SYS_openat) {
			char name[4096];
			const char *base = strrchr(argv[3], '/');

			/* whole, or from a descriptor of its directory */
			peek_string(pid, u.rsi, name, sizeof name);
			seen = !strcmp(name, argv[3]) ||
			       (base && !strcmp(name, base + 1));
		}
		if (seen && u.orig_rax == SYS_getppid)
			seen = 0, left = 1L << 60;
	}
	return done ? WEXITSTATUS(status) : 99;
}
