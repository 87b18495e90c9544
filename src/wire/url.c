/* wire/url.c -- see url.h. */
#include "wire/url.h"
#include "wire/chars.h"
#include "wire/head.h"

static bool cut_scheme(struct stoa_str *s, struct stoa_str scheme)
{
    if (s->n < scheme.n || !str_eq_nocase((struct stoa_str){ s->p, scheme.n }, scheme))
        return false;
    *s = str_from(*s, scheme.n);
    return true;
}

/* How many bytes stand before the first of "/?#". */
static size_t authority_span(struct stoa_str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '#')
        n++;
    return n;
}

/* Where the colon before the port is; s.n when there is none. In [::1]:80 it is the last. */
static size_t port_colon(struct stoa_str s)
{
    size_t from = s.p[0] == '[' ? str_find(s, ']') : 0;
    return from + str_find(str_from(s, from), ':');
}

static const char *split_authority(struct url *ret, struct stoa_str s)
{
    if (str_find(s, '@') < s.n)
        return "a user name in a URL is not sent: give an Authorization field";
    if (s.n == 0 || s.p[0] == ':')
        return "the host is missing";
    if (!head_is_host(s))
        return "the host or the port is malformed";
    size_t colon = port_colon(s);
    ret->host = (struct stoa_str){ s.p, colon };
    ret->port = colon < s.n ? str_from(s, colon + 1) : (struct stoa_str){ s.p + s.n, 0 };
    ret->authority = ret->port.n ? s : ret->host;
    return NULL;
}

const char *url_parse(struct url *ret, struct stoa_str text)
{
    struct url url;
    struct stoa_str s = text;
    if (cut_scheme(&s, STR("https://")))
        return "https is not spoken: there is no TLS here";
    if (!cut_scheme(&s, STR("http://")))
        return "a URL begins with http://";
    size_t n = authority_span(s);
    const char *wrong = split_authority(&url, (struct stoa_str){ s.p, n });
    if (wrong)
        return wrong;
    s = str_from(s, n);
    url.target = (struct stoa_str){ s.p, str_find(s, '#') };
    if (char_span(url.target, CHAR_TARGET) < url.target.n)
        return "a space, a control byte, \", <, > or a byte above 127 has to be percent-encoded";
    *ret = url;
    return NULL;
}
