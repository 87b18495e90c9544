/* wire/reference.c -- see reference.h. */
#include "wire/reference.h"

#include "wire/chars.h"

struct parts { /* RFC 3986 section 3, without the fragment; a part that is absent has p == NULL */
    struct stoa_str scheme, authority, path, query;
};

static bool is_letter(char c)
{
    return str_lower(c) >= 'a' && str_lower(c) <= 'z';
}

/* The bytes of a scheme in front, without its colon; 0 = there is none. */
static size_t scheme_length(struct stoa_str s)
{
    size_t n = 0;
    while (n < s.n && (is_letter(s.p[n]) || (n > 0 && (char_is_digit(s.p[n]) || s.p[n] == '+' ||
                                                       s.p[n] == '-' || s.p[n] == '.'))))
        n++;
    return n < s.n && s.p[n] == ':' ? n : 0;
}

static struct stoa_str until(struct stoa_str s, char c)
{
    return (struct stoa_str){ s.p, str_find(s, c) };
}

static struct parts split(struct stoa_str s)
{
    struct parts p = { 0 };
    s = until(s, '#');
    size_t n = scheme_length(s);
    if (n > 0) {
        p.scheme = (struct stoa_str){ s.p, n };
        s = str_from(s, n + 1);
    }
    if (str_starts(s, STR("//"))) {
        s = str_from(s, 2);
        p.authority = until(until(s, '?'), '/');
        s = str_from(s, p.authority.n);
    }
    p.path = until(s, '?');
    s = str_from(s, p.path.n);
    if (s.n > 0)
        p.query = str_from(s, 1);
    return p;
}

static char *put(char *to, struct stoa_str s)
{
    if (s.n > 0)
        memcpy(to, s.p, s.n);
    return to + s.n;
}

/* The same, with what no URL has percent-encoded. */
static char *put_encoded(char *to, struct stoa_str s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (char_is(s.p[i], CHAR_TARGET)) {
            *to++ = s.p[i];
        } else {
            *to++ = '%';
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        }
    }
    return to;
}

/* Takes "." and ".." segments out of the path at p, in place (RFC 3986 section 5.2.4).
 *   returns  its new end. */
static char *remove_dots(char *p, char *end)
{
    char *to = p;
    for (char *from = p; from < end;) {
        char *segment_end = from + 1;
        while (segment_end < end && *segment_end != '/')
            segment_end++;
        size_t n = (size_t)(segment_end - from);
        bool is_last = segment_end == end;
        bool is_dot = n == 2 && memcmp(from, "/.", 2) == 0;
        bool is_up = n == 3 && memcmp(from, "/..", 3) == 0;
        if (is_up)
            while (to > p && *--to != '/')
                ;
        if (is_dot || is_up) {
            if (is_last)
                *to++ = '/';
        } else {
            memmove(to, from, n);
            to += n;
        }
        from = segment_end;
    }
    return to;
}

/* The base's path up to its last "/", which a relative path stands behind (section 5.2.3). */
static struct stoa_str folder_of(struct stoa_str path)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/')
        n--;
    return n > 0 ? (struct stoa_str){ path.p, n } : STR("/");
}

static char *put_query(char *to, struct stoa_str query)
{
    return query.p ? put_encoded(put(to, STR("?")), query) : to;
}

size_t reference_resolve(char *to, struct stoa_str base, struct stoa_str ref)
{
    struct parts b = split(base), r = split(ref);
    bool has_place = r.scheme.p || r.authority.p;
    char *end = put(to, r.scheme.p ? r.scheme : b.scheme);
    end = put(end, STR(":"));
    if (r.authority.p || !r.scheme.p)
        end = put_encoded(put(end, STR("//")), has_place ? r.authority : b.authority);
    char *path = end;
    if (!has_place && r.path.n == 0) {
        end = put(end, b.path);
        end = put_query(end, r.query.p ? r.query : b.query);
        return (size_t)(end - to);
    }
    if (!has_place && r.path.p[0] != '/')
        end = put(end, folder_of(b.path));
    end = put_encoded(end, r.path);
    if (*path == '/')
        end = remove_dots(path, end);
    return (size_t)(put_query(end, r.query) - to);
}
