/* base/heap.c -- see heap.h. Four children a node would save levels; two keep it plain, and a
 * core's timers are few: only waits with a deadline that really wait. */
#include "base/heap.h"
#include "base/check.h"

#include <errno.h>
#include <string.h>

void heap_init(struct heap *h, const struct stoa_mem *mem)
{
    *h = (struct heap){ .mem = mem };
}

void heap_done(struct heap *h)
{
    mem_free(h->mem, h->nodes, h->room * sizeof *h->nodes);
    *h = (struct heap){ .mem = h->mem };
}

static void place(struct heap *h, struct heap_node *n, size_t i)
{
    h->nodes[i] = n;
    n->place = i + 1;
}

static void sift_up(struct heap *h, size_t i)
{
    struct heap_node *n = h->nodes[i];
    while (i > 0 && h->nodes[(i - 1) / 2]->key > n->key) {
        place(h, h->nodes[(i - 1) / 2], i);
        i = (i - 1) / 2;
    }
    place(h, n, i);
}

static void sift_down(struct heap *h, size_t i)
{
    struct heap_node *n = h->nodes[i];
    size_t child;
    while ((child = 2 * i + 1) < h->count) {
        if (child + 1 < h->count && h->nodes[child + 1]->key < h->nodes[child]->key)
            child++;
        if (h->nodes[child]->key >= n->key)
            break;
        place(h, h->nodes[child], i);
        i = child;
    }
    place(h, n, i);
}

static int grow(struct heap *h)
{
    size_t room = h->room ? 2 * h->room : 64;
    struct heap_node **nodes = mem_alloc(h->mem, room * sizeof *nodes);
    if (!nodes)
        return -ENOMEM;
    if (h->count)
        memcpy(nodes, h->nodes, h->count * sizeof *nodes);
    mem_free(h->mem, h->nodes, h->room * sizeof *nodes);
    h->nodes = nodes;
    h->room = room;
    return 0;
}

int heap_insert(struct heap *h, struct heap_node *n)
{
    check(!heap_has(n));
    if (h->count == h->room && grow(h) < 0)
        return -ENOMEM;
    place(h, n, h->count++);
    sift_up(h, h->count - 1);
    return 0;
}

void heap_remove(struct heap *h, struct heap_node *n)
{
    if (!heap_has(n))
        return;
    size_t i = n->place - 1;
    check(i < h->count && h->nodes[i] == n);
    struct heap_node *last = h->nodes[--h->count];
    n->place = 0;
    if (last == n)
        return;
    place(h, last, i);
    sift_up(h, i);
    sift_down(h, last->place - 1);
}

void heap_rekey(struct heap *h, struct heap_node *n, stoa_time key)
{
    check(heap_has(n));
    n->key = key;
    sift_up(h, n->place - 1);
    sift_down(h, n->place - 1);
}
