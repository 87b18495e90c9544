/* stage/request.c -- see request.h. */
#include "stage/request.h"

#include "stage/histogram.h"

static const int64_t SLOW_PERIOD_NS = 10 * (int64_t)1000000000;

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Where bytes that came first stand: their stamp, or where that is not known, their reading. */
static int64_t beginning(const struct stage_came *came, int64_t now)
{
    int64_t at = came->rx ? came->rx : came->read;
    return at && at < now ? at : now;
}

/* What the marks have counted is for one request only; most make none. */
static void forget_marks(struct stage_request *r)
{
    for (int i = STOA_SPAN_MARKS; i < STOA_SPANS; i++)
        r->ns[i] = 0;
    r->is_marked = false;
    r->mark = 0;
}

static void set_grades(struct stage_request *r, uint8_t before_handler)
{
    for (int i = STOA_SPAN_QUEUED; i <= STOA_SPAN_HEAD; i++)
        r->grade[i] = before_handler;
    for (int i = STOA_SPAN_BODY; i <= STOA_SPAN_SEND; i++)
        r->grade[i] = STOA_EXACT;
}

/* Field by field: the marks' many are touched only where some were made. */
void stage_request_begin(struct stage_request *r, const struct stage_came *came, bool whole,
                         int64_t accepted, int64_t now)
{
    const struct stage_came *first = r->head.read ? &r->head : came;
    bool known = came->rx && first->rx;
    int64_t began = beginning(first, now), from = later(began, accepted < now ? accepted : now);
    struct stage_wait w = { .client = (uint64_t)(now - from) };
    if (whole)
        w = stage_way_split(from, came, now);
    if (r->is_marked)
        forget_marks(r);
    set_grades(r, known ? STOA_EXACT : STOA_UNKNOWN);
    r->measured = true;
    r->span = STOA_SPAN_HANDLER;
    r->head.read = 0;
    r->first = accepted != 0;
    r->began = began;
    r->since = now;
    r->ns[STOA_SPAN_QUEUED] = (uint64_t)(from - began);
    r->ns[STOA_SPAN_HEAD] = w.client;
    r->ns[STOA_SPAN_BUFFER] = w.buffer;
    r->ns[STOA_SPAN_CORE] = w.core;
    r->ns[STOA_SPAN_BODY] = r->ns[STOA_SPAN_HANDLER] = r->ns[STOA_SPAN_SEND] = 0;
}

void stage_request_fed(struct stage_request *r, const struct stage_came *came, enum stoa_span span,
                       int64_t now)
{
    int64_t from = r->since;
    stage_request_turn(r, span, now);
    if (!came)
        return;
    struct stage_wait w = stage_way_split(from, came, later(from, now));
    r->ns[STOA_SPAN_BODY] -= w.buffer + w.core;
    r->ns[STOA_SPAN_BUFFER] += w.buffer;
    r->ns[STOA_SPAN_CORE] += w.core;
}

struct stage_time stage_request_time(const struct stage_request *r, const struct stage_conn *c,
                                     enum stoa_span span)
{
    const struct stoa_stage_conn *seen = &c->seen;
    struct stage_time none = { STOA_UNKNOWN, { 0, 0 } };
    if (span == STOA_SPAN_HANDSHAKE)
        return r->first && seen->handshake
                   ? (struct stage_time){ STOA_EXACT, { seen->handshake, seen->handshake } }
                   : none;
    if (span == STOA_SPAN_ACCEPT)
        return r->first && seen->queue_most
                   ? (struct stage_time){ STOA_BOUNDED, { seen->queue_most, seen->queue_least } }
                   : none;
    uint8_t grade = r->grade[span];
    if (span >= STOA_SPAN_MARKS && r->ns[span])
        grade = STOA_EXACT;
    return (struct stage_time){ (enum stoa_grade)grade, { r->ns[span], r->ns[span] } };
}

/* ---- counting ---- */

static inline void count_if_any(struct stoa_stage_core *core, const struct stage_request *r, int i)
{
    if (r->ns[i])
        stage_histogram_add(&core->spans[i], r->ns[i]);
}

static void count_marks(struct stoa_stage_core *core, const struct stage_request *r)
{
    for (int i = STOA_SPAN_MARKS; i < STOA_SPANS; i++)
        count_if_any(core, r, i);
}

/* What every request passes counts always, the others when there was something to wait for. Not a
 * loop: this is a third of what the clock costs. */
