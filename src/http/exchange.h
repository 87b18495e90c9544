/* http/exchange.h -- an exchange as the floors above see it, beyond what stoa/http.h offers to
 * everybody: ready-made heads, files as bodies, refusals, and the facts for the access log.
 *
 * Does not know where its bytes go (net/conn) nor what is served (app/). */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "net/conn.h"
#include "wire/head.h"

#include <stoa/http.h>

/* The request's parsed head. Borrowed as long as x. */
const struct head *http_head(const stoa_http *x);
stoa_conn *http_conn(const stoa_http *x);

/* Memory that lives until the exchange ends; not zeroed; NULL = none. */
void *http_alloc(stoa_http *x, size_t n);

/* Seconds since 1970, for dates. */
int64_t http_now_s(const stoa_http *x);

/* A whole response with a one-line text/plain body that says why. why: static or living as long as x;
 * bytes of the peer's in it must be escaped by the caller. Fields set before are kept.   [waits]
 *   close    the connection ends after it. */
int http_refuse(stoa_http *x, int status, const char *why, bool close);

/* What a handler answers to a method that it does not serve: 405 with Allow; to OPTIONS, 204 with
 * Allow.                                                                           [waits]
 *   allow    "GET, HEAD, OPTIONS". */
int http_allow(stoa_http *x, struct stoa_str allow);

/* A whole response whose fields are ready: `fields` are lines ended by CRLF, Content-Length among
 * them; the server adds the status line, Date, what stoa_http_set added, and Connection where it
 * must. The body is left out for HEAD by itself. The bytes are used up when it returns.    [waits]
 *   returns  0; < 0 as stoa_write. */
int http_reply_ready(stoa_http *x, int status, struct stoa_str fields, const void *body, size_t n);

/* The same, with a body out of a file: n bytes from `at`. file: borrowed.         [waits]
 *   returns  0; STOA_EEOF (the file is shorter by now: the connection will be reset); < 0. */
int http_reply_file(stoa_http *x, int status, struct stoa_str fields, int file, off_t at,
                    uint64_t n);

/* As stoa_http_write, out of a file: for the parts of a multipart body, after stoa_http_start. */
int http_write_file(stoa_http *x, int file, off_t at, uint64_t n);

/* Notes the cause's id for the access log ("request.head_timeout", ...); static. */
void http_note_cause(stoa_http *x, const char *cause);

struct stage_request;

/* ---- for whoever watches exchanges (the access log) ---- */

struct http_facts {
    const stoa_http *x;  /* valid during the call */
    int status;          /* 0: the connection ended before a response */
    uint64_t body_bytes; /* of the response that went out */
    uint64_t head_bytes;
    uint64_t request_body_bytes;
    stoa_time began; /* the head had come whole (monotonic) */
    stoa_time ended; /* the response was handed to the kernel */
    int64_t began_real_ns;
    int err;                            /* 0, or what ended it */
    const char *cause;                  /* NULL, or an id */
    const struct stage_request *stages; /* where its time went; NULL = the stage clock is off */
    struct stoa_str line; /* method, target, version as sent; empty when it could not be read */
};

struct http_observer {
    void (*exchange)(void *ctx, struct core *core, const struct http_facts *facts);
    void *ctx;
};

#endif
