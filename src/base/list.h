/* base/list.h -- a doubly linked list whose nodes live in their owners.
 *
 * An empty list and an unlinked node point at themselves, so unlinking twice is harmless. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

/* The struct of type `type` whose member `member` is *node. */
#define list_owner(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* For each node of the list `in`; the present one may be unlinked or freed meanwhile. */
#define list_each(node, in)                                                                        \
    for (struct list *node = (in)->next, *node##_next = node->next; node != (in);                  \
         node = node##_next, node##_next = node->next)

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_push_back(struct list *l, struct list *node)
{
    node->prev = l->prev;
    node->next = l;
    l->prev->next = node;
    l->prev = node;
}

static inline void list_push_front(struct list *l, struct list *node)
{
    list_push_back(l->next, node);
}

static inline void list_unlink(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node->prev = node;
}

/* Unlinks and gives the first node; NULL when there is none. */
static inline struct list *list_pop_front(struct list *l)
{
    struct list *node = l->next;
    if (node == l)
        return NULL;
    list_unlink(node);
    return node;
}

/* Moves all nodes of `from` to the end of `to`; `from` is empty afterwards. */
static inline void list_move_all(struct list *to, struct list *from)
{
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#endif
