/* Any bytes as the head of a request, and of a response: read in parts they give what they give at
 * once; what is accepted is what it claims to be; and written out again it reads the same. */
#include "base/check.h"
#include "support/heads.h"
#include "wire/chars.h"
#include "wire/line.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_field(const struct head *h, size_t i)
{
    struct stoa_str name = head_field_name(h, i), value = head_field_value(h, i);
    check(name.n > 0 && char_span(name, CHAR_TOKEN) == name.n);
    check(str_eq(value, str_trim(value)));
    for (size_t k = 0; k < value.n; k++)
        check(!line_is_control(value.p[k]));
    check(field_of(name) == h->fields[i].id);
    check(head_find(h, name).p <= value.p);
}

static void check_head(const struct head *h, struct stoa_str in, int bytes, bool is_request)
{
    check((size_t)bytes <= in.n && bytes >= 4 && memcmp(in.p + bytes - 4, "\r\n\r\n", 4) == 0);
    for (size_t i = 0; i < h->count; i++)
        check_field(h, i);
    check(!(h->chunked && h->content_length >= 0));
    check((h->content_length >= 0) == head_has(h, FIELD_CONTENT_LENGTH));
    check(h->minor >= 0 && h->minor <= 9);
    if (is_request) {
        struct stoa_str target = head_target(h);
        check(target.n > 0 && char_span(target, CHAR_TARGET) == target.n);
        check(char_span(head_method_name(h), CHAR_TOKEN) == head_method_name(h).n);
        check(h->chunked == head_has(h, FIELD_TRANSFER_ENCODING));
        check(!h->chunked || h->minor > 0);
        check(head_has(h, FIELD_HOST) ? head_is_host(head_value(h, FIELD_HOST)) : h->minor == 0);
        check(!(h->repeats & (1u << FIELD_HOST | 1u << FIELD_CONTENT_LENGTH)));
    } else {
        check(h->status >= 100 && h->status <= 999);
        check(!(h->chunked && h->coded));
    }
}

static char *put(char *to, struct stoa_str s)
{
    memcpy(to, s.p, s.n);
    return to + s.n;
}

/* Writes h out as we would. returns the bytes; to: enough for the head and a space a field. */
static size_t write_head(const struct head *h, char *to, bool is_request)
{
    char *at = to;
    struct stoa_str version = STR("HTTP/1.1");
    char minor[] = { (char)('0' + h->minor) };
    if (is_request) {
        at = put(put(at, head_method_name(h)), STR(" "));
        at = put(put(at, head_target(h)), STR(" "));
    }
    at = put(put(at, (struct stoa_str){ version.p, version.n - 1 }), (struct stoa_str){ minor, 1 });
    if (!is_request) {
        char status[] = { ' ', (char)('0' + h->status / 100), (char)('0' + h->status / 10 % 10),
                          (char)('0' + h->status % 10), ' ' };
        at = put(put(at, (struct stoa_str){ status, sizeof status }), head_reason(h));
    }
    at = put(at, STR("\r\n"));
    for (size_t i = 0; i < h->count; i++) {
        at = put(put(at, head_field_name(h, i)), STR(": "));
        at = put(put(at, head_field_value(h, i)), STR("\r\n"));
    }
    return (size_t)(put(at, STR("\r\n")) - to);
}

static bool says_the_same(const struct head *a, const struct head *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (!str_eq(head_field_name(a, i), head_field_name(b, i)) ||
            !str_eq(head_field_value(a, i), head_field_value(b, i)))
            return false;
    return a->method == b->method && str_eq(head_method_name(a), head_method_name(b)) &&
           str_eq(head_target(a), head_target(b)) && str_eq(head_reason(a), head_reason(b)) &&
           a->status == b->status && a->minor == b->minor && a->expect == b->expect &&
           a->content_length == b->content_length && a->chunked == b->chunked &&
           a->coded == b->coded && a->count == b->count && a->has == b->has &&
           a->repeats == b->repeats && head_keeps_alive(a) == head_keeps_alive(b) &&
           a->option_upgrade == b->option_upgrade;
}

static void check_written(const struct head *h, int bytes, bool is_request)
{
    static struct head again;
    struct head_limits all = { SIZE_MAX, SIZE_MAX, HEAD_FIELDS_MAX };
    char *text = malloc((size_t)bytes + HEAD_FIELDS_MAX);
    check(text);
    size_t n = write_head(h, text, is_request);
    struct stoa_str out = { text, n };
    head_init(&again, &all);
    check((is_request ? head_parse_request : head_parse_response)(&again, out) == (int)n);
    check(says_the_same(h, &again));
    free(text);
}

/* Reads in[0..n) for n = step, 2 step ... */
static int read_in_steps(struct head *h, struct stoa_str in, head_parser *parse, size_t step)
{
    int r = 0;
    head_init(h, &head_limits_default);
    for (size_t n = step; r == 0; n += step) {
        r = parse(h, (struct stoa_str){ in.p, n < in.n ? n : in.n });
        if (n >= in.n)
            break;
    }
    return r;
}

static void check_as(struct stoa_str in, bool is_request)
{
    static struct head h, parts;
    static const size_t steps[] = { 1, 2, 7, 64, 1000 };
    head_parser *parse = is_request ? head_parse_request : head_parse_response;
    head_init(&h, &head_limits_default);
    int r = parse(&h, in);
    for (size_t i = in.n > 2048 ? 3 : 0; i < sizeof steps / sizeof *steps; i++) {
        check(read_in_steps(&parts, in, parse, steps[i]) == r);
        check(r <= 0 || heads_equal(&h, &parts));
    }
    if (r > 0) {
        check_head(&h, in, r, is_request);
        check_written(&h, r, is_request);
    }
    check(r >= 0 || fault_status(r) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check_as((struct stoa_str){ (const char *)data, n }, true);
    check_as((struct stoa_str){ (const char *)data, n }, false);
    return 0;
}
