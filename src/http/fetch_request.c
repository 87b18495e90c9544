/* http/fetch_request.c -- the request of a fetch: made in one piece, and sent; see fetch.h. */
#include "http/fetch.h"
#include "wire/chars.h"
#include "wire/line.h"

enum {
    HEAD_FIRST_BYTES = 512, /* of the exchange's memory */
    SMALL_BODY = 16384,     /* is sent together with its head, by one call */
    PIECE_BYTES = 65536     /* of a large one */
};

/* ---- what is asked ---- */

static enum method method_of(struct stoa_str s)
{
    static const struct {
        const char *name;
        enum method method;
    } names[] = {
        { "GET", METHOD_GET },     { "HEAD", METHOD_HEAD },     { "POST", METHOD_POST },
        { "PUT", METHOD_PUT },     { "DELETE", METHOD_DELETE }, { "OPTIONS", METHOD_OPTIONS },
        { "PATCH", METHOD_PATCH }, { "TRACE", METHOD_TRACE },   { "CONNECT", METHOD_CONNECT },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(s, str_of(names[i].name)))
            return names[i].method;
    return METHOD_OTHER;
}

static int copy(stoa_http *x, struct stoa_str *s)
{
    char *p = arena_alloc(&x->arena, s->n + 1);
    if (!p)
        return -ENOMEM;
    if (s->n)
        memcpy(p, s->p, s->n);
    s->p = p;
    return 0;
}

static const char *note_method(stoa_http *x, const struct stoa_http_fetch *f)
{
    struct fetch *fetch = x->fetch;
    struct stoa_str name = str_of(f->method ? f->method : f->len > 0 ? "POST" : "GET");
    if (name.n == 0 || char_span(name, CHAR_TOKEN) != name.n)
        return "the method is not a word of HTTP";
    fetch->method_name = name;
    fetch->method = method_of(name);
    if (fetch->method == METHOD_CONNECT)
        return "CONNECT is for proxies: its target is no URL";
    return NULL;
}

static const char *note_url(stoa_http *x, struct stoa_str text)
{
    struct url *url = &x->fetch->url;
    const char *wrong = url_parse(url, text);
    if (wrong)
        return wrong;
    size_t mark = str_find(url->target, '?');
    struct stoa_str path = { url->target.p, mark };
    x->target = (struct target){
        .form = TARGET_ORIGIN,
        .authority = url->authority,
        .path = path.n ? path : STR("/"),
        .has_query = mark < url->target.n,
    };
    if (x->target.has_query)
        x->target.query = str_from(url->target, mark + 1);
    else if (url->target.n == 0 && x->fetch->method == METHOD_OPTIONS)
        x->target.form = TARGET_ASTERISK; /* RFC 9112 section 3.2.4 */
    return NULL;
}

/* ---- fields ---- */

static bool is_value(struct stoa_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (line_is_control(s.p[i]))
            return false;
    return true;
}

static const char *check_field(struct stoa_str name, struct stoa_str value)
{
    if (name.n == 0 || char_span(name, CHAR_TOKEN) != name.n)
        return "a field's name is not a word of HTTP";
    if (!is_value(value))
        return "a field's value has a control byte in it";
    enum field id = field_of(name);
    if (id == FIELD_CONTENT_LENGTH || id == FIELD_TRANSFER_ENCODING)
        return "Content-Length and Transfer-Encoding are made from the body, and cannot be given";
    if (id == FIELD_HOST && !head_is_host(value))
        return "the value of Host is no host";
    return NULL;
}

static void note_field(struct fetch *fetch, enum field id, struct stoa_str value)
{
    struct stoa_str option;
    if (id == FIELD_UPGRADE)
        fetch->upgrades = true;
    while (id == FIELD_CONNECTION && str_next_element(&value, &option))
        if (str_eq_nocase(option, STR("close")))
            fetch->closes = true;
}

static void put_field(struct buf *b, struct stoa_str name, struct stoa_str value)
{
    buf_str(b, name);
    buf_str(b, STR(": "));
    buf_str(b, value);
    buf_str(b, STR("\r\n"));
}

static bool has_field(const struct stoa_http_fetch *f, struct stoa_str name)
{
    for (int i = 0; i < f->fields_count; i++)
        if (str_eq_nocase(str_of(f->fields[i].name), name))
            return true;
    return false;
}

/* The one that is sent where none of that name is given. */
static void put_default(struct buf *b, const struct stoa_http_fetch *f, struct stoa_str name,
                        struct stoa_str value)
{
    if (!has_field(f, name))
        put_field(b, name, value);
}

