/* tool/watch/draw_stoa.c -- what a stoa server says of itself in its mapped file: how long each stage of
 * a request takes, cores that stand still, what its connections are at, its slowest requests. */
#include "tool/watch/draw.h"
#include "tool/watch/table.h"

#include "app/status.h"
#include "stage/table.h"

enum { SLOW_ROWS = 3 };

/* ---- a line about the whole server ---- */

static int draw_head(struct cells *c, const struct watch_picture *p, int row)
{
    const struct status *s = p->stoa;
    struct status_times took;
    char up[WATCH_WORD_BYTES], number[WATCH_WORD_BYTES], p50[WATCH_WORD_BYTES],
        p99[WATCH_WORD_BYTES], text[200];
    status_times(s, p->trend, STATUS_TOOK, &took);
    int n = snprintf(text, sizeof text, "stoa %s, %s, %d %s, up %s   ", s->release, s->io, s->cores,
                     str_counted((uint64_t)s->cores, "core", "cores"),
                     watch_span(up, s->now - s->started));
    n += snprintf(text + n, sizeof text - (size_t)n, "requests %s", watch_rate(number, took.per_s));
    if (took.p50)
        snprintf(text + n, sizeof text - (size_t)n, "   took p50 %s, p99 %s",
                 watch_span(p50, took.p50), watch_span(p99, took.p99));
    cells_put(c, watch_line(c, row), LOOK_PLAIN, text);
    return 1;
}

/* Cores whose loop has not turned for a second. */
static int draw_still(struct cells *c, const struct watch_picture *p, struct area a)
{
    const struct status *s = p->stoa;
    int used = 0, more = 0;
    char text[100], age[WATCH_WORD_BYTES];
    if (p->is_stopped)
        return 0; /* a verdict says so, and all cores stand still */
    for (int i = 0; i < s->cores; i++) {
        if (s->still[i] < STATUS_BUSY_AFTER)
            continue;
        if (used == a.rows || used == 2) {
            more++;
            continue;
        }
        snprintf(text, sizeof text, "core %d stands still for %s", i, watch_span(age, s->still[i]));
        cells_put(c, (struct span){ a.top + used, WATCH_MARGIN, 1 }, LOOK_RED, "●");
        cells_put(c, watch_line(c, a.top + used), LOOK_RED, text);
        used++;
    }
    if (more > 0 && used > 0) {
        snprintf(text, sizeof text, "and %d more", more);
        cells_put_right(c, watch_line(c, a.top + used - 1), LOOK_RED, text);
    }
    return used;
}

/* ---- the stages ---- */

enum column { STAGE, P50, P99, MAX, BAR, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [STAGE] = { "STAGE", 12, 20, 0, false, false }, [P50] = { "P50", 9, 0, 2, true, false },
    [P99] = { "P99", 9, 0, 0, true, false },        [MAX] = { "MAX", 9, 0, 1, true, false },
    [BAR] = { "", 8, 60, 3, false, false },
};

struct stages {
    const struct status *s;
    struct table_place places[TABLE_COLUMNS_MAX];
    struct status_times times[STOA_SPANS];
    bool is_shown[STOA_SPANS];
    int count, worst; /* by p99; -1 = none took any time */
};

/* A program's own marks are parts of its handler's time; else the shortest. */
static int least_telling(const struct stages *g)
{
    int least = -1;
    for (int i = STOA_SPANS - 1; i >= 0; i--) {
        bool is_mark = i >= STOA_SPAN_MARKS;
        if (g->is_shown[i] && (least < 0 || (g->times[i].p99 < g->times[least].p99 &&
                                             is_mark == (least >= STOA_SPAN_MARKS))))
            least = i;
    }
    return least;
}

/* Those that took some time in the last ten seconds; the longest where there is not room for all. */
static void choose(struct stages *g, const struct watch_picture *p, int rows)
{
    *g = (struct stages){ .s = p->stoa, .worst = -1 };
    for (int i = 0; i < STOA_SPANS; i++) {
        if (p->stoa->span_names[i][0])
            status_times(p->stoa, p->trend, i, &g->times[i]);
        g->is_shown[i] = g->times[i].max > 0;
        g->count += g->is_shown[i];
        if (stage_span_is_part(i) && g->is_shown[i] &&
            (g->worst < 0 || g->times[i].p99 > g->times[g->worst].p99))
            g->worst = i;
    }
    for (; g->count > rows; g->count--)
        g->is_shown[least_telling(g)] = false;
}

/* "≤ 213 ms": how good the number is. */
static const char *span_text(char buf[WATCH_WORD_BYTES + 8], int span, int64_t ns)
{
    enum stoa_grade grade = status_grade((enum stoa_span)span);
    char text[WATCH_WORD_BYTES];
    snprintf(buf, WATCH_WORD_BYTES + 8, "%s%s",
             grade == STOA_BOUNDED     ? "≤ "
             : grade == STOA_ESTIMATED ? "≈ "
                                       : "",
             watch_span(text, ns));
    return buf;
}

