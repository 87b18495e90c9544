/* app/status_json.c -- see status_json.h. */
#include "app/status_json.h"

#include "app/json.h"

struct place {
    struct buf *b;
    const struct status *s;
    const struct trend *trend;
    struct trend_past second; /* what rates are measured against; at 0: nothing is known */
};

static void put_seconds(struct buf *b, const char *name, int64_t ns)
{
    json_milli(b, name, ns / 1000000);
}

static void put_us(struct buf *b, const char *name, uint64_t ns)
{
    json_milli(b, name, (int64_t)(ns < INT64_MAX ? ns : INT64_MAX));
}

/* How often a second, over the last second. */
static void put_rate(const struct place *p, const char *name, uint64_t now, uint64_t before)
{
    double span_s = (double)(p->s->now - p->second.at) / 1e9;
    bool is_known = p->second.at && now >= before && span_s > 0;
    json_milli(p->b, name, is_known ? (int64_t)((double)(now - before) / span_s * 1000) : 0);
}

#define BEFORE(p, member) ((p)->second.counts ? (p)->second.counts->member : 0)

/* ---- the server ---- */

static void put_server(const struct place *p)
{
    const struct status *s = p->s;
    struct buf *b = p->b;
    json_open(b, "server", '{');
    json_count(b, "pid", (uint64_t)s->pid);
    json_text(b, "version", str_of(s->release));
    json_text(b, "io", str_of(s->io));
    json_count(b, "cores", (uint64_t)s->cores);
    put_seconds(b, "uptime_s", s->now - s->started);
    put_seconds(b, "time", s->real_ns);
    json_bool(b, "draining", s->draining);
    json_open(b, "alive", '[');
    for (int i = 0; i < s->cores; i++)
        put_seconds(b, NULL, s->still[i]);
    json_close(b, ']');
    put_seconds(b, "stuck_after_s", STATUS_STUCK_AFTER);
    json_close(b, '}');
}

static void put_rates(const struct place *p)
{
    const struct status_counts *c = &p->s->counts;
    json_open(p->b, "rates", '{');
    put_rate(p, "requests", c->requests, BEFORE(p, requests));
    put_rate(p, "connections", c->accepted, BEFORE(p, accepted));
    put_rate(p, "bytes_out", c->bytes_out, BEFORE(p, bytes_out));
    put_rate(p, "bytes_in", c->bytes_in, BEFORE(p, bytes_in));
    json_close(p->b, '}');
}

static void put_totals(const struct place *p)
{
    static const char *const classes[STOA_STATUSES] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };
    const struct status_counts *c = &p->s->counts;
    json_open(p->b, "totals", '{');
    json_count(p->b, "requests", c->requests);
    json_count(p->b, "connections", c->accepted);
    json_count(p->b, "open", c->accepted - c->closed);
    json_count(p->b, "bytes_in", c->bytes_in);
    json_count(p->b, "bytes_out", c->bytes_out);
    json_open(p->b, "statuses", '{');
    for (int i = 1; i <= STOA_STATUSES; i++)
        json_count(p->b, classes[i % STOA_STATUSES], c->statuses[i % STOA_STATUSES]);
    json_close(p->b, '}');
    json_close(p->b, '}');
}

/* ---- listeners ---- */

static void put_listener(const struct place *p, int i)
{
    const struct stoa_stage_listener *l = &p->s->listener[i];
    struct buf *b = p->b;
    json_open(b, NULL, '{');
    json_text(b, "name", str_of(l->name));
    json_count(b, "queue", l->queue);
    json_count(b, "queue_max", l->queue_max);
    json_count(b, "queue_peak", l->queue_peak);
    json_count(b, "backlog_asked", l->backlog_asked);
    json_milli(b, "fullest", l->fullest);
    json_count(b, "syn_queue", l->syn_queue);
    json_count(b, "drops", l->drops);
    json_count(b, "overflows", l->overflows);
    json_count(b, "syn_drops", l->syn_drops);
    json_count(b, "syn_cookies", l->syn_cookies);
    json_count(b, "listen_drops", l->listen_drops);
    put_rate(p, "drops_per_s", l->drops, BEFORE(p, drops[i]));
    json_close(b, '}');
}

static void put_listeners(const struct place *p)
{
    json_open(p->b, "listeners", '[');
    for (int i = 0; i < p->s->listeners; i++)
        put_listener(p, i);
    json_close(p->b, ']');
}

/* ---- spans ---- */

static void put_quantile(struct buf *b, const char *name, int64_t ns)
{
    if (ns)
        put_us(b, name, (uint64_t)ns);
    else
        json_null(b, name);
}

static void put_times(const struct place *p, int span)
{
    struct status_times times;
    status_times(p->s, p->trend, span, &times);
    json_count(p->b, "count", p->s->counts.spans[span].count);
    put_quantile(p->b, "p50_us", times.p50);
    put_quantile(p->b, "p90_us", times.p90);
    put_quantile(p->b, "p99_us", times.p99);
    put_quantile(p->b, "max_us", times.max);
    json_milli(p->b, "rate", (int64_t)(times.per_s * 1000));
}

