/* app/admin_pages.c -- see admin_pages.h. */
#include "app/admin_pages.h"

#include "app/status_json.h"
#include "app/status_metrics.h"
#include "base/sys.h"

#include <stdio.h>

/* live.S */
extern const char live_html[], live_html_end[];

static const stoa_time TICK = STOA_SEC;
static const stoa_time GOODBYE = 200 * STOA_MS; /* for the end of an event stream */
enum { FOLLOWERS_MAX = 32, BUFFER_BYTES = 64 * 1024 };

struct admin_shot {
    int users;
    struct buf text; /* a whole event */
};

/* A task that waits for the next event; on its stack. */
struct follower {
    struct list node;
    stoa_task *task;
};

static void look(struct admin_pages *p)
{
    struct io_clock now = p->sys->clock(p->sys);
    status_take(p->status, p->view, now.mono_ns, now.real_ns);
}

/* ---- events ---- */

static void drop_shot(struct admin_pages *p, struct admin_shot *shot)
{
    if (!shot || --shot->users > 0)
        return;
    buf_done(&shot->text);
    mem_free(p->mem, shot, sizeof *shot);
}

/* Makes an event of p->status. returns NULL when there is no memory. */
static struct admin_shot *make_shot(struct admin_pages *p)
{
    struct admin_shot *shot = mem_zalloc(p->mem, sizeof *shot);
    if (!shot)
        return NULL;
    shot->users = 1;
    buf_init(&shot->text, p->mem, NULL, 0);
    buf_room(&shot->text, BUFFER_BYTES);
    buf_str(&shot->text, STR("event: stages\ndata: "));
    status_json(&shot->text, p->status, p->trend);
    buf_str(&shot->text, STR("\n\n"));
    if (!shot->text.failed)
        return shot;
    drop_shot(p, shot);
    return NULL;
}

static void publish(struct admin_pages *p)
{
    struct list *node;
    struct admin_shot *shot = make_shot(p);
    drop_shot(p, p->shot);
    p->shot = shot;
    while ((node = list_pop_front(&p->followers)))
        task_wake(list_owner(node, struct follower, node)->task);
}

int admin_pages_tick(stoa_task *t, void *pages)
{
    struct admin_pages *p = pages;
    int r = 0;
    while (r == 0) {
        look(p);
        if (p->followers_count)
            publish(p);
        trend_note(p->trend, p->status);
        r = stoa_sleep(t, TICK);
    }
    return 0;
}

static int send_shot(struct admin_pages *p, stoa_http *x)
{
    struct admin_shot *shot = p->shot;
    if (!shot)
        return 0;
    shot->users++;
    int r = stoa_http_write(x, shot->text.p, shot->text.n);
    if (r == 0)
        r = stoa_http_flush(x);
    drop_shot(p, shot);
    return r;
}

static int wait_for_shot(struct admin_pages *p, stoa_task *t)
{
    struct follower f = { .task = t };
    list_push_back(&p->followers, &f.node);
    int r = task_park(task_sched(t));
    list_unlink(&f.node);
    return r;
}

/* A client that takes its events too slowly misses some: it is sent the latest when it is back. */
static int follow(struct admin_pages *p, stoa_http *x)
{
    stoa_task *t = stoa_http_task(x);
    look(p);
    publish(p);
    int r = 0;
    while (r == 0) {
        r = send_shot(p, x);
        if (r == 0)
            r = wait_for_shot(p, t);
    }
    if (r == -ECANCELED && stoa_grace(t, GOODBYE) == 0)
        return 0; /* the server ends: so does the stream, in order */
    return r;
}

static int serve_events(struct admin_pages *p, stoa_http *x)
{
    if (p->followers_count == FOLLOWERS_MAX)
        return http_refuse(x, 503, "as many follow the events as may", false);
    int r = stoa_http_set(x, "Content-Type", "text/event-stream");
    if (r == 0)
        r = stoa_http_start(x, 200, -1);
    if (r < 0 || http_head(x)->method == METHOD_HEAD)
        return r;
    p->followers_count++;
    r = follow(p, x);
    p->followers_count--;
    return r;
}

/* ---- the numbers ---- */

typedef void write_fn(struct buf *b, struct admin_pages *p);

static void write_stages(struct buf *b, struct admin_pages *p)
{
    status_json(b, p->status, p->trend);
    buf_str(b, STR("\n"));
}

static void write_metrics(struct buf *b, struct admin_pages *p)
{
    status_metrics(b, p->status);
}

