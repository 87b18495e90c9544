/* wire/url.h -- a URL of HTTP taken apart into what a client needs: whom to ask, and for what (RFC
 * 9110 section 4.2). Called by src/http. */
#ifndef WIRE_URL_H
#define WIRE_URL_H

#include "base/str.h"

struct url {                   /* borrowed from the text */
    struct stoa_str authority; /* host[:port], as it is sent in Host */
    struct stoa_str host;      /* with its brackets, when it is an IPv6 address */
    struct stoa_str port;      /* empty when it is not there: 80 */
    struct stoa_str target; /* path and query, as they came; starts with "/" or "?", or is empty */
};

/* "http://host[:port][/path][?query][#fragment]". The fragment is no business of the server's.
 *   returns  NULL and *ret; else what is wrong, one static sentence in lower case. */
const char *url_parse(struct url *ret, struct stoa_str text);

#endif
