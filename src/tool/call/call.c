/* tool/call/call.c -- `stoa call`: options, runtime, the one task; then what is told of it. */
#include "tool/call/json.h"
#include "tool/call/look.h"
#include "tool/call/run.h"
#include "tool/call/walk.h"

#include "base/cause.h"
#include "base/error.h"
#include "base/exit_code.h"
#include "base/sys.h"
#include "tool/commands.h"

#include <signal.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

/* ---- what the parts share ---- */

stoa_time call_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * STOA_SEC + now.tv_nsec;
}

stoa_time call_left(const stoa_task *t, const struct call *c)
{
    if (c->end.when == STOA_NEVER)
        return 0;
    stoa_time left = c->end.when - stoa_now(t);
    return left > STOA_MS ? left : STOA_MS;
}

bool call_is_late(const stoa_task *t, const struct call *c)
{
    return stoa_now(t) >= c->end.when;
}

void call_fail(struct call *c, const struct stoa_cause *cause, int err, const char *detail)
{
    struct call_report *r = &c->report;
    char seen[sizeof r->detail];
    bool unanswered = strcmp(cause->id, "reply.timeout") == 0;
    if (unanswered && call_look_at_peer(r, seen, sizeof seen)) {
        cause = stoa_cause_find("reply.never_read");
        detail = seen;
    }
    r->cause = cause;
    r->err = err;
    r->exit_code = cause->exit_code;
    snprintf(r->detail, sizeof r->detail, "%s", detail ? detail : "");
}

void call_trouble(struct call *c, int exit_code, const char *fmt, ...)
{
    struct call_report *r = &c->report;
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->trouble, sizeof r->trouble, fmt, args);
    va_end(args);
    r->exit_code = exit_code;
}

static void cannot_write(struct call *c, const char *what, int err)
{
    char path[200];
    str_escape(path, sizeof path, str_of(c->out.path ? c->out.path : "standard output"));
    call_trouble(c, EXIT_INTERNAL, "cannot %s %s: %s (%s)", what, path, stoa_strerror(err),
                 error_name(err));
}

bool call_open_out(struct call *c)
{
    int r = c->out.fd >= 0 ? 0 : call_out_open(&c->out, c->o.output);
    if (r < 0)
        cannot_write(c, "open", r);
    return r >= 0;
}

bool call_write(stoa_task *t, struct call *c, const void *p, size_t n)
{
    int r = call_out_write(t, &c->end, &c->out, p, n);
    if (r == -EILSEQ)
        call_trouble(c, EXIT_USAGE,
                     "what comes is not text and could disturb your terminal; -o - "
                     "shows it all the same, -o FILE keeps it");
    else if (r == -ECANCELED)
        call_trouble(c, EXIT_INTERRUPTED, "interrupted");
    else if (r == -ETIMEDOUT)
        call_fail(c, stoa_cause_find("reply.deadline"), r, "its reader does not take the body");
    else if (r < 0 && r != -EPIPE) /* a reader that has enough is no failure */
        cannot_write(c, "write to", r);
    return r == 0;
}

void call_tell(struct call *c)
{
    if (c->o.verbose && !c->o.json && c->report.last)
        call_report_stages(stderr, &c->report, c->report.last);
}

/* ---- the task ---- */

static int run(stoa_task *t, void *arg)
{
    struct call *c = arg;
    stoa_time began = call_clock();
    int r = c->o.scheme == CALL_HTTP ? call_http(t, c) : call_raw(t, c);
    c->report.took = call_clock() - began;
    call_walk(t, c);
    return r;
}

/* ---- the process ---- */

/* What the signal handler needs; a command runs once in its process. */
static struct {
    stoa_rt *rt;
    const struct call_end *end;
} on_signal;

static void interrupt(int sig)
{
    (void)sig;
    call_end_now(on_signal.end);
    stoa_stop(on_signal.rt, 0);
}

/* The first Ctrl-C ends it with what is known by then, a second one at once. */
static void listen_to_signals(stoa_rt *rt, const struct call *c)
{
    struct sigaction action = { .sa_handler = interrupt, .sa_flags = SA_RESTART };
    action.sa_flags |= (int)SA_RESETHAND;
    on_signal.rt = rt;
    on_signal.end = &c->end;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void run_all(struct call *c)
{
    stoa_rt *rt = NULL;
    int r = stoa_new(&rt, &(struct stoa_options){ .cores = 1, .io = c->o.io });
    if (r == 0)
        r = call_end_open(&c->end);
    if (r == 0)
        r = stoa_start(rt, run, c);
    if (r == 0) {
        listen_to_signals(rt, c);
        r = stoa_run(rt);
        signal(SIGINT,
               SIG_IGN); /* the runtime is going to be freed, and there is little left to end */
    }
    if (r < 0)
        call_trouble(c, EXIT_INTERNAL, "cannot start: %s (%s)", stoa_strerror(r), error_name(r));
    stoa_free(rt);
}

static void tell_json(const struct call *c)
{
    struct buf line;
    buf_init(&line, &mem_default, NULL, 0);
    call_json(&line, &c->report);
    if (line.failed)
        fprintf(stderr, "stoa: there is no memory for the report\n");
    else
        fwrite(line.p, 1, line.n, stderr);
    buf_done(&line);
}

static void tell_all(struct call *c)
{
    struct call_report *r = &c->report;
    if (c->o.json) {
        tell_json(c);
        return;
    }
    for (struct call_exchange *x = r->first; x && (c->o.verbose || r->exit_code); x = x->next)
        call_report_stages(stderr, r, x);
    call_report_diagnosis(stderr, r);
    if (c->o.timings)
        call_report_timings(stderr, r);
}

static void done(struct call *c)
{
    call_out_close(&c->out);
    call_end_close(&c->end);
    call_report_done(&c->report);
    call_options_done(&c->o);
}

int command_call(char **args)
{
    struct call *c = mem_zalloc(&mem_default, sizeof *c);
    int exit_code;
    if (!c) {
        fprintf(stderr, "stoa: there is no memory to start\n");
        return EXIT_INTERNAL;
    }
    c->end.wake = c->out.fd = -1;
    c->report.o = &c->o;
    if (call_options_read(&c->o, args, &exit_code)) {
        stoa_time began = call_clock();
        c->end.when = c->o.within ? began + c->o.within : STOA_NEVER;
        if (call_body(c))
            run_all(c);
        else
            c->report.took = call_clock() - began;
        call_look_at_ends(&c->report);
        tell_all(c);
        exit_code = c->report.exit_code;
    }
    done(c);
    mem_free(&mem_default, c, sizeof *c);
    return exit_code;
}
