/* tool/call/words.c -- see words.h. */
#include "tool/call/words.h"

#include <stdio.h>

const char *call_time(char *buf, stoa_time span)
{
    double ms = (double)span / (double)STOA_MS;
    if (span < 0)
        snprintf(buf, CALL_WORD_BYTES, "-");
    else if (ms < 1)
        snprintf(buf, CALL_WORD_BYTES, "%.2f ms", ms);
    else if (ms < 1000)
        snprintf(buf, CALL_WORD_BYTES, "%.1f ms", ms);
    else
        snprintf(buf, CALL_WORD_BYTES, "%.1f s", ms / 1000);
    return buf;
}

/* "1,256". returns buf, of CALL_WORD_BYTES. */
static const char *call_count(char *buf, uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            buf[at++] = ',';
        buf[at++] = digits[i];
    }
    buf[at] = 0;
    return buf;
}

const char *call_bytes(char *buf, uint64_t n)
{
    char count[CALL_WORD_BYTES];
    snprintf(buf, CALL_WORD_BYTES, "%.30s %s", call_count(count, n),
             str_counted(n, "byte", "bytes"));
    return buf;
}
