/* app/status.c -- see status.h. */
#include "app/status.h"

#include "base/mem.h"
#include "base/str.h"
#include "probe/drops.h"
#include "stage/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- counts ---- */

static void add_all(uint64_t *to, const uint64_t *from, int n)
{
    for (int i = 0; i < n; i++)
        to[i] += stage_read(&from[i]);
}

static void add_core(struct status *s, const struct stoa_stage_core *core)
{
    struct status_counts *c = &s->counts;
    /* Backwards in the order of events, so that no more seems to have ended than began. */
    c->closed += stage_read(&core->closed);
    add_all(c->statuses, core->statuses, STOA_STATUSES);
    add_all(c->causes, core->causes, STOA_CAUSES_MAX);
    c->bytes_out += stage_read(&core->bytes_out);
    c->bytes_in += stage_read(&core->bytes_in);
    c->requests += stage_read(&core->requests);
    c->accepted += stage_read(&core->accepted);
    if (s->cores == STATUS_CORES_MAX)
        return;
    int64_t since = __atomic_load_n(&core->busy_since, __ATOMIC_RELAXED);
    s->still[s->cores++] = since && since < s->now ? s->now - since : 0;
}

static void take_cores(struct status *s, const struct stage_view *v)
{
    for (uint32_t i = 0; i < stage_view_cores(v); i++)
        add_core(s, stage_view_core(v, i));
    for (int span = 0; span <= STATUS_TOOK; span++)
        stage_histogram_sum(v, (enum stoa_span)span, &s->counts.spans[span]);
}

static void add_cause(struct status *s, const char *id, uint64_t n)
{
    for (int i = 0; i < STOA_CAUSES_MAX; i++)
        if (strcmp(s->cause_names[i], id) == 0)
            s->counts.causes[i] += n;
}

/* What the kernel drops is no request's: it is counted with the listener. */
static void add_drops(struct status *s, const struct stoa_stage_listener *l)
{
    s->counts.drops[s->listeners] = l->drops;
    add_cause(s, drops_cause(DROPS_BY_QUEUE), l->by_queue);
    add_cause(s, drops_cause(DROPS_BY_SYN_QUEUE), l->by_syn_queue);
    add_cause(s, drops_cause(DROPS_OF_SYNS), l->by_none);
}

static void take_listeners(struct status *s, const struct stage_view *v)
{
    uint32_t count = stage_view_listeners(v);
    for (uint32_t i = 0; i < count && i < STATUS_LISTENERS_MAX; i++) {
        struct stoa_stage_listener *l = &s->listener[s->listeners];
        if (!stage_view_listener(v, i, l))
            continue;
        add_drops(s, l);
        s->listeners++;
    }
}

/* ---- connections ---- */

/* Whether a is to be shown before b. */
static bool is_before(const struct stoa_stage_conn *a, const struct stoa_stage_conn *b)
{
    bool a_idles = a->at == STOA_AT_IDLE, b_idles = b->at == STOA_AT_IDLE;
    return a_idles != b_idles ? b_idles : a->since < b->since;
}

static void rank(struct status *s, const struct stoa_stage_conn *c)
{
    int at = s->conns;
    while (at > 0 && is_before(c, &s->conn[at - 1]))
        at--;
    if (at == STATUS_CONNS_MAX)
        return;
    int last = s->conns < STATUS_CONNS_MAX ? s->conns : STATUS_CONNS_MAX - 1;
    memmove(&s->conn[at + 1], &s->conn[at], (size_t)(last - at) * sizeof *c);
    s->conn[at] = *c;
    s->conns = last + 1;
}

static void take_conns(struct status *s, const struct stage_view *v)
{
    uint64_t all = 0;
    for (uint32_t core = 0; core < stage_view_cores(v); core++) {
        uint32_t first, count = stage_view_conns_used(v, core, &first);
        for (uint32_t i = first; i < first + count; i++) {
            struct stoa_stage_conn c = { .at = STOA_AT_NOTHING };
            if (!stage_view_conn(v, i, &c))
                continue;
            all++;
            s->at[c.at]++;
            rank(s, &c);
        }
    }
    s->conns_more = all - (uint64_t)s->conns;
    for (int i = 0; i < s->conns; i++)
        stage_view_name_peer(s->conn[i].peer);
}

/* ---- all of it ---- */

static void take_head(struct status *s, const struct stage_view *v)
{
    const struct stoa_stage_head *h = stage_view_head(v);
    s->pid = h->pid;
    s->started = h->started;
    s->draining = __atomic_load_n(&h->draining, __ATOMIC_RELAXED) != 0;
    memcpy(s->io, h->io, sizeof s->io - 1);
    memcpy(s->release, h->release, sizeof s->release - 1);
    for (enum stoa_span span = 0; span < STOA_SPANS; span++)
        stage_view_span_name(v, span, s->span_names[span]);
    for (int i = 0; i < STOA_CAUSES_MAX; i++)
        stage_view_cause_name(v, i, s->cause_names[i]);
}

void status_take(struct status *s, const struct stage_view *v, stoa_time now, int64_t real_ns)
{
    memset(s, 0, sizeof *s);
    s->now = now;
    s->real_ns = real_ns;
    take_head(s, v);
    take_cores(s, v);
    take_listeners(s, v);
    take_conns(s, v);
    s->slowest = stage_view_slowest(v, s->slow, STOA_SLOWEST);
}

