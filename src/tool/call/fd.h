/* tool/call/fd.h -- the command's own descriptors, standard input and where the body goes: waited for
 * on a helper thread, so that a slow pipe or a person at a terminal does not hold up the network's
 * side. Knows no protocol. */
#ifndef TOOL_CALL_FD_H
#define TOOL_CALL_FD_H

#include <stoa.h>

#include <stdbool.h>

/* What ends all waits: a descriptor that becomes readable, and the deadline for all of it. */
struct call_end {
    int wake;       /* an eventfd */
    stoa_time when; /* STOA_NEVER = none */
};

int call_end_open(struct call_end *e);         /* returns 0; < 0 */
void call_end_now(const struct call_end *e);   /* ends all waits, now and later; [any] */
void call_end_close(const struct call_end *e); /* never opened (-1) is fine */

/* Reads what there is, waiting for at least one byte.                             [waits]
 *   returns  1..len; 0 at the end; -ECANCELED, -ETIMEDOUT (of *e); < 0 as read(2). */
ssize_t call_fd_read(stoa_task *t, const struct call_end *e, int fd, void *buf, size_t len);

/* What is left until then, as poll(2) takes it: -1 = for ever, 0 = nothing, else rounded up. */
int call_poll_ms(stoa_time until, stoa_time now);

struct call_out {
    const char *path; /* for messages; NULL = standard output */
    int fd;           /* -1 = not open yet */
    bool is_terminal; /* and nobody said -o -: what is not text is refused */
    bool is_file;     /* never makes one wait */
};

/* path: NULL or "-" = standard output. returns 0; < 0 as open(2). */
int call_out_open(struct call_out *o, const char *path);
void call_out_close(struct call_out *o);

/* Writes all of it.                                                               [waits]
 *   returns  0; -EPIPE when the reader has gone; -EILSEQ: this is no text, and a terminal would take
 *            it for commands; -ECANCELED, -ETIMEDOUT; < 0 as write(2). */
int call_out_write(stoa_task *t, const struct call_end *e, struct call_out *o, const void *p,
                   size_t n);

#endif
