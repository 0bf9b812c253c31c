/* SPDX-License-Identifier: MIT */
/* rld/call/lazy.c against rld/life/unload.c, as a model: every interleaving of first
 * calls that bind to an object with the dlclose that unmaps it, step by step as
 * the C code does them (one access to shared memory a step, sequentially
 * consistent).  No reader touches what is unmapped, no slot leads there in the
 * end, nobody waits for ever.  The protocols that it replaced fail here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { READERS = 2, NOBODY = 7, SEEN = 1 << 20 };

/* What may be wrong on purpose. */
enum {
	NO_LOCK = 1,	   /* the slot is stored without the lock */
	NO_CHECK = 2,	   /* ... or with it, but nothing is looked up again */
	WAITS_LOCKED = 4,  /* the lock is waited for between begin and end */
	NO_LIMBO = 8,	   /* what readers may hold goes after a while */
	ONE_TURN = 16,	   /* the epoch turns once */
	NO_READERS = 32,   /* readers do not count themselves */
	PATIENT = 64,	   /* readers are waited for without end */
	COUNTS_EARLY = 128 /* changes are counted when the lock is taken */
};

struct reader {
	uint8_t at, k, changes, found, slot, edge;
};

struct state {
	struct reader reader[READERS];
	uint8_t at, turn, round, k, stuck; /* the writer */
	uint8_t lock, changes, epoch, readers[2];
	uint8_t linked, dying, mapped, limbo;
};

enum { OK, TOUCHED, LEFT_BOUND, HANGS, TOO_MANY };

static struct state *seen;
static unsigned char *taken;
static unsigned nseen;

/* Every step of a reader; 0: it cannot go on now. */
static int read_step(struct state *s, struct reader *r, int id, int how,
		     int *bad)
{
	switch (r->at) {
	case 0: /* rld_read_begin */
		r->k = s->epoch & 1;
		break;
	case 1:
		if (!(how & NO_READERS))
			s->readers[r->k]++;
		break;
	case 2:
		r->changes = s->changes;
		break;
	case 3: /* rld_lookup */
		if (!s->linked) {
			if (!(how & NO_READERS))
				s->readers[r->k]--;
			r->at = 12;
			return 1;
		}
		break; /* it stands on the object */
	case 4:
		if (!s->mapped)
			*bad = TOUCHED;
		r->found = !s->dying;
		break;
	case 5: /* its symbol's value */
		if (r->found && !s->mapped)
			*bad = TOUCHED;
		break;
	case 6: /* rld_read_end */
		if (how & WAITS_LOCKED)
			break;
		if (!(how & NO_READERS))
			s->readers[r->k]--;
		if (!r->found) {
			r->at = 12;
			return 1;
		}
		break;
	case 7: /* settle: rld_trylock */
		if (how & NO_LOCK)
			break;
		if (how & WAITS_LOCKED) {
			if (s->lock != NOBODY)
				return 0;
		} else if (s->lock != NOBODY) {
			r->at = 12; /* stays lazy */
			return 1;
		}
		s->lock = (uint8_t)id;
		break;
	case 8: /* is it what it was? */
		if (!(how & (NO_LOCK | NO_CHECK | WAITS_LOCKED)) &&
		    s->changes != r->changes && (!s->linked || s->dying)) {
			r->at = 11;
			return 1;
		}
		break;
	case 9: /* D_GONE; rld_edge writes to the object's list */
		if (!(how & NO_LOCK) && !s->mapped && !s->limbo)
			*bad = TOUCHED;
		r->edge = !(how & NO_LOCK);
		break;
	case 10:
		r->slot = 1;
		break;
	case 11:
		if (!(how & NO_LOCK)) {
			s->changes += !(how & COUNTS_EARLY);
			s->lock = NOBODY;
		}
		if (how & WAITS_LOCKED)
			s->readers[r->k]--;
		break;
	default:
		return 0;
	}
	r->at++;
	return 1;
}

/* The writer: dlclose, and one more that finds what the first had to keep.
 * late: its patience ends here, where it waits. */
static int write_step(struct state *s, int how, int late)
{
	switch (s->at) {
	case 0: /* rld_lock */
		if (s->lock != NOBODY)
			return 0;
		s->lock = READERS;
		break;
	case 1:
		s->changes += (how & COUNTS_EARLY) != 0;
		s->stuck = 0;
		s->turn = 0;
		if (s->round) {
			s->at = 5;
			return 1;
		}
		break;
	case 2:
		s->dying = 1;
		break;
	case 3: /* rld_unbind: slots of those who are known to use it */
		for (int i = 0; i < READERS; i++)
			if (s->reader[i].edge)
				s->reader[i].slot = 0;
		break;
	case 4: /* rld_unlink */
		s->linked = 0;
		break;
	case 5: /* rld_wait_readers */
		s->k = s->epoch & 1;
		s->epoch ^= 1;
		break;
	case 6:
		if (s->readers[s->k]) {
			if (!late || how & PATIENT)
				return 0;
			s->stuck = 1;
		} else if (late) {
			return 0;
		}
		if (!s->stuck && ++s->turn < (how & ONE_TURN ? 1 : 2)) {
			s->at = 5;
			return 1;
		}
		break;
	case 7:
		if (s->round) {
			if (s->limbo && !s->stuck)
				s->limbo = s->mapped = 0;
		} else if (s->stuck && !(how & NO_LIMBO)) {
			s->limbo = 1; /* mapped still */
		} else {
			s->mapped = 0;
		}
		break;
	case 8: /* rld_unlock; who reads changes between has seen all of them */
		s->changes += !(how & COUNTS_EARLY);
		s->lock = NOBODY;
		if (s->round++ == 0) {
			s->at = 0;
			return 1;
		}
		break;
	default:
		return 0;
	}
	s->at++;
	return 1;
}

