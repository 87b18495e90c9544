/* http/body.h -- a body on its way in, a request's or a fetched reply's: decoded in place, in front of
 * the unread bytes. Called by serve_h1.c, reply.c, request.c, fetch_reply.c. Does not know what
 * becomes of it. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http/state.h"

/* The head, which is in x, says that a body comes. x->body: empty. */
void body_begin(stoa_http *x);

/* The same for the reply to a fetch.
 *   kind     how it is framed.
 *   causes   of what may end it early. */
void body_begin_reply(stoa_http *x, enum head_body kind, const struct body_causes *causes);

/* Makes bytes of it ready, at most x->body.ready, in front of the unread ones.    [waits]
 *   returns  1; 0 = it has ended; < 0, as stoa_http_read. What breaks the body stays in x->body.err. */
int body_fetch(stoa_http *x);

/* Gives them: copies at most len (buf NULL: drops them). returns how many. */
size_t body_take(stoa_http *x, void *buf, size_t len);

/* Will what is left be read and dropped, so that the connection can go on? False means that it has
 * to be closed after the response. */
bool body_is_droppable(const stoa_http *x);

/* Drops what has come already, so far as it is of the body. returns 0; < 0: it is broken. */
int body_drop_here(stoa_http *x);

/* Reads and drops what is left.                                                   [waits]
 *   returns  true; false: too much of it, or broken: the connection cannot go on. */
bool body_drop(stoa_http *x);

#endif
