/* http/reply.h -- the response's life, as serve_h1.c sees it; handlers see stoa/http.h and exchange.h.
 *
 *     NONE -> STARTED -> BODY -> ENDED
 *
 * The head is written as late as can be, with the first byte of the body, so that starting never
 * waits, and so that it is known by then whether the connection can go on. */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http/state.h"

void reply_begin(stoa_http *x);

/* Frees what the handler set. */
void reply_done(stoa_http *x);

/* Ends the response after the handler's result: makes one when there is none.     [waits]
 *   returns  0; < 0: it is not whole, the connection must be reset. */
int reply_end(stoa_http *x, int result);

/* Takes the response back, of which nothing has gone yet, and says instead what is wrong with the
 * body. returns 0; < 0. */
int reply_retract(stoa_http *x);

/* Writes the head, of x->reply; decides whether the connection goes on (x->close).  [waits]
 *   fields   lines to add.
 *   framed   Content-Length is among them. */
int reply_write_head(stoa_http *x, struct stoa_str fields, bool framed);

#endif
