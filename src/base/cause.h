/* base/cause.h -- the catalogue of causes: what can go wrong at which stage of a connection, said
 * once. Messages, exit codes and log fields are made from it, so that they cannot disagree. */
#ifndef BASE_CAUSE_H
#define BASE_CAUSE_H

/* Exit codes, by stage. */
enum exit_code {
    EXIT_FINE = 0,
    EXIT_INTERNAL = 1,
    EXIT_USAGE = 2,
    EXIT_BIND = 5,
    EXIT_PERMISSION = 6,
    EXIT_PORT_IN_USE = 7,
    EXIT_RESOLVE = 10,
};

struct cause {
    const char *id;    /* stable: "bind.in_use" */
    const char *stage; /* "resolve", "socket", "bind", "listen" */
    const char *what;  /* what happened, a clause */
    const char *hint;  /* what to try, a sentence; NULL = nothing to add */
    int err;           /* the errno value that it comes from */
    enum exit_code exit_code;
};

/* The cause of an error (-errno) at a stage; never NULL: an error that the catalogue does not have
 * gives the stage's general entry. */
const struct cause *cause_find(const char *stage, int err);

#endif
