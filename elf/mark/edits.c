/* SPDX-License-Identifier: MIT */
/* Carrying out the edits. */
#include "edits.h"

#include <stdlib.h>
#include <string.h>

#include "../rldnote.h"
#include "dynamic.h"
#include "hide.h"
#include "interp.h"
#include "note.h"
#include "posflag.h"

#define VERSION_FLAGS (LL_EXACT_MATCH | LL_IGNORE_INT_VER | LL_REQUIRE_MINOR)

/* The entry an edit is about; im is NULL when there is no file to ask. */
static struct mark_lib *lib_of(struct image *im, struct marks *m,
			       const char *name, struct mark_err *err)
{
	if (im && !mark_needs(im, name)) {
		mark_fail(err, "does not need %s (no such DT_NEEDED)", name);
		return NULL;
	}
	if (*name == '\0') {
		mark_fail(err, "empty library name");
		return NULL;
	}
	return mark_lib(m, name, err);
}

/* LIB=VERSION; an empty version is any. */
static int edit_want(struct image *im, struct marks *m, const char *arg,
		     struct mark_err *err)
{
	const char *eq = strrchr(arg, '=');
	char *name = eq ? strndup(arg, (size_t)(eq - arg)) : NULL;
	struct mark_lib *l;
	int ret = -1;

	if (!eq)
		return mark_fail(err, "--want-version %s: want LIB=VERSION",
				 arg);
	if (!name)
		return mark_fail(err, "out of memory");
	if (eq[1] != '\0' && mark_check_version(eq + 1, true, err))
		goto out;
	l = lib_of(im, m, name, err);
	if (l)
		ret = mark_set_string(&l->want, eq + 1, err);
out:
	free(name);
	return ret;
}

static int edit_version(struct marks *m, const char *arg, struct mark_err *err)
{
	if (*arg != '\0' && mark_check_version(arg, false, err))
		return -1;
	return mark_set_string(&m->version, arg, err);
}

static int edit_flags(struct image *im, struct marks *m, const struct edit *e,
		      struct mark_err *err)
{
	struct mark_lib *l = lib_of(im, m, e->arg, err);

	if (!l)
		return -1;
	switch (e->op) {
	case EDIT_DELAY:
		l->flags |= LL_DELAY_LOAD;
		break;
	case EDIT_NO_DELAY:
		l->flags &= ~(uint32_t)LL_DELAY_LOAD;
		break;
	case EDIT_EXACT:
		l->flags |= LL_EXACT_MATCH;
		break;
	case EDIT_IGNORE:
		l->flags |= LL_IGNORE_INT_VER;
		break;
	case EDIT_MINOR:
		l->flags |= LL_REQUIRE_MINOR;
		break;
	default:
		l->flags &= ~(uint32_t)VERSION_FLAGS;
		break;
	}
	return 0;
}

/* In the dynamic section where it has room, because other linkers understand it
 * there, otherwise in the note. */
static void edit_symbolic(struct image *im, struct marks *m, bool on)
{
	m->flags &= ~(uint32_t)RLDNOTE_SYMBOLIC;
	if (!im || !mark_set_dyn_symbolic(im, on))
		m->flags |= on ? RLDNOTE_SYMBOLIC : 0;
}

static int edit_hide(struct image *im, struct marks *m, const struct edit *e,
		     struct mark_err *err)
{
	if (*e->arg == '\0')
		return mark_fail(err, "empty symbol name");
	if (im)
		return e->op == EDIT_HIDE ? mark_hide(im, e->arg) :
					    mark_unhide(im, m, e->arg);
	if (e->op == EDIT_HIDE)
		return mark_hidden_add(m, e->arg, err);
	mark_hidden_drop(m, e->arg);
	return 0;
}

/* All that lies in carriers of rld's own. */
static int clear(struct marks *m, struct mark_err *err)
{
	for (size_t i = 0; i < m->nlib; i++) {
		m->lib[i].flags = 0;
		if (mark_set_string(&m->lib[i].want, NULL, err))
			return -1;
	}
	return mark_set_string(&m->version, NULL, err);
}

static int edit_interpreter(struct image *im, const struct edit *e,
			    struct mark_err *err)
{
	if (!im)
		return mark_fail(err, "an interpreter is named at the link: "
				      "cc -Wl,--dynamic-linker=PATH");
	return e->op == EDIT_INTERPRETER ? mark_interp_set(im, e->arg) :
					   mark_interp_restore(im);
}

static int apply(struct image *im, struct marks *m, const struct edit *e,
		 struct mark_err *err)
{
	switch (e->op) {
	case EDIT_HIDE:
	case EDIT_NO_HIDE:
		return edit_hide(im, m, e, err);
	case EDIT_VERSION:
		return edit_version(m, e->arg, err);
	case EDIT_WANT:
		return edit_want(im, m, e->arg, err);
	case EDIT_SYMBOLIC:
	case EDIT_NO_SYMBOLIC:
		edit_symbolic(im, m, e->op == EDIT_SYMBOLIC);
		return 0;
	case EDIT_CLEAR:
		return clear(m, err);
	case EDIT_INTERPRETER:
	case EDIT_RESTORE_INTERPRETER:
		return edit_interpreter(im, e, err);
	default:
		return edit_flags(im, m, e, err);
	}
}

int mark_edit_marks(struct marks *m, const struct edit *e, size_t n,
		    struct mark_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (apply(NULL, m, &e[i], err))
			return -1;
	return 0;
}

int mark_edit_image(struct image *im, struct marks *m, const struct edit *e,
		    size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (apply(im, m, &e[i], im->err))
			return -1;
	if (mark_write_dynamic(im, m) || mark_note_write(im, m))
		return -1;
	return mark_image_store(im);
}
