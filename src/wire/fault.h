/* wire/fault.h -- what can be wrong with bytes of HTTP: one list for all parsers of this folder,
 * each entry with the status that answers it and one sentence that says why. Knows no bytes. */
#ifndef WIRE_FAULT_H
#define WIRE_FAULT_H

/* All < 0, so that a parser's result is one of these or what it read. */
enum fault {
    FAULT_TLS = -100,        /* a TLS ClientHello */
    FAULT_HTTP2,             /* an HTTP/2 preface */
    FAULT_PROXY,             /* a PROXY protocol line */
    FAULT_EMPTY_LINES,       /* too many before the request line */
    FAULT_START_LINE,        /* not "method SP target SP version", or not a status line */
    FAULT_METHOD,            /* empty, or a byte that no token has */
    FAULT_TARGET,            /* a byte that has to be percent-encoded, or a form that is none */
    FAULT_VERSION,           /* a major version that is not 1 */
    FAULT_TARGET_LONG,       /* the request line is longer than the limit */
    FAULT_LINE_LONG,         /* a field line is longer than the limit */
    FAULT_HEAD_LONG,         /* the whole head is */
    FAULT_FIELDS,            /* more fields than the limit */
    FAULT_BARE_LF,           /* a line feed without a carriage return before it */
    FAULT_BARE_CR,           /* a carriage return without a line feed after it */
    FAULT_CONTROL,           /* NUL or another control byte */
    FAULT_LEADING_SPACE,     /* white space before the first field */
    FAULT_FOLD,              /* obs-fold: a field line that goes on in the next */
    FAULT_NO_COLON,          /* a field line without one */
    FAULT_NAME,              /* a field's name that is empty or has a byte that no token has */
    FAULT_SPACE_COLON,       /* white space between name and colon */
    FAULT_NO_HOST,           /* HTTP/1.1 without Host */
    FAULT_HOSTS,             /* Host twice */
    FAULT_HOST,              /* Host, or the target's authority, is not host[:port] */
    FAULT_LENGTH,            /* Content-Length that is not one number */
    FAULT_LENGTH_BIG,        /* ... that is more than 2^63 - 1 */
    FAULT_LENGTHS,           /* ... twice */
    FAULT_LENGTH_AND_CODING, /* ... together with Transfer-Encoding */
    FAULT_CODING_OLD,        /* Transfer-Encoding in HTTP/1.0 */
    FAULT_CODING_LAST,       /* the last transfer coding is not chunked */
    FAULT_CODING_TWICE,      /* chunked twice */
    FAULT_CODING_UNKNOWN,    /* a transfer coding that is not chunked */
    FAULT_CODING,            /* Transfer-Encoding that is not a list of codings */
    FAULT_STATUS,            /* a response's status that is not three digits from 100 on */
    FAULT_PATH_ESCAPE,       /* '%' without two hexadecimal digits */
    FAULT_PATH_NUL,          /* "%00" in a path */
    FAULT_PATH_SLASH,        /* "%2F" in a path */
    FAULT_PATH_ABOVE,        /* ".." above the root */
    FAULT_FORM,              /* a target's form that does not go with the method */
    FAULT_CHUNK_SIZE,        /* a chunk's size that is not hexadecimal, or does not fit */
    FAULT_CHUNK_EXTENSION,   /* a chunk's extension that is malformed */
    FAULT_CHUNK_EXTENSIONS,  /* more bytes of them than the limit */
    FAULT_CHUNK_END,         /* no CRLF after a chunk's data */
    FAULT_TRAILERS,          /* more bytes of trailers than the limit */
    FAULT_END,               /* none: one past the last */
};

/* The status of the answer to a request with this fault. */
int fault_status(int fault);

/* One static sentence in lower case, without a full stop: "two Host fields". */
const char *fault_reason(int fault);

#endif
