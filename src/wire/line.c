/* wire/line.c -- see line.h. Eight bytes at a time: most of a head is values, of which nothing is
 * asked but that no control byte is in them. */
#include "wire/line.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

enum { WORD = sizeof(uint64_t) };

static const uint64_t ones = UINT64_C(0x0101010101010101);
static const uint64_t highs = UINT64_C(0x8080808080808080);

/* The high bit of each byte that is below 0x20 or 0x7f. A borrow can mark a byte wrongly, but only
 * above one that is marked rightly: the lowest mark is always right. */
static inline uint64_t control_marks(uint64_t x)
{
    uint64_t del = x ^ (ones * 0x7f);
    return (((x - ones * 0x20) & ~x) | ((del - ones) & ~del)) & highs;
}

static inline bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* The place of the first control byte, tab among them; in.n when there is none. */
static inline size_t next_control(struct stoa_str in, size_t at)
{
    for (; in.n - at >= WORD; at += WORD) {
        uint64_t x;
        memcpy(&x, in.p + at, WORD);
        uint64_t marks = control_marks(x);
        if (marks)
            return at + (size_t)__builtin_ctzll(marks) / 8;
    }
    while (at < in.n && !is_control(in.p[at]))
        at++;
    return at;
}

ssize_t line_end(struct stoa_str in, size_t from)
{
    size_t at = next_control(in, from);
    while (at < in.n && in.p[at] == '\t')
        at = next_control(in, at + 1);
    if (at == in.n)
        return LINE_MORE;
    if (in.p[at] != '\r')
        return in.p[at] == '\n' ? FAULT_BARE_LF : FAULT_CONTROL;
    if (at + 1 == in.n)
        return LINE_MORE;
    return in.p[at + 1] == '\n' ? (ssize_t)at : FAULT_BARE_CR;
}
