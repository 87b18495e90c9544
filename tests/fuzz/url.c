/* Any bytes as a URL: what is accepted is made of its parts, and can be sent. */
#include "wire/url.h"
#include "base/check.h"
#include "wire/chars.h"
#include "wire/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool is_within(struct stoa_str part, struct stoa_str whole)
{
    return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct stoa_str text = { (const char *)data, n };
    struct url url;
    const char *why = url_parse(&url, text);
    if (why) {
        check(*why);
        return 0;
    }
    check(is_within(url.authority, text) && is_within(url.target, text));
    check(is_within(url.host, text) && is_within(url.port, text));
    check(url.host.n > 0 && head_is_host(url.host) && head_is_host(url.authority));
    check(url.authority.n == url.host.n + (url.port.n ? 1 + url.port.n : 0));
    check(char_span(url.target, CHAR_TARGET) == url.target.n);
    check(url.target.n == 0 || url.target.p[0] == '/' || url.target.p[0] == '?');
    return 0;
}
