/* stoa/http.h -- HTTP/1.1; one exchange (a request and its response) = one plain C function.
 * Time, errors, owner, threads, waits: see stoa.h. RFC 9110 and 9112. */
#ifndef STOA_HTTP_H
#define STOA_HTTP_H

#include <stoa/dial.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct stoa_http stoa_http;
typedef int stoa_http_handler(stoa_http *x, void *arg);
/* Called once per request, in the connection's task, when its head has come whole and valid.
 *   returns  0 = done (a response never started is a 500; one begun is ended).
 *            < 0 before the response has started becomes one: -ENOENT 404, -EACCES and -EPERM 403,
 *            -ETIMEDOUT 504, -ENOMEM, -EMFILE and -ENFILE 503, STOA_EPROTO 400, STOA_ETOOBIG 413,
 *            else 500. After it has started, the connection is reset, so that the client cannot take
 *            what came for the whole.
 * What the handler leaves unread of the request's body is read and dropped, within limits. */

struct stoa_http_listen {  /* copied */
    const char *addr;      /* as stoa_listen's */
    int backlog;           /* 0 = somaxconn */
    stoa_time idle;        /* between requests; 0 = 75 s */
    stoa_time head_within; /* for a whole head, from its first byte; 0 = 10 s; then 408 */
    stoa_time body_within; /* longest silence while a body is wanted; 0 = 60 s; then 408 */
    stoa_time send_within; /* longest time in which the client takes nothing; 0 = 60 s */
    size_t head_max;       /* bytes of all fields; 0 = 32 KiB; then 431 */
    size_t line_max;       /* bytes of the request line; 0 = 8 KiB; then 414 */
    uint64_t body_max;     /* bytes; 0 = 1 MiB; then 413 */
    stoa_http_handler *handler;
    void *arg; /* seen by all cores: constant, or locked */
};

/* As stoa_listen. */
STOA_API int stoa_http_listen(stoa_rt *rt, const struct stoa_http_listen *l);

/* ---- the request; slices are borrowed as long as x; absent = { NULL, 0 } ---- */

STOA_API struct stoa_str stoa_http_method(const stoa_http *x);
STOA_API struct stoa_str stoa_http_path(const stoa_http *x);  /* as sent, without the query */
STOA_API struct stoa_str stoa_http_query(const stoa_http *x); /* after the '?' */
STOA_API struct stoa_str stoa_http_host(const stoa_http *x);  /* authority of the target, or Host */

/* The value of the first field of that name, whatever its case, trimmed. */
STOA_API struct stoa_str stoa_http_header(const stoa_http *x, const char *name);

/* Reads the request's body, decoded. Sends the awaited 100 (Continue) first.      [waits]
 * Of a fetched exchange it reads the reply's.
 *   returns  1..len; 0 = the body has ended, whole; STOA_ETOOBIG (past body_max), STOA_EPROTO (bad
 *            chunks; of a reply: more came than it announced), STOA_EEOF (the peer left before its
 *            end), -ETIMEDOUT, -ECANCELED, -ECONNRESET. */
STOA_API ssize_t stoa_http_read(stoa_http *x, void *buf, size_t len);

/* The task that runs the handler. When the handler has returned, what it owns ends as if the task did:
 * children, defers, memory; and its deadline is forgotten. */
STOA_API stoa_task *stoa_http_task(stoa_http *x);

/* ---- the response ---- */

/* Adds a field to the response, before it starts. Both are copied. Date, Connection, Content-Length
 * and Transfer-Encoding are the server's own.
 *   returns  0; -EINVAL (not a field name, control bytes in the value, or one of the server's own);
 *            -EALREADY (started); -ENOMEM. */
STOA_API int stoa_http_set(stoa_http *x, const char *name, const char *value);

/* Starts the response. len: bytes of the body; -1 = not known (chunked; to HTTP/1.0: until close).
 *   returns  0; -EALREADY; -EINVAL (a status outside 200..599). Nothing is sent yet. */
STOA_API int stoa_http_start(stoa_http *x, int status, int64_t len);

/* Writes a part of the body; for HEAD, 204 and 304 it is counted and dropped.     [waits]
 *   returns  0; -EINVAL (not started, or more than len); else as stoa_write. */
STOA_API int stoa_http_write(stoa_http *x, const void *buf, size_t len);

/* Sends what is still held back, so that the client sees it now.                  [waits] */
STOA_API int stoa_http_flush(stoa_http *x);

/* A whole response. type: its Content-Type, NULL = none.                          [waits] */
STOA_API int stoa_http_reply(stoa_http *x, int status, const char *type, const void *body,
                             size_t len);

/* ---- the client ---- */

struct stoa_http_field {
    const char *name;
    const char *value; /* NULL: it is not sent, not even where it is sent by default */
};

/* How a fetch went, stage by stage; a stage that was not reached has took = -1. */
struct stoa_http_report {
    struct stoa_report dial; /* count 0: an idle connection of the pool was used */
    stoa_time write_took;    /* request handed to the kernel */
    stoa_time wait_took;     /* until the reply's first byte */
    stoa_time read_took;     /* from its first byte to its last */
    uint64_t request_bytes;  /* written, head and body */
    uint64_t reply_head_bytes;
    uint64_t reply_body_bytes;  /* decoded */
    char local[STOA_ADDR_TEXT]; /* the connection's ends */
    char peer[STOA_ADDR_TEXT];
    const struct stoa_cause *cause; /* what failed, at whatever stage; NULL = nothing so far */
    char detail[200];               /* more words on it, escaped: "12 of 40 bytes came"; also of
                                       -EINVAL: "a URL begins with http://" */
};

struct stoa_http_fetch {
    const char *method;                   /* NULL = GET, or POST with a body */
    const char *url;                      /* "http://host:port/path?query" */
    const struct stoa_http_field *fields; /* of the request; Host, User-Agent and Accept are set
                                             where they are not among them, Content-Length always */
    int fields_count;
    const void *body; /* not looked at any more when the fetch has returned */
    size_t len;
    int family;       /* as in struct stoa_dial */
    const char *at;   /* where to connect instead of the url's host: "1.2.3.4", "unix:/path" */
    stoa_time within; /* for all of it, the body's end included; 0 = the task's deadline */
    bool fresh;       /* do not use an idle connection of the pool */
    struct stoa_http_report *report; /* filled in as it goes; must last as long as *ret */
};

/* Sends a request and reads the head of the reply (1xx are passed over); the body is then read by
 * stoa_http_read, the fields by stoa_http_header. A connection whose reply was read to its end goes
 * back to the core's pool. A request on a pooled connection that had just ended is sent once more on
 * a fresh one when its method is idempotent and no byte of a reply had come (RFC 9112 9.3.1). [waits]
 *   returns  0 and *ret, owned by t; as stoa_dial; STOA_EPROTO (malformed), STOA_EEOF (truncated, or
 *            closed without a reply), -ECONNRESET, -ETIMEDOUT, -EINVAL (url, method, fields). */
STOA_API int stoa_http_fetch(stoa_task *t, stoa_http **ret, const struct stoa_http_fetch *f);

/* The reply's status; of a server's exchange: what was sent, 0 = nothing yet. */
STOA_API int stoa_http_status(const stoa_http *x);

/* The name and value of the i-th field that came; false past the last. */
STOA_API bool stoa_http_field_at(const stoa_http *x, size_t i, struct stoa_str *name,
                                 struct stoa_str *value);

/* Ends a fetched exchange earlier than its owner. NULL is fine. */
STOA_API void stoa_http_end(stoa_http *x);

#ifdef __cplusplus
}
#endif
#endif
