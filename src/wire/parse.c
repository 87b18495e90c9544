/* wire/parse.c -- reads heads, for head.h: line by line. A line is judged when its end has come, and
 * not before, so the result does not depend on how the bytes were split. What the fields say of the
 * message's end is the business of framing.c. */
#include "wire/chars.h"
#include "wire/framing.h"
#include "wire/head.h"
#include "wire/line.h"

/* RFC 9112 section 2.2: old clients send a CRLF behind a body. */
enum { EMPTY_LINES_MAX = 4, VERSION_BYTES = 8 };

enum side { REQUEST, RESPONSE };

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct head_span span_of(const struct head *h, struct stoa_str s)
{
    return (struct head_span){ (uint16_t)(s.p - h->p), (uint16_t)s.n };
}

/* "HTTP/1.x" */
static int read_version(struct head *h, const char *p)
{
    if (memcmp(p, "HTTP/", 5) != 0 || !char_is_digit(p[5]) || p[6] != '.' || !char_is_digit(p[7]))
        return FAULT_START_LINE;
    if (p[5] != '1')
        return FAULT_VERSION;
    h->minor = p[7] - '0';
    return 0;
}

static enum method method_of(struct stoa_str s)
{
    static const struct {
        struct stoa_str name;
        enum method method;
    } names[] = {
        { { "GET", 3 }, METHOD_GET },         { { "HEAD", 4 }, METHOD_HEAD },
        { { "POST", 4 }, METHOD_POST },       { { "PUT", 3 }, METHOD_PUT },
        { { "DELETE", 6 }, METHOD_DELETE },   { { "OPTIONS", 7 }, METHOD_OPTIONS },
        { { "PATCH", 5 }, METHOD_PATCH },     { { "TRACE", 5 }, METHOD_TRACE },
        { { "CONNECT", 7 }, METHOD_CONNECT },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(s, names[i].name))
            return names[i].method;
    return METHOD_OTHER;
}

/* A request line that is none: of which protocol is it? */
__attribute__((cold)) static int foreign(struct stoa_str line, int fault)
{
    if (str_starts(line, STR("PRI * HTTP/2")))
        return FAULT_HTTP2;
    return str_starts(line, STR("PROXY ")) ? FAULT_PROXY : fault;
}

static int read_request_line(struct head *h, struct stoa_str line)
{
    size_t method_n = char_span(line, CHAR_TOKEN);
    if (method_n == 0 || method_n == line.n)
        return FAULT_START_LINE;
    if (line.p[method_n] != ' ')
        return FAULT_METHOD;
    struct stoa_str rest = str_from(line, method_n + 1);
    size_t target_n = char_span(rest, CHAR_TARGET);
    if (target_n == 0 || target_n == rest.n)
        return FAULT_START_LINE;
    if (rest.p[target_n] != ' ')
        return FAULT_TARGET;
    if (rest.n != target_n + 1 + VERSION_BYTES)
        return foreign(line, FAULT_START_LINE);
    int r = read_version(h, rest.p + target_n + 1);
    if (r < 0)
        return foreign(line, r);
    h->method_name = span_of(h, (struct stoa_str){ line.p, method_n });
    h->method = method_of((struct stoa_str){ line.p, method_n });
    h->target = span_of(h, (struct stoa_str){ rest.p, target_n });
    return 0;
}

/* HTTP-version SP 3DIGIT SP [reason]: the second space is there even without a reason. */
static int read_status_line(struct head *h, struct stoa_str line)
{
    if (line.n < VERSION_BYTES + 1 || line.p[VERSION_BYTES] != ' ')
        return FAULT_START_LINE;
    int r = read_version(h, line.p);
    if (r < 0)
        return r;
    struct stoa_str rest = str_from(line, VERSION_BYTES + 1);
    uint64_t status;
    if (rest.n < 4 || rest.p[3] != ' ')
        return FAULT_START_LINE;
    if (!str_to_u64((struct stoa_str){ rest.p, 3 }, &status) || status < 100)
        return FAULT_STATUS;
    h->status = (int)status;
    h->reason = span_of(h, str_from(rest, 4));
    return 0;
}

static int read_field(struct head *h, struct stoa_str line, enum side side)
{
    if (line.p[0] == ' ' || line.p[0] == '\t')
        return h->count ? FAULT_FOLD : FAULT_LEADING_SPACE;
    struct stoa_str name, value;
    int r = field_split(line, &name, &value);
    if (r < 0 && !(r == FAULT_SPACE_COLON && side == RESPONSE))
        return r;
    if (h->count >= min(h->limits->fields, HEAD_FIELDS_MAX))
        return FAULT_FIELDS;
    enum field id = field_of(name);
    r = framing_note(h, id, value);
    if (r < 0)
        return r;
    h->fields[h->count] = (struct head_field){ span_of(h, name), span_of(h, value), (uint16_t)id };
    if (head_has(h, id))
        h->repeats |= 1u << id;
    else
        h->first[id] = (uint8_t)h->count;
    h->has |= 1u << id;
    h->count++;
    return 0;
}

static int read_start(struct head *h, struct stoa_str line, enum side side)
{
    if (side == RESPONSE)
        return read_status_line(h, line);
    if (line.n)
        return read_request_line(h, line);
    return ++h->empty_lines > EMPTY_LINES_MAX ? FAULT_EMPTY_LINES : 0;
}

/* A byte cannot stand where it does. Is the first one that of a TLS record (22 handshake, 21 alert),
 * whose second is 3? returns 0 when that byte has not come. */
__attribute__((cold)) static int foreign_bytes(struct stoa_str in, int fault)
{
    if (in.p[0] != 22 && in.p[0] != 21)
        return fault;
    if (in.n == 1)
        return 0;
    return in.p[1] == 3 ? FAULT_TLS : fault;
}

/* No line's end among the bytes that a head of this size may have: too many, or too few? */
static int limit(struct head *h, struct stoa_str in, size_t line_stop, size_t head_stop)
{
    if (in.n >= line_stop)
        return h->started ? FAULT_LINE_LONG : FAULT_TARGET_LONG;
    if (in.n >= head_stop)
        return FAULT_HEAD_LONG;
    h->seen = (uint16_t)line_seen(in);
    return 0;
}

static int parse(struct head *h, struct stoa_str in, enum side side)
{
    size_t head_stop = min(h->limits->head_bytes, HEAD_BYTES_MAX);
    h->p = in.p;
    for (;;) {
        size_t line_stop = h->line + min(h->limits->line_bytes, HEAD_BYTES_MAX);
        struct stoa_str clipped = { in.p, min(in.n, min(line_stop, head_stop)) };
        ssize_t at = line_end(clipped, h->seen);
        if (at == LINE_MORE)
            return limit(h, clipped, line_stop, head_stop);
        if (at < 0)
            return foreign_bytes(in, (int)at);
        struct stoa_str line = { in.p + h->line, (size_t)at - h->line };
        int r = 0;
        h->line = h->seen = (uint16_t)(at + 2);
        if (!h->started) {
            r = read_start(h, line, side);
            h->started = line.n > 0;
        } else if (line.n) {
            r = read_field(h, line, side);
        } else {
            r = side == REQUEST ? framing_judge_request(h) : framing_judge_response(h);
            return r < 0 ? r : h->line;
        }
        if (r < 0)
            return r;
    }
}

int head_parse_request(struct head *h, struct stoa_str in)
{
    return parse(h, in, REQUEST);
}

int head_parse_response(struct head *h, struct stoa_str in)
{
    return parse(h, in, RESPONSE);
}
