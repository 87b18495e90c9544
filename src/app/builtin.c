/* app/builtin.c -- see builtin.h. */
#include "app/builtin.h"

#include "base/buf.h"
#include "base/sys.h"
#include "http/exchange.h"

struct text {
    const struct stoa_mem *mem;
    struct buf fields, body;
};

int text_new(struct text **ret, struct stoa_str text, const struct stoa_mem *mem)
{
    struct text *t = mem_zalloc(mem, sizeof *t);
    if (!t)
        return -ENOMEM;
    t->mem = mem;
    buf_init(&t->body, mem, NULL, 0);
    buf_init(&t->fields, mem, NULL, 0);
    buf_str(&t->body, text);
    buf_str(&t->fields, STR("Content-Type: text/plain; charset=utf-8\r\nContent-Length: "));
    buf_u64(&t->fields, text.n);
    buf_str(&t->fields, STR("\r\n"));
    if (t->body.failed || t->fields.failed) {
        text_free(t);
        return -ENOMEM;
    }
    *ret = t;
    return 0;
}

void text_free(struct text *t)
{
    if (!t)
        return;
    buf_done(&t->body);
    buf_done(&t->fields);
    mem_free(t->mem, t, sizeof *t);
}

int text_serve(stoa_http *x, void *text)
{
    const struct text *t = text;
    return http_reply_ready(x, 200, buf_slice(&t->fields), t->body.p, t->body.n);
}

int echo_serve(stoa_conn *c, void *arg)
{
    struct stoa_str came = { NULL, 0 };
    int r;
    (void)arg;
    while ((r = conn_fill(c, 0, IO_CHUNK_BYTES, &came)) > 0) {
        struct iovec v = { (void *)(uintptr_t)came.p, came.n };
        r = conn_write(c, &v, 1, false);
        if (r < 0)
            return r;
        conn_consume(c, came.n);
    }
    return r;
}

int echo_datagram(stoa_datagram *d, void *arg)
{
    (void)arg;
    struct stoa_str came = stoa_datagram_bytes(d);
    int r = stoa_datagram_reply(d, came.p, came.n);
    return r == -EAGAIN ? 0 : r; /* a full send buffer drops datagrams: that is UDP */
}
