/* http/serve.h -- HTTP/1.1 on a listener: a connection's loop over its exchanges. */
#ifndef HTTP_SERVE_H
#define HTTP_SERVE_H

#include "http/exchange.h"
#include "net/listener.h"

/* What all connections of a listener share. Made before stoa_run, freed after. */
struct http_service {
    stoa_http_handler *handler;
    void *arg;
    struct http_observer observer; /* exchange may be NULL */
    stoa_time head_within, body_within, send_within;
    size_t head_max, line_max;
    uint64_t body_max;
    uint32_t requests_max;  /* per connection, then Connection: close; 0 = no limit */
    struct stoa_str fields; /* lines ended by CRLF, added to every response (--header); borrowed */
};

/* Fills what is 0 with the defaults of stoa/http.h. */
void http_service_defaults(struct http_service *s);

/* The conn_service for listeners: arg is a struct http_service, borrowed. */
int http_serve(stoa_conn *c, void *service);

#endif
