/* stage/view.h -- reading the mapped file of stoa/stage.h: our own, or that of another process, which
 * is not trusted: no offset, count or text of it is believed unseen. Knows no process and no file:
 * it is given memory (probe/stage_file.h maps it).                                 [any] */
#ifndef STAGE_VIEW_H
#define STAGE_VIEW_H

#include "stage/histogram.h"

struct stage_view { /* zeroed = nothing is open */
    const char *base;
    size_t bytes;
    struct stoa_stage_table cores, listeners, conns;
};

/* Looks at `bytes` of mapped memory, which must stay as long as v is used.
 *   returns  0; -EINVAL: it is no such file, or not a whole one; -EPROTONOSUPPORT: of a version that
 *            this reader does not know. */
int stage_view_init(struct stage_view *v, const void *base, size_t bytes);

/* The head; its numbers change meanwhile. Its texts are read with the two functions below. */
const struct stoa_stage_head *stage_view_head(const struct stage_view *v);

/* A span's name, "" when it has none; a cause's id, "" likewise. Terminated; escaped. */
void stage_view_span_name(const struct stage_view *v, enum stoa_span span, char ret[24]);
void stage_view_cause_name(const struct stage_view *v, int cause, char ret[40]);

/* How many there are: listeners may be added while they are looked at. */
uint32_t stage_view_cores(const struct stage_view *v);
uint32_t stage_view_listeners(const struct stage_view *v);
uint32_t stage_view_conns(const struct stage_view *v);

/* Which connections' entries core i has ever used: *first, and the returned number from there on. */
uint32_t stage_view_conns_used(const struct stage_view *v, uint32_t i, uint32_t *first);

/* What core i has counted, as it is counted: single numbers are good, `slow` is read with
 * stage_view_slowest. i: below stage_view_cores. */
const struct stoa_stage_core *stage_view_core(const struct stage_view *v, uint32_t i);

/* Copies of an entry, with terminated texts, but for a connection's `peer`, which is as the kernel has
 * it. return false: it is free, or was written all the while. */
bool stage_view_conn(const struct stage_view *v, uint32_t i, struct stoa_stage_conn *ret);
bool stage_view_listener(const struct stage_view *v, uint32_t i, struct stoa_stage_listener *ret);

/* Makes a connection's `peer` a text in its place: "127.0.0.1:5555", "[::1]:5555", "" for a Unix
 * socket's. By itself, since it takes longer than all of a look at the connection. */
void stage_view_name_peer(char peer[48]);

/* The slowest requests of all cores, of this and the last ten seconds in which any ended, slowest
 * first. returns how many, at most max. */
int stage_view_slowest(const struct stage_view *v, struct stoa_stage_request *ret, int max);

/* The counts of a span, or of whole requests (span STOA_SPANS), of all cores. */
void stage_histogram_sum(const struct stage_view *v, enum stoa_span span,
                         struct stoa_stage_histogram *ret);

#endif
