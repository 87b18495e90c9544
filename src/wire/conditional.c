/* wire/conditional.c -- see conditional.h. */
#include "wire/conditional.h"
#include "base/date.h"

struct etag {
    struct stoa_str opaque; /* with its quotes */
    bool weak;
};

/* An entity-tag and nothing else. */
static bool read_etag(struct stoa_str s, struct etag *ret)
{
    ret->weak = str_starts(s, STR("W/"));
    ret->opaque = ret->weak ? str_from(s, 2) : s;
    s = ret->opaque;
    return s.n >= 2 && s.p[0] == '"' && str_find(str_from(s, 1), '"') == s.n - 2;
}

/* RFC 9110 section 8.8.3.2: strong comparison wants both to be strong. */
static bool same_etag(struct stoa_str a, struct stoa_str b, bool strong)
{
    struct etag x, y;
    return read_etag(a, &x) && read_etag(b, &y) && str_eq(x.opaque, y.opaque) &&
           !(strong && (x.weak || y.weak));
}

/* Cuts the next tag off a list of them; what is no tag is passed over. A tag may have any byte but
 * a quote in it, commas and backslashes too, so this is not str_next_element. */
static bool next_etag(struct stoa_str *rest, struct stoa_str *ret)
{
    for (; rest->n; *rest = str_from(*rest, 1)) {
        size_t open = str_starts(*rest, STR("W/\"")) ? 2 : 0;
        if (rest->p[open] != '"')
            continue;
        size_t inner = str_find(str_from(*rest, open + 1), '"');
        size_t n = open + 1 + inner + 1;
        if (n > rest->n)
            return false;
        *ret = (struct stoa_str){ rest->p, n };
        *rest = str_from(*rest, n);
        return true;
    }
    return false;
}

/* Is the representation's tag among those of the field f, which is there? */
static bool matches(const struct head *h, enum field f, const struct validators *v, bool strong)
{
    struct stoa_str value, etag;
    for (size_t i = 0; head_next_value(h, f, &i, &value);) {
        if (str_eq(value, STR("*")))
            return !v->is_missing;
        while (next_etag(&value, &etag))
            if (same_etag(etag, v->etag, strong))
                return true;
    }
    return false;
}

/* The date in field f, unless it is not there, not one, or there is nothing to hold it against. */
static bool read_date(const struct head *h, enum field f, const struct validators *v, int64_t now_s,
                      int64_t *ret)
{
    return head_has(h, f) && !(h->repeats >> f & 1) && v->modified_s != INT64_MIN &&
           date_parse(head_value(h, f), now_s, ret);
}

enum condition conditional_judge(const struct head *h, const struct validators *v, int64_t now_s)
{
    bool get = h->method == METHOD_GET || h->method == METHOD_HEAD;
    int64_t date;
    if (head_has(h, FIELD_IF_MATCH)) {
        if (!matches(h, FIELD_IF_MATCH, v, true))
            return CONDITION_FAILED;
    } else if (read_date(h, FIELD_IF_UNMODIFIED_SINCE, v, now_s, &date)) {
        if (v->modified_s > date)
            return CONDITION_FAILED;
    }
    if (head_has(h, FIELD_IF_NONE_MATCH)) {
        if (matches(h, FIELD_IF_NONE_MATCH, v, false))
            return get ? CONDITION_NOT_MODIFIED : CONDITION_FAILED;
    } else if (get && read_date(h, FIELD_IF_MODIFIED_SINCE, v, now_s, &date)) {
        if (v->modified_s <= date)
            return CONDITION_NOT_MODIFIED;
    }
    return CONDITION_PROCEED;
}

bool conditional_range(const struct head *h, const struct validators *v, int64_t now_s)
{
    struct stoa_str value = head_value(h, FIELD_IF_RANGE);
    int64_t date;
    if (!head_has(h, FIELD_IF_RANGE))
        return true;
    if (str_ends(value, STR("\"")))
        return !(h->repeats >> FIELD_IF_RANGE & 1) && same_etag(value, v->etag, true);
    /* A date is strong once its second is over: the file cannot change again within it. */
    return read_date(h, FIELD_IF_RANGE, v, now_s, &date) && date == v->modified_s && date < now_s;
}
