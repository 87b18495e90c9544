/* stage/table.h -- the mapped file of stoa/stage.h as its writer lays it out: a head, listeners,
 * cores, connections. Knows no file: it is given memory (core/stages.c maps it). */
#ifndef STAGE_TABLE_H
#define STAGE_TABLE_H

#include "stage/wall.h"
#include "stage/way.h"

#include <stoa/stage.h>

enum {
    STAGE_NAME_MAX = 23,
    STAGE_LISTENERS_MAX = 128,
    STAGE_CONNS_MAX = 65536 /* seen of each core */
};

/* The name of the file where it has no other (memfd_create(2)). */
#define STAGE_FILE_NAME "stoa-stages"

/* One connection in the file: what others read, and behind it what its core keeps to itself. */
struct stage_conn {
    struct stoa_stage_conn seen;
    struct stage_way way;
} __attribute__((aligned(64)));

struct stage_shape {
    int cores;
    uint32_t conns_each; /* of each core */
};

struct stage_table {
    struct stoa_stage_head *head; /* NULL = there is none */
    struct stage_shape shape;
    struct stage_wall wall; /* of when it was made: where each core's begins */
    bool is_naming;         /* some core adds a name */
};

/* How much memory it takes; pages that nobody touches stay unused. */
size_t stage_table_bytes(const struct stage_shape *shape);

/* Lays it out in zeroed memory, aligned to a page; pid and the clocks are the caller's to write into
 * the head. The head's magic is set last: whoever sees it sees all. */
void stage_table_init(struct stage_table *t, void *memory, const struct stage_shape *shape);

struct stoa_stage_core *stage_table_core(const struct stage_table *t, int core);
struct stage_conn *stage_table_conns(const struct stage_table *t, int core);

/* Adds a listener. returns its index; names after the last one's are not kept: they share the last
 * entry. Before the cores run. */
uint32_t stage_table_add_listener(struct stage_table *t, const char *name);
struct stoa_stage_listener *stage_table_listener(const struct stage_table *t, uint32_t i);

/* Whether the span is a part of a request's whole; the others are its connection's, or within HANDLER. */
static inline bool stage_span_is_part(int span)
{
    return span >= STOA_SPAN_QUEUED && span <= STOA_SPAN_SEND;
}

/* The name of a span, as it stands in the head; NULL = it has none (yet). */
static inline const char *stage_head_name(const struct stoa_stage_head *head, enum stoa_span span)
{
    uint32_t marks = __atomic_load_n(&head->marks, __ATOMIC_ACQUIRE);
    return span < STOA_SPAN_MARKS + marks ? head->spans[span] : NULL;
}

/* The span with this name, of the program's own, at most 23 bytes; it is added when there is room. On
 * any core's thread. returns the span; -ENOSPC. */
int stage_table_name_span(struct stage_table *t, const char *name);

/* The index of a cause's id among the head's names; -1 = it has none. */
int stage_cause_index(const struct stoa_stage_head *head, const char *id);

#endif
