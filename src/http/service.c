/* http/service.c -- see service.h and serve.h. */
#include "http/service.h"
#include "base/check.h"
#include "base/date.h"
#include "http/out.h"

enum {
    RESTING_MAX = 64, /* more are given back: a crowd of slow bodies must not be kept for ever */
    CACHE_LINE = 64
};

struct http_core {
    stoa_http *resting; /* last used first */
    unsigned resting_n;
    int64_t date_s;
    char date_line[DATE_LINE_BYTES];
    char apart[CACHE_LINE]; /* from the next core's */
};

int http_service_init(struct http_service *s, int cores, const struct stoa_mem *mem)
{
    if (!s->head_within)
        s->head_within = 10 * STOA_SEC;
    if (!s->body_within)
        s->body_within = 60 * STOA_SEC;
    if (!s->send_within)
        s->send_within = 60 * STOA_SEC;
    if (!s->head_max)
        s->head_max = 32768;
    if (!s->line_max)
        s->line_max = 8192;
    if (!s->body_max)
        s->body_max = 1 << 20;
    s->limits = (struct head_limits){ s->line_max, s->head_max, HEAD_FIELDS_MAX };
    s->mem = mem;
    s->cores_count = cores;
    s->cores = mem_zalloc(mem, (size_t)cores * sizeof *s->cores);
    return s->cores ? 0 : -ENOMEM;
}

static void discard(struct http_service *s, stoa_http *x)
{
    mem_free(s->mem, x, sizeof *x + OUT_BYTES);
}

void http_service_done(struct http_service *s)
{
    for (int i = 0; s->cores && i < s->cores_count; i++)
        for (stoa_http *x = s->cores[i].resting, *next; x; x = next) {
            next = x->next;
            discard(s, x);
        }
    mem_free(s->mem, s->cores, (size_t)s->cores_count * sizeof *s->cores);
    s->cores = NULL;
}

static stoa_http *make(struct http_service *s)
{
    stoa_http *x = mem_alloc(s->mem, sizeof *x + OUT_BYTES);
    if (!x)
        return NULL;
    memset(x, 0, offsetof(stoa_http, head));
    x->s = s;
    arena_init(&x->arena, s->mem, x->arena_bytes, sizeof x->arena_bytes);
    job_init(&x->wait, out_handler_waits);
    buf_init(&x->set, s->mem, x->set_bytes, sizeof x->set_bytes);
    return x;
}

stoa_http *service_take(struct http_service *s, stoa_conn *c)
{
    struct core *core = conn_core(c);
    check(core->index < s->cores_count);
    struct http_core *part = &s->cores[core->index];
    stoa_http *x = part->resting;
    if (x) {
        part->resting = x->next;
        part->resting_n--;
    } else {
        x = make(s);
        if (!x)
            return NULL;
    }
    x->part = part;
    x->c = c;
    x->core = core;
    x->task = stoa_conn_task(c);
    x->lost = 0;
    x->out_n = x->reply_at = 0;
    return x;
}

void service_give(stoa_http *x)
{
    struct http_core *part = x->part;
    if (part->resting_n >= RESTING_MAX) {
        discard(x->s, x);
        return;
    }
    x->next = part->resting;
    part->resting = x;
    part->resting_n++;
}

const char *service_date_line(const stoa_http *x)
{
    struct http_core *part = x->part;
    int64_t now_s = http_now_s(x);
    if (now_s != part->date_s || part->date_line[0] == 0) {
        part->date_s = now_s;
        memcpy(part->date_line, "Date: ", 6);
        date_format(part->date_line + 6, now_s);
        memcpy(part->date_line + 6 + DATE_BYTES, "\r\n", 2);
    }
    return part->date_line;
}
