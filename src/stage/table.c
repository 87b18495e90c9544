/* stage/table.c -- see table.h. */
#include "stage/table.h"

#include "base/cause.h"
#include "base/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 4096 };

_Static_assert(sizeof(struct stoa_stage_conn) == 128, "two cache lines");
_Static_assert(sizeof(struct stage_conn) % 64 == 0, "whole cache lines");
_Static_assert(sizeof(struct stoa_stage_request) % 8 == 0, "copied by words");
_Static_assert(sizeof(struct stoa_stage_listener) % 8 == 0, "copied by words");

static uint64_t pages(uint64_t n)
{
    return (n + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* Where each table stands. */
static void lay_out(const struct stage_shape *shape, struct stoa_stage_table *listeners,
                    struct stoa_stage_table *cores, struct stoa_stage_table *conns)
{
    *listeners = (struct stoa_stage_table){ .offset = pages(sizeof(struct stoa_stage_head)),
                                            .size = sizeof(struct stoa_stage_listener) };
    uint64_t end = listeners->offset + STAGE_LISTENERS_MAX * listeners->size;
    *cores = (struct stoa_stage_table){ .offset = pages(end),
                                        .count = (uint32_t)shape->cores,
                                        .size = (uint32_t)pages(sizeof(struct stoa_stage_core)) };
    end = cores->offset + (uint64_t)cores->count * cores->size;
    *conns = (struct stoa_stage_table){ .offset = pages(end),
                                        .count = (uint32_t)shape->cores * shape->conns_each,
                                        .size = sizeof(struct stage_conn) };
}

size_t stage_table_bytes(const struct stage_shape *shape)
{
    struct stoa_stage_table listeners, cores, conns;
    lay_out(shape, &listeners, &cores, &conns);
    return pages(conns.offset + (uint64_t)conns.count * conns.size);
}

static void write_names(struct stoa_stage_head *head)
{
    static const char *const names[STOA_SPAN_MARKS] = { "handshake", "accept", "queued", "buffer",
                                                        "core",      "head",   "body",   "handler",
                                                        "send",      "network" };
    for (int i = 0; i < STOA_SPAN_MARKS; i++)
        snprintf(head->spans[i], sizeof head->spans[i], "%s", names[i]);
    check(cause_count() <= STOA_CAUSES_MAX);
    for (size_t i = 0; i < cause_count(); i++)
        snprintf(head->causes[i], sizeof head->causes[i], "%s", cause_at(i)->id);
}

void stage_table_init(struct stage_table *t, void *memory, const struct stage_shape *shape)
{
    static const char magic[8] = "stoa\0stg";
    struct stoa_stage_head *head = memory;
    *t = (struct stage_table){ .head = head, .shape = *shape };
    head->version = 1;
    head->bytes = sizeof *head;
    snprintf(head->release, sizeof head->release, "%s", STOA_VERSION);
    write_names(head);
    lay_out(shape, &head->listeners, &head->cores, &head->conns);
    uint64_t word;
    memcpy(&word, magic, sizeof word);
    __atomic_store_n((uint64_t *)(void *)head->magic, word, __ATOMIC_RELEASE);
}

static void *entry(const struct stage_table *t, const struct stoa_stage_table *table, uint64_t i)
{
    return (char *)t->head + table->offset + i * table->size;
}

struct stoa_stage_core *stage_table_core(const struct stage_table *t, int core)
{
    return entry(t, &t->head->cores, (uint64_t)core);
}

struct stage_conn *stage_table_conns(const struct stage_table *t, int core)
{
    return entry(t, &t->head->conns, (uint64_t)core * t->shape.conns_each);
}

struct stoa_stage_listener *stage_table_listener(const struct stage_table *t, uint32_t i)
{
    return entry(t, &t->head->listeners, i);
}

uint32_t stage_table_add_listener(struct stage_table *t, const char *name)
{
    uint32_t i = t->head->listeners.count;
    if (i == STAGE_LISTENERS_MAX)
        return i - 1;
    struct stoa_stage_listener *l = stage_table_listener(t, i);
    snprintf(l->name, sizeof l->name, "%s", name);
    __atomic_store_n(&t->head->listeners.count, i + 1, __ATOMIC_RELEASE);
    return i;
}

static int find_span(const struct stoa_stage_head *head, uint32_t marks, const char *name)
{
    for (uint32_t i = 0; i < marks; i++)
        if (strcmp(head->spans[STOA_SPAN_MARKS + i], name) == 0)
            return (int)(STOA_SPAN_MARKS + i);
    return -ENOSPC;
}

int stage_table_name_span(struct stage_table *t, const char *name)
{
    struct stoa_stage_head *head = t->head;
    while (__atomic_test_and_set(&t->is_naming, __ATOMIC_ACQUIRE))
        ; /* for as long as it takes to copy a name, at most six times in a runtime's life */
    uint32_t marks = head->marks;
    int span = find_span(head, marks, name);
    if (span < 0 && marks < STOA_SPANS - STOA_SPAN_MARKS) {
        span = (int)(STOA_SPAN_MARKS + marks);
        snprintf(head->spans[span], sizeof head->spans[span], "%s", name);
        __atomic_store_n(&head->marks, marks + 1, __ATOMIC_RELEASE);
    }
    __atomic_clear(&t->is_naming, __ATOMIC_RELEASE);
    return span;
}

int stage_cause_index(const struct stoa_stage_head *head, const char *id)
{
    for (int i = 0; i < STOA_CAUSES_MAX && head->causes[i][0]; i++)
        if (strcmp(head->causes[i], id) == 0)
            return i;
    return -1;
}
