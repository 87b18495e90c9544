/* tool/call/walk.c -- see walk.h. */
#include "tool/call/walk.h"

#include "base/sys.h"

enum { OTHER_PORT = 1 }; /* tcpmux: nobody has it, and few firewalls have a rule for it */

static const stoa_time hop_within = STOA_SEC;

/* Whether a hop's address is that of the target "192.0.2.1:80" or "[2001:db8::1]:80". */
static bool is_target(const char *by, const char *to)
{
    size_t n = (size_t)(strrchr(to, ':') - to), in_brackets = to[0] == '[';
    return strlen(by) == n - 2 * in_brackets && strncmp(by, to + in_brackets, strlen(by)) == 0;
}

/* A reset that came from `hops` away is a device's when, at another port of the same host, a router
 * at that distance still has packets to pass on: the host is farther. */
static void ask_other_port(stoa_task *t, struct call *c)
{
    struct call_walk *w = &c->report.walk;
    struct stoa_hop *hops = stoa_alloc(t, STOA_HOPS_MAX * sizeof *hops);
    char to[STOA_ADDR_TEXT + 8], detail[300];
    int host = (int)(strrchr(w->to, ':') - w->to);
    snprintf(to, sizeof to, "%.*s:%d", host, w->to, OTHER_PORT);
    int n = hops ? stoa_walk(t, to, hop_within, hops, w->count) : 0;
    const char *by = n == w->count ? hops[n - 1].by : "";
    if (!*by || hops[n - 1].err != -EHOSTUNREACH || is_target(by, w->to))
        return;
    const char *before = n > 1 ? w->hops[n - 2].by : "";
    const char *where =
        *before ? "at or right behind " : "from this machine's own firewall or its first router";
    snprintf(detail, sizeof detail, "%d %s away, %s%s, where %s still passes other packets on", n,
             str_counted((uint64_t)n, "hop", "hops"), where, before, by);
    call_fail(c, stoa_cause_find("connect.refused_by_device"), c->report.err, detail);
}

void call_walk(stoa_task *t, struct call *c)
{
    struct call_walk *w = &c->report.walk;
    const struct stoa_try *tried = c->report.last ? call_report_try(c->report.last) : NULL;
    bool is_tcp = c->o.scheme != CALL_UDP && tried && strncmp(tried->to, "unix:", 5) != 0;
    if (!c->o.walk || !c->report.cause || c->report.cause->stage != STOA_STAGE_CONNECT || !is_tcp)
        return;
    stoa_deadline(t, STOA_NEVER);
    snprintf(w->to, sizeof w->to, "%s", tried->to);
    w->count = stoa_walk(t, w->to, hop_within, w->hops, STOA_HOPS_MAX);
    if (w->count > 0 && w->hops[w->count - 1].err == -ECONNREFUSED && !tried->is_local)
        ask_other_port(t, c);
}
