/* app/words.c -- see words.h. */
#include "app/words.h"

/* Writes v < 1000. */
static char *put_number(char *to, unsigned v)
{
    if (v >= 100)
        *to++ = (char)('0' + v / 100);
    if (v >= 10)
        *to++ = (char)('0' + v / 10 % 10);
    *to++ = (char)('0' + v % 10);
    return to;
}

size_t words_size(char *to, uint64_t bytes)
{
    static const char units[] = "KMGTPE";
    unsigned unit = 0;
    char *p = to;
    if (bytes < 1000) {
        p = put_number(p, (unsigned)bytes);
        memcpy(p, " B", 2);
        return (size_t)(p + 2 - to);
    }
    uint64_t tenths = bytes / 1024 * 10 + bytes % 1024 * 10 / 1024;
    for (; tenths >= 9995; tenths /= 1024)
        unit++;
    if (tenths < 100) {
        p = put_number(p, (unsigned)tenths / 10);
        *p++ = '.';
        *p++ = (char)('0' + tenths % 10);
    } else {
        p = put_number(p, (unsigned)(tenths + 5) / 10);
    }
    memcpy(p, (char[]){ ' ', units[unit], 'i', 'B' }, 4);
    return (size_t)(p + 4 - to);
}
