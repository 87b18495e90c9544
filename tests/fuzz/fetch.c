/* Any bytes as what a server sends: a fetch ends the same way however they come, an end that is no
 * success has a cause, and what is told as whole is what its framing says.
 *
 * The first byte chooses the method and how the connection ends behind the rest. */
#include "base/check.h"
#include "unit/http_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { BODY_MAX = 65536 };

struct outcome {
    int fetched, read, status;
    const char *cause;
    size_t body_n;
    char body[BODY_MAX];
};

static void read_all(stoa_http *x, struct outcome *o)
{
    char buf[100];
    ssize_t n;
    while ((n = stoa_http_read(x, buf, sizeof buf)) > 0) {
        check(o->body_n + (size_t)n <= BODY_MAX);
        memcpy(o->body + o->body_n, buf, (size_t)n);
        o->body_n += (size_t)n;
    }
    o->read = (int)n;
}

static void play(struct outcome *o, uint8_t kind, struct stoa_str bytes, size_t step, size_t chunk)
{
    static struct client k;
    static const enum fake_after ends[] = { FAKE_END, FAKE_RESET, FAKE_SILENCE, FAKE_END };
    struct script s[] = {
        { .bytes = bytes.n ? bytes.p : "", .n = bytes.n, .after = ends[kind & 3] }
    };
    struct stoa_http_fetch f = { .url = "http://a/",
                                 .method = kind & 4 ? "HEAD" : "GET",
                                 .within = STOA_SEC,
                                 .report = &k.report };
    stoa_http *x;
    memset(o, 0, offsetof(struct outcome, body));
    client_begin(&k, s, 1);
    k.step = step;
    k.chunk = chunk;
    o->fetched = stoa_http_fetch(stoa_conn_task(&k.c), &x, &f);
    if (o->fetched == 0) {
        o->status = stoa_http_status(x);
        read_all(x, o);
        stoa_http_end(x);
    }
    o->cause = k.report.cause ? k.report.cause->id : NULL;
    check((o->cause != NULL) == (o->fetched < 0 || o->read < 0));
    for (const char *p = k.report.detail; *p; p++)
        check(*p >= ' ' && *p < 0x7f);
    client_end(&k);
}

static bool is_excess(const struct outcome *o)
{
    return o->cause && strcmp(o->cause, "reply.excess") == 0;
}

/* On a connection that goes on, what comes behind a reply may come too late to be noticed. */
static bool is_same(const struct outcome *a, const struct outcome *b)
{
    if (a->fetched != b->fetched || a->status != b->status || a->body_n != b->body_n ||
        memcmp(a->body, b->body, a->body_n) != 0)
        return false;
    if (is_excess(a) || is_excess(b))
        return (is_excess(a) || a->read == 0) && (is_excess(b) || b->read == 0);
    return a->read == b->read && a->cause == b->cause;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct outcome whole, other;
    static const size_t steps[] = { 1, 2, 7, 64 };
    uint8_t kind = n ? data[0] : 0;
    struct stoa_str bytes = { (const char *)data + (n > 0), n ? n - 1 : 0 };
    if (bytes.n >= BODY_MAX)
        return 0;
    play(&whole, kind, bytes, 0, 0);
    for (size_t i = bytes.n > 2048 ? 3 : 0; i < 4; i++) {
        play(&other, kind, bytes, steps[i], 0);
        check(is_same(&whole, &other));
        play(&other, kind, bytes, 0, steps[i]);
        check(is_same(&whole, &other));
    }
    return 0;
}
