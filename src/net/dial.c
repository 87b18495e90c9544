/* net/dial.c -- stoa_dial: from a text to a connection, and a report of how it went. */
#include "base/cause.h"
#include "net/diagnose.h"
#include "net/dialled.h"
#include "net/local.h"
#include "net/names.h"
#include "net/next_hop.h"
#include "net/ports.h"
#include "net/race.h"

#include <errno.h>
#include <stdio.h>

struct dialling {
    stoa_task *task;
    struct core *core;
    const struct stoa_dial *how;
    struct addr_parts parts;
    int socktype;
    struct stoa_report report;
    struct names names;
    int count; /* addresses that are tried */
    struct attempt attempts[STOA_TRIES_MAX];
    struct silence silence;
};

/* ---- the text ---- */

static bool take_prefix(struct stoa_str *text, struct stoa_str prefix)
{
    if (!str_starts(*text, prefix))
        return false;
    *text = str_from(*text, prefix.n);
    return true;
}

/* What is used for the name: "192.0.2.1", "::1", "unix:/path". */
static int read_at(struct dialling *d, struct stoa_str at, const char **why)
{
    if (str_starts(at, STR("unix:")))
        return addr_split(at, &d->parts, why);
    if (at.n > 2 && at.p[0] == '[' && at.p[at.n - 1] == ']')
        at = (struct stoa_str){ at.p + 1, at.n - 2 };
    if (at.n == 0 || at.n >= sizeof d->parts.host || memchr(at.p, 0, at.n)) {
        *why = "what is to be used for the name is no address";
        return -EINVAL;
    }
    memcpy(d->parts.host, at.p, at.n);
    d->parts.host[at.n] = 0;
    return 0;
}

static int read_text(struct dialling *d, const char **why)
{
    struct stoa_str text = str_of(d->how->addr);
    bool is_udp = take_prefix(&text, STR("udp://"));
    if (!is_udp)
        take_prefix(&text, STR("tcp://"));
    d->socktype = is_udp ? SOCK_DGRAM : SOCK_STREAM;
    int r = addr_split(text, &d->parts, why);
    if (r == 0 && d->how->at && !d->parts.is_unix)
        r = read_at(d, str_of(d->how->at), why);
    if (r < 0)
        return r;
    uint64_t port;
    *why = NULL;
    if (d->parts.is_unix && is_udp)
        *why = "datagrams go to host:port only";
    else if (!d->parts.is_unix && !d->parts.host[0])
        *why = "the host is missing: host:port";
    else if (!d->parts.is_unix && str_to_u64(str_of(d->parts.port), &port) && port == 0)
        *why = "nobody can be reached at port 0";
    return *why ? -EINVAL : 0;
}

/* ---- names ---- */

static int fail_early(struct dialling *d, int err, const char *id, const char *why)
{
    d->report.cause = stoa_cause_find(id);
    if (why)
        snprintf(d->report.detail, sizeof d->report.detail, "%s", why);
    return err;
}

static int fail_family(struct dialling *d)
{
    bool wants_v6 = d->how->family == AF_INET6;
    snprintf(d->report.detail, sizeof d->report.detail,
             "it is an IPv%d address, and only IPv%d is allowed", wants_v6 ? 4 : 6,
             wants_v6 ? 6 : 4);
    return fail_early(d, -ENOENT, "resolve.other_family", NULL);
}

static int fail_resolving(struct dialling *d, int r)
{
    const char *why = d->names.why;
    switch (r) {
    case -ETIMEDOUT: return fail_early(d, r, "resolve.temporary", "no answer before the deadline");
    case -ECANCELED: return fail_early(d, r, "connect.given_up", why);
    case -ENOENT: return fail_early(d, r, "resolve.not_found", why);
    case -EAFNOSUPPORT: return fail_family(d);
    case -EINVAL: return fail_early(d, r, "resolve.unknown_service", NULL);
    case -EAGAIN: return fail_early(d, r, why ? "resolve.temporary" : "resolve.failed", why);
    default: return fail_early(d, r, "resolve.failed", why);
    }
}

