/* app/log.h -- the access log: every core writes its lines into a buffer of its own, and a thread
 * writes the buffers out, so that no core ever waits for a file, a pipe or a terminal.
 *
 * When the output takes less than there is to say, lines are dropped, whole ones, and counted; the
 * count is told to the log hook (log.dropped). When it fails (a full disk, a reader that has gone),
 * what it did not take is counted and told likewise (log.failed), and is tried again with the next
 * lines: serving goes on. A quiet server's lines are out at once, a busy one's within
 * LOG_REST_MS. The lines themselves: log_line.h. */
#ifndef APP_LOG_H
#define APP_LOG_H

#include "app/log_line.h"
#include "http/exchange.h"

enum { LOG_REST_MS = 50 };

struct log_options { /* copied */
    enum log_format format;
    int fd;                     /* where to; borrowed */
    bool color;                 /* pretty: with the terminal's colours */
    int cores;                  /* of the runtime */
    size_t room;                /* bytes of each core's buffer, a power of two; 0 = 256 KiB */
    const struct stoa_mem *mem; /* NULL = malloc */
    const struct stoa_log *log; /* the hook; may be NULL */
};

struct access_log;

/* Makes it and starts its thread, which blocks all signals.
 *   returns  0; -ENOMEM, -EAGAIN, -EMFILE.
 *   ret      yours, for log_free after stoa_run. */
int log_new(struct access_log **ret, const struct log_options *opt);

/* Writes what is left, as far as the output takes it within a second, and frees. NULL is fine. */
void log_free(struct access_log *l);

/* For struct http_service. */
struct http_observer log_observer(struct access_log *l);

/* Adds a line to the buffer of core number `core`; on that core's thread only. */
void log_add(struct access_log *l, int core, const struct log_entry *e);

#endif
