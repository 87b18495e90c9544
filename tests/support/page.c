/* support/page.c -- see page.h. */
#include "support/page.h"

#include <string.h>

static char *put_utf8(char *to, uint32_t rune)
{
    if (rune < 0x80) {
        *to++ = (char)rune;
        return to;
    }
    if (rune >= 0x800)
        *to++ = (char)(0xe0 | rune >> 12);
    *to++ = (char)(rune >= 0x800 ? 0x80 | (rune >> 6 & 0x3f) : 0xc0 | rune >> 6);
    *to++ = (char)(0x80 | (rune & 0x3f));
    return to;
}

const char *page_row(const struct cells *c, int row)
{
    static char text[PAGE_ROW_BYTES];
    char *to = text, *end = text;
    for (int i = 0; i < c->columns && to < text + sizeof text - 4; i++) {
        uint32_t rune = c->at[row * c->columns + i].rune;
        to = put_utf8(to, rune);
        end = rune == ' ' ? end : to;
    }
    *end = 0;
    return text;
}

bool page_is(const struct cells *c, const char *const *rows)
{
    bool is_so = true;
    int n = 0;
    for (; rows[n] && is_so; n++)
        is_so = n < c->rows && strcmp(page_row(c, n), rows[n]) == 0;
    if (is_so && n == c->rows)
        return true;
    printf("row %d is not as wanted; the page:\n", n);
    for (int i = 0; i < c->rows; i++)
        printf("%s\n", page_row(c, i));
    return false;
}

int page_find(const struct cells *c, const char *text)
{
    for (int i = 0; i < c->rows; i++)
        if (strstr(page_row(c, i), text))
            return i;
    return -1;
}

int page_look(const struct cells *c, const char *text)
{
    int n = (int)strlen(text);
    for (int i = 0; i + n <= c->rows * c->columns; i++) {
        unsigned look = 0;
        int same = 0;
        for (; same < n && c->at[i + same].rune == (unsigned char)text[same]; same++)
            look |= c->at[i + same].look;
        if (same == n)
            return (int)look;
    }
    return -1;
}