static int resolve(struct dialling *d)
{
    const struct io_sys *sys = d->core->sys;
    struct addr_query query = { .socktype = d->socktype,
                                .family = d->how->family,
                                .numeric = d->how->at != NULL };
    stoa_time began = sys->clock(sys).mono_ns;
    int r = names_resolve(d->core, &d->parts, &query, &d->names);
    d->report.resolve_took = sys->clock(sys).mono_ns - began;
    if (r < 0)
        return fail_resolving(d, r);
    d->report.addresses = d->names.count;
    race_order(d->names.list, d->names.count);
    d->count = d->names.count < STOA_TRIES_MAX ? d->names.count : STOA_TRIES_MAX;
    return 0;
}

/* ---- the race, and what is told of it ---- */

static void report_tries(struct dialling *d, int won)
{
    struct stoa_report *r = &d->report;
    for (int i = 0; i < d->count && d->attempts[i].state != ATTEMPT_UNTRIED; i++) {
        diagnose(&d->attempts[i], &r->tries[i]);
        if (won >= 0 && i != won && r->tries[i].err == -ECANCELED)
            r->tries[i].cause = stoa_cause_find("connect.cancelled");
        r->count = i + 1;
    }
    r->winner = won < 0 ? -1 : won;
}

/* A closer look at those that failed: at this machine's counters, its routes and its own listener. */
static void look_closer(struct dialling *d)
{
    struct stoa_report *r = &d->report;
    silence_explain(&d->silence, d->attempts, r->tries, r->count);
    for (int i = 0; i < r->count; i++) {
        if (r->tries[i].err == -ECANCELED)
            continue;
        ports_look(&d->attempts[i], &r->tries[i]);
        next_hop_look(&d->attempts[i], &r->tries[i]);
        if (r->tries[i].is_local)
            local_look(&d->attempts[i], &r->tries[i]);
    }
}

/* The attempt that tells most becomes the reason of all. returns its error. */
static int report_failure(struct dialling *d, int r)
{
    const struct stoa_try *best = NULL;
    for (int i = 0; i < d->report.count; i++) {
        const struct stoa_try *t = &d->report.tries[i];
        if (!best || diagnose_weight(t) > diagnose_weight(best))
            best = t;
    }
    if (!best) /* the time was over before the first */
        return fail_early(d, r, r == -ECANCELED ? "connect.given_up" : "connect.timeout",
                          "nothing was tried");
    d->report.cause = best->cause;
    snprintf(d->report.detail, sizeof d->report.detail, "%s", best->detail);
    return r == -ENOENT || r == -ETIMEDOUT ? best->err : r;
}

static int connect_any(struct dialling *d, stoa_conn **ret)
{
    for (int i = 0; i < d->count; i++) {
        d->attempts[i].to = d->names.list[i];
        d->attempts[i].socktype = d->socktype;
    }
    int won = race_run(d->task, d->attempts, d->count, &d->silence);
    report_tries(d, won);
    if (won < 0) {
        if (d->how->report) /* else nobody would see it */
            look_closer(d);
        return report_failure(d, won);
    }
    struct attempt *a = &d->attempts[won];
    struct dialled_ends ends = { .socktype = a->socktype, .local = &a->from, .peer = &a->to };
    int r = dialled_new(d->task, attempt_take(a), &ends, ret);
    return r < 0 ? fail_early(d, r, "socket.failed", "no memory for the connection") : 0;
}

static int dial(struct dialling *d, stoa_conn **ret)
{
    const char *why = NULL;
    int r = read_text(d, &why);
    if (r < 0)
        return fail_early(d, r, "resolve.bad_address", why);
    r = resolve(d);
    return r < 0 ? r : connect_any(d, ret);
}

int stoa_dial(stoa_task *t, stoa_conn **ret, const struct stoa_dial *how)
{
    struct core *core = core_of(t);
    struct dialling *d = mem_zalloc(core->mem, sizeof *d);
    if (!d) {
        if (how->report)
            *how->report =
                (struct stoa_report){ .winner = -1, .cause = cause_of(STOA_STAGE_SOCKET, -ENOMEM) };
        return -ENOMEM;
    }
    d->task = t;
    d->core = core;
    d->how = how;
    d->report.winner = -1;
    stoa_time old = stoa_deadline(t, STOA_NEVER);
    stoa_time limit = how->within > 0 ? core_in(core, how->within) : STOA_NEVER;
    stoa_deadline(t, limit < old ? limit : old);
    int r = dial(d, ret);
    stoa_deadline(t, old);
    if (how->report)
        *how->report = d->report;
    mem_free(core->mem, d, sizeof *d);
    return r;
}
