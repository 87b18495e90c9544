/* tool/call/options.h -- what `stoa call` was asked to do. */
#ifndef TOOL_CALL_OPTIONS_H
#define TOOL_CALL_OPTIONS_H

#include "base/buf.h"
#include "tool/call/url.h"

#include <stoa/http.h>

enum call_scheme { CALL_HTTP, CALL_TCP, CALL_UDP, CALL_UNIX };
enum { CALL_FIELDS_MAX = 64, CALL_RESOLVE_MAX = 16 };

struct call_resolve { /* --resolve HOST:PORT:ADDR */
    const char *host, *port, *addr;
};

struct call_options {
    const char *target; /* as it was written */
    enum call_scheme scheme;
    struct call_url url; /* CALL_HTTP */
    char addr[300];      /* else: for stoa_dial */
    struct addr_parts place;

    const char *method;
    struct stoa_http_field fields[CALL_FIELDS_MAX];
    int fields_count;
    struct buf data;   /* const char *: what each -d gave, "@FILE" where it is to be read */
    const char *words; /* DATA, instead; NULL = none */
    struct buf body;   /* made of either, by call_body */
    bool has_body;     /* it may be empty */
    bool head_only;    /* -I */

    const char *output; /* -o; NULL = standard output, unless that is a terminal and it is binary */
    bool include, follow, fail;

    int family;
    struct call_resolve resolve[CALL_RESOLVE_MAX];
    int resolve_count;
    char unix_at[120]; /* --unix, as "unix:PATH"; "" = none */
    stoa_time within;  /* 0 = no limit */
    const char *io;

    bool verbose, walk, json, timings;
};

/* Reads the arguments.
 *   returns  true: go on; false: *exit_code is what the command ends with (all has been said).
 *   o        zeroed before; for call_options_done; borrows from args, which it takes apart. */
bool call_options_read(struct call_options *o, char **args, int *exit_code);
void call_options_done(struct call_options *o);

/* Where to connect instead of this host and port, by --unix and --resolve; NULL = nowhere else. */
const char *call_options_at(const struct call_options *o, const struct addr_parts *place);

#endif
