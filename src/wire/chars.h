/* wire/chars.h -- which byte may stand where: one table, a bit for each class. For the parsers of
 * this folder. */
#ifndef WIRE_CHARS_H
#define WIRE_CHARS_H

#include "base/str.h"

enum {
    CHAR_TOKEN = 1,  /* RFC 9110 section 5.6.2: tchar */
    CHAR_TARGET = 2, /* printable ASCII but " < > #: more than RFC 3986 allows, since browsers send
                        | \ ^ ` { } as they are */
    CHAR_HOST = 4,   /* RFC 3986: unreserved, sub-delims */
    CHAR_URL = 8,    /* those, and "@" and "/": need no percent-encoding in a path */
    CHAR_HEX = 16
};

extern const uint8_t char_classes[256];

static inline bool char_is(char c, unsigned classes)
{
    return char_classes[(unsigned char)c] & classes;
}

/* How many bytes from the first on are of the class; s.n when all are. */
static inline size_t char_span(struct stoa_str s, unsigned classes)
{
    size_t i = 0;
    while (i < s.n && char_is(s.p[i], classes))
        i++;
    return i;
}

static inline bool char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The value of a hexadecimal digit. */
unsigned char_hex(char c);

#endif
