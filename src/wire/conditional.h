/* wire/conditional.h -- conditional requests (RFC 9110 section 13): has what the client has, or
 * thinks we have, changed? Called by src/app, for GET and HEAD and for other methods alike. */
#ifndef WIRE_CONDITIONAL_H
#define WIRE_CONDITIONAL_H

#include "wire/head.h"

/* The fields that can change an answer: test h->has against it before anything is called. */
enum {
    CONDITIONAL_FIELDS = 1u << FIELD_IF_MATCH | 1u << FIELD_IF_NONE_MATCH |
                         1u << FIELD_IF_MODIFIED_SINCE | 1u << FIELD_IF_UNMODIFIED_SINCE
};

struct validators {       /* of the representation that would be sent */
    struct stoa_str etag; /* with its quotes, and W/ when weak; empty = none */
    int64_t modified_s;   /* seconds since 1970; INT64_MIN = not known */
    bool is_missing;      /* there is no representation (a PUT that creates) */
};

enum condition {
    CONDITION_PROCEED,
    CONDITION_NOT_MODIFIED, /* 304 */
    CONDITION_FAILED        /* 412 */
};

/* Judges If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since in the order of RFC 9110
 * section 13.2.2.
 *   now_s    for dates with two-digit years. */
enum condition conditional_judge(const struct head *h, const struct validators *v, int64_t now_s);

/* May a Range field be followed? True without If-Range, or when it matches strongly. */
bool conditional_range(const struct head *h, const struct validators *v, int64_t now_s);

#endif
