/* tool/keys.h -- the bytes that a terminal sends, as keys. Pure. */
#ifndef TOOL_KEYS_H
#define TOOL_KEYS_H

#include <stdbool.h>
#include <stddef.h>

/* A key is a printable ASCII character, or one of these. */
enum key {
    KEY_MORE = -1, /* not a whole one yet */
    KEY_ENTER = '\r',
    KEY_ESC = 27,
    KEY_BACKSPACE = 127,
    KEY_OTHER = 256, /* one that nobody asks for */
    KEY_UP,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_DELETE,
};

/* The key of Ctrl with a letter: KEY_CTRL('C'). */
enum { KEY_CTRL_MASK = 0x1f };
#define KEY_CTRL(letter) ((letter)&KEY_CTRL_MASK)

/* The first key of n > 0 bytes.
 *   is_all   no more bytes came for a while: ESC is the key itself, and begins no sequence.
 *   returns  the key, and how many bytes it took; KEY_MORE, never when is_all. */
int key_decode(const char *bytes, size_t n, bool is_all, size_t *used);

#endif
