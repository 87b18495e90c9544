/* wire/accept.c -- see accept.h. */
#include "wire/accept.h"
#include "base/check.h"
#include "wire/chars.h"

/* Weights in thousandths; what no element names. */
enum { UNNAMED = -1, WEIGHT_MAX = 1000 };

struct weights {
    int of[CODING_COUNT], any; /* any: of "*" */
};

static const struct stoa_str names[CODING_COUNT] = {
    [CODING_IDENTITY] = { "identity", 8 },
    [CODING_GZIP] = { "gzip", 4 },
    [CODING_ZSTD] = { "zstd", 4 },
    [CODING_BR] = { "br", 2 },
};

struct stoa_str accept_coding_name(enum coding c)
{
    check(c < CODING_COUNT);
    return names[c];
}

/* "0", "1", "0.5", "1.000": at most three digits (RFC 9110 section 12.4.2).
 *   returns  thousandths; 0, "not acceptable", for what is no weight. */
static int read_weight(struct stoa_str s)
{
    int unit = WEIGHT_MAX / 10, w;
    if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
        return 0;
    w = (s.p[0] - '0') * WEIGHT_MAX;
    for (size_t i = 2; i < s.n; i++, unit /= 10) {
        if (!char_is_digit(s.p[i]))
            return 0;
        w += (s.p[i] - '0') * unit;
    }
    return w > WEIGHT_MAX ? 0 : w;
}

/* "coding" or "coding;q=weight". */
static void read_element(struct weights *to, struct stoa_str element)
{
    size_t n = char_span(element, CHAR_TOKEN);
    struct stoa_str name = { element.p, n }, rest = str_trim(str_from(element, n));
    int weight = WEIGHT_MAX;
    if (rest.n) {
        struct stoa_str q = str_trim(str_from(rest, 1));
        bool is_q = rest.p[0] == ';' && q.n >= 2 && (q.p[0] | 0x20) == 'q' && q.p[1] == '=';
        weight = is_q ? read_weight(str_from(q, 2)) : 0;
    }
    if (str_eq(name, STR("*")))
        to->any = weight;
    if (str_eq_nocase(name, STR("x-gzip"))) /* RFC 9110 section 8.4.1.3: the same */
        to->of[CODING_GZIP] = weight;
    for (size_t c = 0; c < CODING_COUNT; c++)
        if (str_eq_nocase(name, names[c]))
            to->of[c] = weight;
}

static void read_weights(struct weights *to, const struct head *h)
{
    struct stoa_str value, element;
    to->any = UNNAMED;
    for (size_t c = 0; c < CODING_COUNT; c++)
        to->of[c] = UNNAMED;
    for (size_t i = 0; head_next_value(h, FIELD_ACCEPT_ENCODING, &i, &value);)
        while (str_next_element(&value, &element))
            read_element(to, element);
}

/* What no element names has the weight of "*"; without that, only identity is acceptable, as a
 * last resort. */
static int weight_of(const struct weights *w, enum coding c)
{
    if (w->of[c] != UNNAMED)
        return w->of[c];
    if (w->any != UNNAMED)
        return w->any;
    return c == CODING_IDENTITY ? 1 : 0;
}

enum coding accept_coding(const struct head *h, unsigned available)
{
    struct weights weights;
    enum coding best = CODING_NONE;
    int best_weight = 0;
    /* Without the field any coding may be sent; a client that can unpack says so. */
    if (!head_has(h, FIELD_ACCEPT_ENCODING))
        return CODING_IDENTITY;
    read_weights(&weights, h);
    for (enum coding c = CODING_IDENTITY; c < CODING_COUNT; c++) {
        int weight = weight_of(&weights, c);
        if (available >> c & 1 && weight > 0 && weight >= best_weight) {
            best = c;
            best_weight = weight;
        }
    }
    return best;
}
