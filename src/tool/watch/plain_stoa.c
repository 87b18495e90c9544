/* tool/watch/plain_stoa.c -- see plain_stoa.h. */
#include "tool/watch/plain_stoa.h"

#include "stage/table.h"
#include "tool/watch/lines.h"
#include "tool/watch/words.h"

#include <stdio.h>

enum { SLOWEST_SHOWN = 5 };

/* Those spans in which something passed, whole requests last. */
struct spans {
    const struct watch_picture *p;
    int count, worst; /* worst: the row with the longest p99 of a request's own spans; -1 = none */
    int span[STATUS_TOOK + 1];
    struct status_times times[STATUS_TOOK + 1];
};

static void find_spans(struct spans *s, const struct watch_picture *p)
{
    int64_t longest = 0;
    *s = (struct spans){ .p = p, .worst = -1 };
    for (int span = 0; span <= STATUS_TOOK; span++) {
        struct status_times t;
        status_times(p->stoa, p->trend, span, &t);
        if (t.max == 0)
            continue;
        if (stage_span_is_part(span) && t.p99 > longest) {
            longest = t.p99;
            s->worst = s->count;
        }
        s->span[s->count] = span;
        s->times[s->count++] = t;
    }
}

static void put_span(const void *ctx, int i, char cells[WATCH_COLUMNS_MAX][WATCH_CELL_BYTES])
{
    const struct spans *s = ctx;
    const struct status_times *t = &s->times[i];
    int span = s->span[i];
    bool is_whole = span == STATUS_TOOK;
    snprintf(cells[0], WATCH_CELL_BYTES, "%s",
             is_whole ? "whole request" : s->p->stoa->span_names[span]);
    watch_span(cells[1], t->p50);
    watch_span(cells[2], t->p99);
    watch_span(cells[3], t->max);
    watch_rate(cells[4], t->per_s);
    snprintf(cells[5], WATCH_CELL_BYTES, "%s%s",
             is_whole ? "" : status_grade_name(status_grade((enum stoa_span)span)),
             i == s->worst ? "  <- longest" : "");
}

/* What the numbers are of: ten seconds once it has been looked at for so long. */
static void put_period(struct buf *b, const struct watch_picture *p)
{
    char span[WATCH_WORD_BYTES];
    struct trend_past past;
    if (!trend_find(p->trend, p->stoa, 10 * STOA_SEC, &past) || !past.counts)
        buf_str(b, STR("all its time\n"));
    else
        buf_fmt(b, "the last %s\n", watch_span(span, p->stoa->now - past.at));
}

static void put_spans(struct buf *b, const struct watch_picture *p)
{
    static const char *const titles[] = { "STAGE", ">P50", ">P99", ">MAX", ">RATE", "" };
    struct spans s;
    find_spans(&s, p);
    if (s.count == 0)
        buf_str(b, STR("no request in that time\n"));
    else
        watch_lines(b, &(struct watch_lines){ titles, 6, put_span, &s, s.count });
}

static void put_at(struct buf *b, const struct status *s)
{
    char n[WATCH_WORD_BYTES];
    const char *gap = "";
    buf_str(b, STR("open connections are at: "));
    for (enum stoa_at at = STOA_AT_READY; at < STOA_ATS; at++) {
        if (s->at[at] == 0)
            continue;
        buf_fmt(b, "%s%s %s", gap, watch_count(n, s->at[at]), status_at_name(at));
        gap = ", ";
    }
    buf_fmt(b, "%s\n", *gap ? "" : "none is open");
}

static void put_slowest(struct buf *b, const struct status *s)
{
    char took[WATCH_WORD_BYTES], part[WATCH_WORD_BYTES];
    for (int i = 0; i < s->slowest && i < SLOWEST_SHOWN; i++) {
        const struct stoa_stage_request *r = &s->slow[i];
        enum stoa_span span = status_longest_part(r);
        buf_fmt(b, "%s%s %s %u from %s: %s, of which %s %s%s%s\n", i ? "" : "slowest:\n  ",
                watch_text(r->method), watch_text(r->path), r->status, watch_text(r->peer),
                watch_span(took, r->took), s->span_names[span],
                watch_span(part, (stoa_time)r->span[span].ns), r->cause[0] ? ", " : "", r->cause);
        if (i + 1 < s->slowest && i + 1 < SLOWEST_SHOWN)
            buf_str(b, STR("  "));
    }
}

void watch_plain_stoa(struct buf *b, const struct watch_picture *p)
{
    if (p->stoa_text[0])
        buf_fmt(b, "\na stoa server, but %s\n", p->stoa_text);
    if (!p->has_stoa)
        return;
    buf_fmt(b, "\nstoa %s, pid %lld, %s, %d %s; the stages of ", p->stoa->release,
            (long long)p->stoa->pid, p->stoa->io, p->stoa->cores,
            str_counted((uint64_t)p->stoa->cores, "core", "cores"));
    put_period(b, p);
    put_spans(b, p);
    put_at(b, p->stoa);
    put_slowest(b, p->stoa);
}
