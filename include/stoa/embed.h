/* stoa/embed.h -- what a program that embeds stoa may replace: memory, and who hears of failures. */
#ifndef STOA_EMBED_H
#define STOA_EMBED_H

#include <stoa.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stoa_mem {                                  /* must outlive the runtime */
    void *(*alloc)(void *ctx, size_t n);           /* aligned for anything; NULL = none; [any] */
    void (*release)(void *ctx, void *p, size_t n); /* p never NULL; n as it was asked for; [any] */
    void *ctx;
};

enum stoa_level { STOA_INFO, STOA_WARNING, STOA_ERROR };

struct stoa_log {                                                    /* must outlive the runtime */
    void (*say)(void *ctx, enum stoa_level level, const char *text); /* [any]; one line, escaped */
    void *ctx;
};

#ifdef __cplusplus
}
#endif
#endif
