/* Any bytes as the fields of a request, judged against what there is: no answer that the method or
 * the fields do not allow. */
#include "wire/conditional.h"
#include "base/check.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { NOW_S = 1700000000 };

static void check_judgement(const struct head *h, const struct validators *v)
{
    enum condition c = conditional_judge(h, v, NOW_S);
    bool is_get = h->method == METHOD_GET;
    if (!(h->has & CONDITIONAL_FIELDS))
        check(c == CONDITION_PROCEED);
    if (c == CONDITION_NOT_MODIFIED)
        check(is_get && (head_has(h, FIELD_IF_NONE_MATCH) || head_has(h, FIELD_IF_MODIFIED_SINCE)));
    if (c == CONDITION_FAILED && is_get)
        check(head_has(h, FIELD_IF_MATCH) || head_has(h, FIELD_IF_UNMODIFIED_SINCE));
    if (v->is_missing && head_has(h, FIELD_IF_MATCH))
        check(c == CONDITION_FAILED);
    if (!head_has(h, FIELD_IF_RANGE))
        check(conditional_range(h, v, NOW_S));
    else if (v->etag.n == 0 && v->modified_s == INT64_MIN)
        check(!conditional_range(h, v, NOW_S));
}

static void check_request(const char *line, struct stoa_str fields)
{
    static const struct validators all[] = {
        { .etag = { "\"a\"", 3 }, .modified_s = 784111777 },
        { .etag = { "W/\"a\"", 5 }, .modified_s = 784111777 },
        { .modified_s = INT64_MIN },
        { .modified_s = INT64_MIN, .is_missing = true },
    };
    static struct head h;
    struct stoa_str start = str_of(line), end = STR("\r\n\r\n");
    char *text = malloc(start.n + fields.n + end.n);
    check(text);
    memcpy(text, start.p, start.n);
    memcpy(text + start.n, fields.p, fields.n);
    memcpy(text + start.n + fields.n, end.p, end.n);
    head_init(&h, &head_limits_default);
    if (head_parse_request(&h, (struct stoa_str){ text, start.n + fields.n + end.n }) > 0)
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            check_judgement(&h, &all[i]);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct stoa_str fields = { (const char *)data, n };
    if (n == 0)
        return 0;
    check_request("GET / HTTP/1.0\r\n", fields);
    check_request("PUT / HTTP/1.0\r\n", fields);
    return 0;
}
