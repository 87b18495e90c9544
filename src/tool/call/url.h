/* tool/call/url.h -- an http:// URL, checked and taken apart as far as `stoa call` needs it. */
#ifndef TOOL_CALL_URL_H
#define TOOL_CALL_URL_H

#include "net/addr.h"

enum { CALL_URL_BYTES = 8192 };

struct call_url {
    char text[CALL_URL_BYTES]; /* "http://host[:port]/path?query": terminated, no fragment */
    struct addr_parts place;   /* the port is a number; 80 when left out */
};

/* Reads a URL.
 *   returns  false and *why, a static sentence that says what is wrong or what is not there yet. */
bool call_url_read(struct call_url *ret, struct stoa_str text, const char **why);

/* Whether both name the same host and port: what may see one's credentials may see the other's. */
bool call_url_same_place(const struct call_url *a, const struct call_url *b);

#endif
