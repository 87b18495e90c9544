/* tool/options.c -- see options.h. getopt_long is not used: it knows neither groups nor
 * did-you-mean, and its help text would be a second list. */
#include "tool/options.h"

#include "base/exit_code.h"
#include "base/str.h"

#include <stdarg.h>

enum { TEXT_BYTES = 200, OPTIONS_MAX = 64, HELP_COLUMN = 30 };

int wrong_usage(const char *command, const char *fmt, ...)
{
    const char *space = command ? " " : "";
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "stoa%s%s: ", space, command ? command : "");
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "\n  `stoa%s%s --help` shows what there is.\n", space, command ? command : "");
    va_end(args);
    return EXIT_USAGE;
}

void options_start(struct option_reader *r, const char *command, const struct option *table,
                   char **args)
{
    *r = (struct option_reader){ .command = command, .table = table, .args = args };
    r->letters = "";
}

static const struct option *find_name(const struct option *table, const char *name, size_t n)
{
    for (const struct option *o = table; o->help; o++)
        if (o->id && strlen(o->name) == n && memcmp(o->name, name, n) == 0)
            return o;
    return NULL;
}

static const struct option *find_letter(const struct option *table, char letter)
{
    for (const struct option *o = table; o->help; o++)
        if (o->id && o->letter == letter)
            return o;
    return NULL;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* The edit distance of two words (insert, delete, replace, swap neighbours); most + 1 = more. */
static int distance(const char *a, const char *b, int most)
{
    enum { LEN = 32 };
    int n = (int)strlen(a), m = (int)strlen(b);
    int rows[3][LEN + 1];
    if (n > LEN || m > LEN || n - m > most || m - n > most)
        return most + 1;
    for (int j = 0; j <= m; j++)
        rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

const char *options_near(const char *word, const char *const *names, int count)
{
    int best = strlen(word) < 4 ? 2 : 3; /* so many changes are too many */
    const char *near = NULL;
    for (int i = 0; i < count; i++) {
        int d = distance(word, names[i], best);
        if (d < best) {
            best = d;
            near = names[i];
        }
    }
    return near;
}

static int unknown(const struct option_reader *r, const char *word)
{
    char text[TEXT_BYTES];
    const char *names[OPTIONS_MAX];
    int count = 0;
    for (const struct option *o = r->table; o->help && count < OPTIONS_MAX; o++)
        if (o->id)
            names[count++] = o->name;
    bool is_long = word[0] == '-' && word[1] == '-';
    const char *near = is_long ? options_near(word + 2, names, count) : NULL;
    str_escape(text, sizeof text, str_of(word));
    if (near)
        wrong_usage(r->command, "there is no option %s: did you mean --%s?", text, near);
    else
        wrong_usage(r->command, "there is no option %s", text);
    return -1;
}

static int take_value(struct option_reader *r, const struct option *o, const char *attached,
                      struct option_found *ret)
{
    ret->id = o->id;
    ret->value = NULL;
    if (!o->arg && attached) {
        wrong_usage(r->command, "%s takes no value", ret->name);
        return -1;
    }
    if (!o->arg)
        return 1;
    ret->value = attached ? attached : *r->args;
    if (!ret->value) {
        wrong_usage(r->command, "%s wants a value: %s %s", ret->name, ret->name, o->arg);
        return -1;
    }
    if (!attached)
        r->args++;
    return 1;
}

static int next_letter(struct option_reader *r, struct option_found *ret)
{
    char letter = *r->letters++;
    memcpy(r->letter_name, (char[]){ '-', letter, 0 }, 3);
    ret->name = r->letter_name;
    const struct option *o = find_letter(r->table, letter);
    if (!o)
        return unknown(r, r->letter_name);
    const char *attached = o->arg && *r->letters ? r->letters : NULL;
    if (o->arg)
        r->letters = "";
    return take_value(r, o, attached, ret);
}

static int next_long(struct option_reader *r, char *word, struct option_found *ret)
{
    size_t n = 2 + strcspn(word + 2, "=");
    const char *attached = word[n] ? word + n + 1 : NULL;
    const struct option *o = find_name(r->table, word + 2, n - 2);
    word[n] = 0; /* the name alone, for messages */
    ret->name = word;
    return o ? take_value(r, o, attached, ret) : unknown(r, word);
}

int options_next(struct option_reader *r, struct option_found *ret)
{
    if (*r->letters)
        return next_letter(r, ret);
    char *word = *r->args;
    if (!word)
        return 0;
    r->args++;
    if (!r->only_words && strcmp(word, "--") == 0) {
        r->only_words = true;
        return options_next(r, ret);
    }
    if (r->only_words || word[0] != '-' || !word[1]) {
        *ret = (struct option_found){ .name = word, .value = word };
        return 1;
    }
    if (word[1] == '-')
        return next_long(r, word, ret);
    r->letters = word + 1;
    return next_letter(r, ret);
}

void options_help(FILE *to, const struct option *table)
{
    for (const struct option *o = table; o->help; o++) {
        char left[TEXT_BYTES], letter[] = { '-', o->letter, ',', ' ', 0 };
        if (!o->id) {
            fprintf(to, "\n%s\n", o->help);
            continue;
        }
        int n = snprintf(left, sizeof left, "%s--%s%s%s", o->letter ? letter : "    ", o->name,
                         o->arg ? " " : "", o->arg ? o->arg : "");
        if (n >= HELP_COLUMN)
            fprintf(to, "  %s\n  %*s%s\n", left, HELP_COLUMN, "", o->help);
        else
            fprintf(to, "  %-*s%s\n", HELP_COLUMN, left, o->help);
    }
}

static bool bad_value(const struct option_reader *r, const struct option_found *o, const char *want)
{
    char text[TEXT_BYTES];
    str_escape(text, sizeof text, str_of(o->value));
    wrong_usage(r->command, "%s %s: %s", o->name, text, want);
    return false;
}

bool option_number(const struct option_reader *r, const struct option_found *o, uint64_t smallest,
                   uint64_t largest, uint64_t *ret)
{
    uint64_t v;
    char want[TEXT_BYTES];
    snprintf(want, sizeof want, "a whole number from %llu to %llu is wanted",
             (unsigned long long)smallest, (unsigned long long)largest);
    if (!str_to_u64(str_of(o->value), &v) || v < smallest || v > largest)
        return bad_value(r, o, want);
    *ret = v;
    return true;
}

/* A decimal fraction with an optional unit: "10", "0.5", "250ms", "2m". */
bool option_seconds(const struct option_reader *r, const struct option_found *o, int64_t *ret_ns)
{
    static const struct {
        const char *unit;
        int64_t ns;
    } units[] = { { "", STOA_SEC }, { "s", STOA_SEC }, { "ms", STOA_MS }, { "m", 60 * STOA_SEC } };
    struct stoa_str whole = { o->value, strspn(o->value, "0123456789") }, part = { "", 0 };
    const char *unit = o->value + whole.n;
    if (*unit == '.') {
        part = (struct stoa_str){ unit + 1, strspn(unit + 1, "0123456789") };
        unit = part.p + part.n;
    }
    uint64_t seconds = 0, fraction = 0;
    bool fine = whole.n <= 7 && part.n <= 9 && whole.n + part.n > 0 &&
                (whole.n == 0 || str_to_u64(whole, &seconds)) &&
                (part.n == 0 || str_to_u64(part, &fraction));
    double value = (double)fraction;
    for (size_t i = 0; i < part.n; i++)
        value /= 10;
    value += (double)seconds;
    for (size_t i = 0; fine && i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].unit) == 0) {
            *ret_ns = (int64_t)(value * (double)units[i].ns);
            return true;
        }
    return bad_value(r, o, "a time is wanted: 10 (seconds), 0.5, 250ms or 2m");
}

/* "8192", "64K", "1M", "2G": powers of 1024. */
bool option_bytes(const struct option_reader *r, const struct option_found *o, uint64_t *ret)
{
    static const char units[] = "kmg";
    struct stoa_str digits = { o->value, strspn(o->value, "0123456789") };
    const char *unit = o->value + digits.n;
    const char *known = *unit ? strchr(units, str_lower(*unit)) : NULL;
    int shift = known ? 10 * (int)(known - units + 1) : 0;
    uint64_t v;
    if (digits.n > 12 || !str_to_u64(digits, &v) || (*unit && (!known || unit[1])) ||
        v > (uint64_t)INT64_MAX >> shift)
        return bad_value(r, o, "bytes are wanted: 8192, 64K, 1M or 2G");
    *ret = v << shift;
    return true;
}
