/* tool/call/diagnosis.c -- a failure in a few plain lines: what happened, who did it, what that rules
 * out, what to try. The sentences are the catalogue's (base/cause_table.c); what is added here is
 * what was seen this time. */
#include "base/error.h"
#include "base/exit_code.h"
#include "base/sys.h"
#include "tool/call/report.h"
#include "tool/call/words.h"
#include "tool/wrap.h"

enum { LABEL_WIDTH = 12, TEXT_BYTES = 600 };

static bool is_connecting(const struct stoa_cause *c)
{
    return c->stage != STOA_STAGE_REQUEST && c->stage != STOA_STAGE_REPLY &&
           c->stage != STOA_STAGE_CLOSE;
}

static void say(FILE *to, const char *label, const char *text)
{
    char padded[LABEL_WIDTH + 1];
    if (!text || !*text)
        return;
    snprintf(padded, sizeof padded, "  %s", label);
    print_wrapped(to, padded, LABEL_WIDTH, text);
}

/* ---- who did it ---- */

static void who_by_icmp(const struct stoa_try *t, char *buf, size_t n)
{
    size_t by = strlen(t->by), in_brackets = t->from[0] == '[';
    bool is_own =
        strncmp(t->from + in_brackets, t->by, by) == 0 && strchr(":]", t->from[in_brackets + by]);
    int at = snprintf(buf, n, "%s, %s", t->by, is_own ? "this machine itself" : "not the peer");
    if (t->icmp_type >= 0)
        snprintf(buf + at, n - (size_t)at, ": ICMP type %d, code %d", t->icmp_type, t->icmp_code);
}

static void who_answered(const struct call_report *r, const struct stoa_try *t, char *buf, size_t n)
{
    char span[CALL_WORD_BYTES];
    bool is_udp = r->o->scheme == CALL_UDP;
    if (r->cause == stoa_cause_find("connect.refused_by_device"))
        snprintf(buf, n, "a device that answers in the name of %s", t->to);
    else if (t->by[0])
        who_by_icmp(t, buf, n);
    else if (strncmp(t->to, "unix:", 5) == 0)
        snprintf(buf, n, "this machine's kernel");
    else if (t->is_local)
        snprintf(buf, n, "this machine: %.*s is an address of its own",
                 (int)(strrchr(t->to, ':') - t->to), t->to);
    else if (t->err == -ETIMEDOUT && t->detail[0])
        snprintf(buf, n, "nobody");
    else if (t->err == -ETIMEDOUT && t->syns > 0)
        snprintf(buf, n, "nobody: %d %s in %s, and no answer", t->syns,
                 str_counted((uint64_t)t->syns, "SYN", "SYNs"), call_time(span, t->took));
    else if (t->syns > 0 || (is_udp && t->err == 0))
        snprintf(buf, n, "%s, or a device that answers in its name%s", t->to,
                 r->walk.count || is_udp ? "" : " (--walk tells them apart)");
    else if (!is_udp)
        snprintf(buf, n, "this machine: no packet was sent");
}

static void say_listener(FILE *to, const struct stoa_try *t)
{
    char text[TEXT_BYTES];
    if (!t->is_local || t->queue <= 0 || t->detail[0])
        return;
    const char *wait = str_counted((uint64_t)t->queue, "connection waits", "connections wait");
    if (t->queue_max < 0)
        snprintf(text, sizeof text, "%d %s in its accept queue", t->queue, wait);
    else
        snprintf(text, sizeof text, "%d %s in its accept queue, of at most %d", t->queue, wait,
                 t->queue_max + 1);
    say(to, "listener", text);
}

static void say_try(FILE *to, const struct call_report *r, const struct stoa_try *t, bool is_main)
{
    char text[TEXT_BYTES], who[TEXT_BYTES / 3] = "";
    who_answered(r, t, who, sizeof who);
    snprintf(text, sizeof text, "%s: %s%s%s%s%s", t->to, t->cause ? t->cause->what : "connected",
             *t->detail ? "; " : "", t->detail, *who ? "; " : "", who);
    say(to, is_main ? "who" : "also", is_main ? who : text);
    if (t->soft_err) {
        snprintf(text, sizeof text,
                 "%s (%s): it came while the socket was busy, so that the kernel did not end the "
                 "attempt at once",
                 error_name(t->soft_err), stoa_strerror(t->soft_err));
        say(to, "ICMP", text);
    }
    say_listener(to, t);
}

