/* wire/line.c -- see line.h. Sixteen bytes at a time, with GNU C's vectors, which the compiler
 * makes SSE2 or NEON of: most of a head is values, of which nothing is asked but that no control
 * byte is in them. */
#include "wire/line.h"
#include "base/check.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

typedef unsigned char bytes __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

/* The place of the first control byte but tab; in.n when there is none. */
static inline size_t next_control(struct stoa_str in, size_t at)
{
    for (; in.n - at >= sizeof(bytes); at += sizeof(bytes)) {
        bytes x;
        memcpy(&x, in.p + at, sizeof x);
        halves marks = (halves)(((x < 0x20) & (x != '\t')) | (x == 0x7f));
        if (marks[0])
            return at + (size_t)__builtin_ctzll(marks[0]) / 8;
        if (marks[1])
            return at + 8 + (size_t)__builtin_ctzll(marks[1]) / 8;
    }
    while (at < in.n && !line_is_control(in.p[at]))
        at++;
    return at;
}

ssize_t line_end(struct stoa_str in, size_t from)
{
    check(from <= in.n);
    size_t at = next_control(in, from);
    if (at == in.n)
        return LINE_MORE;
    if (in.p[at] != '\r')
        return in.p[at] == '\n' ? FAULT_BARE_LF : FAULT_CONTROL;
    if (at + 1 == in.n)
        return LINE_MORE;
    return in.p[at + 1] == '\n' ? (ssize_t)at : FAULT_BARE_CR;
}
