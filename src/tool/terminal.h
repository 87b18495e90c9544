/* tool/terminal.h -- the whole screen of a terminal: entered, drawn, listened to, and left as it was.
 * Used by `stoa watch`. One at a time, on the main thread.
 *
 * Signals become events of terminal_wait(): while the terminal is open those that end, stop or resize
 * the program are blocked, and none of them can leave the terminal in a state that is ours. */
#ifndef TOOL_TERMINAL_H
#define TOOL_TERMINAL_H

#include "tool/cells.h"
#include "tool/keys.h"

#include <signal.h>
#include <stoa.h>
#include <termios.h>

/* What terminal_wait returns besides a key. */
enum {
    TERMINAL_TIME = 1000, /* the time has come */
    TERMINAL_RESIZED,     /* draw anew: the size may be another */
    TERMINAL_ENDED,       /* a signal ends the program, or the terminal is gone */
};

enum { TERMINAL_INPUT_BYTES = 64 };

struct terminal {
    int in;      /* the keys; the page goes to stdout */
    int signals; /* signalfd(2) */
    bool owns_in, is_ours, is_gone;
    struct termios before;
    sigset_t mask_before;
    struct cells shown, page;
    struct cells_style style;
    char input[TERMINAL_INPUT_BYTES]; /* not decoded yet */
    size_t input_bytes;
};

/* Takes the terminal: alternate screen, no cursor, keys at once and unechoed.
 *   returns  0, for terminal_close(); -ENOTTY: stdout is none, or one that cannot place its cursor
 *            (TERM is "dumb" or not set), or there are no keys; -ENOMEM, -EMFILE. */
int terminal_open(struct terminal *t);

/* Gives it back as it was, with what stood there before. Of a terminal that is gone the signals stay
 * blocked: its SIGHUP may come after the end of its input, and is no reason to die of any more. */
void terminal_close(struct terminal *t);

/* The page, cleared, of the terminal's present size (of the size before when memory is short). */
struct cells *terminal_page(struct terminal *t);

/* Shows what was put on the page. */
void terminal_show(struct terminal *t);

/* Waits for a key, but at most until then (CLOCK_MONOTONIC).              [waits]
 *   returns  the key, or one of TERMINAL_.... Ctrl-C is KEY_CTRL('C'). */
int terminal_wait(struct terminal *t, stoa_time until);

/* Stops the program as Ctrl-Z does, with the terminal given back meanwhile. */
void terminal_suspend(struct terminal *t);

/* Draws everything anew at the next terminal_show: another program has written over it. */
void terminal_redraw(struct terminal *t);

#endif