static const char *put_fields(stoa_http *x, const struct stoa_http_fetch *f)
{
    struct buf *b = &x->fetch->head;
    put_default(b, f, STR("Host"), x->fetch->url.authority);
    put_default(b, f, STR("User-Agent"), STR("stoa/" STOA_VERSION));
    put_default(b, f, STR("Accept"), STR("*/*"));
    for (int i = 0; i < f->fields_count; i++) {
        struct stoa_str name = str_of(f->fields[i].name), value = str_of(f->fields[i].value);
        const char *wrong = check_field(name, value);
        if (wrong)
            return wrong;
        if (!value.p) /* to be left out */
            continue;
        note_field(x->fetch, field_of(name), value);
        put_field(b, name, value);
    }
    return NULL;
}

/* ---- the head ---- */

static void put_request_line(stoa_http *x)
{
    struct buf *b = &x->fetch->head;
    struct stoa_str target = x->fetch->url.target;
    buf_str(b, x->fetch->method_name);
    buf_str(b, STR(" "));
    if (x->target.form == TARGET_ASTERISK)
        buf_str(b, STR("*"));
    else if (target.n == 0 || target.p[0] != '/')
        buf_str(b, STR("/"));
    buf_str(b, target);
    buf_str(b, STR(" HTTP/1.1\r\n"));
}

/* RFC 9110 section 8.6: said even when there is none, by methods that a body is expected of. */
static bool says_length(const stoa_http *x, size_t len)
{
    enum method m = x->fetch->method;
    return len > 0 || m == METHOD_POST || m == METHOD_PUT || m == METHOD_PATCH;
}

static void put_body(stoa_http *x, const struct stoa_http_fetch *f)
{
    struct buf *b = &x->fetch->head;
    if (says_length(x, f->len)) {
        buf_str(b, STR("Content-Length: "));
        buf_u64(b, f->len);
        buf_str(b, STR("\r\n"));
    }
    buf_str(b, STR("\r\n"));
    if (f->len <= SMALL_BODY) {
        buf_add(b, f->body, f->len);
        return;
    }
    x->fetch->body = f->body;
    x->fetch->len = f->len;
}

int fetch_make(stoa_http *x, const struct stoa_http_fetch *f, const char **why)
{
    struct fetch *fetch = x->fetch;
    struct stoa_str url = str_of(f->url);
    char *first = arena_alloc(&x->arena, HEAD_FIRST_BYTES);
    buf_init(&fetch->head, x->core->mem, first, first ? HEAD_FIRST_BYTES : 0);
    *why = note_method(x, f);
    if (*why)
        return -EINVAL;
    if (copy(x, &url) < 0 || copy(x, &fetch->method_name) < 0)
        return -ENOMEM;
    *why = note_url(x, url);
    if (*why)
        return -EINVAL;
    put_request_line(x);
    *why = put_fields(x, f);
    if (*why)
        return -EINVAL;
    put_body(x, f);
    return fetch->head.failed ? -ENOMEM : 0;
}

/* ---- sending ---- */

static bool send_piece(stoa_http *x, const char *p, size_t n, bool more)
{
    struct fetch *fetch = x->fetch;
    struct iovec v = { (void *)(uintptr_t)p, n };
    fetch->lost = conn_write(x->c, &v, 1, more);
    fetch->written += fetch->lost < 0 ? n - v.iov_len : n;
    return fetch->lost == 0;
}

/* Writes some of the body at p, n bytes, or reads what is said meanwhile.
 *   returns  > 0 the bytes written; 0 = go on; < 0 = stop: what was said is a refusal, or no reply. */
static ssize_t send_or_hear(stoa_http *x, const char *p, size_t n)
{
    struct fetch *fetch = x->fetch;
    if (fetch->answered) /* and yet it wants all of the request */
        return send_piece(x, p, n, false) ? (ssize_t)n : -1;
    ssize_t some = conn_write_until_heard(x->c, p, n);
    if (some > 0)
        fetch->written += (size_t)some;
    if (some < 0)
        fetch->lost = (int)some;
    if (some != 0)
        return some;
    int r = fetch_hear(x);
    return r < 0 || (r == 1 && x->head.status >= 300) ? -1 : 0;
}

static bool send_body(stoa_http *x)
{
    const char *p = x->fetch->body;
    size_t left = x->fetch->len;
    while (left > 0) {
        ssize_t some = send_or_hear(x, p, left < PIECE_BYTES ? left : PIECE_BYTES);
        if (some < 0)
            return false;
        p += some;
        left -= (size_t)some;
    }
    return true;
}

void fetch_send(stoa_http *x)
{
    struct fetch *fetch = x->fetch;
    struct stoa_str head = buf_slice(&fetch->head);
    stoa_time began = fetch_clock(x);
    fetch->sent = send_piece(x, head.p, head.n, fetch->len > 0) && send_body(x);
    fetch->wait_began = fetch_clock(x);
    if (!fetch->report)
        return;
    fetch->report->write_took = fetch->wait_began - began;
    fetch->report->request_bytes = fetch->written;
}