static int is_new(const struct state *s)
{
	const unsigned char *b = (const unsigned char *)s;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < sizeof *s; i++)
		h = (h ^ b[i]) * 16777619u;
	for (h &= SEEN - 1; taken[h]; h = (h + 1) & (SEEN - 1))
		if (!memcmp(&seen[h], s, sizeof *s))
			return 0;
	taken[h] = 1;
	seen[h] = *s;
	nseen++;
	return 1;
}

static int explore(const struct state *s, int how)
{
	int went = 0, done = s->at == 9;

	if (nseen > SEEN / 4 * 3)
		return TOO_MANY;
	for (int i = 0; i <= READERS + 1; i++) {
		struct state next = *s;
		int bad = OK, moved;

		moved = i < READERS ? read_step(&next, &next.reader[i], i, how,
						&bad) :
				      write_step(&next, how, i > READERS);
		if (bad)
			return bad;
		if (!moved)
			continue;
		went = 1;
		if (is_new(&next) && (bad = explore(&next, how)))
			return bad;
	}
	for (int i = 0; i < READERS; i++)
		done &= s->reader[i].at == 12;
	if (!went && !done)
		return HANGS;
	for (int i = 0; done && i < READERS; i++)
		if (s->reader[i].slot)
			return LEFT_BOUND;
	return OK;
}

static int outcome(int how)
{
	struct state s;
	int ret;

	memset(&s, 0, sizeof s);
	s.lock = NOBODY;
	s.linked = s.mapped = 1;
	seen = calloc(SEEN, sizeof *seen);
	taken = calloc(SEEN, 1);
	assert_non_null(seen);
	assert_non_null(taken);
	nseen = 0;
	ret = explore(&s, how);
	free(seen);
	free(taken);
	return ret;
}

static void no_interleaving_leaves_a_slot_in_what_is_gone(void **state)
{
	(void)state;
	assert_int_equal(outcome(0), OK);
	assert_true(nseen > 1000);
}

static void a_store_without_the_lock_would(void **state)
{
	(void)state;
	assert_int_equal(outcome(NO_LOCK), LEFT_BOUND);
}

/* The object may be gone once the reader has left. */
static void a_binding_that_is_not_looked_up_again_would_touch_it(void **state)
{
	(void)state;
	assert_int_equal(outcome(NO_CHECK), TOUCHED);
}

/* A lookup between that and the change would pass for a later one. */
static void changes_counted_too_early_would_deceive(void **state)
{
	(void)state;
	assert_int_equal(outcome(COUNTS_EARLY), TOUCHED);
}

/* As rld did it once: the writer lost its patience with a reader that waited
 * for the writer. */
static void a_reader_that_waits_for_the_lock_would_touch_it(void **state)
{
	(void)state;
	assert_int_equal(outcome(WAITS_LOCKED | NO_LIMBO), TOUCHED);
}

static void such_a_reader_and_a_patient_writer_would_hang(void **state)
{
	(void)state;
	assert_int_equal(outcome(WAITS_LOCKED | PATIENT), HANGS);
}

static void a_bounded_wait_alone_is_no_grace(void **state)
{
	(void)state;
	assert_int_equal(outcome(NO_LIMBO), TOUCHED);
}

static void readers_that_nobody_counts_would_be_missed(void **state)
{
	(void)state;
	assert_int_equal(outcome(NO_READERS), TOUCHED);
}

/* With readers that do end, nothing depends on the bound. */
static void a_patient_writer_ends(void **state)
{
	(void)state;
	assert_int_equal(outcome(PATIENT), OK);
}

/* A reader counts itself where the epoch was before the turn: the next writer
 * must look there, too. */
static void one_turn_of_the_epoch_would_miss_a_reader(void **state)
{
	(void)state;
	assert_int_equal(outcome(ONE_TURN), TOUCHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_interleaving_leaves_a_slot_in_what_is_gone),
		cmocka_unit_test(a_store_without_the_lock_would),
		cmocka_unit_test(
			a_binding_that_is_not_looked_up_again_would_touch_it),
		cmocka_unit_test(changes_counted_too_early_would_deceive),
		cmocka_unit_test(
			a_reader_that_waits_for_the_lock_would_touch_it),
		cmocka_unit_test(such_a_reader_and_a_patient_writer_would_hang),
		cmocka_unit_test(a_bounded_wait_alone_is_no_grace),
		cmocka_unit_test(readers_that_nobody_counts_would_be_missed),
		cmocka_unit_test(a_patient_writer_ends),
		cmocka_unit_test(one_turn_of_the_epoch_would_miss_a_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