static void count_spans(struct stoa_stage_core *core, const struct stage_request *r)
{
    if (r->grade[STOA_SPAN_BUFFER] != STOA_UNKNOWN) {
        stage_histogram_add(&core->spans[STOA_SPAN_BUFFER], r->ns[STOA_SPAN_BUFFER]);
        stage_histogram_add(&core->spans[STOA_SPAN_CORE], r->ns[STOA_SPAN_CORE]);
        count_if_any(core, r, STOA_SPAN_QUEUED);
        count_if_any(core, r, STOA_SPAN_HEAD);
    }
    count_if_any(core, r, STOA_SPAN_BODY);
    stage_histogram_add(&core->spans[STOA_SPAN_HANDLER], r->ns[STOA_SPAN_HANDLER]);
    stage_histogram_add(&core->spans[STOA_SPAN_SEND], r->ns[STOA_SPAN_SEND]);
    stage_histogram_add(&core->took, (uint64_t)stage_request_took(r));
    if (r->is_marked)
        count_marks(core, r);
}

static void count_connection(struct stoa_stage_core *core, const struct stoa_stage_conn *c)
{
    if (c->handshake)
        stage_histogram_add(&core->spans[STOA_SPAN_HANDSHAKE], c->handshake);
    if (c->queue_most)
        stage_histogram_add(&core->spans[STOA_SPAN_ACCEPT], c->queue_most);
}

static bool is_slow(const struct stoa_stage_core *core, int64_t took, int64_t now)
{
    for (int i = 0; i < 2; i++)
        if (now - core->slow[i].from < SLOW_PERIOD_NS)
            return core->slow[i].count < STOA_SLOWEST || took > core->slow[i].worst[0].took;
    return true; /* a new period begins */
}

bool stage_request_count(struct stage_clock *s, struct stage_conn *c, const struct stage_request *r,
                         const struct stage_facts *f)
{
    struct stoa_stage_core *core = s->core;
    unsigned kind = (unsigned)f->status / 100;
    int cause = f->cause ? stage_cause_index(s->head, f->cause) : -1;
    stage_count(&core->requests, 1);
    stage_count(&core->statuses[kind < STOA_STATUSES ? kind : 0], 1);
    if (cause >= 0)
        stage_count(&core->causes[cause], 1);
    if (!r->measured)
        return false;
    count_spans(core, r);
    if (r->first)
        count_connection(core, &c->seen);
    return is_slow(core, stage_request_took(r), r->since);
}

void stage_request_acked(struct stage_clock *s, uint64_t ns)
{
    stage_histogram_add(&s->core->spans[STOA_SPAN_NETWORK], ns);
}

/* ---- the slowest ---- */

/* The board of the present ten seconds: which, when they are over, takes the place of the last. */
static int present_board(struct stoa_stage_core *core, int64_t now)
{
    int old = core->slow[0].from <= core->slow[1].from ? 0 : 1;
    if (now - core->slow[!old].from < SLOW_PERIOD_NS)
        return !old;
    stage_begin(&core->slow[old].seq);
    stage_put(&core->slow[old].count, 0u);
    stage_put(&core->slow[old].from, now);
    stage_end(&core->slow[old].seq);
    return old;
}

/* A heap whose first is the fastest: the place of one that is slower, with the others moved. The
 * caller writes. returns where. */
static uint32_t make_place(struct stoa_stage_request *worst, uint32_t *count, int64_t took)
{
    uint32_t at = 0;
    if (*count < STOA_SLOWEST) {
        at = (*count)++;
        for (uint32_t up; at > 0 && worst[up = (at - 1) / 2].took > took; at = up)
            stage_put_bytes(&worst[at], &worst[up], sizeof *worst);
        return at;
    }
    for (uint32_t down; (down = 2 * at + 1) < *count; at = down) {
        if (down + 1 < *count && worst[down + 1].took < worst[down].took)
            down++;
        if (worst[down].took >= took)
            break;
        stage_put_bytes(&worst[at], &worst[down], sizeof *worst);
    }
    return at;
}

static void fill(struct stoa_stage_request *shown, const struct stage_conn *c,
                 const struct stage_request *r)
{
    shown->began = r->began;
    shown->took = stage_request_took(r);
    shown->first = r->first;
    shown->listener = c->seen.listener;
    for (int i = 0; i < STOA_SPANS; i++) {
        struct stage_time t = stage_request_time(r, c, (enum stoa_span)i);
        shown->grade[i] = (uint8_t)t.grade;
        shown->span[i] = t.time;
    }
}

void stage_request_rank(struct stage_clock *s, struct stage_conn *c, const struct stage_request *r,
                        struct stoa_stage_request *shown)
{
    struct stoa_stage_core *core = s->core;
    int board = present_board(core, r->since);
    uint32_t count = core->slow[board].count;
    fill(shown, c, r);
    shown->core = s->index;
    stage_begin(&core->slow[board].seq);
    uint32_t at = make_place(core->slow[board].worst, &count, shown->took);
    stage_put_bytes(&core->slow[board].worst[at], shown, sizeof *shown);
    stage_put(&core->slow[board].count, count);
    stage_end(&core->slow[board].seq);
}
