/* sim/wrongs.c -- requests that are wrong, a row each, with the status that refuses them (RFC 9112;
 * the sections are in the table of docs/conformance.md). After it the connection ends, and what
 * stands behind is never read as a request. */
#include "sim/topics.h"

static const struct {
    const char *text;
    int status;
} wrongs[] = {
    { "GET /text HTTP/1.1\r\n\r\n", 400 },
    { "GET /text HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
    { "GET /text HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
    { "GET /text HTTP/1.1\nHost: sim\n\n", 400 },
    { "GET /text HTTP/1.1\r\nHost: sim\r\nA : b\r\n\r\n", 400 },
    { "GET /text HTTP/1.1\r\nHost: sim\r\nA: b\r\n c\r\n\r\n", 400 },
    { "GET /text HTTP/1.1\r\nHost: sim\r\nA: b\rc\r\n\r\n", 400 },
    { "GET /text HTTP/1.1\r\n Host: sim\r\n\r\n", 400 },
    { "GET /text HTTP/1.1\r\nHost: sim\r\nA\r\n\r\n", 400 },
    { "GET /text HTTP/1.1\r\nHost: sim\r\nA: \x01\r\n\r\n", 400 },
    { "GET  /text HTTP/1.1\r\nHost: sim\r\n\r\n", 400 },
    { "GET /text\r\nHost: sim\r\n\r\n", 400 },
    { "GET /text HTTP/2.0\r\nHost: sim\r\n\r\n", 505 },
    { "GET text HTTP/1.1\r\nHost: sim\r\n\r\n", 400 },
    { "POST /echo HTTP/1.1\r\nHost: sim\r\nContent-Length: x\r\n\r\n", 400 },
    { "POST /echo HTTP/1.1\r\nHost: sim\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      400 },
    { "POST /echo HTTP/1.1\r\nHost: sim\r\nContent-Length: +5\r\n\r\nhello", 400 },
    { "POST /echo HTTP/1.1\r\nHost: sim\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\n",
      400 },
    { "POST /echo HTTP/1.1\r\nHost: sim\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      501 },
    { "POST /echo HTTP/1.1\r\nHost: sim\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
      400 },
    { "POST /echo HTTP/1.0\r\nHost: sim\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
    { "POST /count HTTP/1.1\r\nHost: sim\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400 },
    { "POST /count HTTP/1.1\r\nHost: sim\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n", 400 },
    { "POST /count HTTP/1.1\r\nHost: sim\r\nTransfer-Encoding: chunked\r\n\r\n"
      "11111111111111111\r\n",
      400 },
};

enum { WRONGS = sizeof(wrongs) / sizeof(*wrongs) };

/* Most of the time one of the table; else one that is too long somewhere. */
static void wrong_ask(struct client *c, struct ask *a, bool keep)
{
    struct world *w = c->w;
    (void)keep;
    uint64_t i = world_below(w, c->grain < 64 ? WRONGS : WRONGS + 2);
    if (i < WRONGS) {
        buf_str(&c->out, str_of(wrongs[i].text));
        a->number[0] = wrongs[i].status;
    } else {
        size_t n = i == WRONGS ? c->server->set.line_max : c->server->set.head_max;
        buf_fmt(&c->out, i == WRONGS ? "GET /" : "GET / HTTP/1.1\r\nHost: sim\r\n");
        for (size_t have = 0; have <= n; have += 24)
            buf_fmt(&c->out,
                    i == WRONGS ? "aaaaaaaaaaaaaaaaaaaaaaaa" : "Filling: aaaaaaaaaaaaa\r\n");
        buf_fmt(&c->out, i == WRONGS ? " HTTP/1.1\r\nHost: sim\r\n\r\n" : "\r\n");
        a->number[0] = i == WRONGS ? 414 : 431;
    }
    a->closes = true;
    a->body_at = a->to = c->out.n;
}

static void wrong_judge(struct client *c, const struct ask *a)
{
    if (c->heard.status != (int)a->number[0])
        client_fail(c, "status %d instead of %d for a request that is wrong", c->heard.status,
                    (int)a->number[0]);
    if (c->heard.body.n == 0 || c->heard.body.p[c->heard.body.n - 1] != '\n')
        client_fail(c, "a refusal that does not say why");
}

/* Bytes without a meaning. */
static void garbage_ask(struct client *c, struct ask *a, bool keep)
{
    (void)keep;
    for (uint64_t n = world_size(c->w, 1, 3000); n > 0; n--) {
        char byte = (char)world_random(c->w);
        buf_add(&c->out, &byte, 1);
    }
    buf_fmt(&c->out, "\r\n\r\n");
    a->closes = true;
    a->body_at = a->to = c->out.n;
}

static void garbage_judge(struct client *c, const struct ask *a)
{
    (void)a;
    if (c->heard.status < 400)
        client_fail(c, "status %d for garbage", c->heard.status);
}

/* A request of which the rest never comes; the script makes it one of these. */
static void half_judge(struct client *c, const struct ask *a)
{
    (void)a;
    if (c->heard.status != 408)
        client_fail(c, "status %d for half a request", c->heard.status);
}

/* A body that is wanted: the handler reads it before it answers. */
static void half_body_ask(struct client *c, struct ask *a, bool keep)
{
    (void)keep;
    a->n = world_size(c->w, 2, 500);
    buf_fmt(&c->out, "POST /count HTTP/1.1\r\nHost: sim\r\nContent-Length: %d\r\n\r\n", (int)a->n);
    a->body_at = c->out.n;
    for (uint64_t i = 0; i < a->n; i++)
        buf_add(&c->out, "b", 1);
    a->to = c->out.n;
}

const struct topic topic_wrong = { "wrong", 0, wrong_ask, wrong_judge, false, true, 0 };
const struct topic topic_garbage = { "garbage", 0, garbage_ask, garbage_judge, false, true, 0 };
const struct topic topic_half = { "half", 0, NULL, half_judge, false, true, 0 };
const struct topic topic_half_body = { "half-body", 0, half_body_ask, half_judge, false, true, 0 };
