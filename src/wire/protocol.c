/* wire/protocol.c -- see protocol.h. Each protocol is a pattern of first bytes: those that are there
 * fit, or it is another one. */
#include "wire/protocol.h"

/* For each of the first bytes: the least and the most that it may be. */
struct range {
    unsigned char least, most;
};

#define BYTE(b)                                                                                    \
    {                                                                                              \
        (b), (b)                                                                                   \
    }
#define FRAME(type) /* length below 64 KiB, type, flags, stream 0 */                               \
    {                                                                                              \
        BYTE(0), { 0, 255 }, { 0, 255 }, BYTE(type), { 0, 1 }, BYTE(0), BYTE(0), BYTE(0), BYTE(0)  \
    }

static const struct pattern {
    enum protocol protocol;
    size_t n;
    struct range bytes[9];
} patterns[] = {
    { PROTOCOL_HTTP1, 5, { BYTE('H'), BYTE('T'), BYTE('T'), BYTE('P'), BYTE('/') } },
    { PROTOCOL_HTTP2, 9, FRAME(4) },                        /* SETTINGS */
    { PROTOCOL_HTTP2, 9, FRAME(7) },                        /* GOAWAY */
    { PROTOCOL_TLS, 3, { { 20, 23 }, BYTE(3), { 0, 4 } } }, /* type, version */
    { PROTOCOL_SSH, 4, { BYTE('S'), BYTE('S'), BYTE('H'), BYTE('-') } },
    { PROTOCOL_GREETING, 4, { BYTE('2'), BYTE('2'), BYTE('0'), { ' ', '-' } } }, /* SMTP, FTP */
    { PROTOCOL_GREETING, 4, { BYTE('+'), BYTE('O'), BYTE('K'), BYTE(' ') } },    /* POP3 */
    { PROTOCOL_GREETING, 5, { BYTE('*'), BYTE(' '), BYTE('O'), BYTE('K'), BYTE(' ') } }, /* IMAP */
};

static bool fits(const struct pattern *p, struct stoa_str in)
{
    for (size_t i = 0; i < in.n && i < p->n; i++) {
        unsigned char c = (unsigned char)in.p[i];
        if (c < p->bytes[i].least || c > p->bytes[i].most)
            return false;
    }
    return true;
}

enum protocol protocol_of(struct stoa_str in)
{
    enum protocol found = PROTOCOL_OTHER;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        if (!fits(&patterns[i], in))
            continue;
        if (in.n >= patterns[i].n)
            return patterns[i].protocol;
        found = PROTOCOL_MORE;
    }
    return found;
}
