/* support/heads.c -- see heads.h. */
#include "support/heads.h"
#include "base/check.h"
#include "support/edge.h"

static bool spans_equal(struct head_span a, struct head_span b)
{
    return a.at == b.at && a.n == b.n;
}

static bool fields_equal(const struct head *a, const struct head *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (!spans_equal(a->fields[i].name, b->fields[i].name) ||
            !spans_equal(a->fields[i].value, b->fields[i].value) ||
            a->fields[i].id != b->fields[i].id)
            return false;
    for (enum field f = 0; f < FIELD_COUNT; f++)
        if (head_has(a, f) && a->first[f] != b->first[f])
            return false;
    return true;
}

bool heads_equal(const struct head *a, const struct head *b)
{
    return a->method == b->method && spans_equal(a->method_name, b->method_name) &&
           spans_equal(a->target, b->target) && a->expect == b->expect && a->status == b->status &&
           spans_equal(a->reason, b->reason) && a->minor == b->minor &&
           a->content_length == b->content_length && a->chunked == b->chunked &&
           a->coded == b->coded && a->option_close == b->option_close &&
           a->option_keep_alive == b->option_keep_alive && a->option_upgrade == b->option_upgrade &&
           a->has == b->has && a->repeats == b->repeats && a->count == b->count &&
           fields_equal(a, b);
}

int heads_read_every_way(struct head *ret, struct stoa_str in, head_parser *parse,
                         const struct head_limits *limits)
{
    static struct head h;
    struct edge edge;
    edge_open(&edge, in.n);
    head_init(ret, limits);
    int whole = parse(ret, edge_put(&edge, in));
    ret->p = in.p;
    for (size_t step = in.n; step > 0; step--) {
        /* The last step is one byte: then go on byte by byte. */
        head_init(&h, limits);
        int r = parse(&h, edge_put(&edge, (struct stoa_str){ in.p, step == 1 ? 0 : step }));
        for (size_t n = step == 1 ? 1 : in.n; r == 0 && n <= in.n; n++)
            r = parse(&h, edge_put(&edge, (struct stoa_str){ in.p, n }));
        check(r == whole);
        check(whole <= 0 || heads_equal(ret, &h));
    }
    edge_close(&edge);
    return whole;
}
