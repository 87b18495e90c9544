/* wire/field.c -- see field.h. */
#include "wire/field.h"
#include "wire/chars.h"
#include "wire/fault.h"

static inline uint64_t load8(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* Is the token at p the n >= 8 bytes of `name`, which is in lower case? Setting bit 0x20 makes
 * letters lower and leaves "-" alone, and no other byte of a token becomes one of these by it. */
static inline bool is(const char *p, const char *name, size_t n)
{
    const uint64_t lower = UINT64_C(0x2020202020202020);
    for (size_t at = 0; at + 8 < n; at += 8)
        if ((load8(p + at) | lower) != load8(name + at))
            return false;
    return (load8(p + n - 8) | lower) == load8(name + n - 8);
}

/* The same for less than 8. */
static inline bool is_short(const char *p, const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((p[i] | 0x20) != name[i])
            return false;
    return true;
}

static enum field when(bool so, enum field f)
{
    return so ? f : FIELD_OTHER;
}

enum field field_of(struct stoa_str name)
{
    const char *p = name.p;
    switch (name.n) {
    case 4: return when(is_short(p, "host", 4), FIELD_HOST);
    case 5: return when(is_short(p, "range", 5), FIELD_RANGE);
    case 6:
        if ((p[0] | 0x20) == 'e')
            return when(is_short(p, "expect", 6), FIELD_EXPECT);
        return when(is_short(p, "origin", 6), FIELD_ORIGIN);
    case 7:
        if ((p[0] | 0x20) == 'u')
            return when(is_short(p, "upgrade", 7), FIELD_UPGRADE);
        return when(is_short(p, "referer", 7), FIELD_REFERER);
    case 8:
        if ((p[3] | 0x20) == 'm')
            return when(is(p, "if-match", 8), FIELD_IF_MATCH);
        return when(is(p, "if-range", 8), FIELD_IF_RANGE);
    case 10:
        if ((p[0] | 0x20) == 'c')
            return when(is(p, "connection", 10), FIELD_CONNECTION);
        return when(is(p, "user-agent", 10), FIELD_USER_AGENT);
    case 12: return when(is(p, "content-type", 12), FIELD_CONTENT_TYPE);
    case 13: return when(is(p, "if-none-match", 13), FIELD_IF_NONE_MATCH);
    case 14: return when(is(p, "content-length", 14), FIELD_CONTENT_LENGTH);
    case 15: return when(is(p, "accept-encoding", 15), FIELD_ACCEPT_ENCODING);
    case 17:
        if ((p[0] | 0x20) == 't')
            return when(is(p, "transfer-encoding", 17), FIELD_TRANSFER_ENCODING);
        return when(is(p, "if-modified-since", 17), FIELD_IF_MODIFIED_SINCE);
    case 19: return when(is(p, "if-unmodified-since", 19), FIELD_IF_UNMODIFIED_SINCE);
    default: return FIELD_OTHER;
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* A line whose first n bytes, a token, do not end at a colon. Not on the usual way. */
__attribute__((cold)) static int split_odd(struct stoa_str line, size_t n, struct stoa_str *name,
                                           struct stoa_str *value)
{
    size_t colon = str_find(line, ':'), space = n;
    if (colon == line.n)
        return FAULT_NO_COLON;
    while (is_space(line.p[space]))
        space++;
    if (n == 0 || space != colon)
        return FAULT_NAME;
    *name = (struct stoa_str){ line.p, n };
    *value = str_trim(str_from(line, colon + 1));
    return FAULT_SPACE_COLON;
}

int field_split(struct stoa_str line, struct stoa_str *name, struct stoa_str *value)
{
    size_t n = char_span(line, CHAR_TOKEN);
    if (n == 0 || n == line.n || line.p[n] != ':')
        return split_odd(line, n, name, value);
    *name = (struct stoa_str){ line.p, n };
    *value = str_trim(str_from(line, n + 1));
    return 0;
}
