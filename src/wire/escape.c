/* wire/escape.c -- see escape.h. */
#include "wire/escape.h"
#include "wire/chars.h"

size_t escape_url(char *to, struct stoa_str s)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (char_is(s.p[i], CHAR_URL)) {
            to[n++] = s.p[i];
        } else {
            to[n++] = '%';
            to[n++] = hex[c >> 4];
            to[n++] = hex[c & 15];
        }
    }
    return n;
}

/* What stands for c in HTML; NULL when it stands for itself. */
static const char *entity(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

size_t escape_html(char *to, struct stoa_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        struct stoa_str e = str_of(entity(s.p[i]));
        if (e.n == 0)
            e = (struct stoa_str){ s.p + i, 1 };
        memcpy(to + n, e.p, e.n);
        n += e.n;
    }
    return n;
}
