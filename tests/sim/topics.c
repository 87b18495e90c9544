/* sim/topics.c -- what can be asked: see topics.h. */
#include "sim/topics.h"

#include "base/check.h"
#include "sim/site.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- writing requests ---- */

static void head_begin(struct client *c, struct ask *a, bool keep, const char *method)
{
    if (world_below(c->w, 16) == 0)
        buf_fmt(&c->out, "\r\n"); /* RFC 9112 section 2.2: an empty line before it is skipped */
    a->is_head = strcmp(method, "HEAD") == 0;
    a->closes = !keep;
    buf_fmt(&c->out, "%s ", method);
}

/* The rest of the start line, and the fields that every request may have. */
static void head_line(struct client *c, struct ask *a, const char *target)
{
    static const char *const hosts[] = { "Host: sim", "host:sim:80", "HOST: \t sim ",
                                         "Host: [::1]" };
    struct world *w = c->w;
    buf_fmt(&c->out, "%s HTTP/1.%d\r\n%s\r\n", target, a->is_old ? 0 : 1, hosts[world_below(w, 4)]);
    for (uint64_t n = world_below(w, 4); n > 0; n--)
        buf_fmt(&c->out, "X-Filler-%u: %.*s\r\n", (unsigned)n, (int)world_size(w, 0, 60),
                "some, filling; that=says \"nothing\" and means nothing at all ....");
    if (a->is_old && !a->closes)
        buf_fmt(&c->out, "Connection: keep-alive\r\n");
    else if (a->closes && !a->is_old)
        buf_fmt(&c->out, "Connection: close\r\n");
}

void request_begin(struct client *c, struct ask *a, bool keep, const char *method,
                   const char *target)
{
    head_begin(c, a, keep, method);
    a->is_old = world_below(c->w, 8) == 0;
    head_line(c, a, target);
}

void request_end(struct client *c, struct ask *a)
{
    buf_fmt(&c->out, "\r\n");
    a->body_at = a->to = c->out.n;
}

static void content_add(struct client *c, uint64_t content, uint64_t at, size_t n)
{
    char *to = buf_room(&c->out, n);
    if (to)
        content_copy(content, at, to, n);
    c->out.n += n;
}

static void chunks_add(struct client *c, struct ask *a)
{
    struct world *w = c->w;
    for (uint64_t at = 0; at < a->n;) {
        uint64_t n = world_size(w, 1, a->n - at);
        static const char *const extensions[] = { "", "", "", ";a=b", ";c", ";d=\"e f\"" };
        buf_fmt(&c->out, world_below(w, 2) ? "%llx%s\r\n" : "0%llX%s\r\n", (unsigned long long)n,
                extensions[world_below(w, 6)]);
        content_add(c, a->content, at, (size_t)n);
        buf_fmt(&c->out, "\r\n");
        at += n;
    }
    buf_fmt(&c->out, "0\r\n%s\r\n", world_below(w, 4) ? "" : "X-Trailer: after\r\n");
}

/* How much a client may move in one request without taking for ever. */
static uint64_t most(const struct client *c, uint64_t n)
{
    n = n < c->server->set.body_max ? n : c->server->set.body_max;
    return n < c->grain * 100 ? n : c->grain * 100;
}

/* A whole request without a body. */
static void get(struct client *c, struct ask *a, bool keep, const char *target)
{
    bool needs_body = a->topic->breaks;
    request_begin(c, a, keep, needs_body || world_below(c->w, 6) ? "GET" : "HEAD", target);
    request_end(c, a);
}

/* A whole request that uploads a->n bytes. */
static void post(struct client *c, struct ask *a, bool keep, const char *target)
{
    struct world *w = c->w;
    bool chunked = world_below(w, 2);
    a->content = world_random(w) >> 1;
    head_begin(c, a, keep, "POST");
    a->is_old = !chunked && world_below(w, 8) == 0;
    a->expects = !a->is_old && a->n > 0 && world_below(w, 4) == 0;
    head_line(c, a, target);
    if (a->expects)
        buf_fmt(&c->out, "Expect: 100-continue\r\n");
    if (chunked)
        buf_fmt(&c->out, "Transfer-Encoding: chunked\r\n");
    else
        buf_fmt(&c->out, "Content-Length: %llu\r\n", (unsigned long long)a->n);
    request_end(c, a);
    if (chunked)
        chunks_add(c, a);
    else
        content_add(c, a->content, 0, (size_t)a->n);
    a->to = c->out.n;
}

/* ---- judging ---- */

bool status_is(struct client *c, int status)
{
    if (c->heard.status == status)
        return true;
    client_fail(c, "status %d instead of %d: %.*s", c->heard.status, status,
                (int)(c->heard.body.n < 100 ? c->heard.body.n : 100), c->heard.body.p);
    return false;
}

