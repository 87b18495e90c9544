/* tool/call/http.c -- an HTTP request, the redirects that it leads to (RFC 9110 section 15.4), and
 * the body to where it goes. */
#include "base/cause.h"
#include "base/exit_code.h"
#include "base/sys.h"
#include "http/exchange.h"
#include "http/status.h"
#include "tool/call/run.h"
#include "wire/reference.h"

enum { REDIRECTS_MAX = 10, BODY_BYTES = 65536, DROP_MAX = 1 << 20, TELL_MS = 100 };

/* What is asked for next; redirects change it. */
struct request {
    struct call_url *url; /* the exchange owns it, once there is one */
    const char *method;
    bool with_body;
    struct stoa_http_field fields[CALL_FIELDS_MAX];
    int fields_count;
};

/* ---- one exchange ---- */

static void keep_fields(struct call_exchange *x, const stoa_http *reply)
{
    struct stoa_str name, value;
    for (size_t i = 0; stoa_http_field_at(reply, i, &name, &value); i++) {
        buf_str(&x->fields, name);
        buf_str(&x->fields, STR("\0"));
        buf_str(&x->fields, value);
        buf_str(&x->fields, STR("\0"));
    }
    if (x->fields.failed)
        buf_clear(&x->fields);
}

static void fail_exchange(stoa_task *t, struct call *c, int err)
{
    const struct stoa_http_report *h = &c->report.last->report;
    const struct stoa_cause *cause = h->cause ? h->cause : h->dial.cause;
    const char *detail = h->detail[0] ? h->detail : h->dial.detail;
    if (err == -ECANCELED)
        call_trouble(c, EXIT_INTERRUPTED, "interrupted");
    else if (cause)
        call_fail(c, cause, err, detail);
    else if (err == -ENOMEM)
        call_trouble(c, EXIT_INTERNAL, "there is no memory for the request");
    else if (err == -EINVAL)
        call_trouble(c, EXIT_USAGE, "this request cannot be sent: %s", detail);
    else if (call_is_late(t, c))
        call_fail(c, stoa_cause_find("reply.deadline"), err, detail);
    else
        call_fail(c, cause_of(STOA_STAGE_REPLY, err), err, detail);
}

/* Sends the request and reads the reply's head. returns NULL when it failed: the report says why. */
static stoa_http *exchange(stoa_task *t, struct call *c, struct request *q)
{
    struct call_exchange *x = call_report_add(&c->report);
    if (!x) {
        call_trouble(c, EXIT_INTERNAL, "there is no memory for the request");
        return NULL;
    }
    x->url = q->url;
    q->url = NULL;
    x->place = x->url->place;
    x->method = q->method;
    x->at = call_options_at(&c->o, &x->place);
    struct stoa_http_fetch f = {
        .method = q->method,
        .url = x->url->text,
        .fields = q->fields,
        .fields_count = q->fields_count,
        .body = !q->with_body ? NULL
                : c->o.body.p ? c->o.body.p
                              : "",
        .len = q->with_body ? c->o.body.n : 0,
        .family = c->o.family,
        .at = x->at,
        .within = call_left(t, c),
        .report = &x->report,
    };
    stoa_http *reply = NULL;
    int r = stoa_http_fetch(t, &reply, &f);
    if (r < 0) {
        fail_exchange(t, c, r);
        return NULL;
    }
    x->status = stoa_http_status(reply);
    keep_fields(x, reply);
    call_tell(c);
    return reply;
}

/* ---- redirects ---- */

static bool leads_on(const struct call *c, const stoa_http *reply)
{
    int s = stoa_http_status(reply);
    return c->o.follow && (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) &&
           stoa_http_header(reply, "Location").p;
}

