/* base/buf.c -- see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void buf_init(struct buf *b, const struct stoa_mem *mem, void *first, size_t first_n)
{
    *b = (struct buf){ .p = first, .room = first_n, .mem = mem };
    b->first = first;
    b->first_n = first_n;
}

void buf_done(struct buf *b)
{
    if (b->p != b->first)
        mem_free(b->mem, b->p, b->room);
    buf_init(b, b->mem, b->first, b->first_n);
}

char *buf_room(struct buf *b, size_t n)
{
    if (n <= b->room - b->n)
        return b->p + b->n;
    size_t room = b->room < 256 ? 256 : b->room;
    while (room - b->n < n) {
        if (room > SIZE_MAX / 4) {
            b->failed = true;
            return NULL;
        }
        room *= 2;
    }
    char *p = mem_alloc(b->mem, room);
    if (!p) {
        b->failed = true;
        return NULL;
    }
    if (b->n)
        memcpy(p, b->p, b->n);
    if (b->p != b->first)
        mem_free(b->mem, b->p, b->room);
    b->p = p;
    b->room = room;
    return p + b->n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    char *to = buf_room(b, n);
    if (!to)
        return;
    memcpy(to, p, n);
    b->n += n;
}

void buf_str(struct buf *b, struct stoa_str s)
{
    buf_add(b, s.p, s.n);
}

void buf_u64(struct buf *b, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    buf_add(b, digits + at, sizeof digits - at);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *to = n < 0 ? NULL : buf_room(b, (size_t)n + 1);
    if (!to) {
        b->failed = true;
        return;
    }
    va_start(args, fmt);
    vsnprintf(to, (size_t)n + 1, fmt, args);
    va_end(args);
    b->n += (size_t)n;
}
