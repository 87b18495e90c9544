/* http/service.h -- a service's part on a core: exchanges that rest, and the text of Date, made once
 * a second. Called by serve_h1.c and reply_head.c, on the core's thread. */
#ifndef HTTP_SERVICE_H
#define HTTP_SERVICE_H

#include "http/state.h"

enum { DATE_LINE_BYTES = 37 }; /* "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" */

/* An exchange for c: the one used last, while it is warm. returns NULL when there is no memory. */
stoa_http *service_take(struct http_service *s, stoa_conn *c);
void service_give(stoa_http *x);

/* The line of Date, for now; DATE_LINE_BYTES. */
const char *service_date_line(const stoa_http *x);

#endif
