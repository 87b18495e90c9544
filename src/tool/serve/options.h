/* tool/serve/options.h -- what `stoa serve` was asked to do. */
#ifndef TOOL_SERVE_OPTIONS_H
#define TOOL_SERVE_OPTIONS_H

#include "app/files.h"
#include "app/log_line.h"
#include "app/mischief.h"
#include "base/buf.h"
#include "http/serve.h"
#include "tool/serve/delay.h"

enum serve_scheme { SERVE_HTTP, SERVE_TCP, SERVE_UDP };

struct serve_address {
    enum serve_scheme scheme;
    struct stoa_str text; /* "host:port", "unix:/path": without the scheme; borrowed from argv */
};

enum { SERVE_ADDRESSES_MAX = 64 };

struct serve_options {
    const char *dir;  /* NULL = the current folder */
    const char *text; /* --text; NULL = none */
    bool echo, quiet;
    struct serve_delay delay;
    struct mischief fault; /* --fault; kind NULL = none */
    struct serve_address addresses[SERVE_ADDRESSES_MAX];
    int address_count;
    const char *admin;    /* --admin; NULL = none */
    bool addresses_given; /* else they are the default, used when systemd hands over no socket */
    int workers;          /* 0 = the CPUs */
    int backlog;          /* 0 = somaxconn */
    int connections_max;  /* 0 = what the descriptor limit allows */
    const char *io;
    const char *stages; /* as in struct stoa_options */
    stoa_time drain, idle;
    struct files_options files;
    struct http_service http;
    struct buf fields; /* --header: behind http.fields */
    enum log_format log;
};

/* Reads the arguments.
 *   returns  true: go on; false: *exit_code is what the command ends with (all has been said).
 *   o        zeroed before; for serve_options_done. */
bool serve_options_read(struct serve_options *o, char **args, int *exit_code);
void serve_options_done(struct serve_options *o);

#endif