static void say_tries(FILE *to, const struct call_report *r)
{
    const struct call_exchange *x = r->last;
    const struct stoa_try *t = x ? call_report_try(x) : NULL;
    if (!t)
        return;
    if (!is_connecting(r->cause)) {
        say(to, "who", x->report.peer[0] ? x->report.peer : t->to);
        return;
    }
    say_try(to, r, t, true);
    for (int i = 0; i < x->report.dial.count; i++)
        if (&x->report.dial.tries[i] != t)
            say_try(to, r, &x->report.dial.tries[i], false);
}

/* ---- the walk ---- */

static void say_hop(FILE *to, int ttl, const struct stoa_hop *h, bool is_first)
{
    char text[TEXT_BYTES], span[CALL_WORD_BYTES], other[CALL_WORD_BYTES];
    const char *who = h->by[0] ? h->by : "nobody", *what = "";
    snprintf(other, sizeof other, ", %s", error_name(h->err));
    if (h->err == 0)
        what = ", connected";
    else if (h->err == -ECONNREFUSED)
        what = ", a reset";
    else if (h->err == -ETIMEDOUT)
        what = " answered";
    else if (h->err != -EHOSTUNREACH)
        what = other;
    snprintf(text, sizeof text, "%2d  %s%s%s%s", ttl, who, what, h->rtt > 0 ? ", " : "",
             h->rtt > 0 ? call_time(span, h->rtt) : "");
    fprintf(to, "%-*s%s\n", LABEL_WIDTH, is_first ? "  walk" : "", text);
}

/* What the hops say together. */
static void conclude(char *buf, size_t n, const struct call_report *r, int last_seen)
{
    const struct call_walk *w = &r->walk;
    int end = w->hops[w->count - 1].err;
    bool is_silence = end == -ETIMEDOUT && strcmp(r->cause->id, "connect.timeout") == 0;
    buf[0] = 0;
    if (end == -ECONNREFUSED)
        snprintf(buf, n, "the reset comes from %d %s away", w->count,
                 str_counted((uint64_t)w->count, "hop", "hops"));
    else if (is_silence && last_seen >= 0)
        snprintf(buf, n,
                 "%s (hop %d) is the last that answers: it, or what stands behind it, swallows "
                 "the packets",
                 w->hops[last_seen].by, last_seen + 1);
    else if (is_silence)
        snprintf(buf, n,
                 "no hop answers: what swallows the packets is near, or all of the way stays "
                 "silent");
}

static void say_walk(FILE *to, const struct call_report *r)
{
    const struct call_walk *w = &r->walk;
    char text[TEXT_BYTES] = "";
    int last_seen = -1;
    for (int i = 0; i < w->count; i++) {
        say_hop(to, i + 1, &w->hops[i], i == 0);
        if (w->hops[i].by[0])
            last_seen = i;
    }
    if (w->count > 0)
        conclude(text, sizeof text, r, last_seen);
    if (w->count < 0)
        snprintf(text, sizeof text, "not possible here: %s (%s)", stoa_strerror(w->count),
                 error_name(w->count));
    say(to, w->count < 0 ? "walk" : "", text);
}

/* ---- all of it ---- */

static void say_what(FILE *to, const struct call_report *r, const char *what)
{
    char target[300];
    const char *url = r->last && r->last->url ? r->last->url->text : r->o->target;
    str_escape(target, sizeof target, str_of(url));
    fprintf(to, "stoa: %s: %s\n", target, what);
    say(to, "seen", r->detail);
}

static void say_cause(FILE *to, const struct call_report *r)
{
    char text[TEXT_BYTES], err[200] = "";
    if (r->err && r->cause->stage != STOA_STAGE_RESOLVE) /* a name service has codes of its own */
        snprintf(err, sizeof err, ", %s (%s)", error_name(r->err), stoa_strerror(r->err));
    snprintf(text, sizeof text, "%s%s, exit code %d; `stoa explain %s` says more", r->cause->id,
             err, r->exit_code, r->cause->id);
    say(to, "cause", text);
}

void call_report_diagnosis(FILE *to, const struct call_report *r)
{
    const struct stoa_cause *c = r->cause;
    if (r->trouble[0])
        fprintf(to, "stoa: %s\n", r->trouble);
    if (!c)
        return;
    say_what(to, r, c->what);
    say_tries(to, r);
    say(to, "rules out", c->rules_out);
    say(to, "try", c->hint);
    say_walk(to, r);
    say_cause(to, r);
}
