/* app/mischief.h -- ways to treat a client badly on purpose, so that people can see what theirs
 * makes of it: found by name, with an argument that is checked.
 *
 * mischief_table.c has them all, mischief_serve.c plays them, the command reads and lists them.
 * Nothing here touches a connection. */
#ifndef APP_MISCHIEF_H
#define APP_MISCHIEF_H

#include "app/mischief_table.h"

struct mischief {
    const struct mischief_kind *kind; /* NULL = none */
    uint64_t arg;                     /* in the unit of its name; 0 = left out */
};

/* The kinds, group by group. */
const struct mischief_kind *mischief_kinds(int *count);

/* NULL when there is none of that name. */
const struct mischief_kind *mischief_find(struct stoa_str name);

/* "stall-in-body[=MS]", "refuse-after=N": as it is written in lists. returns buf. */
enum { MISCHIEF_USAGE_BYTES = 48 };
char *mischief_usage(const struct mischief_kind *k, char buf[MISCHIEF_USAGE_BYTES]);

/* Reads the argument of k: digits, and a unit where there are some (times: ms, which is meant
 * without one, s, m; rates: K, M, powers of 1024).
 *   arg      p NULL: there is none.
 *   returns  0 and *ret; -EINVAL and *want: what is wanted instead, a static clause. */
int mischief_read_arg(const struct mischief_kind *k, struct stoa_str arg, uint64_t *ret,
                      const char **want);

#endif
