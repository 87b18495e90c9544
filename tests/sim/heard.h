/* sim/heard.h -- a client's reading of one response, byte by byte and strict: what a lenient client
 * would forgive is wrong here. Shares no code with the server's parsers.
 *
 * Knows framing; what a reply should say is sim/judge.c's business. */
#ifndef SIM_HEARD_H
#define SIM_HEARD_H

#include "base/buf.h"

enum heard_state {
    HEARD_HEAD,
    HEARD_BODY,      /* `left` bytes of it are missing */
    HEARD_UNTIL_END, /* the connection's end is the body's */
    HEARD_CHUNK_SIZE,
    HEARD_CHUNK_DATA, /* `left` bytes, then CRLF */
    HEARD_CHUNK_END,
    HEARD_LAST_LINE, /* the empty one after the last chunk; trailers are not ours */
    HEARD_WHOLE,
    HEARD_WRONG /* `why` */
};

struct heard {
    enum heard_state state;
    const char *why;
    bool to_head; /* answers a HEAD: no body, whatever the fields say */
    int status, minor;
    int64_t length; /* Content-Length; -1 = none */
    bool chunked;
    bool close, keep_alive; /* Connection */
    uint64_t left;
    struct buf head; /* with its empty line */
    struct buf body; /* decoded */
    char line[32];   /* of the chunked coding */
    size_t line_n;
};

void heard_init(struct heard *h);
void heard_done(struct heard *h);

/* For the next response. */
void heard_clear(struct heard *h, bool to_head);

/* Takes bytes up to the reply's end. returns how many it took: fewer than n only when WHOLE or
 * WRONG. */
size_t heard_feed(struct heard *h, const char *p, size_t n);

/* The connection has ended, in order. returns whether the reply is whole now. */
bool heard_end(struct heard *h);

static inline bool heard_has_begun(const struct heard *h)
{
    return h->head.n > 0;
}

/* The value of a field; { NULL, 0 } = not there. */
struct stoa_str heard_field(const struct heard *h, struct stoa_str name);

#endif
