/* wire/protocol.h -- which protocol the first bytes from a server are of: is it HTTP/1, or what
 * else answers on that port? Called by src/http. */
#ifndef WIRE_PROTOCOL_H
#define WIRE_PROTOCOL_H

#include "base/str.h"

enum protocol {
    PROTOCOL_MORE, /* it may still become one of them */
    PROTOCOL_HTTP1,
    PROTOCOL_HTTP2,    /* a SETTINGS or GOAWAY frame (RFC 9113 section 4.1) */
    PROTOCOL_TLS,      /* a record of TLS (RFC 8446 section 5.1): an alert, usually */
    PROTOCOL_SSH,      /* "SSH-" (RFC 4253 section 4.2) */
    PROTOCOL_GREETING, /* "220 " and the like: a server of mail or files, which speaks first */
    PROTOCOL_OTHER,
};

/* in: all bytes so far, from the first on. */
enum protocol protocol_of(struct stoa_str in);

#endif
