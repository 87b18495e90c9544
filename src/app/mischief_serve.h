/* app/mischief_serve.h -- plays a fault to whoever connects. Called by the command. */
#ifndef APP_MISCHIEF_SERVE_H
#define APP_MISCHIEF_SERVE_H

#include "app/mischief.h"
#include "net/serving.h"

enum mischief_speech {
    MISCHIEF_HTTP, /* a request is a head and its body */
    MISCHIEF_RAW,  /* a request is whatever comes first; the same bytes answer it */
};

/* How a listener treats its connections so. On one core, since what is counted is counted there.
 *   f        borrowed as long as the listener; f->kind is set. */
struct listener_options mischief_listening(const struct mischief *f, enum mischief_speech speech,
                                           int backlog);

#endif
