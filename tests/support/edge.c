/* support/edge.c -- see edge.h. */
#include "support/edge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

void edge_open(struct edge *e, size_t bytes_max)
{
    e->bytes = (bytes_max + PAGE - 1) / PAGE * PAGE;
    e->room =
        mmap(NULL, e->bytes + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (e->room == MAP_FAILED || mprotect(e->room + e->bytes, PAGE, PROT_NONE) != 0)
        abort();
}

void edge_close(struct edge *e)
{
    munmap(e->room, e->bytes + PAGE);
}

struct stoa_str edge_put(struct edge *e, struct stoa_str s)
{
    char *p = e->room + e->bytes - s.n;
    if (s.n > e->bytes)
        abort();
    if (s.n)
        memmove(p, s.p, s.n);
    return (struct stoa_str){ p, s.n };
}
