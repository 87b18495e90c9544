/* tool/call/report.h -- what `stoa call` found out: the data behind the stage lines, the diagnosis,
 * --json and --timings, and how it is told to people. Knows nothing of how it came about. */
#ifndef TOOL_CALL_REPORT_H
#define TOOL_CALL_REPORT_H

#include "tool/call/options.h"

#include <stdio.h>

/* One request and its reply, or one conversation with a raw peer. */
struct call_exchange {
    struct call_exchange *next;
    const char *method; /* NULL = raw */
    struct call_url *url;
    struct addr_parts place;
    const char *at;                 /* --resolve, --unix; NULL = neither */
    struct stoa_http_report report; /* raw: what of it applies */
    int status;                     /* 0 = no head of a reply came */
    struct buf fields;              /* of the reply: name, 0, value, 0, ... */
    bool is_whole;                  /* the reply was read to its end */
    const char *ended, *end_state;  /* how the connection ended; NULL = it is not known yet */
    unsigned told;                  /* the stage lines that have been printed */
};

struct call_walk {
    char to[STOA_ADDR_TEXT];
    int count; /* 0 = not walked; < 0: why it could not be */
    struct stoa_hop hops[STOA_HOPS_MAX];
};

struct call_report {
    const struct call_options *o;
    struct call_exchange *first, *last;
    struct call_walk walk;
    const struct stoa_cause *cause; /* NULL = all went well, or `trouble` */
    int err;                        /* what the failing call returned; 0 = none */
    char detail[300];               /* more words on it; "" = none */
    char trouble[300];              /* no stage failed, but something here: "cannot write x" */
    int exit_code;
    stoa_time took; /* all of it */
};

/* returns the new last exchange; NULL when there is no memory. */
struct call_exchange *call_report_add(struct call_report *r);
void call_report_done(struct call_report *r);

/* The try that a failure to connect, or the connection, is about; NULL = none was made. */
const struct stoa_try *call_report_try(const struct call_exchange *x);

/* Prints the stage lines of x that have not been printed yet. */
void call_report_stages(FILE *to, const struct call_report *r, struct call_exchange *x);

/* Prints what happened, who did it, what it rules out and what to try. Nothing when all went well. */
void call_report_diagnosis(FILE *to, const struct call_report *r);

/* Prints one line of NAME=NUMBER. */
void call_report_timings(FILE *to, const struct call_report *r);

#endif
