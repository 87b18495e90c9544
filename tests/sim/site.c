/* sim/site.c -- what the handlers do: see site.h. */
#include "sim/site.h"

#include "base/str.h"
#include "http/exchange.h"
#include "sim/server.h"

#include <errno.h>
#include <stdio.h>

uint64_t site_sum(uint64_t sum, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ ((const unsigned char *)p)[i]) * 0x100000001b3u;
    return sum;
}

/* The number behind "k=" in the query; 0 when it is not there. */
static int64_t number(const stoa_http *x, char k)
{
    struct stoa_str q = stoa_http_query(x);
    for (size_t i = 0; i + 1 < q.n; i++) {
        if (q.p[i] != k || q.p[i + 1] != '=' || (i > 0 && q.p[i - 1] != '&'))
            continue;
        struct stoa_str rest = str_from(q, i + 2);
        uint64_t n = 0;
        rest.n = str_find(rest, '&');
        str_to_u64(rest, &n);
        return (int64_t)n;
    }
    return 0;
}

static int serve_text(stoa_http *x)
{
    return stoa_http_reply(x, 200, "text/plain", "hello\n", 6);
}

/* The request's body comes back: when it is whole, or piece by piece (w=1). */
static int echo_whole(stoa_http *x)
{
    size_t n = (size_t)number(x, 'n'), have = 0;
    char *all = stoa_alloc(stoa_http_task(x), n + 1);
    if (!all)
        return -ENOMEM;
    ssize_t r;
    while (have <= n && (r = stoa_http_read(x, all + have, n + 1 - have)) != 0) {
        if (r < 0)
            return (int)r;
        have += (size_t)r;
    }
    return stoa_http_reply(x, 200, NULL, all, have);
}

static int serve_echo(stoa_http *x)
{
    char piece[700];
    ssize_t n = 0;
    if (!number(x, 'w'))
        return echo_whole(x);
    int r = stoa_http_start(x, 200, -1);
    while (r == 0 && (n = stoa_http_read(x, piece, sizeof(piece))) != 0)
        r = n < 0 ? (int)n : stoa_http_write(x, piece, (size_t)n);
    return r;
}

static int serve_count(stoa_http *x)
{
    char piece[333], text[64];
    uint64_t sum = SITE_SUM_EMPTY, count = 0;
    ssize_t n;
    while ((n = stoa_http_read(x, piece, sizeof(piece))) != 0) {
        if (n < 0)
            return (int)n;
        sum = site_sum(sum, piece, (size_t)n);
        count += (uint64_t)n;
    }
    int len = snprintf(text, sizeof(text), "%llu %016llx\n", (unsigned long long)count,
                       (unsigned long long)sum);
    return stoa_http_reply(x, 200, "text/plain", text, (size_t)len);
}

/* n bytes of content c, w at a time; l=1: the length is told; f=1: flushed; s: milliseconds of sleep
 * before each; b=1: fails in the middle. */
static int serve_pattern(stoa_http *x)
{
    char piece[1024];
    uint64_t n = (uint64_t)number(x, 'n'), content = (uint64_t)number(x, 'c');
    uint64_t most = (uint64_t)number(x, 'w'), at = 0;
    most = most && most < sizeof(piece) ? most : sizeof(piece);
    bool breaks = number(x, 'b');
    int r = stoa_http_start(x, 200, number(x, 'l') ? (int64_t)n : -1);
    while (r == 0 && at < n) {
        size_t len = most < n - at ? (size_t)most : (size_t)(n - at);
        if (breaks && at + len > n / 2)
            return -EIO;
        if (number(x, 's'))
            r = stoa_sleep(stoa_http_task(x), number(x, 's') * STOA_MS);
        content_copy(content, at, piece, len);
        r = r ? r : stoa_http_write(x, piece, len);
        if (r == 0 && number(x, 'f'))
            r = stoa_http_flush(x);
        at += len;
    }
    return r;
}

static int serve_slow(stoa_http *x)
{
    stoa_task *t = stoa_http_task(x);
    if (number(x, 'd')) /* a deadline that is sooner */
        stoa_deadline(t, stoa_now(t) + number(x, 'd') * STOA_MS);
    int r = stoa_sleep(t, number(x, 's') * STOA_MS);
    stoa_deadline(t, STOA_NEVER);
    return r ? r : stoa_http_reply(x, 200, "text/plain", "slow\n", 5);
}

/* Children that sleep; the answer is their number, or the one that was found first. */
static int child(stoa_task *t, void *arg)
{
    int64_t *a = arg;
    int r = stoa_sleep(t, a[0] * STOA_MS);
    return r < 0 ? r : (int)a[1];
}

static int serve_family(stoa_http *x)
{
    stoa_task *t = stoa_http_task(x);
    char text[32];
    int64_t n = number(x, 'n');
    for (int64_t i = 1; i <= n; i++) {
        int64_t a[2] = { i * number(x, 's'), number(x, 'w') == i ? 7 : 0 };
        int r = stoa_spawn(t, child, a, sizeof(a));
        if (r < 0)
            return r;
    }
    int r = stoa_join(t);
    if (r < 0)
        return r;
    int len = snprintf(text, sizeof(text), "%d of %d\n", r, (int)n);
    return stoa_http_reply(x, 200, "text/plain", text, (size_t)len);
}

