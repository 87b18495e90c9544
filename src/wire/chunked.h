/* wire/chunked.h -- the chunked transfer coding (RFC 9112 section 7.1), read in place and written.
 *
 *     chunked_init(&d);
 *     for (;;) {
 *         r = chunked_next(&d, in, &piece);
 *         if (r < 0)
 *             answer fault_status(r), fault_reason(r), and close;
 *         in = str_from(in, piece.used);
 *         if (r == CHUNKED_DATA)    piece.value is body
 *         if (r == CHUNKED_TRAILER) piece.name, piece.value
 *         if (r == CHUNKED_MORE)    receive more behind what is left of `in`
 *         if (r == CHUNKED_END)     break
 *     }
 *
 * Called by src/http. Does not know how much body is allowed: the caller counts. */
#ifndef WIRE_CHUNKED_H
#define WIRE_CHUNKED_H

#include "base/str.h"
#include "wire/fault.h"

enum {
    CHUNKED_EXTENSION_BYTES_MAX = 4096, /* of all chunks of a message */
    CHUNKED_TRAILER_BYTES_MAX = 8192,
    CHUNKED_HEAD_BYTES = 18 /* 16 digits, CR, LF */
};

struct chunked {
    uint64_t left; /* of the chunk's data */
    uint16_t extension_bytes, trailer_bytes;
    uint16_t seen; /* bytes of an unfinished trailer line that were looked at */
    uint8_t state, digits;
};

enum chunked_got {
    CHUNKED_MORE,    /* all that can be read has been */
    CHUNKED_DATA,    /* value: body, a slice of the input */
    CHUNKED_TRAILER, /* name, value: a trailer field that is no business of framing, routing or
                        authentication: those are dropped (RFC 9110 section 6.5.1) */
    CHUNKED_END      /* the message has ended; what follows in the input is not of it */
};

struct chunked_piece {
    size_t used; /* bytes of the input that are done with */
    struct stoa_str name, value;
};

void chunked_init(struct chunked *d);

/* Reads up to the next piece.
 *   in       what has come and has not been used. Part of a trailer line is not used before it is
 *            whole: it has to be given again, all of it, with more. A buffer that holds
 *            CHUNKED_TRAILER_BYTES_MAX bytes never is full of it: the limit is found first.
 *   returns  enum chunked_got, or < 0 enum fault.
 *   ret      set unless < 0. */
int chunked_next(struct chunked *d, struct stoa_str in, struct chunked_piece *ret);

/* Writes what stands before n > 0 bytes of data; CRLF stands behind them, "0\r\n\r\n" at the end.
 *   buf      CHUNKED_HEAD_BYTES.
 *   returns  the bytes written. */
size_t chunked_head(char *buf, uint64_t n);

#endif
