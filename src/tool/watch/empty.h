/* tool/watch/empty.h -- why a target has no listener, and what to try: for the user who asked for it. */
#ifndef TOOL_WATCH_EMPTY_H
#define TOOL_WATCH_EMPTY_H

#include "io/io.h"
#include "tool/watch/picture.h"

struct watch_empty {
    const struct watch_target *target;
    const struct watch_listener *list; /* all that there are, sorted by address */
    int count;
    int pid_error; /* why the process's descriptors cannot be read; 0 = they can */
    const struct io_sys *sys;
};

/* returns the exit code (exit_code.h). */
int watch_empty_say(const struct watch_empty *e, char *buf, size_t n);

#endif
