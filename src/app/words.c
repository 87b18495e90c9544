/* app/words.c -- see words.h. */
#include "app/words.h"

void words_size(struct buf *b, uint64_t bytes)
{
    static const char units[] = "KMGTPE";
    unsigned unit = 0;
    if (bytes < 1000) {
        buf_u64(b, bytes);
        buf_str(b, STR(" B"));
        return;
    }
    uint64_t tenths = bytes / 1024 * 10 + bytes % 1024 * 10 / 1024;
    for (; tenths >= 9995; tenths /= 1024)
        unit++;
    if (tenths < 100)
        buf_fmt(b, "%u.%u", (unsigned)tenths / 10, (unsigned)tenths % 10);
    else
        buf_u64(b, (tenths + 5) / 10);
    buf_fmt(b, " %ciB", units[unit]);
}
