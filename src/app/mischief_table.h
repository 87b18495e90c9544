/* app/mischief_table.h -- the kinds of mischief as they are written down: each is a little script,
 * two steps and an end. Used by mischief.h and mischief_serve.c. */
#ifndef APP_MISCHIEF_TABLE_H
#define APP_MISCHIEF_TABLE_H

#include "base/str.h"

/* What may stand behind the '=' of KIND[=ARG]. */
enum mischief_arg {
    MISCHIEF_NO_ARG,
    MISCHIEF_COUNT,       /* of connections; wanted */
    MISCHIEF_BYTES_PER_S, /* wanted */
    MISCHIEF_MS,          /* may be left out: for ever */
};

/* When a step is taken. */
enum mischief_when {
    MISCHIEF_NO_STEP,
    MISCHIEF_AT_ACCEPT,  /* before the client has said anything */
    MISCHIEF_AT_BYTES,   /* when the first bytes have come */
    MISCHIEF_AT_HEAD,    /* when the head of the request has come */
    MISCHIEF_AT_REQUEST, /* when all of it has come; with a 100 for a client that waits for one */
    MISCHIEF_AT_REQUEST_UNASKED, /* the same without the 100 */
    MISCHIEF_AFTER_MS,           /* after the argument's time; without one: never */
    MISCHIEF_AT_RATE,  /* at the argument's rate, again and again: MISCHIEF_RATED_BYTES in all */
    MISCHIEF_FOR_EVER, /* again and again, as fast as the client takes it */
};

enum { MISCHIEF_RATED_BYTES = 65536 };

/* What follows the steps. */
enum mischief_end {
    MISCHIEF_CLOSE,   /* the end of the stream, in order */
    MISCHIEF_RESET,   /* a reset; a Unix socket knows none: the end of the stream */
    MISCHIEF_NEXT,    /* the next request, until the client closes or said that it is the last */
    MISCHIEF_SILENCE, /* nothing: the connection stays open; what comes is read and dropped */
    MISCHIEF_DEAF,    /* the same, and nothing is read */
};

struct mischief_step {
    enum mischief_when when;
    struct stoa_str bytes; /* sent then; may be empty */
};

struct mischief_kind { /* static */
    const char *group; /* a heading; NULL = that of the one before */
    const char *name;
    enum mischief_arg arg;
    bool accepts_none; /* see listener_options */
    uint32_t healthy;  /* requests of a connection that are answered well before the fault */
    struct mischief_step first, second;
    enum mischief_end end;
    const char *does;   /* what the server does, a clause */
    const char *client; /* what a client should do, a sentence */
};

extern const struct mischief_kind mischief_table[];
extern const size_t mischief_table_count;

/* A whole reply, with which the kinds that break none answer. */
extern const struct stoa_str mischief_fine_reply;

#endif
