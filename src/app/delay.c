/* app/delay.c -- see delay.h. */
#include "app/delay.h"

int delay_handle(stoa_http *x, void *delays)
{
    const struct delays *d = delays;
    const struct core *core = conn_core(http_conn(x));
    /* From now on, not from the beginning of the core's turn, of which much may have gone. */
    int r = stoa_sleep(stoa_http_task(x), core_moment(core) - core_now(core) + d->handle);
    return r < 0 ? r : d->handler(x, d->arg);
}

int delay_serve(stoa_conn *c, void *delays)
{
    const struct delays *d = delays;
    const struct core *core = conn_core(c);
    stoa_time end = core_moment(core) + d->core;
    while (core_moment(core) < end)
        ;
    return http_serve(c, d->service);
}
