/* tool/serve/say.h -- what a running server has to say, on stderr, without ever waiting for whoever reads
 * it: a core that waited for a full pipe would serve nobody meanwhile. */
#ifndef TOOL_SERVE_SAY_H
#define TOOL_SERVE_SAY_H

#include <stoa/embed.h>

#include <pthread.h>
#include <stdbool.h>

struct serve_say {
    bool quiet; /* errors only */
    pthread_mutex_t lock;
    unsigned long lost; /* lines that stderr did not take; told with the next one that it takes */
};

/* The log hook of s, which must outlive it. */
struct stoa_log serve_say_log(struct serve_say *s);

#endif
