/* tool/serve/listen.h -- the listeners of `stoa serve`: opened, announced, and, when one cannot be
 * opened, explained. */
#ifndef TOOL_SERVE_LISTEN_H
#define TOOL_SERVE_LISTEN_H

#include "app/admin.h"
#include "tool/serve/options.h"

/* What listeners do with their connections, by what is spoken there; datagrams are sent back. */
struct serve_services {
    struct listener_options http, raw;
};

/* Opens what the options ask for, or takes the sockets that were handed over (`sockets` many, from
 * SYSTEMD_FIRST_FD on) when no address was given.
 *   returns  0; else the exit code, after the reason was said on stderr.
 *   said     lines that name what was opened: to be printed once signals stop the server in order,
 *            since whoever has read them may send one. */
int serve_listen(struct stoa_rt *rt, const struct serve_options *o,
                 const struct serve_services *how, int sockets, struct buf *said);

/* Opens the admin address where the options ask for one. After serve_listen.
 *   ret      NULL when there is none; yours, also on failure.
 *   returns  as serve_listen. */
int serve_listen_admin(struct stoa_rt *rt, const struct serve_options *o, struct admin **ret,
                       struct buf *said);

#endif
