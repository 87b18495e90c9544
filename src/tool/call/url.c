/* tool/call/url.c -- see url.h. */
#include "tool/call/url.h"

#include "wire/chars.h"
#include "wire/url.h"

#include <stdio.h>

static bool wrong(const char **why, const char *sentence)
{
    *why = sentence;
    return false;
}

static bool starts_nocase(struct stoa_str s, struct stoa_str with)
{
    return s.n >= with.n && str_eq_nocase((struct stoa_str){ s.p, with.n }, with);
}

static bool check_scheme(struct stoa_str text, const char **why)
{
    if (starts_nocase(text, STR("http://")))
        return true;
    if (starts_nocase(text, STR("https://")))
        return wrong(why, "TLS is not there yet: only http:// is");
    return wrong(why, "http://, tcp://, udp:// and unix: are there, no other scheme");
}

static bool check_bytes(struct stoa_str text, const char **why)
{
    if (text.n + 2 > CALL_URL_BYTES) /* with the "/" of an empty path */
        return wrong(why, "it is longer than 8190 bytes");
    if (char_span(text, CHAR_TARGET) < text.n)
        return wrong(why, "there is a byte in it that has to be percent-encoded, such as a space "
                          "(%20)");
    return true;
}

/* "host", "host:", "host:port", "[v6]:port". */
static bool read_place(struct stoa_str authority, struct addr_parts *ret, const char **why)
{
    char text[sizeof ret->host + sizeof ret->port + 4];
    if (str_find(authority, '@') < authority.n)
        return wrong(why, "a name and password do not belong in a URL: give -H 'Authorization: "
                          "Basic ...'");
    if (authority.n == 0 || authority.p[0] == ':')
        return wrong(why, "the host is missing: http://HOST/");
    if (authority.n > sizeof text - 4)
        return wrong(why, "the host name is longer than 255 bytes");
    if (authority.p[0] == '[' && str_find(authority, '%') < authority.n)
        return wrong(why, "a zone is not part of a URL: give a name, and its address by --resolve "
                          "NAME:PORT:[fe80::1%eth0]");
    size_t bracket = authority.p[0] == '[' ? str_find(authority, ']') : 0;
    struct stoa_str rest = str_from(authority, bracket);
    size_t colon = str_find(rest, ':');
    const char *port = colon == rest.n ? ":80" : colon == rest.n - 1 ? "80" : "";
    int n = snprintf(text, sizeof text, "%.*s%s", (int)authority.n, authority.p, port);
    if (addr_split((struct stoa_str){ text, (size_t)n }, ret, why) < 0)
        return false;
    uint64_t number;
    if (!str_to_u64(str_of(ret->port), &number) || number == 0)
        return wrong(why, "the port of a URL is a number from 1 to 65535");
    return true;
}

bool call_url_read(struct call_url *ret, struct stoa_str text, const char **why)
{
    text.n = str_find(text, '#');
    if (!check_scheme(text, why) || !check_bytes(text, why))
        return false;
    struct stoa_str rest = str_from(text, strlen("http://"));
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    struct stoa_str authority = { rest.p, n }, path = str_from(rest, n);
    if (!read_place(authority, &ret->place, why))
        return false;
    bool no_path = path.n == 0 || path.p[0] != '/';
    snprintf(ret->text, sizeof ret->text, "http://%.*s%s%.*s", (int)authority.n, authority.p,
             no_path ? "/" : "", (int)path.n, path.p);
    struct url url; /* what is said above is said better, but the library has the last word */
    const char *refused = url_parse(&url, str_of(ret->text));
    return !refused || wrong(why, refused);
}

bool call_url_same_place(const struct call_url *a, const struct call_url *b)
{
    return str_eq_nocase(str_of(a->place.host), str_of(b->place.host)) &&
           strcmp(a->place.port, b->place.port) == 0;
}
