/* wire/head.h -- the head of a request or a response (RFC 9112): start line, fields, framing.
 *
 * Bytes in, meaning out: knows no connection, allocates nothing, copies nothing. What is read are
 * places in the bytes given; what every request is asked for (framing, connection options, the
 * fields of field.h) is noted while reading, so that nobody scans again.
 *
 *     struct head h;
 *     head_init(&h, &limits);
 *     do
 *         receive more at the end of `in`;
 *     while ((r = head_parse_request(&h, in)) == 0);
 *     if (r < 0)
 *         answer fault_status(r), fault_reason(r), and close;
 *     else
 *         the body starts at in.p + r
 *
 * Strict: what two readers could read differently is refused. Called by src/http. */
#ifndef WIRE_HEAD_H
#define WIRE_HEAD_H

#include "base/str.h"
#include "wire/fault.h"
#include "wire/field.h"

enum {
    HEAD_FIELDS_MAX = 100,
    HEAD_BYTES_MAX = 65535 /* places are 16 bits wide */
};

struct head_limits {
    size_t line_bytes; /* of the start line, and of each field line, with its CR LF */
    size_t head_bytes; /* of all of it; at most HEAD_BYTES_MAX counts */
    size_t fields;     /* at most HEAD_FIELDS_MAX counts */
};

/* 8 KiB, 32 KiB, 100. */
extern const struct head_limits head_limits_default;

enum method {
    METHOD_OTHER, /* a token, but none of these: 501 */
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_PATCH,
    METHOD_TRACE,
    METHOD_CONNECT
};

enum head_expect {
    HEAD_EXPECT_NONE,
    HEAD_EXPECT_CONTINUE,
    HEAD_EXPECT_OTHER /* 417 */
};

struct head_span { /* bytes of the head */
    uint16_t at, n;
};

struct head_field {
    struct head_span name, value; /* value without white space around it */
    uint16_t id;                  /* enum field */
};

struct head {
    const char *p; /* the bytes given last; head_move changes it */

    /* Request: */
    enum method method;
    struct head_span method_name, target;
    enum head_expect expect; /* never set for HTTP/1.0 */
    /* Response: */
    int status;
    struct head_span reason;

    int minor;              /* the version is 1.minor; 2 and above mean what 1 means */
    int64_t content_length; /* -1 = none */
    bool chunked;           /* Transfer-Encoding says so; never together with a length */
    bool coded;             /* response: a transfer coding other than chunked comes last */
    bool option_close, option_keep_alive, option_upgrade; /* in Connection */

    uint32_t has;               /* a bit for each enum field that is there: 1 << FIELD_HOST */
    uint32_t repeats;           /* ... that is there more than once */
    uint8_t first[FIELD_COUNT]; /* its index; set where `has` says so */
    uint16_t count;             /* of fields */

    /* The parser's own, between calls: */
    uint16_t line, seen; /* where the line starts that is being read; bytes of it looked at */
    uint8_t empty_lines;
    bool started, chunked_seen, coding_seen;
    const struct head_limits *limits;

    struct head_field fields[HEAD_FIELDS_MAX]; /* the first `count` */
};

/* limits: borrowed for as long as h is parsed with. */
void head_init(struct head *h, const struct head_limits *limits);

/* Reads a request's head. Called again with more whenever there is more; linear in all, however
 * many calls.
 *   in       all bytes so far, from the first on; may have moved between calls.
 *   returns  > 0 the bytes of the head, all of it; 0 more is wanted; < 0 enum fault.
 *   then     after a result != 0, head_init before the next head. */
int head_parse_request(struct head *h, struct stoa_str in);

/* The same for a response's head. Not as a request: white space before a colon is dropped. */
int head_parse_response(struct head *h, struct stoa_str in);

/* Has more come than the empty lines that may stand before a request? (No 408 before that.) */
static inline bool head_is_begun(const struct head *h, struct stoa_str in)
{
    return h->started || in.n > h->line;
}

/* The head's bytes now lie at p. */
static inline void head_move(struct head *h, const char *p)
{
    h->p = p;
}

static inline struct stoa_str head_slice(const struct head *h, struct head_span s)
{
    return (struct stoa_str){ h->p + s.at, s.n };
}

static inline struct stoa_str head_method_name(const struct head *h)
{
    return head_slice(h, h->method_name);
}

static inline struct stoa_str head_target(const struct head *h)
{
    return head_slice(h, h->target);
}

static inline struct stoa_str head_reason(const struct head *h)
{
    return head_slice(h, h->reason);
}

static inline struct stoa_str head_field_name(const struct head *h, size_t i)
{
    return head_slice(h, h->fields[i].name);
}

static inline struct stoa_str head_field_value(const struct head *h, size_t i)
{
    return head_slice(h, h->fields[i].value);
}

static inline bool head_has(const struct head *h, enum field f)
{
    return h->has >> f & 1;
}

/* The value of the first field f; { NULL, 0 } when there is none. */
static inline struct stoa_str head_value(const struct head *h, enum field f)
{
    return head_has(h, f) ? head_field_value(h, h->first[f]) : (struct stoa_str){ NULL, 0 };
}

/* The next of the values of a field f that may come more than once.
 *   i        0 at first; moved on.
 *   returns  false when there is none left. */
bool head_next_value(const struct head *h, enum field f, size_t *i, struct stoa_str *ret);

/* The value of the first field with this name, whatever its case; { NULL, 0 } when there is none.
 * Compares with every name: for names that are not in enum field. */
struct stoa_str head_find(const struct head *h, struct stoa_str name);

/* May the connection be used again after this message (RFC 9112 section 9.3)? */
static inline bool head_keeps_alive(const struct head *h)
{
    return !h->option_close && (h->minor > 0 || h->option_keep_alive);
}

/* Does a request have a body? */
static inline bool head_has_body(const struct head *h)
{
    return h->chunked || h->content_length > 0;
}

enum head_body {
    HEAD_BODY_NONE,
    HEAD_BODY_LENGTH, /* content_length bytes */
    HEAD_BODY_CHUNKED,
    HEAD_BODY_CLOSE /* until the connection ends */
};

/* How the body of a response to a request with this method is framed (RFC 9112 section 6.3). */
enum head_body head_response_body(const struct head *h, enum method method);

/* Is s host[:port], as in Host and in an authority (RFC 9110 section 7.2)? Empty is. */
bool head_is_host(struct stoa_str s);

#endif