static void put_spans(const struct place *p)
{
    json_open(p->b, "spans", '[');
    for (enum stoa_span span = 0; span < STOA_SPANS; span++) {
        if (!p->s->span_names[span][0])
            continue;
        json_open(p->b, NULL, '{');
        json_text(p->b, "name", str_of(p->s->span_names[span]));
        put_times(p, (int)span);
        json_text(p->b, "grade", str_of(status_grade_name(status_grade(span))));
        json_close(p->b, '}');
    }
    json_close(p->b, ']');
    json_open(p->b, "took", '{');
    put_times(p, STATUS_TOOK);
    json_close(p->b, '}');
}

/* ---- causes ---- */

/* The most frequent cause of those that are less frequent than `last` is, or as frequent and behind it;
 * -1 = there is none left. last: -1 at first. */
static int next_cause(const uint64_t *counts, int last)
{
    int best = -1;
    for (int i = 0; i < STOA_CAUSES_MAX; i++) {
        bool is_left =
            last < 0 || counts[i] < counts[last] || (counts[i] == counts[last] && i > last);
        if (counts[i] && is_left && (best < 0 || counts[i] > counts[best]))
            best = i;
    }
    return best;
}

static void put_causes(const struct place *p)
{
    const uint64_t *counts = p->s->counts.causes;
    json_open(p->b, "causes", '[');
    for (int i = next_cause(counts, -1); i >= 0; i = next_cause(counts, i)) {
        json_open(p->b, NULL, '{');
        json_text(p->b, "id", str_of(p->s->cause_names[i]));
        json_count(p->b, "count", counts[i]);
        put_rate(p, "per_s", counts[i], BEFORE(p, causes[i]));
        json_close(p->b, '}');
    }
    json_close(p->b, ']');
}

/* ---- requests ---- */

static void put_span_of(const struct place *p, const struct stoa_stage_request *r, int span)
{
    const struct stoa_span_time *t = &r->span[span];
    if (t->ns == 0 || !p->s->span_names[span][0])
        return;
    if (r->grade[span] != STOA_BOUNDED) {
        put_us(p->b, p->s->span_names[span], t->ns);
        return;
    }
    json_open(p->b, p->s->span_names[span], '[');
    put_us(p->b, NULL, t->least);
    put_us(p->b, NULL, t->ns);
    json_close(p->b, ']');
}

static void put_request(const struct place *p, const struct stoa_stage_request *r)
{
    json_open(p->b, NULL, '{');
    json_text(p->b, "method", str_of(r->method));
    json_text(p->b, "path", str_of(r->path));
    json_count(p->b, "status", r->status);
    json_text(p->b, "peer", str_of(r->peer));
    put_seconds(p->b, "began", r->began + (p->s->real_ns - p->s->now));
    put_us(p->b, "took_us", (uint64_t)r->took);
    json_count(p->b, "bytes", r->bytes);
    json_text(p->b, "cause", str_of(r->cause));
    json_open(p->b, "spans", '{');
    for (int span = 0; span < STOA_SPANS; span++)
        put_span_of(p, r, span);
    json_close(p->b, '}');
    json_close(p->b, '}');
}

static void put_slowest(const struct place *p)
{
    json_open(p->b, "slowest", '[');
    for (int i = 0; i < p->s->slowest; i++)
        put_request(p, &p->s->slow[i]);
    json_close(p->b, ']');
}

/* ---- connections ---- */

static void put_at(const struct place *p)
{
    json_open(p->b, "at", '{');
    for (enum stoa_at at = STOA_AT_READY; at < STOA_ATS; at++)
        json_count(p->b, status_at_name(at), p->s->at[at]);
    json_close(p->b, '}');
}

static void put_conn(const struct place *p, const struct stoa_stage_conn *c)
{
    json_open(p->b, NULL, '{');
    json_text(p->b, "peer", str_of(c->peer));
    json_count(p->b, "listener", c->listener);
    json_text(p->b, "at", str_of(status_at_name((enum stoa_at)c->at)));
    put_seconds(p->b, "age_s", p->s->now > c->since ? p->s->now - c->since : 0);
    put_seconds(p->b, "open_s", p->s->now > c->accepted ? p->s->now - c->accepted : 0);
    json_count(p->b, "requests", c->requests);
    json_count(p->b, "in", c->in);
    json_count(p->b, "out", c->out);
    json_close(p->b, '}');
}

static void put_conns(const struct place *p)
{
    json_open(p->b, "connections", '[');
    for (int i = 0; i < p->s->conns; i++)
        put_conn(p, &p->s->conn[i]);
    json_close(p->b, ']');
    json_count(p->b, "connections_more", p->s->conns_more);
}

/* ---- all of it ---- */

void status_json(struct buf *b, const struct status *s, const struct trend *t)
{
    struct place p = { .b = b, .s = s, .trend = t };
    trend_find(t, s, STOA_SEC, &p.second);
    json_open(b, NULL, '{');
    put_server(&p);
    put_rates(&p);
    put_totals(&p);
    put_listeners(&p);
    put_spans(&p);
    put_at(&p);
    put_causes(&p);
    put_slowest(&p);
    put_conns(&p);
    json_close(b, '}');
}
