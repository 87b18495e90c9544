/* app/delay.h -- known delays put into the stages of a request (--delay): for tests of what shows them,
 * and for people who want to see what their monitoring makes of them. Called by the command. */
#ifndef APP_DELAY_H
#define APP_DELAY_H

#include "http/serve.h"

/* Spans; 0 = none. Of accept, read and write see listener_options and http_service. */
struct delays {
    stoa_time handle;             /* the handler sleeps */
    stoa_time core;               /* the core is busy while a request waits for it */
    struct http_service *service; /* what is delayed */
    stoa_http_handler *handler;
    void *arg;
};

/* A stoa_http_handler: sleeps, then does what d->handler does. arg is a struct delays. */
int delay_handle(stoa_http *x, void *delays);

/* A conn_service: spins, then does what http_serve does with d->service. arg is a struct delays. */
int delay_serve(stoa_conn *c, void *delays);

#endif