/* ---- alive, and ready ---- */

bool status_is_alive(const struct status *s, char why[STATUS_WHY_BYTES])
{
    for (int i = 0; i < s->cores; i++)
        if (s->still[i] > STATUS_STUCK_AFTER) {
            snprintf(why, STATUS_WHY_BYTES, "core %d has not looked for work for %lld s", i,
                     (long long)(s->still[i] / STOA_SEC));
            return false;
        }
    return true;
}

bool status_is_ready(const struct status *s, char why[STATUS_WHY_BYTES])
{
    if (s->draining) {
        snprintf(why, STATUS_WHY_BYTES, "draining");
        return false;
    }
    for (int i = 0; i < s->listeners; i++) {
        const struct stoa_stage_listener *l = &s->listener[i];
        if (drops_fills(l->fullest, 1000)) {
            snprintf(why, STATUS_WHY_BYTES,
                     "the accept queue of %s is more than half full: %u of %u %s", l->name,
                     l->queue, l->queue_max, str_counted(l->queue, "waits", "wait"));
            return false;
        }
    }
    return status_is_alive(s, why);
}

/* ---- words ---- */

const char *status_at_name(enum stoa_at at)
{
    static const char *const names[STOA_ATS] = { "nothing", "ready", "head",   "body", "handler",
                                                 "send",    "idle",  "linger", "held" };
    return names[at];
}

enum stoa_grade status_grade(enum stoa_span span)
{
    switch (span) {
    case STOA_SPAN_ACCEPT: return STOA_BOUNDED;
    case STOA_SPAN_NETWORK: return STOA_ESTIMATED; /* with the delay of the client's ACK */
    default: return STOA_EXACT;
    }
}

enum stoa_span status_longest_part(const struct stoa_stage_request *r)
{
    int longest = STOA_SPAN_QUEUED;
    for (int i = STOA_SPAN_QUEUED; stage_span_is_part(i); i++)
        if (r->grade[i] != STOA_UNKNOWN && r->span[i].ns > r->span[longest].ns)
            longest = i;
    return (enum stoa_span)longest;
}

const char *status_grade_name(enum stoa_grade g)
{
    static const char *const names[] = { "unknown", "exact", "bounded", "estimated" };
    return names[g];
}

/* ---- the last ten seconds ---- */

enum { KEPT = 11 }; /* ten seconds lie between the first and the last */

struct trend {
    const struct stoa_mem *mem;
    int first, count;
    struct kept {
        stoa_time at;
        struct status_counts counts;
    } kept[KEPT];
};

int trend_new(struct trend **ret, const struct stoa_mem *mem)
{
    struct trend *t = mem_alloc(mem, sizeof *t);
    if (!t)
        return -ENOMEM;
    t->mem = mem;
    t->first = t->count = 0;
    *ret = t;
    return 0;
}

void trend_free(struct trend *t)
{
    if (t)
        mem_free(t->mem, t, sizeof *t);
}

void trend_note(struct trend *t, const struct status *s)
{
    struct kept *k = &t->kept[(t->first + t->count) % KEPT];
    if (t->count < KEPT)
        t->count++;
    else
        t->first = (t->first + 1) % KEPT;
    k->at = s->now;
    k->counts = s->counts;
}

bool trend_find(const struct trend *t, const struct status *s, stoa_time span,
                struct trend_past *ret)
{
    /* Who looks once a second looks a little earlier or later than that. */
    stoa_time wanted = s->now - span + span / 20;
    const struct kept *found = NULL;
    for (int i = 0; i < t->count; i++) {
        const struct kept *k = &t->kept[(t->first + i) % KEPT];
        if (k->at < s->now && (!found || k->at <= wanted))
            found = k;
    }
    bool is_young = s->started > wanted && s->started < s->now;
    if (is_young)
        *ret = (struct trend_past){ NULL, s->started };
    else if (found)
        *ret = (struct trend_past){ &found->counts, found->at };
    return is_young || found;
}

static double rate_of(const struct status *s, const struct trend *t, int span)
{
    struct trend_past past;
    uint64_t now = s->counts.spans[span].count, before = 0;
    if (!trend_find(t, s, STOA_SEC, &past) || past.at >= s->now)
        return 0;
    if (past.counts)
        before = past.counts->spans[span].count;
    return now > before ? (double)(now - before) * 1e9 / (double)(s->now - past.at) : 0;
}

void status_times(const struct status *s, const struct trend *t, int span, struct status_times *ret)
{
    struct stoa_stage_histogram recent = s->counts.spans[span];
    struct trend_past past;
    if (trend_find(t, s, 10 * STOA_SEC, &past) && past.counts)
        for (int i = 0; i < STOA_BUCKETS; i++)
            recent.buckets[i] -= past.counts->spans[span].buckets[i];
    *ret = (struct status_times){ .p50 = stage_quantile(&recent, 0.5),
                                  .p90 = stage_quantile(&recent, 0.9),
                                  .p99 = stage_quantile(&recent, 0.99),
                                  .max = stage_quantile(&recent, 1),
                                  .per_s = rate_of(s, t, span) };
}