static int serve_numbers(struct admin_pages *p, stoa_http *x, const char *type, write_fn *write)
{
    struct buf b;
    buf_init(&b, p->mem, NULL, 0);
    buf_room(&b, BUFFER_BYTES);
    look(p);
    write(&b, p);
    int r = b.failed ? -ENOMEM : stoa_http_reply(x, 200, type, b.p, b.n);
    buf_done(&b);
    return r;
}

static int serve_stages(struct admin_pages *p, stoa_http *x)
{
    return serve_numbers(p, x, "application/json", write_stages);
}

static int serve_metrics(struct admin_pages *p, stoa_http *x)
{
    return serve_numbers(p, x, STATUS_METRICS_TYPE, write_metrics);
}

/* ---- alive, and ready ---- */

static int say(stoa_http *x, bool is_so, const char *yes, const char *why)
{
    char line[STATUS_WHY_BYTES + 2];
    int n = snprintf(line, sizeof line, "%s\n", is_so ? yes : why);
    return stoa_http_reply(x, is_so ? 200 : 503, "text/plain; charset=utf-8", line, (size_t)n);
}

static int serve_healthz(struct admin_pages *p, stoa_http *x)
{
    char why[STATUS_WHY_BYTES];
    look(p);
    return say(x, status_is_alive(p->status, why), "alive", why);
}

static int serve_readyz(struct admin_pages *p, stoa_http *x)
{
    char why[STATUS_WHY_BYTES];
    look(p);
    return say(x, status_is_ready(p->status, why), "ready", why);
}

/* ---- the page ---- */

static int serve_page(struct admin_pages *p, stoa_http *x)
{
    (void)p;
    int r = stoa_http_set(x, "Content-Security-Policy",
                          "default-src 'none'; style-src 'unsafe-inline'; "
                          "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
                          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    if (r == 0)
        r = stoa_http_set(x, "Referrer-Policy", "no-referrer");
    if (r < 0)
        return r;
    return stoa_http_reply(x, 200, "text/html; charset=utf-8", live_html,
                           (size_t)(live_html_end - live_html));
}

/* ---- who is asked for what ---- */

static const struct page {
    const char *path;
    int (*serve)(struct admin_pages *p, stoa_http *x);
} pages_table[] = {
    { "/", serve_page },         { "/metrics", serve_metrics }, { "/stages", serve_stages },
    { "/events", serve_events }, { "/healthz", serve_healthz }, { "/readyz", serve_readyz },
};

/* A page of somebody else's, in a browser on this machine, may have its own name point to us, and
 * read what we answer (DNS rebinding): but its name stands in Host then. */
static bool is_for_us(const struct admin_pages *p, const stoa_http *x)
{
    struct stoa_str host = stoa_http_host(x);
    if (!p->is_local || host.n == 0 || *host.p == '[')
        return true;
    host.n = str_find(host, ':');
    bool is_number = true;
    for (size_t i = 0; i < host.n; i++)
        is_number = is_number && ((host.p[i] >= '0' && host.p[i] <= '9') || host.p[i] == '.');
    return is_number || str_eq_nocase(host, STR("localhost"));
}

int admin_pages_serve(stoa_http *x, void *pages)
{
    struct stoa_str path = stoa_http_path(x);
    enum method method = http_head(x)->method;
    if (!is_for_us(pages, x))
        return http_refuse(x, 421, "ask by address, or for localhost", false);
    int r = stoa_http_set(x, "Cache-Control", "no-store");
    if (r == 0)
        r = stoa_http_set(x, "X-Content-Type-Options", "nosniff");
    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof pages_table / sizeof *pages_table; i++) {
        if (!str_eq(path, str_of(pages_table[i].path)))
            continue;
        if (method != METHOD_GET && method != METHOD_HEAD)
            return http_allow(x, STR("GET, HEAD, OPTIONS"));
        return pages_table[i].serve(pages, x);
    }
    return -ENOENT;
}

/* ---- life ---- */

int admin_pages_init(struct admin_pages *p, const struct stage_view *view, const struct io_sys *sys,
                     const struct stoa_mem *mem)
{
    *p = (struct admin_pages){ .view = view, .sys = sys, .mem = mem };
    list_init(&p->followers);
    p->status = mem_zalloc(mem, sizeof *p->status);
    if (!p->status)
        return -ENOMEM;
    return trend_new(&p->trend, mem);
}

void admin_pages_done(struct admin_pages *p)
{
    if (!p->mem)
        return;
    drop_shot(p, p->shot);
    trend_free(p->trend);
    mem_free(p->mem, p->status, sizeof *p->status);
}
