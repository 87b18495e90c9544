/* app/log_line.h -- one exchange as one line of the access log, in three formats. Pure: facts in,
 * bytes out; knows no connection and no file. Times are UTC.
 *
 * pretty     12:34:56 200 GET /index.html 1.2 KiB 0.31 ms (handler 0.22) 127.0.0.1
 *            the time is what the client waited for since it had sent, and the stage that took most
 *            of it; without the stage clock only from the head to the response's last byte;
 *            and at the end what went wrong, if anything did: request.head_timeout ECONNRESET
 * combined   Apache's: peer - - [day/month/year:time +0000] "request" status bytes "referer" "agent";
 *            status 000 = the connection ended before there was a response
 * json       one object a line; always all of these members, in this order:
 *              time         when the request had come, RFC 3339 with milliseconds
 *              peer         address, without the port
 *              method, target, version   as sent; "" when the request could not be read
 *              status       number; 0 = the connection ended before there was a response
 *              bytes        of the response's body
 *              duration_us  from the request's head to the response's last byte in the kernel
 *              head_bytes   of the request's head
 *              body_in      bytes of the request's body
 *              referer, user_agent       string or null
 *              cause        string or null: the id of what went wrong (stoa explain)
 *              error        string or null: the name of the error that ended it
 *              stages       where the time went (stoa/stage.h), in microseconds: `took`, of which queued,
 *                           buffer, core, head, body, handler and send are the parts; before them
 *                           handshake and accept, of a connection's first request; behind them marks
 *                           of the program's own. A pair is of bounds; null: it is not known, or was
 *                           not passed. null: the stage clock is off
 *
 * What peers sent is escaped: bytes below 0x20, 0x7f and above, '"' and '\' are \xNN (in JSON
 * \u00NN: a byte, not a character), and cut at LOG_*_MAX. */
#ifndef APP_LOG_LINE_H
#define APP_LOG_LINE_H

#include "base/str.h"
#include "stage/request.h"

enum log_format { LOG_NONE, LOG_PRETTY, LOG_COMBINED, LOG_JSON };

enum { /* bytes of a field, before escaping */
       LOG_PEER_MAX = 128,
       LOG_METHOD_MAX = 32,
       LOG_TARGET_MAX = 1024,
       LOG_VERSION_MAX = 16,
       LOG_REFERER_MAX = 512,
       LOG_AGENT_MAX = 256,
       LOG_CAUSE_MAX = 64,      /* ours: ids and names */
       LOG_LINE_MAX = 16 * 1024 /* of the whole, escaped: more than all of them can be */
};

struct log_span {
    const char *name; /* fit for a log */
    bool is_part;     /* of took_ns */
    struct stage_time t;
};

struct log_entry {
    struct stoa_str peer;                /* at most LOG_PEER_MAX bytes, fit for a log */
    struct stoa_str line;                /* method, target and version, as sent */
    struct stoa_str referer, user_agent; /* p NULL = absent */
    int64_t real_ns;
    int status;
    uint64_t bytes, head_bytes, body_in;
    stoa_time duration_ns;
    const struct log_span *spans; /* in the order in which they are told; NULL = there are none */
    int spans_n;
    stoa_time took_ns;
    const char *cause; /* NULL = none */
    int err;           /* 0 = none */
};

/* A second in words, kept from line to line. All zero = none yet. */
struct log_second {
    int64_t s;
    size_t n;
    char text[32];
};

/* Writes e's line, with its line end.
 *   to       LOG_LINE_MAX bytes.
 *   color    with the terminal's colours (pretty only).
 *   second   of the same format each time.
 *   returns  the bytes written; 0 for LOG_NONE. */
size_t log_line(char *to, enum log_format format, bool color, const struct log_entry *e,
                struct log_second *second);

#endif
