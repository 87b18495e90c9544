/* http/reply_head.c -- writes a response's head out of ready-made pieces. */
#include "http/body.h"
#include "http/out.h"
#include "http/reply.h"
#include "http/service.h"
#include "http/stages.h"
#include "http/status.h"

enum { LENGTH_LINE_BYTES = 40 };

static bool is_last(const stoa_http *x)
{
    uint32_t max = x->s->requests_max;
    return max && *conn_count(x->c) >= max;
}

static bool keeps(const stoa_http *x)
{
    return !x->close && !x->reply.until_close && head_keeps_alive(&x->head) &&
           !conn_is_draining(x->c) && !is_last(x) && body_is_droppable(x);
}

/* "Content-Length: 123\r\n". returns its bytes. */
static size_t length_line(char buf[LENGTH_LINE_BYTES], uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits, name_n = sizeof "Content-Length: " - 1;
    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) != 0);
    memcpy(buf, "Content-Length: ", name_n);
    memcpy(buf + name_n, digits + at, sizeof digits - at);
    memcpy(buf + name_n + sizeof digits - at, "\r\n", 2);
    return name_n + sizeof digits - at + 2;
}

/* How the body is framed (RFC 9112 section 6). Neither length nor coding in a 204 or 304; no coding
 * to HTTP/1.0, nor to HEAD, where it may be left out. */
static void put_framing(stoa_http *x)
{
    struct reply *reply = &x->reply;
    char line[LENGTH_LINE_BYTES];
    if (reply->status == 204 || reply->status == 304)
        return;
    if (reply->status == 205)
        out_str(x, STR("Content-Length: 0\r\n"));
    else if (reply->len >= 0)
        out_put(x, line, length_line(line, (uint64_t)reply->len));
    else if (reply->chunked && !reply->bodiless)
        out_str(x, STR("Transfer-Encoding: chunked\r\n"));
}

static void put_timing(stoa_http *x)
{
    char text[STAGES_TIMING_BYTES];
    out_put(x, text, stages_timing(x, text));
}

int reply_write_head(stoa_http *x, struct stoa_str fields, bool framed)
{
    struct reply *reply = &x->reply;
    char buf[STATUS_LINE_BYTES];
    reply->chunked = reply->len < 0 && x->head.minor > 0;
    reply->until_close = reply->len < 0 && x->head.minor == 0 && !reply->bodiless;
    x->close = !keeps(x);
    reply->phase = REPLY_BODY;
    out_str(x, status_line(reply->status, buf));
    out_put(x, service_date_line(x), DATE_LINE_BYTES);
    out_str(x, fields);
    out_str(x, x->s->fields);
    out_str(x, buf_slice(&x->set));
    if (x->s->server_timing)
        put_timing(x);
    if (!framed)
        put_framing(x);
    if (x->close)
        out_str(x, STR("Connection: close\r\n"));
    else if (x->head.minor == 0)
        out_str(x, STR("Connection: keep-alive\r\n"));
    return out_str(x, STR("\r\n"));
}
