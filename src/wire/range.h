/* wire/range.h -- byte ranges (RFC 9110 section 14): the Range field against a size, and
 * Content-Range. Called by src/app. */
#ifndef WIRE_RANGE_H
#define WIRE_RANGE_H

#include "base/str.h"

enum {
    RANGE_MAX = 16,        /* more in one request: the field is ignored */
    RANGE_CONTENT_MAX = 72 /* bytes that range_content writes, at most */
};

struct range {
    uint64_t from, n; /* n > 0 */
};

struct ranges {
    unsigned count;
    struct range at[RANGE_MAX];
};

enum range_result {
    RANGE_IGNORE,       /* no range that we know: 200 with everything */
    RANGE_OK,           /* ret: 206 */
    RANGE_UNSATISFIABLE /* 416 */
};

/* Reads a Range field's value for a representation of size bytes.
 *   ret      the ranges in the order asked for; those that overlap or touch are made one, so their
 *            sum is never more than size, whatever is asked for. Set when RANGE_OK. */
enum range_result range_parse(struct ranges *ret, struct stoa_str value, uint64_t size);

/* Writes the value of Content-Range: of a 206's part r; r NULL: for a 416, with the size alone.
 *   buf      RANGE_CONTENT_MAX bytes, terminated.
 *   returns  the bytes written, without the terminator. */
size_t range_content(char *buf, const struct range *r, uint64_t size);

#endif
