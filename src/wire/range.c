/* wire/range.c -- see range.h. */
#include "wire/range.h"
#include "wire/chars.h"

#include <stdio.h>

/* One of a range set, not yet held against a size: first-last, first-, or -suffix. */
struct spec {
    bool has_first, has_last;
    uint64_t first, last; /* a number too big to count is the biggest: no size reaches it */
};

/* Cuts a number off *s. returns false when there is none. */
static bool cut_number(struct stoa_str *s, uint64_t *ret)
{
    size_t n = 0;
    *ret = 0;
    for (; n < s->n && char_is_digit(s->p[n]); n++)
        if (__builtin_mul_overflow(*ret, 10u, ret) ||
            __builtin_add_overflow(*ret, (uint64_t)(s->p[n] - '0'), ret))
            *ret = UINT64_MAX;
    *s = str_from(*s, n);
    return n > 0;
}

static bool read_spec(struct stoa_str s, struct spec *ret)
{
    ret->has_first = cut_number(&s, &ret->first);
    if (s.n == 0 || s.p[0] != '-')
        return false;
    s = str_from(s, 1);
    ret->has_last = cut_number(&s, &ret->last);
    if (s.n || (!ret->has_first && !ret->has_last))
        return false;
    return !ret->has_first || !ret->has_last || ret->first <= ret->last;
}

/* What of size bytes is asked for; ret->n is 0 when that is nothing. */
static struct range resolve(struct spec s, uint64_t size)
{
    if (!s.has_first) {
        uint64_t n = s.last < size ? s.last : size;
        return (struct range){ size - n, n };
    }
    if (s.first >= size)
        return (struct range){ 0, 0 };
    uint64_t last = s.has_last && s.last < size ? s.last : size - 1;
    return (struct range){ s.first, last - s.first + 1 };
}

static bool touch(struct range a, struct range b)
{
    return a.from <= b.from + b.n && b.from <= a.from + a.n;
}

static struct range join(struct range a, struct range b)
{
    uint64_t from = a.from < b.from ? a.from : b.from;
    uint64_t a_end = a.from + a.n, b_end = b.from + b.n;
    return (struct range){ from, (a_end > b_end ? a_end : b_end) - from };
}

/* Adds r; in the place of the first of those that it touches, which become one with it. */
static void add(struct ranges *to, struct range r)
{
    unsigned place = to->count, i = 0;
    while (i < to->count) {
        if (!touch(to->at[i], r)) {
            i++;
            continue;
        }
        r = join(to->at[i], r);
        place = i < place ? i : place;
        to->count--;
        memmove(&to->at[i], &to->at[i + 1], (to->count - i) * sizeof r);
        i = 0; /* it has grown, and may touch what it did not */
    }
    place = place < to->count ? place : to->count;
    memmove(&to->at[place + 1], &to->at[place], (to->count - place) * sizeof r);
    to->at[place] = r;
    to->count++;
}

enum range_result range_parse(struct ranges *ret, struct stoa_str value, uint64_t size)
{
    struct stoa_str unit = STR("bytes="), element;
    struct ranges all = { 0 };
    unsigned asked = 0;
    if (value.n < unit.n || !str_eq_nocase((struct stoa_str){ value.p, unit.n }, unit))
        return RANGE_IGNORE;
    for (value = str_from(value, unit.n); str_next_element(&value, &element); asked++) {
        struct spec s;
        if (!read_spec(element, &s) || asked == RANGE_MAX)
            return RANGE_IGNORE;
        struct range r = resolve(s, size);
        if (r.n)
            add(&all, r);
    }
    /* Of nothing there are no parts: 200, which is what a client that resumes can use. */
    if (asked == 0 || size == 0)
        return RANGE_IGNORE;
    if (all.count == 0)
        return RANGE_UNSATISFIABLE;
    *ret = all;
    return RANGE_OK;
}

size_t range_content(char *buf, const struct range *r, uint64_t size)
{
    int n;
    if (r)
        n = snprintf(buf, RANGE_CONTENT_MAX, "bytes %ju-%ju/%ju", (uintmax_t)r->from,
                     (uintmax_t)(r->from + r->n - 1), (uintmax_t)size);
    else
        n = snprintf(buf, RANGE_CONTENT_MAX, "bytes */%ju", (uintmax_t)size);
    return (size_t)n;
}