/* Where the reply leads. returns NULL when we do not go there: the report says why. */
static struct call_url *follow(struct call *c, const stoa_http *reply)
{
    struct stoa_str base = str_of(c->report.last->url->text), to = { NULL, 0 };
    struct stoa_str location = stoa_http_header(reply, "Location");
    size_t room = REFERENCE_MAX(base.n, location.n);
    char *text = mem_alloc(&mem_default, room), shown[200], detail[300];
    struct call_url *url = mem_zalloc(&mem_default, sizeof *url);
    const char *why = "";
    bool fine = false;
    if (text && url) {
        to = (struct stoa_str){ text, reference_resolve(text, base, location) };
        fine = call_url_read(url, to, &why);
    }
    if (!text || !url) {
        call_trouble(c, EXIT_INTERNAL, "there is no memory for the redirect");
    } else if (!fine) {
        bool is_http = to.n > 7 && str_eq_nocase((struct stoa_str){ text, 7 }, STR("http://"));
        snprintf(detail, sizeof detail, "%s%s%s", str_escape(shown, sizeof shown, to),
                 is_http ? ": " : "", is_http ? why : "");
        call_fail(c,
                  stoa_cause_find(is_http ? "reply.redirect_malformed" : "reply.redirect_scheme"),
                  0, detail);
    }
    mem_free(&mem_default, text, room);
    if (fine)
        return url;
    mem_free(&mem_default, url, sizeof *url);
    return NULL;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(str_of(name), str_of(names[i])))
            return true;
    return false;
}

/* The fields that the next request may carry: what speaks of the body goes with the body, and what
 * was meant for the first host is not shown to another. */
static void choose_fields(const struct call *c, struct request *q)
{
    static const char *const of_body[] = { "content-type",     "content-encoding",
                                           "content-language", "content-location",
                                           "digest",           "content-digest",
                                           "last-modified" };
    static const char *const of_host[] = { "authorization", "cookie", "proxy-authorization",
                                           "host" };
    bool same = call_url_same_place(&c->o.url, q->url);
    q->fields_count = 0;
    for (int i = 0; i < c->o.fields_count; i++) {
        const char *name = c->o.fields[i].name;
        if (!q->with_body && c->o.has_body &&
            is_one_of(name, of_body, sizeof of_body / sizeof *of_body))
            continue;
        if (!same && is_one_of(name, of_host, sizeof of_host / sizeof *of_host))
            continue;
        q->fields[q->fields_count++] = c->o.fields[i];
    }
}

/* 303 asks for a GET; so do 301 and 302 after a POST, as clients have always read them. */
static void choose_method(struct request *q, int status)
{
    bool was_post = strcmp(q->method, "POST") == 0, was_head = strcmp(q->method, "HEAD") == 0;
    if ((status == 303 && !was_head) || ((status == 301 || status == 302) && was_post)) {
        q->method = "GET";
        q->with_body = false;
    }
}

/* ---- the reply ---- */

/* A head may hold bytes above 0x7f, which a terminal does not need to see as they are. */
static void put_plain(struct buf *to, struct stoa_str s, bool is_terminal)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char b = (unsigned char)s.p[i];
        if (is_terminal && (b < 0x20 || b >= 0x7f))
            buf_fmt(to, "\\x%02x", b);
        else
            buf_add(to, s.p + i, 1);
    }
}

static bool write_head(stoa_task *t, struct call *c, const stoa_http *reply)
{
    const struct head *h = http_head(reply);
    struct stoa_str name, value;
    struct buf head;
    buf_init(&head, &mem_default, NULL, 0);
    buf_fmt(&head, "HTTP/1.%d %d ", h->minor, h->status);
    put_plain(&head, head_reason(h), c->out.is_terminal);
    buf_str(&head, STR("\r\n"));
    for (size_t i = 0; stoa_http_field_at(reply, i, &name, &value); i++) {
        buf_str(&head, name);
        buf_str(&head, STR(": "));
        put_plain(&head, value, c->out.is_terminal);
        buf_str(&head, STR("\r\n"));
    }
    buf_str(&head, STR("\r\n"));
    bool fine = !head.failed && call_write(t, c, head.p, head.n);
    if (head.failed)
        call_trouble(c, EXIT_INTERNAL, "there is no memory for the head of the reply");
    buf_done(&head);
    return fine;
}

