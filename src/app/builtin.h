/* app/builtin.h -- the smallest handlers: one text for every request, and echo. */
#ifndef APP_BUILTIN_H
#define APP_BUILTIN_H

#include "base/mem.h"

#include <stoa/http.h>

struct text;

/* The text and its ready-made fields. text: copied.
 *   returns  0 and *ret, -ENOMEM. */
int text_new(struct text **ret, struct stoa_str text, const struct stoa_mem *mem);
void text_free(struct text *t);

/* A stoa_http_handler; arg is a struct text. */
int text_serve(stoa_http *x, void *text);

/* A stoa_handler: what comes goes back, until the peer has finished. */
int echo_serve(stoa_conn *c, void *arg);

/* A stoa_datagram_handler: the datagram goes back. */
int echo_datagram(stoa_datagram *d, void *arg);

#endif
