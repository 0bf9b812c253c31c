/* What a record must tell of: calls at first, in a child, in a handler, in a thread,
 * with the descriptors closed; a library opened and closed; an execve. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int first(int), in_child(int), in_handler(int), after_close(int), in_thread(int);
extern int shared;

static volatile int handled;
static void handler(int sig) { handled = in_handler(sig); }

static void *thread(void *arg)
{
	*(int *)arg = in_thread(1);
	return NULL;
}

int main(int argc, char **argv)
{
	int sum = shared, n, fd;
	pthread_t t;
	pid_t pid;
	void *h;

	if (argc > 1 && !strcmp(argv[1], "again"))
		return printf("again %d\n", first(1)) < 0;
	sum += first(1);
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	sum += handled == SIGUSR1 + 3;
	if (pthread_create(&t, NULL, thread, &n) || pthread_join(t, NULL))
		return 1;
	sum += n;
	h = dlopen(argv[1], RTLD_LAZY);
	if (!h)
		return puts(dlerror()), 1;
	sum += ((int (*)(int))dlsym(h, "plugin"))(10);
	if (dlclose(h) || dlopen("./libnone.so", RTLD_NOW))
		return 1;
	pid = fork();
	if (!pid)
		exit(in_child(1) != 3);
	waitpid(pid, &n, 0);
	sum += !n;
	if (argc > 2) { /* a daemon closes what it finds, and opens its own */
		for (int i = 3; i < 100; i++)
			close(i);
		fd = open(argv[2], O_WRONLY | O_CREAT, 0666);
		sum += after_close(1);
		if (write(fd, "mine\n", 5) != 5)
			return 1;
	}
	printf("%d\n", sum);
	fflush(stdout);
	if (argc > 3)
		execl(argv[0], argv[0], "again", (char *)NULL);
	return 0;
}