static void text_is(struct client *c, const struct ask *a, int status, const char *text)
{
    const struct heard *h = &c->heard;
    if (!status_is(c, status))
        return;
    if (!a->is_head && !str_eq(buf_slice(&h->body), str_of(text)))
        client_fail(c, "the body is not: %s", text);
    if (h->length != (int64_t)strlen(text))
        client_fail(c, "Content-Length %lld", (long long)h->length);
}

static void content_is_body(struct client *c, const struct ask *a)
{
    const struct heard *h = &c->heard;
    if (!status_is(c, 200) || a->is_head)
        return;
    if (h->body.n != a->n)
        client_fail(c, "%zu bytes instead of %llu", h->body.n, (unsigned long long)a->n);
    else if (!content_is(a->content, 0, h->body.p, h->body.n))
        client_fail(c, "wrong bytes in the body");
}

/* ---- the topics ---- */

static void text_ask(struct client *c, struct ask *a, bool keep)
{
    static const char *const targets[] = { "/text", "/text?", "/text?a=b", "http://sim/text" };
    get(c, a, keep, targets[world_below(c->w, 4)]);
}

static void text_judge(struct client *c, const struct ask *a)
{
    text_is(c, a, 200, "hello\n");
}

static void echo_ask(struct client *c, struct ask *a, bool keep)
{
    char target[64];
    bool piecewise = world_below(c->w, 2);
    a->n = world_size(c->w, 0, most(c, 40000));
    snprintf(target, sizeof(target), "/echo?n=%llu&w=%d", (unsigned long long)a->n, piecewise);
    post(c, a, keep, target);
    if (a->is_old && piecewise)
        a->closes = true;
}

static void pattern_write(struct client *c, struct ask *a, bool keep, bool breaks)
{
    struct world *w = c->w;
    char target[128];
    bool told = world_below(w, 2);
    a->content = world_random(w) >> 40;
    a->n = world_size(w, breaks ? 8 : 0, most(c, 60000) > 8 ? most(c, 60000) : 8);
    snprintf(target, sizeof(target), "/pattern?n=%llu&c=%llu&w=%llu&l=%d&f=%d&s=%d&b=%d",
             (unsigned long long)a->n, (unsigned long long)a->content,
             (unsigned long long)world_size(w, 1 + a->n / 100, 1024), told, (int)world_below(w, 2),
             world_below(w, 8) ? 0 : 3, breaks);
    get(c, a, keep, target);
    if (a->is_old && !told) /* of a length that was not told: until the end */
        *(a->is_head ? &a->may_close : &a->closes) = true;
}

static void pattern_ask(struct client *c, struct ask *a, bool keep)
{
    pattern_write(c, a, keep, false);
}

static void break_ask(struct client *c, struct ask *a, bool keep)
{
    pattern_write(c, a, keep, true);
    a->closes = true;
}

static void break_judge(struct client *c, const struct ask *a)
{
    (void)a;
    (void)c; /* judge.c: it must not become whole */
}

static void count_ask(struct client *c, struct ask *a, bool keep)
{
    a->n = world_size(c->w, 0, most(c, 60000));
    post(c, a, keep, "/count");
}

static void count_judge(struct client *c, const struct ask *a)
{
    char piece[512], text[64];
    uint64_t sum = SITE_SUM_EMPTY;
    for (uint64_t at = 0; at < a->n;) {
        size_t n = a->n - at < sizeof(piece) ? (size_t)(a->n - at) : sizeof(piece);
        content_copy(a->content, at, piece, n);
        sum = site_sum(sum, piece, n);
        at += n;
    }
    snprintf(text, sizeof(text), "%llu %016llx\n", (unsigned long long)a->n,
             (unsigned long long)sum);
    text_is(c, a, 200, text);
}

static void ignore_ask(struct client *c, struct ask *a, bool keep)
{
    a->n = world_size(c->w, 0, most(c, 60000));
    post(c, a, keep, "/ignore");
    a->may_close = true;
}

static void ignore_judge(struct client *c, const struct ask *a)
{
    text_is(c, a, 200, "ignored\n");
}

static void too_big_ask(struct client *c, struct ask *a, bool keep)
{
    uint64_t max = c->server->set.body_max;
    a->n = world_size(c->w, max + 1, max + 3000);
    post(c, a, keep, "/count");
    a->may_close = true;
}

static void too_big_judge(struct client *c, const struct ask *a)
{
    (void)a;
    status_is(c, 413);
}

static void slow_ask(struct client *c, struct ask *a, bool keep)
{
    char target[64];
    a->number[0] = world_between(c->w, 0, 500);
    a->number[1] = world_below(c->w, 3) ? 0 : world_between(c->w, 1, 1000);
    snprintf(target, sizeof(target), "/slow?s=%d&d=%d", (int)a->number[0], (int)a->number[1]);
    get(c, a, keep, target);
}

