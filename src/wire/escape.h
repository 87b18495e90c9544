/* wire/escape.h -- bytes made fit for a URL or for HTML. Called by src/app for listings, links and
 * redirects. */
#ifndef WIRE_ESCAPE_H
#define WIRE_ESCAPE_H

#include "base/str.h"

enum {
    ESCAPE_URL_MAX = 3, /* bytes out for one in, at most */
    ESCAPE_HTML_MAX = 6
};

/* Percent-encodes a path: letters, digits, "-._~!$&'()*+,;=@/" stay. ":" does not, so that the
 * result can stand as a relative reference.
 *   to       yours, ESCAPE_URL_MAX * s.n bytes; not terminated.
 *   returns  the bytes written. */
size_t escape_url(char *to, struct stoa_str s);

/* Escapes & < > " ' for text and for attribute values in quotes; to: ESCAPE_HTML_MAX * s.n bytes. */
size_t escape_html(char *to, struct stoa_str s);

#endif
