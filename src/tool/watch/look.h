/* tool/watch/look.h -- the eye of `stoa watch`: looks at the kernel's sockets, their owners and the
 * counters, and makes a picture of it. Needs no privileges and no help of the process that it looks
 * at.
 *
 * What it costs is bounded: listeners and counters each time (0.3 ms); the walk through all connections
 * and the search through all processes' descriptors only when 150 times what they last took has
 * passed. */
#ifndef TOOL_WATCH_LOOK_H
#define TOOL_WATCH_LOOK_H

#include "tool/watch/order.h"

struct watch_look;

/* returns 0 and *ret, for watch_look_free; -ENOMEM. */
int watch_look_new(struct watch_look **ret, const struct io_sys *sys, const struct stoa_mem *mem);
void watch_look_free(struct watch_look *l);

/* Looks at something else from the next watch_look_take on: the connections are walked through at once,
 * what is known of rates and of owners stays. target: copied. */
void watch_look_aim(struct watch_look *l, const struct watch_target *target);

/* Which connections are kept where there are more than WATCH_CONNS_MAX; at first WATCH_BY_TROUBLE. */
void watch_look_prefer(struct watch_look *l, enum watch_sort key);

/* Takes a look.
 *   returns  0; < 0: the kernel does not tell of its sockets, or there is no memory. The picture is
 *            empty then. */
int watch_look_take(struct watch_look *l);

/* The picture of the last look: borrowed until the next watch_look_take; its arrays may be sorted. */
struct watch_picture *watch_look_picture(struct watch_look *l);

/* Why a picture with a target shows no listener: "nobody listens at :81: ...", and what to try.
 * returns the exit code of the command for it (exit_code.h); 0: there is one, or nothing was aimed at. */
int watch_look_why_empty(struct watch_look *l, char *buf, size_t n);

#endif
