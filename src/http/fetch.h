/* http/fetch.h -- a client's half of an exchange: what is asked, how far it has come, and what failed.
 *
 *     fetch.c          whom to connect to, whether to try again, who owns it
 *     fetch_request.c  the request: made, and sent
 *     fetch_reply.c    the reply: its head, its body's end, and what each failure is called
 *
 * The last two know a connection and nothing of how it came about. */
#ifndef HTTP_FETCH_H
#define HTTP_FETCH_H

#include "http/state.h"
#include "wire/url.h"

struct fetch {
    stoa_http *x;
    /* fetch_read: as stoa_http_read finds it, so that a server does without the client. */
    ssize_t (*read)(stoa_http *x, void *buf, size_t len);
    struct task_owned owned;         /* in its task's list */
    struct stoa_http_report *report; /* NULL = not wanted */
    stoa_time until;                 /* for all of it */

    /* Where it goes: */
    struct url url;          /* of the exchange's memory, as are these */
    const char *dial_text;   /* for stoa_dial */
    struct stoa_str address; /* for the pool */
    bool pooled;             /* the connection is from there */
    bool keeps;              /* it may be used again after this exchange */

    /* The request: */
    enum method method;
    struct stoa_str method_name;
    bool closes;      /* it says that the connection ends with this exchange */
    bool upgrades;    /* a 101 (Switching Protocols) is asked for */
    struct buf head;  /* and the body behind it, when it is small */
    const void *body; /* borrowed until stoa_http_fetch returns; NULL = it is in head */
    size_t len;       /* of that */
    bool sent;        /* all of it */
    int lost;         /* < 0: why not; a reply may have come all the same */
    uint64_t written; /* bytes */

    /* The reply: */
    bool heard;      /* bytes of it have come */
    int answered;    /* what fetch_hear said, but for 0 */
    int interim;     /* heads of 1xx passed over, */
    int interim_was; /* the last one's status */
    stoa_time wait_began, read_began;
    stoa_time came_at; /* when bytes came last */
};

/* The clock itself and not the moment of this turn, in which much may happen: for the report. */
static inline stoa_time fetch_clock(const stoa_http *x)
{
    return x->core->sys->clock(x->core->sys).mono_ns;
}

/* ---- fetch_request.c ---- */

/* Makes the request's head, and notes what is asked. x->fetch: zeroed, but for report.
 *   returns  0; -EINVAL and *why, a static sentence; -ENOMEM. */
int fetch_make(stoa_http *x, const struct stoa_http_fetch *f, const char **why);

/* Writes the request to x->c. A failure is kept (fetch->lost): whether it matters is known when the
 * reply has come, or has not. A reply that comes meanwhile is heard: after a refusal, or what is no
 * reply, no more is sent (RFC 9112 section 9.5).                                  [waits] */
void fetch_send(stoa_http *x);

/* ---- fetch_reply.c ---- */

/* Reads the next head that the peer sends.                                         [waits]
 *   returns  1 = that of the reply, whose body is ready to be read (fetch->answered); 0 = an interim
 *            one, passed over; < 0 as stoa_http_fetch (fetch->answered is that), and the report
 *            says why. */
int fetch_hear(stoa_http *x);

/* The same until there is the reply's, or there was.                               [waits]
 *   returns  0; < 0. */
int fetch_await(stoa_http *x);

/* As stoa_http_read. The connection is done with when it returned 0.               [waits] */
ssize_t fetch_read(stoa_http *x, void *buf, size_t len);

/* The reply has come, nothing of it is left to come, and nothing else has. */
bool fetch_is_whole(const stoa_http *x);

/* Notes in the report what failed; id: of a cause, NULL = none of the catalogue. */
__attribute__((format(printf, 3, 4))) void fetch_fail(stoa_http *x, const char *id, const char *fmt,
                                                      ...);

/* ---- fetch.c ---- */

/* Gives the connection up: to the pool when it can be used again, else it is closed, or reset. */
void fetch_hang_up(stoa_http *x);

#endif
