/* wire/target.c -- see target.h. */
#include "wire/target.h"
#include "base/check.h"
#include "wire/chars.h"

/* Splits what starts with the path, or is nothing of it. */
static void split_query(struct target *t, struct stoa_str rest)
{
    size_t n = str_find(rest, '?');
    t->path = (struct stoa_str){ rest.p, n };
    t->has_query = n < rest.n;
    t->query = t->has_query ? str_from(rest, n + 1) : (struct stoa_str){ NULL, 0 };
}

/* Cuts "http://" or "https://" off. */
static bool cut_scheme(struct target *t, struct stoa_str *s)
{
    static const struct {
        const char *text;
        bool https;
    } schemes[] = { { "http://", false }, { "https://", true } };
    for (size_t i = 0; i < 2; i++) {
        struct stoa_str scheme = str_of(schemes[i].text);
        if (s->n >= scheme.n && str_eq_nocase((struct stoa_str){ s->p, scheme.n }, scheme)) {
            *s = str_from(*s, scheme.n);
            t->https = schemes[i].https;
            return true;
        }
    }
    return false;
}

static int parse_absolute(struct target *t, struct stoa_str s, enum method method)
{
    if (!cut_scheme(t, &s))
        return FAULT_TARGET;
    size_t n = 0;
    while (n < s.n && s.p[n] != '/' && s.p[n] != '?')
        n++;
    t->authority = (struct stoa_str){ s.p, n };
    if (n == 0 || !head_is_host(t->authority))
        return FAULT_HOST;
    split_query(t, str_from(s, n));
    if (t->path.n == 0 && !t->has_query && method == METHOD_OPTIONS)
        t->form = TARGET_ASTERISK; /* RFC 9112 section 3.2.4: "*" on its way through a proxy */
    else
        t->form = TARGET_ABSOLUTE;
    if (t->path.n == 0 && t->form == TARGET_ABSOLUTE)
        t->path = STR("/");
    return 0;
}

/* host ":" port, both of them there (RFC 9112 section 3.2.3). */
static int parse_authority(struct target *t, struct stoa_str s)
{
    t->form = TARGET_AUTHORITY;
    t->authority = s;
    size_t digits = 0;
    while (digits < s.n && char_is_digit(s.p[s.n - 1 - digits]))
        digits++;
    if (digits == 0 || digits + 1 >= s.n || s.p[s.n - 1 - digits] != ':')
        return FAULT_FORM;
    return head_is_host(s) ? 0 : FAULT_HOST;
}

int target_parse(struct target *ret, const struct head *h)
{
    struct stoa_str s = head_target(h);
    struct target t = { .authority = head_value(h, FIELD_HOST) };
    int r = 0;
    if (h->method == METHOD_CONNECT) {
        r = parse_authority(&t, s);
    } else if (s.p[0] == '/') {
        t.form = TARGET_ORIGIN;
        split_query(&t, s);
    } else if (str_eq(s, STR("*"))) {
        t.form = TARGET_ASTERISK;
        r = h->method == METHOD_OPTIONS ? 0 : FAULT_FORM;
    } else {
        r = parse_absolute(&t, s, h->method);
    }
    if (r == 0)
        *ret = t;
    return r;
}

/* Decodes the byte at *at of s, and moves on. returns it; enum fault. */
static int decode_byte(struct stoa_str s, size_t *at)
{
    unsigned char c = (unsigned char)s.p[(*at)++];
    if (c != '%')
        return c;
    if (s.n - *at < 2 || !char_is(s.p[*at], CHAR_HEX) || !char_is(s.p[*at + 1], CHAR_HEX))
        return FAULT_PATH_ESCAPE;
    c = (unsigned char)(char_hex(s.p[*at]) << 4 | char_hex(s.p[*at + 1]));
    *at += 2;
    if (c == 0)
        return FAULT_PATH_NUL;
    return c == '/' ? FAULT_PATH_SLASH : c;
}

/* Decodes the segment at *at of s to `to`. returns its bytes; enum fault. */
static int decode_segment(struct stoa_str s, size_t *at, char *to)
{
    int n = 0;
    while (*at < s.n && s.p[*at] != '/') {
        int c = decode_byte(s, at);
        if (c < 0)
            return c;
        to[n++] = (char)c;
    }
    return n;
}

/* Takes the last segment off buf[0..n), which ends with "/" and is more than that. */
static size_t without_last(const char *buf, size_t n)
{
    do
        n--;
    while (buf[n - 1] != '/');
    return n;
}

static bool has_dot_segment(struct stoa_str path)
{
    for (size_t i = 1; i < path.n; i++)
        if (path.p[i] == '.' && path.p[i - 1] == '/')
            return true;
    return false;
}

int target_decode(struct target_path *ret, struct stoa_str path, char *buf)
{
    check(path.n && path.p[0] == '/');
    size_t at = 0, n = 0;
    bool is_dir = true;
    buf[n++] = '/';
    while (at < path.n) {
        at++; /* the "/" before the segment */
        int got = decode_segment(path, &at, buf + n);
        if (got < 0)
            return got;
        struct stoa_str segment = { buf + n, (size_t)got };
        bool up = str_eq(segment, STR(".."));
        is_dir = up || got == 0 || str_eq(segment, STR("."));
        if (up && n == 1)
            return FAULT_PATH_ABOVE;
        if (up)
            n = without_last(buf, n);
        if (is_dir)
            continue;
        n += segment.n;
        buf[n++] = '/';
    }
    if (!is_dir)
        n--;
    buf[n] = 0;
    ret->path = (struct stoa_str){ buf, n };
    ret->is_dir = is_dir;
    ret->is_hidden = has_dot_segment(ret->path);
    return 0;
}
