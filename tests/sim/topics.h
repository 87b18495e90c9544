/* sim/topics.h -- what can be asked, a row each: how the request is written and what its reply must
 * be. The server's half is sim/site.c. */
#ifndef SIM_TOPICS_H
#define SIM_TOPICS_H

#include "sim/client.h"

struct topic {
    const char *name;
    unsigned weight;
    void (*ask)(struct client *c, struct ask *a, bool keep); /* appends to c->out */
    void (*judge)(struct client *c, const struct ask *a);    /* c->heard is whole */
    bool breaks;                                             /* the reply must not become whole */
    bool is_wrong;    /* the request is: it is refused, and the connection ends */
    size_t grain_min; /* only for clients that move so much at once */
};

const struct topic *topic_draw(const struct client *c);

/* Those about files: sim/pages.c. */
extern const struct topic page_topics[], topic_again;
extern const size_t page_topics_n;

/* Those about other paths: sim/paths.c. */
extern const struct topic path_topics[];
extern const size_t path_topics_n;

/* Not drawn: sim/wrongs.c. */
extern const struct topic topic_wrong, topic_garbage, topic_half, topic_half_body;

#endif
