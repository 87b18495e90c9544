/* wire/line.h -- where a line ends, and that no byte in it is one that no line may have. For the
 * parsers of this folder. */
#ifndef WIRE_LINE_H
#define WIRE_LINE_H

#include "base/str.h"
#include "wire/fault.h"

enum { LINE_MORE = -1 };

/* A byte that stands in no line: control bytes but tab. */
static inline bool line_is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* Finds the end of the line that is read, looking from the place `from` on.
 *   returns  the place of its CR, after which stands LF; LINE_MORE; FAULT_BARE_CR, FAULT_BARE_LF,
 *            FAULT_CONTROL for the first byte below 0x20 (but tab), or 0x7f, that is not that. */
ssize_t line_end(struct stoa_str in, size_t from);

/* Where to look from the next time, after LINE_MORE. */
static inline size_t line_seen(struct stoa_str in)
{
    return in.n && in.p[in.n - 1] == '\r' ? in.n - 1 : in.n;
}

#endif
