/* tool/keys.c -- see keys.h. The sequences are those of xterm ("ctlseqs") in both modes of its cursor
 * keys, which the terminals of today share, and of rxvt and the Linux console for Home and End. */
#include "tool/keys.h"

enum { SEQUENCE_BYTES_MAX = 32 }; /* longer than any: noise */

static int key_of_number(int number)
{
    switch (number) {
    case 1:
    case 7: return KEY_HOME;
    case 3: return KEY_DELETE;
    case 4:
    case 8: return KEY_END;
    case 5: return KEY_PAGE_UP;
    case 6: return KEY_PAGE_DOWN;
    default: return KEY_OTHER;
    }
}

static int key_of_letter(char letter)
{
    switch (letter) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return KEY_RIGHT;
    case 'D': return KEY_LEFT;
    case 'F': return KEY_END;
    case 'H': return KEY_HOME;
    case 'M': return KEY_ENTER; /* of the number pad, after ESC O */
    default: return KEY_OTHER;
    }
}

/* After "ESC [": parameters, then the letter that ends it (ECMA-48, section 5.4). */
static int decode_csi(const char *bytes, size_t n, size_t *used)
{
    int number = 0;
    bool is_first = true;
    for (size_t i = 2; i < n; i++) {
        char c = bytes[i];
        if ((unsigned char)c < 0x20 || (unsigned char)c > 0x7e || i == SEQUENCE_BYTES_MAX) {
            *used = i;
            return KEY_OTHER;
        }
        if (c >= 0x40) {
            *used = i + 1;
            return c == '~' ? key_of_number(number) : key_of_letter(c);
        }
        is_first = is_first && c >= '0' && c <= '9';
        if (is_first && number < 100)
            number = number * 10 + (c - '0');
    }
    return KEY_MORE;
}

static int decode_escape(const char *bytes, size_t n, bool is_all, size_t *used)
{
    int key = KEY_MORE;
    if (n >= 2 && bytes[1] == '[') {
        key = decode_csi(bytes, n, used);
    } else if (n >= 3 && bytes[1] == 'O') {
        *used = 3;
        key = key_of_letter(bytes[2]);
    } else if (n >= 2 && bytes[1] != 'O') {
        *used = 1;
        key = KEY_ESC;
    }
    if (key == KEY_MORE && is_all) {
        *used = n == 1 ? 1 : n;
        key = n == 1 ? KEY_ESC : KEY_OTHER;
    }
    return key;
}

int key_decode(const char *bytes, size_t n, bool is_all, size_t *used)
{
    unsigned char c = (unsigned char)bytes[0];
    if (c == KEY_ESC)
        return decode_escape(bytes, n, is_all, used);
    *used = 1;
    if (c == '\n')
        return KEY_ENTER;
    if (c == KEY_CTRL('H'))
        return KEY_BACKSPACE;
    return c < 0x80 ? c : KEY_OTHER;
}
