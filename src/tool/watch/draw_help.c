/* tool/watch/draw_help.c -- the page of keys and words. */
#include "tool/watch/draw.h"

static const struct help {
    const char *word, *text; /* word NULL: a blank row */
} helps[] = {
    { "↑ ↓ PgUp PgDn", "select a listener, or scroll" },
    { "enter", "look into the listener: its connections, its stages" },
    { "esc", "clear the filter; back" },
    { "q", "quit" },
    { "p", "pause, and go on" },
    { "/", "show only what contains a text: address, process, state ..." },
    { "s ← →", "sort by another column: its title is bold" },
    { "tab", "a stoa server's stages, or its connections" },
    { NULL, NULL },
    { "ACCEPT QUEUE", "connections that wait for the process to accept them, of so many at most; "
                      "of ×4 sockets the fullest" },
    { "SYN", "SYN queue: connections that are being made" },
    { "DROPS", "SYNs and final ACKs that the kernel dropped, each try anew, and ACKs twice: their "
               "clients wait" },
    { "CLOSE_WAIT", "the peer has closed, and the process has not" },
    { "UNREAD", "bytes that have come and that the process has not read" },
    { "UNSENT", "bytes that the peer has not taken yet" },
    { "SENT AGAIN", "segments whose acknowledgement did not come in time" },
    { "QUIET", "how long no byte has come" },
};

int watch_draw_help(struct cells *c, struct area a)
{
    enum { WORD_WIDTH = 15 };
    int used = 0;
    /* A short page has the keys alone. */
    bool is_short = a.rows < (int)(sizeof helps / sizeof *helps) + 3;
    for (size_t i = 0; i < sizeof helps / sizeof *helps && used < a.rows; i++) {
        struct span to = watch_line(c, a.top + used);
        if (!helps[i].word && is_short)
            break;
        if (!helps[i].word) {
            used++;
            continue;
        }
        const struct piece text = { helps[i].text, LOOK_PLAIN };
        cells_put(c, (struct span){ to.row, to.column, WORD_WIDTH }, LOOK_BOLD, helps[i].word);
        to.column += WORD_WIDTH + 1;
        to.width -= WORD_WIDTH + 1;
        used += cells_flow(c, to, a.rows - used, &text, 1);
    }
    return used;
}
