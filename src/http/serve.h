/* http/serve.h -- HTTP/1.1 on a listener: a connection's loop over its exchanges. */
#ifndef HTTP_SERVE_H
#define HTTP_SERVE_H

#include "http/exchange.h"
#include "net/listener.h"

struct http_core; /* one core's part: exchanges that rest, the text of Date */

/* What all connections of a listener share. Fill in the first part, then http_service_init. */
struct http_service {
    stoa_http_handler *handler;
    void *arg;
    struct http_observer observer; /* exchange may be NULL */
    stoa_time head_within, body_within, send_within;
    size_t head_max, line_max;
    uint64_t body_max;
    uint32_t requests_max;  /* per connection, then Connection: close; 0 = no limit */
    stoa_time write_late;   /* on purpose: a pause before a reply is handed over (--delay write=) */
    bool server_timing;     /* tell each client where its request's time went (Server-Timing) */
    struct stoa_str fields; /* lines ended by CRLF, added to every response (--header); borrowed */

    /* The service's own: */
    struct head_limits limits;
    struct http_core *cores;
    int cores_count;
    const struct stoa_mem *mem;
};

/* Fills what is 0 with the defaults of stoa/http.h, and makes the cores' parts. Before stoa_run.
 *   cores    how many will serve: core->index is below.
 *   returns  0; -ENOMEM: s needs no http_service_done. */
int http_service_init(struct http_service *s, int cores, const struct stoa_mem *mem);

/* Frees the cores' parts. Only when no connection of s is left: after stoa_free. Zeroed s is fine. */
void http_service_done(struct http_service *s);

/* The conn_service for listeners: arg is a struct http_service, borrowed, after
 * http_service_init. */
int http_serve(stoa_conn *c, void *service);

#endif
