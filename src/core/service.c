/* core/service.c -- services on one core, called in turn; see service.h. */
#include "core/service.h"

int services_start(struct list *services, struct core *core, size_t *started)
{
    list_each (node, services) {
        struct service *service = list_owner(node, struct service, node);
        int r = service->ops->start(service, core);
        if (r < 0)
            return r;
        ++*started;
    }
    return 0;
}

static void drain(struct service *s, struct core *core)
{
    s->ops->drain(s, core);
}

static void cut(struct service *s, struct core *core)
{
    s->ops->cut(s, core);
}

static void each(struct list *services, size_t count, struct core *core,
                 void (*call)(struct service *s, struct core *core))
{
    list_each (node, services) {
        if (count-- == 0)
            return;
        call(list_owner(node, struct service, node), core);
    }
}

void services_drain(struct list *services, size_t started, struct core *core)
{
    core->stopping = true;
    each(services, started, core, drain);
    each(&core->attached, SIZE_MAX, core, drain);
}

void services_cut(struct list *services, size_t started, struct core *core)
{
    core->cut = true;
    each(services, started, core, cut);
    each(&core->attached, SIZE_MAX, core, cut);
}

void service_attach(struct core *core, struct service *s)
{
    list_push_back(&core->attached, &s->node);
    if (core->stopping)
        drain(s, core);
    if (core->cut)
        cut(s, core);
}

struct service *service_attached(const struct core *core, const struct service_ops *ops)
{
    list_each (node, &core->attached) {
        struct service *s = list_owner(node, struct service, node);
        if (s->ops == ops)
            return s;
    }
    return NULL;
}

void services_end(struct core *core)
{
    while (!list_is_empty(&core->attached))
        service_drop(list_owner(core->attached.prev, struct service, node));
}
