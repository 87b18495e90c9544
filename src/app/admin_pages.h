/* app/admin_pages.h -- the pages of the admin address:
 *
 *     /          the live page (live.html)
 *     /metrics   OpenMetrics, status_metrics.h
 *     /stages    JSON, status_json.h
 *     /events    the same once a second, as server-sent events
 *     /healthz   200: each core's loop turns; 503: one stands still
 *     /readyz    200: send requests; 503: it drains, an accept queue is more than half full, or as
 *                /healthz. Both with one line that says why
 *
 * On one core. Called by admin.c. */
#ifndef APP_ADMIN_PAGES_H
#define APP_ADMIN_PAGES_H

#include "app/status.h"
#include "core/core.h"
#include "http/exchange.h"

struct admin_shot; /* one event, kept as long as somebody still sends it */

struct admin_pages {
    const struct stage_view *view;
    const struct io_sys *sys;
    const struct stoa_mem *mem;
    bool is_local; /* only this machine can connect, by TCP */
    struct status *status;
    struct trend *trend;
    struct admin_shot *shot; /* the latest event */
    struct list followers;   /* of the events, which wait for the next */
    int followers_count;     /* with those that are being sent one */
};

/* view: borrowed. returns 0; -ENOMEM. */
int admin_pages_init(struct admin_pages *p, const struct stage_view *view, const struct io_sys *sys,
                     const struct stoa_mem *mem);
void admin_pages_done(struct admin_pages *p); /* zeroed is fine */

/* A stoa_http_handler; arg: the struct admin_pages. */
int admin_pages_serve(stoa_http *x, void *pages);

/* A stoa_fn: looks at the server once a second, and sends the events; until it is cancelled. */
int admin_pages_tick(stoa_task *t, void *pages);

#endif
