/* wire/accept.h -- Accept-Encoding (RFC 9110 section 12.5.3): which coding to send. Called by
 * src/app. */
#ifndef WIRE_ACCEPT_H
#define WIRE_ACCEPT_H

#include "wire/head.h"

/* In the order of preference among equals, best last. */
enum coding {
    CODING_IDENTITY,
    CODING_GZIP,
    CODING_ZSTD,
    CODING_BR,
    CODING_COUNT,
    CODING_NONE = CODING_COUNT /* nothing that we have is acceptable: 406, or identity anyway */
};

/* The one to send.
 *   available  a bit for each coding there is: 1 << CODING_GZIP. */
enum coding accept_coding(const struct head *h, unsigned available);

/* "gzip", "zstd", "br", "identity": for Content-Encoding. Static. */
struct stoa_str accept_coding_name(enum coding c);

#endif
