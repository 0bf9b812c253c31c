/* SPDX-License-Identifier: MIT */
/* A host that opens and closes one library of other people's: in its main
 * thread, in three threads at once, in a forked child.  For each it prints what
 * dlopen and dlclose said, and at the end of the main thread's and the child's
 * part which shared objects are mapped.  A part that hangs or dies is seen by
 * the program that started this one.  usage: host LIBRARY */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3, TEXT = 4096 };

static const char *library;
static pthread_barrier_t barrier;

/* What one open and close said, in text. */
static void open_and_close(int mode, char *text)
{
	void *handle = dlopen(library, mode);
	if (!handle) {
		snprintf(text, TEXT, "dlopen: %s", dlerror());
		return;
	}
	if (dlclose(handle))
		snprintf(text, TEXT, "dlclose: %s", dlerror());
	else
		strcpy(text, "opened and closed");
}

/* Print the files that hold mapped code, by stdio-free means: the library may
 * have done anything to stdio. */
static void print_mapped(const char *part)
{
	static char maps[4 << 20];
	size_t used = 0;
	ssize_t n;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && used < sizeof maps - 1 &&
	       (n = read(fd, maps + used, sizeof maps - 1 - used)) > 0)
		used += (size_t)n;
	close(fd);
	maps[used] = '\0';
	for (char *line = maps, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		char *path = strchr(line, '/');
		if (path && strstr(line, " r-xp "))
			dprintf(1, "%s mapped %s\n", part, path);
	}
}

static void *thread(void *text)
{
	pthread_barrier_wait(&barrier);
	open_and_close(RTLD_LAZY, text);
	return NULL;
}

static void in_threads(void)
{
	static char text[THREADS][TEXT];
	pthread_t id[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if ((errno = pthread_create(&id[i], NULL, thread, text[i]))) {
			dprintf(1, "threads: pthread_create: %s\n", strerror(errno));
			_exit(3);
		}
	for (int i = 0; i < THREADS; i++)
		pthread_join(id[i], NULL);
	for (int i = 0; i < THREADS; i++)
		dprintf(1, "threads: %s\n", text[i]);
}

static void in_a_child(void)
{
	char text[TEXT];
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		open_and_close(RTLD_NOW | RTLD_GLOBAL, text);
		dprintf(1, "child: %s\n", text);
		print_mapped("child");
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		dprintf(1, "child: %s\n", strerror(errno));
	else if (WIFSIGNALED(status))
		dprintf(1, "child: signal %d\n", WTERMSIG(status));
	else
		dprintf(1, "child: status %d\n", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	char text[TEXT];

	if (argc != 2)
		return 2;
	library = argv[1];
	print_mapped("before");
	open_and_close(RTLD_NOW, text);
	dprintf(1, "main: %s\n", text);
	print_mapped("main");
	in_threads();
	in_a_child();
	return 0;
}
