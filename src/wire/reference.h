/* wire/reference.h -- where a redirect leads: the reference in a Location field, resolved against
 * the URL that was asked for (RFC 3986 section 5.2). Called by `stoa call`. */
#ifndef WIRE_REFERENCE_H
#define WIRE_REFERENCE_H

#include "base/str.h"

/* Bytes of the result at most, for a base and a reference of these lengths. */
#define REFERENCE_MAX(base_n, ref_n) ((base_n) + 3 * (ref_n) + 2)

/* Resolves ref against base, which is absolute ("http://host/..."). Bytes of ref that no URL has are
 * percent-encoded, since servers send spaces and UTF-8 as they are; the fragment is left out, since
 * it is never sent. What comes out has base's form, but may name any scheme and any host.
 *   to       yours, REFERENCE_MAX bytes; not terminated.
 *   returns  the bytes written. */
size_t reference_resolve(char *to, struct stoa_str base, struct stoa_str ref);

#endif
