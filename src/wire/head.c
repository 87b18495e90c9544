/* wire/head.c -- see head.h: what is asked of a head that parse.c has read. */
#include "wire/head.h"
#include "wire/chars.h"

#include <arpa/inet.h>

const struct head_limits head_limits_default = {
    .line_bytes = 8192,
    .head_bytes = 32768,
    .fields = HEAD_FIELDS_MAX,
};

void head_init(struct head *h, const struct head_limits *limits)
{
    memset(h, 0, offsetof(struct head, fields));
    h->content_length = -1;
    h->limits = limits;
}

bool head_next_value(const struct head *h, enum field f, size_t *i, struct stoa_str *ret)
{
    if (!head_has(h, f))
        return false;
    for (; *i < h->count; ++*i)
        if (h->fields[*i].id == f) {
            *ret = head_field_value(h, (*i)++);
            return true;
        }
    return false;
}

struct stoa_str head_find(const struct head *h, struct stoa_str name)
{
    for (size_t i = 0; i < h->count; i++)
        if (str_eq_nocase(head_field_name(h, i), name))
            return head_field_value(h, i);
    return (struct stoa_str){ NULL, 0 };
}

enum head_body head_response_body(const struct head *h, enum method method)
{
    if (h->status < 200 || h->status == 204 || h->status == 304 || method == METHOD_HEAD ||
        (method == METHOD_CONNECT && h->status < 300))
        return HEAD_BODY_NONE;
    if (h->chunked)
        return HEAD_BODY_CHUNKED;
    if (h->content_length >= 0)
        return HEAD_BODY_LENGTH;
    return HEAD_BODY_CLOSE;
}

/* [IPv6 address]; other literals are in no use. returns its bytes; 0 when it is none. */
static size_t literal_span(struct stoa_str s)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    size_t close = str_find(s, ']');
    if (close == s.n || close > sizeof text)
        return 0;
    memcpy(text, s.p + 1, close - 1);
    text[close - 1] = 0;
    return inet_pton(AF_INET6, text, &addr) == 1 ? close + 1 : 0;
}

/* Registered name or IPv4 address: the same bytes may stand in both. */
static size_t name_span(struct stoa_str s)
{
    size_t i = char_span(s, CHAR_HOST);
    while (i + 2 < s.n && s.p[i] == '%' && char_is(s.p[i + 1], CHAR_HEX) &&
           char_is(s.p[i + 2], CHAR_HEX))
        i += 3 + char_span(str_from(s, i + 3), CHAR_HOST);
    return i;
}

bool head_is_host(struct stoa_str s)
{
    if (s.n == 0)
        return true;
    size_t n = s.p[0] == '[' ? literal_span(s) : name_span(s);
    if (n == 0 || n == s.n)
        return n == s.n;
    uint64_t port = 0;
    struct stoa_str digits = str_from(s, n + 1);
    return s.p[n] == ':' && (digits.n == 0 || (str_to_u64(digits, &port) && port <= 65535));
}
