/* base/str.c -- see str.h. */
#include "base/str.h"

bool str_eq_nocase(struct stoa_str a, struct stoa_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (str_lower(a.p[i]) != str_lower(b.p[i]))
            return false;
    return true;
}

static bool is_ows(char c)
{
    return c == ' ' || c == '\t';
}

struct stoa_str str_trim(struct stoa_str s)
{
    while (s.n && is_ows(s.p[0]))
        s = str_from(s, 1);
    while (s.n && is_ows(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Where the element that starts s ends: at a comma outside quotes, or at the end. */
static size_t element_end(struct stoa_str s)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < s.n && (quoted || s.p[i] != ','); i++) {
        if (s.p[i] == '"')
            quoted = !quoted;
        else if (quoted && s.p[i] == '\\' && i + 1 < s.n)
            i++;
    }
    return i;
}

bool str_next_element(struct stoa_str *rest, struct stoa_str *ret)
{
    while (rest->n) {
        size_t n = element_end(*rest);
        struct stoa_str element = str_trim((struct stoa_str){ rest->p, n });
        *rest = str_from(*rest, n < rest->n ? n + 1 : n);
        if (element.n) {
            *ret = element;
            return true;
        }
    }
    return false;
}

bool str_to_u64(struct stoa_str s, uint64_t *ret)
{
    uint64_t v = 0;
    if (s.n == 0 || s.n > 19)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    *ret = v;
    return true;
}

char *str_escape(char *buf, size_t n, struct stoa_str s)
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
        if (at + (plain ? 1 : 4) >= n)
            break;
        if (plain) {
            buf[at++] = (char)c;
        } else {
            memcpy(buf + at, (char[]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4);
            at += 4;
        }
    }
    buf[at] = 0;
    return buf;
}
