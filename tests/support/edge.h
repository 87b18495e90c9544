/* support/edge.h -- bytes that end where an unreadable page begins, so that a parser which looks
 * one byte too far dies of it. */
#ifndef SUPPORT_EDGE_H
#define SUPPORT_EDGE_H

#include <stoa.h>

struct edge {
    char *room; /* bytes of it, then the page */
    size_t bytes;
};

/* For copies of at most bytes_max bytes. */
void edge_open(struct edge *e, size_t bytes_max);
void edge_close(struct edge *e);

/* returns a copy of s that ends at the edge; the one before is gone. */
struct stoa_str edge_put(struct edge *e, struct stoa_str s);

#endif