/* Reads the body to its end, or until `take` has enough of it. returns whether none of it failed. */
static bool read_body(stoa_task *t, struct call *c, stoa_http *reply,
                      bool take(stoa_task *t, struct call *c, const void *p, size_t n))
{
    char *buf = stoa_alloc(t, BODY_BYTES);
    ssize_t n = buf ? 0 : -ENOMEM;
    while (buf && (n = stoa_http_read(reply, buf, BODY_BYTES)) > 0)
        if (!take(t, c, buf, (size_t)n))
            return true;
    if (n < 0)
        fail_exchange(t, c, (int)n);
    else
        c->report.last->is_whole = true;
    return n == 0;
}

/* A body that nobody wants is read for its connection's sake, and not for ever. */
static bool drop(stoa_task *t, struct call *c, const void *p, size_t n)
{
    (void)t;
    (void)p;
    (void)n;
    return c->report.last->report.reply_body_bytes < DROP_MAX;
}

static void finish(stoa_task *t, struct call *c, stoa_http *reply)
{
    int status = stoa_http_status(reply);
    bool is_error = c->o.fail && status >= 400;
    char detail[40];
    if (!is_error && !call_open_out(c))
        return;
    if (!is_error && (c->o.include || c->o.head_only) && !write_head(t, c, reply))
        return;
    if (read_body(t, c, reply, is_error ? drop : call_write) && is_error) {
        struct stoa_str reason = status_reason(status);
        snprintf(detail, sizeof detail, "%d %.*s", status, (int)reason.n, reason.p);
        call_fail(c, stoa_cause_find("reply.http_error"), 0, detail);
    }
}

/* The reply leads elsewhere: its body is of no use, but its connection may be. returns whether to go
 * on. */
static bool move_on(stoa_task *t, struct call *c, stoa_http *reply, struct request *q)
{
    bool fine = !c->o.include || (call_open_out(c) && write_head(t, c, reply));
    q->url = fine ? follow(c, reply) : NULL;
    if (!q->url || !read_body(t, c, reply, drop))
        return false;
    call_tell(c);
    choose_method(q, stoa_http_status(reply));
    choose_fields(c, q);
    stoa_http_end(reply);
    return true;
}

static void call_on(stoa_task *t, struct call *c, struct request *q)
{
    for (int i = 0; q->url; i++) {
        stoa_http *reply = exchange(t, c, q);
        if (!reply)
            return;
        if (!leads_on(c, reply)) {
            finish(t, c, reply);
            return;
        }
        if (i == REDIRECTS_MAX) {
            call_fail(c, stoa_cause_find("reply.redirects_many"), 0, NULL);
            return;
        }
        if (!move_on(t, c, reply, q))
            return;
    }
}

/* With -v: a stage is told when it is passed, not when the next one is. */
static int tell_meanwhile(stoa_task *t, void *arg)
{
    struct call *c = *(struct call **)arg;
    while (stoa_sleep(t, TELL_MS * STOA_MS) == 0)
        call_tell(c);
    return 0;
}

int call_http(stoa_task *t, struct call *c)
{
    struct request *q = stoa_alloc(t, sizeof *q);
    if (q)
        q->url = mem_zalloc(&mem_default, sizeof *q->url);
    if (!q || !q->url) {
        call_trouble(c, EXIT_INTERNAL, "there is no memory for the request");
        return 0;
    }
    *q->url = c->o.url;
    q->method = c->o.method;
    q->with_body = c->o.has_body;
    choose_fields(c, q);
    if (c->o.verbose)
        stoa_spawn(t, tell_meanwhile, &c, sizeof(struct call *)); /* without it, it is told later */
    call_on(t, c, q);
    call_tell(c); /* the ends of the exchanges before are told later */
    stoa_cancel(t);
    stoa_join(t);
    mem_free(&mem_default, q->url, sizeof *q->url);
    return 0;
}
