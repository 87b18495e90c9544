/* app/reply.h -- from a request's head and a variant to the answer: which status (conditions,
 * ranges), and the sending of it.
 *
 * Knows HTTP and variants; knows no paths and no disk. Called by files.c, in two steps, so that a
 * large file is opened only for an answer that carries bytes of it. */
#ifndef APP_REPLY_H
#define APP_REPLY_H

#include "app/variant.h"
#include "http/exchange.h"
#include "wire/range.h"

struct reply_plan {
    int status;           /* 200, 206, 304, 412, 416 */
    struct ranges ranges; /* of a 206 */
};

/* Judges conditions and ranges (RFC 9110 sections 13.2.2, 14.2). */
void reply_decide(struct reply_plan *ret, const struct head *h, const struct variant *v,
                  int64_t now_s);

/* Whether bytes of the body will be sent. */
bool reply_has_body(const struct reply_plan *plan, const struct head *h);

/* Answers.                                                                         [waits]
 *   v        pinned; when bytes of its body are sent, it has them, or v->fd.
 *   returns  0; -ENOMEM (nothing was sent); else as http_reply_ready, http_reply_file. */
int reply_send(stoa_http *x, const struct variant *v, const struct reply_plan *plan);

#endif
