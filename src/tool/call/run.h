/* tool/call/run.h -- a call under way: what its parts share. call.c starts it as the runtime's only
 * task, which speaks HTTP (http.c) or passes bytes on (raw.c). */
#ifndef TOOL_CALL_RUN_H
#define TOOL_CALL_RUN_H

#include "tool/call/fd.h"
#include "tool/call/report.h"

struct call {
    struct call_options o;
    struct call_report report;
    struct call_end end; /* of all waits: an interrupt, or -m */
    struct call_out out;
};

/* Makes c->o.body of what was given; reads the files that are named, until c->end.when at most.
 *   returns  true: go on; false: the report says why. */
bool call_body(struct call *c);

/* Both fill in c->report, whatever happens; the result is for stoa_start: always 0.  [waits] */
int call_http(stoa_task *t, struct call *c);
int call_raw(stoa_task *t, struct call *c);

/* The moment, asked of the clock itself: stoa_now is that of the turn, in which much may happen. */
stoa_time call_clock(void);

/* What is left of -m; 0 = there is no limit. At least a millisecond: 0 is not "at once". */
stoa_time call_left(const stoa_task *t, const struct call *c);

/* Whether -m has passed. */
bool call_is_late(const stoa_task *t, const struct call *c);

/* A stage failed. detail: NULL or "" = no more is known. */
void call_fail(struct call *c, const struct stoa_cause *cause, int err, const char *detail);

/* No stage failed, but something here did. */
__attribute__((format(printf, 3, 4))) void call_trouble(struct call *c, int exit_code,
                                                        const char *fmt, ...);

/* The body's bytes. returns true: go on; false: it ends here, and the report says why.  [waits] */
bool call_write(stoa_task *t, struct call *c, const void *p, size_t n);

/* Opens where the body goes, if it is not open. returns as call_write. */
bool call_open_out(struct call *c);

/* With -v: the stage lines that there are by now. */
void call_tell(struct call *c);

#endif
