/* net/local.c -- see local.h. */
#include "net/local.h"
#include "base/cause.h"
#include "probe/holder.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>

/* What is asked on the helper thread, and what it found. */
struct look {
    const struct attempt *a;
    const struct stoa_mem *mem;
    struct diag_socket found, elsewhere; /* listeners: where we went, and on other addresses */
    bool has_found, has_elsewhere;
    bool refuses;     /* what was found: a connection is refused all the same */
    struct stat file; /* a Unix socket's */
    struct holder holder;
};

/* ---- on the helper thread ---- */

static void addr_of(const struct diag_socket *s, struct addr *ret)
{
    addr_set(ret, &s->local.any, s->local_len);
}

/* Whether a connection to `to` comes to the listener s. */
static bool covers(const struct diag_socket *s, const struct addr *to)
{
    struct addr at;
    addr_of(s, &at);
    if (addr_is_wildcard(&at))
        return at.family == to->family || (at.family == AF_INET6 && !s->v6_only);
    return addr_is_same_host(&at, to) || addr_is_wildcard(to);
}

static int note_inet(void *ctx, const struct diag_socket *s)
{
    struct look *l = ctx;
    bool *has = covers(s, &l->a->to) ? &l->has_found : &l->has_elsewhere;
    struct diag_socket *to = has == &l->has_found ? &l->found : &l->elsewhere;
    /* Of several that share the port (SO_REUSEPORT) the fullest. */
    if (*has && s->rqueue <= to->rqueue)
        return 0;
    *has = true;
    *to = *s;
    return 0;
}

static int note_unix(void *ctx, const struct diag_socket *s)
{
    struct look *l = ctx;
    if (!diag_is_file(s, &l->file))
        return 0;
    l->has_found = true;
    l->found = *s;
    return 1;
}

static void ask(struct look *l, struct diag *d)
{
    const struct io_sys *sys = d->netlink.sys;
    struct diag_query q = { .family = AF_UNIX,
                            .protocol = IPPROTO_TCP,
                            .states = 1 << DIAG_LISTEN,
                            .local_port = addr_port(&l->a->to) };
    if (l->a->to.family == AF_UNIX) {
        if (sys->lstat(sys, l->a->to.un.sun_path, &l->file) == 0)
            diag_each(d, &q, note_unix, l);
        return;
    }
    q.family = AF_INET;
    diag_each(d, &q, note_inet, l);
    q.family = AF_INET6;
    diag_each(d, &q, note_inet, l);
}

/* A listener that opened after the attempt refuses nobody. On the loopback the answer, whichever it
 * is, is there when connect(2) returns. */
static bool is_refused(const struct io_sys *sys, const struct addr *to)
{
    struct tcp_info info;
    memset(&info, 0, sizeof info);
    socklen_t n = sizeof info;
    int fd = sys->socket(sys, to->family, SOCK_STREAM, 0);
    if (fd < 0)
        return true;
    int r = sys->connect(sys, fd, &to->any, to->len);
    if (r == -EINPROGRESS)
        r = sys->get_option(sys, fd, IPPROTO_TCP, TCP_INFO, &info, &n);
    sys->close(sys, fd);
    return r < 0 || info.tcpi_state == TCP_CLOSE;
}

static int look(const struct io_sys *sys, void *arg)
{
    struct look *l = arg;
    struct diag d;
    diag_init(&d, sys, l->mem);
    ask(l, &d);
    diag_done(&d);
    if (l->has_found && l->a->err == -ECONNREFUSED && l->a->to.family != AF_UNIX)
        l->refuses = is_refused(sys, &l->a->to);
    if (l->has_found)
        holder_find(sys, &l->found, &l->holder);
    else if (l->has_elsewhere)
        holder_find(sys, &l->elsewhere, &l->holder);
    return 0;
}

/* ---- what it means ---- */

static const struct stoa_cause *named(const char *id)
{
    return stoa_cause_find(id);
}

__attribute__((format(printf, 2, 3))) static void say(struct stoa_try *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(t->detail, sizeof t->detail, fmt, args);
    va_end(args);
}

static bool is_full(const struct diag_socket *s)
{
    return s->rqueue > s->wqueue; /* the kernel takes one more than the limit says */
}

static void explain_full(const struct look *l, struct stoa_try *t)
{
    char who[160];
    holder_format(&l->holder, who, sizeof who);
    t->cause = named(l->a->to.family == AF_UNIX ? "connect.queue_full_unix" : "connect.queue_full");
    say(t, "%u %s to be accepted by %s, its limit is %u", l->found.rqueue,
        str_counted(l->found.rqueue, "connection waits", "connections wait"), who, l->found.wqueue);
}

static void explain_refused(const struct look *l, struct stoa_try *t)
{
    struct addr at;
    char text[ADDR_TEXT_BYTES], who[160];
    if (l->has_found && !l->refuses) {
        holder_format(&l->holder, who, sizeof who);
        say(t, "%s listens there by now", who);
    } else if (l->has_found) {
        holder_format(&l->holder, who, sizeof who);
        t->cause = named("connect.own_firewall_rejects");
        say(t, "%s listens there, so that it was no closed port that sent the reset", who);
    } else if (l->has_elsewhere) {
        addr_of(&l->elsewhere, &at);
        holder_format(&l->holder, who, sizeof who);
        t->cause = named("connect.wrong_address");
        say(t, "%s listens on %s", who, addr_format(&at, text, sizeof text));
    } else {
        say(t, "nobody on this machine listens on port %u", addr_port(&l->a->to));
    }
}

static void explain(const struct look *l, struct stoa_try *t)
{
    if (l->has_found) {
        t->queue = (int)l->found.rqueue;
        t->queue_max = (int)l->found.wqueue;
    }
    if (t->cause == named("connect.refused"))
        explain_refused(l, t);
    else if ((t->err == -ETIMEDOUT || t->err == -EAGAIN) && l->has_found && is_full(&l->found))
        explain_full(l, t);
}

void local_look(const struct attempt *a, struct stoa_try *t)
{
    struct core *core = a->core;
    struct look *l = mem_zalloc(core->mem, sizeof *l);
    if (!l)
        return;
    l->a = a;
    l->mem = core->mem;
    if (core_offload(core, look, l) == 0)
        explain(l, t);
    mem_free(core->mem, l, sizeof *l);
}