static void draw_stage(struct cells *c, int row, const struct stages *g, int span)
{
    const struct table_place *places = g->places;
    const int64_t times[COLUMNS] = {
        [P50] = g->times[span].p50, [P99] = g->times[span].p99, [MAX] = g->times[span].max
    };
    unsigned look = span == g->worst ? LOOK_BOLD : LOOK_PLAIN;
    char text[WATCH_WORD_BYTES + 8];
    table_put(c, row, &columns[STAGE], &places[STAGE],
              (struct piece){ g->s->span_names[span], look });
    for (int i = P50; i <= MAX; i++)
        table_put(c, row, &columns[i], &places[i],
                  (struct piece){ span_text(text, span, times[i]), look });
    struct span bar = { row, places[BAR].column, places[BAR].width };
    if (g->worst < 0 || !stage_span_is_part(span) || bar.width == 0)
        return;
    cells_bar(c, bar, look, (double)g->times[span].p99 / (double)g->times[g->worst].p99);
}

static int draw_stages(struct cells *c, const struct watch_picture *p, struct area a)
{
    struct stages g;
    if (a.rows < 2)
        return 0;
    choose(&g, p, a.rows - 1);
    if (g.count == 0)
        return 0;
    table_divide(columns, COLUMNS, watch_line(c, a.top), g.places);
    table_titles(c, a.top, columns, COLUMNS, g.places);
    int used = 1;
    for (int i = 0; i < STOA_SPANS; i++)
        if (g.is_shown[i])
            draw_stage(c, a.top + used++, &g, i);
    return used;
}

/* ---- connections, requests ---- */

static int draw_at(struct cells *c, const struct watch_picture *p, int row)
{
    struct watch_item items[STOA_ATS];
    int n = 0;
    for (int at = STOA_AT_READY; at < STOA_ATS; at++) {
        if (p->stoa->at[at] == 0)
            continue;
        items[n] = (struct watch_item){ .word = status_at_name((enum stoa_at)at) };
        watch_count(items[n++].value, p->stoa->at[at]);
    }
    struct span to = watch_line(c, row);
    if (n == 0)
        return 0;
    int used = cells_put(c, to, LOOK_DIM, "open, by what they are at:") + 2;
    to.column += used;
    to.width -= used;
    return watch_draw_items(c, to, 1, items, n);
}

/* "426 ms  GET /slow 200   core 400 ms" */
static void draw_slow(struct cells *c, const struct watch_picture *p, int row,
                      const struct stoa_stage_request *r)
{
    char text[200], took[WATCH_WORD_BYTES], part[WATCH_WORD_BYTES];
    enum stoa_span worst = status_longest_part(r);
    snprintf(text, sizeof text, "%8s  %s %s %d   %s %s", watch_span(took, r->took),
             watch_text(r->method), watch_text(r->path), r->status, p->stoa->span_names[worst],
             watch_span(part, (stoa_time)r->span[worst].ns));
    cells_put(c, watch_line(c, row), LOOK_PLAIN, text);
}

static int draw_slowest(struct cells *c, const struct watch_picture *p, struct area a)
{
    int n = p->stoa->slowest < SLOW_ROWS ? p->stoa->slowest : SLOW_ROWS;
    if (a.rows < 2 || n == 0)
        return 0;
    cells_put(c, watch_line(c, a.top), LOOK_DIM, "SLOWEST REQUESTS, AND WHERE THEY WERE LONGEST");
    for (int i = 0; i < n && i + 1 < a.rows; i++)
        draw_slow(c, p, a.top + 1 + i, &p->stoa->slow[i]);
    return n + 1 < a.rows ? n + 1 : a.rows;
}

/* ---- all of it ---- */

static struct area rest_of(struct area a, int used)
{
    return (struct area){ a.top + used, a.rows - used };
}

/* Gives the slowest requests and the connections their rows only where the stages have theirs. */
int watch_draw_stoa(struct cells *c, const struct watch_page *page, struct area a)
{
    const struct watch_picture *p = page->p;
    enum { STAGES_WANTED = 12 };
    if (a.rows < 2)
        return 0;
    if (!p->has_stoa) {
        cells_put(c, watch_line(c, a.top), LOOK_DIM, p->stoa_text);
        return p->stoa_text[0] != 0;
    }
    int used = draw_head(c, p, a.top);
    used += draw_still(c, p, rest_of(a, used));
    struct area rest = rest_of(a, used);
    if (rest.rows > STAGES_WANTED + SLOW_ROWS + 4) {
        used += draw_at(c, p, a.top + used) + 1;
        used += draw_stages(c, p, rest_of(a, used)) + 1;
        used += draw_slowest(c, p, rest_of(a, used));
        return used;
    }
    return used + draw_stages(c, p, rest);
}
