/* app/status.h -- what a server does now, and what it has done: one look at its stage table
 * (stage/view.h), copied, so that whoever writes it down has numbers that stand still. Of our own
 * server, or of another process.
 *
 * Called by admin.c, and by the command. Knows no way to write it down: status_json.h,
 * status_metrics.h. */
#ifndef APP_STATUS_H
#define APP_STATUS_H

#include "stage/view.h"

#include <stoa/embed.h>

enum {
    STATUS_CORES_MAX = 1024,
    STATUS_LISTENERS_MAX = 128,
    STATUS_CONNS_MAX = 100,  /* shown; all are counted */
    STATUS_TOOK = STOA_SPANS /* index of whole requests among the spans */
};

/* What only grows. Of all cores together. */
struct status_counts {
    uint64_t accepted, closed, requests, bytes_in, bytes_out;
    uint64_t statuses[STOA_STATUSES];
    uint64_t causes[STOA_CAUSES_MAX];
    struct stoa_stage_histogram spans[STOA_SPANS + 1];
    uint64_t drops[STATUS_LISTENERS_MAX];
};

struct status {
    stoa_time now; /* CLOCK_MONOTONIC, and CLOCK_REALTIME at the same moment */
    int64_t real_ns;
    int64_t pid;
    stoa_time started;
    char io[8], release[16];
    bool draining;
    char span_names[STOA_SPANS][24]; /* "" = none has it */
    char cause_names[STOA_CAUSES_MAX][40];
    struct status_counts counts;

    int cores;
    stoa_time still[STATUS_CORES_MAX]; /* how long the turn of its loop lasts that is under way;
                                          0 = it waits for something to do */
    int listeners;
    struct stoa_stage_listener listener[STATUS_LISTENERS_MAX];
    int slowest; /* slowest first */
    struct stoa_stage_request slow[STOA_SLOWEST];
    uint64_t at[STOA_ATS]; /* connections in each state */
    int conns;             /* those that are longest in their state, idle ones last */
    struct stoa_stage_conn conn[STATUS_CONNS_MAX];
    uint64_t conns_more; /* how many are not shown */
};

/* Takes a look at v. Reads every connection's entry: 1 ms for 20,000 of them.
 *   now, real_ns   the two clocks, at this moment.
 *   s              yours, 120 KB: not for a stack. */
void status_take(struct status *s, const struct stage_view *v, stoa_time now, int64_t real_ns);

/* A core that has not looked for work for longer is stuck: /healthz and the page say so. What is
 * shorter is a core that is busy. */
#define STATUS_STUCK_AFTER (10 * STOA_SEC)

/* From here on it is worth a word. (The page has the same: BUSY_S.) */
#define STATUS_BUSY_AFTER STOA_SEC

/* Whether each core's loop turns; and whether requests are welcome: it does not drain, and no accept
 * queue is more than half full, either.
 *   why      set when not: a line for people, escaped. */
enum { STATUS_WHY_BYTES = 240 };
bool status_is_alive(const struct status *s, char why[STATUS_WHY_BYTES]);
bool status_is_ready(const struct status *s, char why[STATUS_WHY_BYTES]);

/* "ready", "head", ...: the states of a connection. Static. */
const char *status_at_name(enum stoa_at at);

/* How good the numbers of a span are at best. */
enum stoa_grade status_grade(enum stoa_span span);
const char *status_grade_name(enum stoa_grade g); /* "exact", ... Static. */

/* The part that took longest, of those that are known; QUEUED where none is. */
enum stoa_span status_longest_part(const struct stoa_stage_request *r);

/* ---- the last ten seconds ---- */

struct trend;

/* returns 0 and *ret, yours; -ENOMEM. */
int trend_new(struct trend **ret, const struct stoa_mem *mem);
void trend_free(struct trend *t);

/* Keeps the counts of s. Once a second. */
void trend_note(struct trend *t, const struct status *s);

struct trend_past {
    const struct status_counts *counts; /* borrowed until the next trend_note; NULL = all 0 */
    stoa_time at;
};

/* The counts as they were `span` before the look s; as the server began, when that was later; or where
 * nothing was kept so early, as early as it was.
 *   returns  false: nothing is known from before s. */
bool trend_find(const struct trend *t, const struct status *s, stoa_time span,
                struct trend_past *ret);

/* How long one span took, or whole requests (STATUS_TOOK): over the last ten seconds before the look s.
 * As upper bounds of the histogram's buckets. */
struct status_times {
    int64_t p50, p90, p99, max; /* ns; 0 = there was none */
    double per_s;               /* how many, over the last second; 0 = none, or not known yet */
};
void status_times(const struct status *s, const struct trend *t, int span,
                  struct status_times *ret);

#endif
