/* http/request.c -- what is asked of an exchange, on either side: slices of its head, and its
 * body. */
#include "http/body.h"
#include "http/fetch.h"

const struct head *http_head(const stoa_http *x)
{
    return &x->head;
}

stoa_conn *http_conn(const stoa_http *x)
{
    return x->c;
}

void *http_alloc(stoa_http *x, size_t n)
{
    return arena_alloc(&x->arena, n);
}

int64_t http_now_s(const stoa_http *x)
{
    return core_real_ns(x->core) / STOA_SEC;
}

stoa_task *stoa_http_task(stoa_http *x)
{
    return x->task;
}

struct stoa_str stoa_http_method(const stoa_http *x)
{
    return x->fetch ? x->fetch->method_name : head_method_name(&x->head);
}

struct stoa_str stoa_http_path(const stoa_http *x)
{
    return x->target.path;
}

struct stoa_str stoa_http_query(const stoa_http *x)
{
    return x->target.query;
}

struct stoa_str stoa_http_host(const stoa_http *x)
{
    return x->target.authority;
}

struct stoa_str stoa_http_header(const stoa_http *x, const char *name)
{
    struct stoa_str s = str_of(name);
    enum field f = field_of(s);
    return f == FIELD_OTHER ? head_find(&x->head, s) : head_value(&x->head, f);
}

int stoa_http_status(const stoa_http *x)
{
    if (x->fetch)
        return x->head.status;
    return x->reply.phase == REPLY_NONE ? 0 : x->reply.status;
}

bool stoa_http_field_at(const stoa_http *x, size_t i, struct stoa_str *name, struct stoa_str *value)
{
    if (i >= x->head.count)
        return false;
    *name = head_field_name(&x->head, i);
    *value = head_field_value(&x->head, i);
    return true;
}

ssize_t stoa_http_read(stoa_http *x, void *buf, size_t len)
{
    if (len == 0)
        return -EINVAL;
    if (x->fetch)
        return x->fetch->read(x, buf, len);
    int r = body_fetch(x);
    return r == 1 ? (ssize_t)body_take(x, buf, len) : r;
}
