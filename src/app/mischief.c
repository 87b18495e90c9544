/* app/mischief.c -- see mischief.h. */
#include "app/mischief.h"

#include <errno.h>
#include <stdio.h>

struct unit {
    const char *name;
    uint64_t factor;
};

/* How an argument is written, and within which bounds. */
static const struct form {
    const char *shown; /* "=N" */
    bool optional;
    uint64_t most;
    struct unit units[5]; /* the first without a name; ended by one with factor 0 */
    const char *want;
} forms[] = {
    [MISCHIEF_NO_ARG] = { "", true, 0, { { "", 0 } }, "it takes no argument" },
    [MISCHIEF_COUNT] = { "=N",
                         false,
                         1000000,
                         { { "", 1 } },
                         "a number of connections from 1 to 1000000 is wanted" },
    [MISCHIEF_BYTES_PER_S] = { "=BYTES_PER_S",
                               false,
                               1024 * 1024 * 1024,
                               { { "", 1 }, { "K", 1024 }, { "M", 1024 * 1024 } },
                               "bytes per second from 1 to 1024M are wanted: 500, 64K, 1M" },
    [MISCHIEF_MS] = { "[=MS]",
                      true,
                      86400000,
                      { { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 } },
                      "milliseconds from 1 to 86400000 (a day) are wanted: 500, or 500ms, 2s, 1m" },
};

const struct mischief_kind *mischief_kinds(int *count)
{
    *count = (int)mischief_table_count;
    return mischief_table;
}

const struct mischief_kind *mischief_find(struct stoa_str name)
{
    for (size_t i = 0; i < mischief_table_count; i++)
        if (str_eq(name, str_of(mischief_table[i].name)))
            return &mischief_table[i];
    return NULL;
}

char *mischief_usage(const struct mischief_kind *k, char buf[MISCHIEF_USAGE_BYTES])
{
    snprintf(buf, MISCHIEF_USAGE_BYTES, "%s%s", k->name, forms[k->arg].shown);
    return buf;
}

static size_t count_digits(struct stoa_str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

/* "2s" -> 2000. returns whether it is one, and within the bounds. */
static bool read_value(const struct form *f, struct stoa_str arg, uint64_t *ret)
{
    struct stoa_str digits = { arg.p, count_digits(arg) }, unit = str_from(arg, digits.n);
    uint64_t v;
    if (digits.n > 10 || !str_to_u64(digits, &v))
        return false;
    for (const struct unit *u = f->units; u->factor; u++)
        if (str_eq(unit, str_of(u->name))) {
            *ret = v * u->factor;
            return *ret >= 1 && *ret <= f->most;
        }
    return false;
}

int mischief_read_arg(const struct mischief_kind *k, struct stoa_str arg, uint64_t *ret,
                      const char **want)
{
    const struct form *f = &forms[k->arg];
    uint64_t v = 0;
    if (arg.p ? !read_value(f, arg, &v) : !f->optional) {
        *want = f->want;
        return -EINVAL;
    }
    *ret = v;
    return 0;
}
