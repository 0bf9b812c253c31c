/* SPDX-License-Identifier: MIT */
/* What the record's files share: the state, and how a line is made. */
#ifndef RLD_LINES_H
#define RLD_LINES_H

#include "rld/diag/json.h"
#include "rld/diag/diag.h"

/* Of one process: zero in a forked child, and shared with one of vfork. */
struct process {
	int lock; /* a futex: 0 free, 1 held, 2 held and waited for */
	int alive;
	unsigned lines, lost;
};

struct record {
	struct process *now;
	struct text
		line; /* the line in hand, behind it those that it waits for */
	struct text tried; /* places of the search in hand */
	int fd;
	int pid;	   /* of the process that began, or was forked */
	char *file;	   /* heap, absolute; NULL: a descriptor was given */
	uint64_t dev, ino; /* of what fd was at first */
	unsigned long long began, phase; /* nanoseconds */
	unsigned ids;
	unsigned char started; /* the first line is written */
	unsigned char running; /* there may be signals, threads, forks */
	unsigned char listed;  /* the start's objects are told */
	unsigned char ended;
};
extern struct record rec_state __attribute__((visibility("hidden")));

/* A line that is begun: what was in hand before it. */
struct mark {
	size_t at;
	unsigned char lost, raw;
};

/* Has the last line been written, or is this none of the modes that have one? */
int rec_is_over(const struct rld *r);
/* One writer at a time; while the program runs, without signals. */
void rec_take(struct sigs *was);
void rec_give(const struct sigs *was);
/* The first line.  Taken. */
void rec_start(struct rld *r);
/* A line within another one's making.  Taken. */
struct mark rec_open(const char *event);
void rec_close(const struct mark *m);
/* A line from its taking to its giving. */
struct mark rec_begin(struct rld *r, const char *event, struct sigs *was);
void rec_end(const struct mark *m, const struct sigs *was);
/* Append to the line in hand, as text_add. */
void rec_add(const char *f, ...);
/* A line could not be written. */
void rec_lost(void);
/* The program's path, as it was started. */
const char *rec_program(const struct rld *r);
/* record.c: d's number; it has been told of.  And "KEY":NUMBER, null for NULL. */
unsigned rec_number(struct rld *r, struct dso *d);
void rec_add_object(struct rld *r, const char *key, struct dso *d);

#endif