static void slow_judge(struct client *c, const struct ask *a)
{
    int64_t sleep = a->number[0], deadline = a->number[1];
    stoa_time took = a->answered - a->begun;
    bool is_close = deadline && llabs(deadline - sleep) < BUSY_MS_MAX;
    if (is_close && c->heard.status == 504) /* both were due in the same turn */
        return;
    if (deadline && deadline < sleep && !is_close) {
        status_is(c, 504);
        return;
    }
    text_is(c, a, 200, "slow\n");
    if (took < sleep * STOA_MS)
        client_fail(c, "a sleep of %lld ms took %lld us", (long long)sleep,
                    (long long)(took / STOA_US));
}

static void family_ask(struct client *c, struct ask *a, bool keep)
{
    char target[64];
    for (int i = 0; i < 3; i++)
        a->number[i] = world_between(c->w, 0, i == 1 ? 50 : 6);
    snprintf(target, sizeof(target), "/family?n=%d&s=%d&w=%d", (int)a->number[0], (int)a->number[1],
             (int)a->number[2]);
    get(c, a, keep, target);
}

static void family_judge(struct client *c, const struct ask *a)
{
    char text[32];
    int64_t n = a->number[0], winner = a->number[2];
    snprintf(text, sizeof(text), "%d of %d\n", winner > 0 && winner <= n ? 7 : 0, (int)n);
    text_is(c, a, 200, text);
}

static void apart_ask(struct client *c, struct ask *a, bool keep)
{
    get(c, a, keep, "/apart");
}

static void apart_judge(struct client *c, const struct ask *a)
{
    text_is(c, a, 200, "done\n");
}

static void late_ask(struct client *c, struct ask *a, bool keep)
{
    get(c, a, keep, "/late");
}

static void late_judge(struct client *c, const struct ask *a)
{
    text_is(c, a, 200, "late\n");
}

static void field_ask(struct client *c, struct ask *a, bool keep)
{
    get(c, a, keep, "/field");
}

static void field_judge(struct client *c, const struct ask *a)
{
    text_is(c, a, 200, "fields\n");
    if (!str_eq(heard_field(&c->heard, STR("X-One")), STR("1")) ||
        !str_eq(heard_field(&c->heard, STR("X-Two")), STR("2 and 3")))
        client_fail(c, "a field is missing");
}

static void fail_ask(struct client *c, struct ask *a, bool keep)
{
    char target[32];
    a->number[0] = (int64_t)world_below(c->w, 8);
    snprintf(target, sizeof(target), "/fail?e=%d", (int)a->number[0]);
    get(c, a, keep, target);
    a->may_close = true;
}

static void fail_judge(struct client *c, const struct ask *a)
{
    static const int statuses[] = { 404, 403, 504, 503, 400, 413, 500, 500 };
    status_is(c, statuses[a->number[0]]);
}

static const struct topic own_topics[] = {
    { "text", 8, text_ask, text_judge, false, false, 0 },
    { "echo", 6, echo_ask, content_is_body, false, false, 0 },
    { "pattern", 6, pattern_ask, content_is_body, false, false, 0 },
    { "count", 4, count_ask, count_judge, false, false, 0 },
    { "ignore", 3, ignore_ask, ignore_judge, false, false, 0 },
    { "too-big", 1, too_big_ask, too_big_judge, false, false, 2000 },
    { "slow", 3, slow_ask, slow_judge, false, false, 0 },
    { "family", 2, family_ask, family_judge, false, false, 0 },
    { "apart", 2, apart_ask, apart_judge, false, false, 0 },
    { "late", 2, late_ask, late_judge, false, false, 0 },
    { "field", 1, field_ask, field_judge, false, false, 0 },
    { "fail", 2, fail_ask, fail_judge, false, false, 0 },
    { "break", 1, break_ask, break_judge, true, false, 0 },
};

/* Draws one of n rows, or keeps what was found before; sum: the weights so far. */
static const struct topic *draw(const struct client *c, const struct topic *rows, size_t n,
                                uint64_t *sum, const struct topic *found)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].grain_min > c->grain)
            continue;
        *sum += rows[i].weight;
        if (world_below(c->w, *sum) < rows[i].weight)
            found = &rows[i];
    }
    return found;
}

const struct topic *topic_draw(const struct client *c)
{
    uint64_t sum = 0;
    const struct topic *t =
        draw(c, own_topics, sizeof(own_topics) / sizeof(*own_topics), &sum, NULL);
    t = draw(c, page_topics, page_topics_n, &sum, t);
    return draw(c, path_topics, path_topics_n, &sum, t);
}

struct ask *ask_add(struct client *c, const struct topic *topic, bool keep)
{
    check(c->asks_n < ASKS_MAX);
    struct ask *a = &c->asks[c->asks_n++];
    a->topic = topic ? topic : topic_draw(c);
    a->from = c->out.n;
    a->topic->ask(c, a, keep);
    return a;
}
