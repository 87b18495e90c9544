/* net/names.h -- the addresses of a name, asked for by a task while other tasks run. Used by
 * net/dial.c. */
#ifndef NET_NAMES_H
#define NET_NAMES_H

#include "core/core.h"
#include "net/addr.h"

enum { NAMES_MAX = 32 };

struct names {
    struct addr list[NAMES_MAX];
    int count;
    const char *why; /* static; set when it failed */
};

/* As addr_look_up; what is numeric is read at once, the rest asked for on a thread of its own. [waits]
 *   returns  0 and *ret; as addr_look_up, with ret->why; -ETIMEDOUT, -ECANCELED: the question goes on
 *            without the task, until the name service gives up; -ENOMEM, -EAGAIN (too many ask
 *            already, or no thread; why NULL). */
int names_resolve(struct core *core, const struct addr_parts *parts, const struct addr_query *q,
                  struct names *ret);

#endif
