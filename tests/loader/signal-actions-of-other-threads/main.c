/* rld is stopped before each sigaction with which it installs a handler: a filter
 * makes a SIGSYS of it, and a thread that the filter does not concern meddles and
 * then makes the call in its place. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static sem_t asked, answered, children_asked, children_ended;
static greg_t *call; /* the registers of the call that was stopped */
static int stops;
static struct sigaction saved;
static int scenario;	/* the signal */

static void own(int sig)
{
	(void)sig;
}

/* The kernel's call, for the thread that was stopped in it. */
static void in_its_place(void)
{
	call[REG_RAX] = syscall(SYS_rt_sigaction, call[REG_RDI], call[REG_RSI],
				call[REG_RDX], call[REG_R10]);
}

static void *meddle(void *arg)
{
	struct sigaction mine = { .sa_handler = own };

	(void)arg;
	for (;;) {
		sem_wait(&asked);
		if (scenario == SIGSEGV && stops == 1)
			sigaction(SIGSEGV, &mine, NULL);
		in_its_place();
		if (scenario == SIGBUS && stops == 1)
			sigaction(SIGBUS, NULL, &saved);
		sem_post(&answered);
	}
	return NULL;
}

static void on_sys(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	call = ((ucontext_t *)context)->uc_mcontext.gregs;
	stops++;
	sem_post(&asked);
	while (sem_wait(&answered))
		;
}

/* SIGSYS instead of rt_sigaction(sig, not NULL, ...). */
static void stop_at(int sig)
{
	struct sock_filter f[] = {
#define LOAD(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, what))
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigaction, 0, 5),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)sig, 0, 3),
		LOAD(args[1]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { sizeof f / sizeof f[0], f };
	struct sigaction a = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &a, NULL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
		exit(2);
}

static void cycle(void)
{
	void *h = dlopen("./lib.so", RTLD_NOW);

	CHECK(h);
	if (h)
		dlclose(h);
}

static sighandler_t now(int sig)
{
	struct sigaction a;

	sigaction(sig, NULL, &a);
	return a.sa_handler;
}

/* How a child ends that has SIGBUS come in this way. */
static int end_of_child(void (*bus)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		bus();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void by_kill(void)
{
	kill(getpid(), SIGBUS);
}

static void by_memory(void)
{
	int fd = memfd_create("empty", 0);
	volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	(void)*p;
}

/* By a thread that the filter does not concern. */
static void *children(void *arg)
{
	(void)arg;
	sem_wait(&children_asked);
	EQ(end_of_child(by_kill), SIGBUS);
	EQ(end_of_child(by_memory), SIGBUS);
	sem_post(&children_ended);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t;

	scenario = argc > 1 && !strcmp(argv[1], "bus") ? SIGBUS : SIGSEGV;
	sem_init(&asked, 0, 0);
	sem_init(&answered, 0, 0);
	sem_init(&children_asked, 0, 0);
	sem_init(&children_ended, 0, 0);
	pthread_create(&t, NULL, meddle, NULL);
	pthread_create(&t, NULL, children, NULL);
	stop_at(scenario);
	cycle();
	if (scenario == SIGSEGV) { /* it came between two calls of rld's */
		CHECK(stops == 0 || now(SIGSEGV) == own);
	} else if (stops) {	   /* it saved rld's own handler: back with it */
		struct sigaction fresh = { .sa_handler = SIG_DFL };

		CHECK(now(SIGBUS) == SIG_DFL);
		stops = 100;
		sigaction(SIGBUS, &saved, NULL);
		sem_post(&children_asked);
		sem_wait(&children_ended);
		cycle();
		CHECK(now(SIGBUS) == SIG_DFL);
		/* and no thread loses an action that it has set */
		fresh.sa_handler = own;
		sigaction(SIGBUS, &fresh, NULL);
		cycle();
		CHECK(now(SIGBUS) == own);
	}
	if (argc > 2) /* under rld: the case is one */
		CHECK(stops > 0);
	return DONE();
}
