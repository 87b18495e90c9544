/* tool/serve/delay.c -- see delay.h. */
#include "tool/serve/delay.h"

#include "base/str.h"

#include <string.h>

enum { PART_BYTES = 64 };

static const struct {
    const char *name;
    size_t at;
} wheres[] = {
    { "accept", offsetof(struct serve_delay, accept) },
    { "read", offsetof(struct serve_delay, read) },
    { "handle", offsetof(struct serve_delay, handle) },
    { "core", offsetof(struct serve_delay, core) },
    { "write", offsetof(struct serve_delay, write) },
};

static int64_t *find(struct serve_delay *d, struct stoa_str name)
{
    for (size_t i = 0; i < sizeof wheres / sizeof *wheres; i++)
        if (str_eq(name, str_of(wheres[i].name)))
            return (int64_t *)(void *)((char *)d + wheres[i].at);
    return NULL;
}

/* One "accept=50ms". */
static bool read_part(const struct option_reader *r, struct stoa_str part, struct serve_delay *ret)
{
    char value[PART_BYTES], shown[PART_BYTES * 4];
    size_t equals = str_find(part, '=');
    int64_t *at = find(ret, (struct stoa_str){ part.p, equals });
    str_escape(shown, sizeof shown, part);
    if (!at || equals == part.n || part.n - equals > sizeof value) {
        wrong_usage("serve",
                    "--delay %s: wanted are accept=, read=, handle=, core= and write=, each "
                    "with a time: accept=50ms,handle=20ms",
                    shown);
        return false;
    }
    memcpy(value, part.p + equals + 1, part.n - equals - 1);
    value[part.n - equals - 1] = 0;
    struct option_found f = { .name = "--delay", .value = value };
    return option_seconds(r, &f, at);
}

bool serve_delay_read(const struct option_reader *r, const struct option_found *f,
                      struct serve_delay *ret)
{
    struct stoa_str rest = str_of(f->value);
    bool fine = true;
    while (fine) {
        size_t end = str_find(rest, ',');
        fine = read_part(r, (struct stoa_str){ rest.p, end }, ret);
        if (end == rest.n)
            break;
        rest = str_from(rest, end + 1);
    }
    return fine;
}
