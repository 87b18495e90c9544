/* stoa/cause.h -- what can go wrong at which stage of a connection. One catalogue, from which the
 * messages, the exit codes, the log's fields and stoa-causes(7) are made. */
#ifndef STOA_CAUSE_H
#define STOA_CAUSE_H

#include <stoa.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A stage of a connection's life. */
enum stoa_stage {
    STOA_STAGE_RESOLVE,
    STOA_STAGE_SOCKET,
    STOA_STAGE_BIND,
    STOA_STAGE_LISTEN,
    STOA_STAGE_ACCEPT,
    STOA_STAGE_CONNECT,
    STOA_STAGE_REQUEST,
    STOA_STAGE_REPLY,
    STOA_STAGE_CLOSE,
    STOA_STAGES
};

enum { STOA_CAUSE_ERRS = 4 };

struct stoa_cause { /* static */
    const char *id; /* stable: "bind.in_use"; its first word is the stage's */
    enum stoa_stage stage;
    int errs[STOA_CAUSE_ERRS]; /* errno values it comes with, the rest 0; all 0: none of its own */
    int exit_code;             /* of the command stoa */
    const char *what;          /* what happened, a clause without a full stop */
    const char *rules_out;     /* what that rules out, a sentence; NULL = nothing */
    const char *hint;          /* what to try next, a sentence; NULL = nothing */
    const char *page;          /* how it comes about, and how to tell it from its neighbours */
};

/* "connect", ... Static.                                                          [any] */
STOA_API const char *stoa_stage_name(enum stoa_stage s);

/* The cause with this id; NULL when there is none.                                [any] */
STOA_API const struct stoa_cause *stoa_cause_find(const char *id);

#ifdef __cplusplus
}
#endif
#endif
