/* Runs under rld.  For each line of standard input, "R PATH" (rld --check has
 * refused it) or "A PATH" (accepted): dlopen, some questions, dlclose.  Writes
 *
 *	at PATH		before
 *	bad TEXT	what is wrong
 *	foreign PATH	code that is not rld's was reached, and ended us: allowed
 *	done		at the end
 *
 * The objects bring no code that runs by itself, unless a mutation made them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static char path[4096];
static uintptr_t rld_lo, rld_hi;

struct state {
	int objects, fds, maps;
};

static int count(struct dl_phdr_info *i, size_t n, void *p)
{
	int *total = p;

	(void)n;
	/* read what it says: nothing of it may be out of reach */
	for (int k = 0; k < i->dlpi_phnum; k++)
		*total += i->dlpi_phdr[k].p_type == PT_NULL ? 0 : 0;
	++*total;
	return i->dlpi_name == NULL;
}

static struct state look(void)
{
	static char line[8192];
	struct state s = { 0, 0, 0 };
	DIR *d = opendir("/proc/self/fd");
	FILE *f = fopen("/proc/self/maps", "r");

	dl_iterate_phdr(count, &s.objects);
	while (d && readdir(d))
		s.fds++;
	if (d)
		closedir(d);
	while (f && fgets(line, sizeof line, f))
		s.maps += strchr(line, '/') != NULL;
	if (f)
		fclose(f);
	return s;
}

/* Is pc in the loader?  Its file's name is the one that ends in /rld. */
static void find_rld(void)
{
	char line[4096];
	FILE *f = fopen("/proc/self/maps", "r");

	while (f && fgets(line, sizeof line, f)) {
		char *nl = strchr(line, '\n');
		unsigned long lo, hi;

		if (nl)
			*nl = 0;
		if (!strchr(line, '/') ||
		    strcmp(strchr(line, '/'), getenv("RLD")) ||
		    sscanf(line, "%lx-%lx", &lo, &hi) != 2)
			continue;
		if (!rld_lo)
			rld_lo = lo;
		rld_hi = hi;
	}
	if (f)
		fclose(f);
}

static void fault(int sig, siginfo_t *info, void *ctx)
{
	const mcontext_t *m = &((ucontext_t *)ctx)->uc_mcontext;
#ifdef __x86_64__
	uintptr_t pc = (uintptr_t)m->gregs[REG_RIP];
#else
	uintptr_t pc = (uintptr_t)m->pc;
#endif
	char text[5000];
	int n;

#ifdef __x86_64__
	/* a jump to what is no address at all faults where it is made */
	if (sig == SIGSEGV && info->si_code == SI_KERNEL &&
	    *(const unsigned char *)pc == 0xff)
		pc = 0;
#endif
	if (pc >= rld_lo && pc < rld_hi)
		n = snprintf(text, sizeof text,
			     "bad signal %d in rld at %#lx, address %p: %s\n",
			     sig, (unsigned long)(pc - rld_lo), info->si_addr,
			     path);
	else
		n = snprintf(text, sizeof text, "foreign %s\n", path);
	if (write(1, text, (size_t)n) < 0)
		_exit(5);
	_exit(4);
}

static void handle(void)
{
	static const int sigs[] = { SIGSEGV, SIGBUS,  SIGILL, SIGFPE,
				    SIGTRAP, SIGALRM, SIGABRT };
	static char stack[1 << 16];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction sa = { .sa_sigaction = fault,
				.sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&ss, NULL);
	for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++)
		sigaction(sigs[i], &sa, NULL);
}

/* Its last word on DT_FLAGS_1 counts, as for rld: it says that it is to stay. */
static int stays(void *h)
{
	ElfW(Xword) flags = 0;

	for (const ElfW(Dyn) *d = ((struct link_map *)h)->l_ld; d->d_tag; d++)
		if (d->d_tag == DT_FLAGS_1)
			flags = d->d_un.d_val;
	return (flags & DF_1_NODELETE) != 0;
}

static void question(void *h)
{
	static const char *const names[] = { "f",  "g",	     "table", "counter",
					     "tv", "nobody", "" };
	struct link_map *l = h;
	Dl_info info;
	size_t n = 0;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		n += dlsym(h, names[i]) != NULL;
		n += dlvsym(h, names[i], "V1") != NULL;
	}
	for (uintptr_t off = 0; off < 0x6000; off += 0x3f8)
		if (dladdr((char *)l->l_addr + off, &info))
			n += strlen(info.dli_fname) +
			     (info.dli_sname ? strlen(info.dli_sname) : 0);
	if (n == SIZE_MAX)
		puts("?");
}

int main(void)
{
	char line[4200];
	int first = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	find_rld();
	if (!rld_lo) {
		puts("bad no rld in the map");
		return 1;
	}
	handle();
	while (fgets(line, sizeof line, stdin)) {
		struct state a, b;
		const char *e;
		int remains = 0;
		void *h;

		line[strcspn(line, "\n")] = 0;
		strcpy(path, line + 2);
		printf("at %s\n", path);
		if (first) /* what libc and rld keep from the first time */
			dlopen("/nowhere/at/all", RTLD_NOW);
		first = 0;
		a = look();
		alarm(10);
		dlerror();
		h = dlopen(path, RTLD_NOW);
		if (!h) {
			e = dlerror();
			if (!e || !*e)
				printf("bad no text: %s\n", path);
		} else {
			if (line[0] == 'R')
				printf("bad opened, though refused: %s\n",
				       path);
			question(h);
			remains = stays(h);
			dlclose(h);
		}
		alarm(0);
		b = look();
		if (!remains && (a.objects != b.objects || a.fds != b.fds ||
				 a.maps != b.maps))
			printf("bad left behind: objects %d to %d, "
			       "descriptors %d to %d, mappings %d to %d: %s\n",
			       a.objects, b.objects, a.fds, b.fds, a.maps,
			       b.maps, path);
	}
	puts("done");
	return 0;
}