static int beyond(stoa_task *t, void *arg)
{
    (void)t;
    ++*(int *)arg;
    return 5;
}

static int serve_apart(stoa_http *x)
{
    int times = 0, r = stoa_offload(stoa_http_task(x), beyond, &times);
    if (r < 0)
        return r;
    return stoa_http_reply(x, 200, "text/plain", r == 5 && times == 1 ? "done\n" : "not\n",
                           r == 5 && times == 1 ? 5 : 4);
}

static int serve_field(stoa_http *x)
{
    int r = stoa_http_set(x, "X-One", "1");
    r = r ? r : stoa_http_set(x, "X-Two", "2 and 3");
    return r ? r : stoa_http_reply(x, 200, "text/plain", "fields\n", 7);
}

static void deferred(void *arg)
{
    ++*(uint64_t *)arg;
}

/* Waits past its deadline, and then once more by grace; what is deferred runs when all is over. */
static int serve_late(stoa_http *x, struct server *s)
{
    stoa_task *t = stoa_http_task(x);
    s->deferred++;
    int r = stoa_defer(t, deferred, &s->defers_run);
    if (r < 0)
        return r;
    stoa_deadline(t, stoa_now(t) + 2 * STOA_MS);
    r = stoa_sleep(t, STOA_SEC);
    if (r != -ETIMEDOUT)
        return r;
    r = stoa_grace(t, 10 * STOA_SEC);
    r = r ? r : stoa_sleep(t, STOA_MS);
    stoa_deadline(t, STOA_NEVER);
    return r ? r : stoa_http_reply(x, 200, "text/plain", "late\n", 5);
}

static int serve_fail(stoa_http *x)
{
    static const int errs[] = { -ENOENT,     -EACCES,      -ETIMEDOUT, -EMFILE,
                                STOA_EPROTO, STOA_ETOOBIG, -EIO,       0 };
    return errs[number(x, 'e') & 7];
}

/* Answers without having read the body. */
static int serve_ignore(stoa_http *x)
{
    return stoa_http_reply(x, 200, "text/plain", "ignored\n", 8);
}

int site_echo(stoa_conn *c, void *arg)
{
    char some[999];
    ssize_t n;
    int r = 0;
    (void)arg;
    while (r == 0 && (n = stoa_read(c, some, sizeof(some))) != 0)
        r = n < 0 ? (int)n : stoa_write(c, some, (size_t)n);
    return r;
}

/* "=N": the next N bytes, at most 99, in one go. */
static int answer_bytes(stoa_conn *c, uint64_t n)
{
    char some[100];
    if (n > sizeof(some))
        return STOA_EPROTO;
    int r = stoa_read_all(c, some, n);
    return r < 0 ? r : stoa_write(c, some, n);
}

struct singer {
    stoa_conn *c;
    int i;
};

static int sing(stoa_task *t, void *arg)
{
    const struct singer *s = arg;
    char text[200];
    (void)t;
    int n =
        snprintf(text, sizeof(text), "this is task %d, one of several that write to this\n", s->i);
    return stoa_write(s->c, text, (size_t)n);
}

/* "*N": each of N tasks writes a line; one after the other, in the order of their start. */
static int answer_chorus(stoa_conn *c, uint64_t n)
{
    stoa_task *t = stoa_conn_task(c);
    for (uint64_t i = 0; i < n; i++) {
        struct singer s = { c, (int)i };
        int r = stoa_spawn(t, sing, &s, sizeof(s));
        if (r < 0)
            return r;
    }
    return stoa_join(t);
}

static int answer_line(stoa_conn *c, struct stoa_str line)
{
    char text[40];
    uint64_t number;
    bool asks = line.n > 1 && str_to_u64(str_from(line, 1), &number);
    if (asks && line.p[0] == '=')
        return answer_bytes(c, number);
    if (asks && line.p[0] == '*')
        return answer_chorus(c, number);
    int n = snprintf(text, sizeof(text), "%zu\n", line.n);
    return stoa_write(c, text, (size_t)n);
}

int site_lines(stoa_conn *c, void *arg)
{
    struct stoa_str line;
    char text[40];
    int r, n;
    (void)arg;
    while ((r = stoa_read_line(c, &line, 200)) == 0) {
        if ((r = answer_line(c, line)) < 0)
            return r;
    }
    if (r != STOA_EEOF || line.n == 0)
        return r == STOA_EEOF ? 0 : r;
    n = snprintf(text, sizeof(text), "%zu without an end\n", line.n);
    r = stoa_write(c, text, (size_t)n);
    return r < 0 ? r : stoa_finish(c);
}

static const struct {
    const char *path;
    int (*serve)(stoa_http *x);
} paths[] = {
    { "/text", serve_text },       { "/echo", serve_echo },   { "/count", serve_count },
    { "/pattern", serve_pattern }, { "/slow", serve_slow },   { "/family", serve_family },
    { "/apart", serve_apart },     { "/field", serve_field }, { "/fail", serve_fail },
    { "/ignore", serve_ignore },
};

int site_serve(stoa_http *x, void *arg)
{
    struct server *s = arg;
    struct stoa_str path = stoa_http_path(x);
    if (str_eq(path, STR("/late")))
        return serve_late(x, s);
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
        if (str_eq(path, str_of(paths[i].path)))
            return paths[i].serve(x);
    return files_serve(x, s->files);
}
