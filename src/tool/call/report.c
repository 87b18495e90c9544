/* tool/call/report.c -- the data of a report, and the numbers of --timings; the stage lines are in
 * stages.c, the words on a failure in diagnosis.c. */
#include "tool/call/report.h"

struct call_exchange *call_report_add(struct call_report *r)
{
    struct call_exchange *x = mem_zalloc(&mem_default, sizeof *x);
    if (!x)
        return NULL;
    x->report.write_took = x->report.wait_took = x->report.read_took = -1;
    x->report.dial.winner = -1;
    buf_init(&x->fields, &mem_default, NULL, 0);
    if (r->last)
        r->last->next = x;
    else
        r->first = x;
    return r->last = x;
}

void call_report_done(struct call_report *r)
{
    for (struct call_exchange *x = r->first; x;) {
        struct call_exchange *next = x->next;
        buf_done(&x->fields);
        mem_free(&mem_default, x->url, sizeof *x->url);
        mem_free(&mem_default, x, sizeof *x);
        x = next;
    }
    r->first = r->last = NULL;
}

const struct stoa_try *call_report_try(const struct call_exchange *x)
{
    const struct stoa_report *d = &x->report.dial;
    if (d->winner >= 0)
        return &d->tries[d->winner];
    for (int i = 0; i < d->count; i++)
        if (d->tries[i].cause == d->cause)
            return &d->tries[i];
    return d->count > 0 ? &d->tries[d->count - 1] : NULL;
}

/* Stages that were not passed have no number. */
static void print_ms(FILE *to, const char *name, stoa_time span)
{
    if (span < 0)
        fprintf(to, "%s=- ", name);
    else
        fprintf(to, "%s=%.3f ", name, (double)span / (double)STOA_MS);
}

void call_report_timings(FILE *to, const struct call_report *r)
{
    const struct call_exchange *x = r->last;
    if (x) {
        const struct stoa_http_report *h = &x->report;
        const struct stoa_try *t = call_report_try(x);
        print_ms(to, "resolve_ms", h->dial.resolve_took);
        print_ms(to, "connect_ms", t ? t->took : -1);
        print_ms(to, "write_ms", h->write_took);
        print_ms(to, "wait_ms", h->wait_took);
        print_ms(to, "read_ms", h->read_took);
        print_ms(to, "total_ms", r->took);
        fprintf(to, "request_bytes=%llu body_bytes=%llu status=%d ",
                (unsigned long long)h->request_bytes, (unsigned long long)h->reply_body_bytes,
                x->status);
    }
    fprintf(to, "exit_code=%d cause=%s\n", r->exit_code, r->cause ? r->cause->id : "-");
}
